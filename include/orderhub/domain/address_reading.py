"""Reads the regions of an address: each step takes the next name and remembers what shows it.

A name counts when it is literally present and means one place only; what lies above it is implied. Nothing is
guessed downward, and a name that means several places is kept as candidates.
"""

from collections.abc import Iterator

from orderhub.domain import address_text as written
from orderhub.domain.address_choice import Choice, choose
from orderhub.domain.division_names import MUNICIPALITIES, STAND_INS
from orderhub.domain.divisions import Gazetteer, Level, Place

_STRONG = ("北京", "上海", "天津", "重庆", "广州", "深圳", "香港", "澳门")
_BEFORE_ADDRESS = ("址", "寄到", "送到", "发到", "寄往", "住在", "位于", "收")
_FURTHEST = 12
_TAIWAN = "71"


class Reading:
    """What has been read so far.

    Attributes:
        code: own code of the deepest division that is known.
        raw: names that are shown as written: columns that no table has, and zones.
        evidence: level → literal, renamed, column or unlisted.
        renamed: earlier name → name of today.
        candidates: what an ambiguous name could mean.
        contradicts: names of different regions stand together.
    """

    __slots__ = (
        "_first_is_bare", "_gazetteer", "_suffixed", "candidates", "code", "contradicts", "evidence", "raw",
        "renamed",
    )  # fmt: skip

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self.code = ""
        self.raw: dict[Level, str] = {}
        self.evidence: dict[Level, str] = {}
        self.renamed: dict[str, str] = {}
        self.candidates: tuple[Place, ...] = ()
        self.contradicts = False
        self._first_is_bare = False
        self._suffixed = 0

    def copy(self) -> "Reading":
        """Return a reading that goes on from here."""
        again = Reading(self._gazetteer)
        again.code, again.candidates, again.contradicts = self.code, self.candidates, self.contradicts
        again.raw, again.evidence, again.renamed = dict(self.raw), dict(self.evidence), dict(self.renamed)
        return again

    def read_column(self, level: Level, value: str) -> None:
        """Take a field that the source gives apart; it is believed, and a former name is today's."""
        value = value.partition("(")[0].strip()
        is_needless = level is Level.CITY and self.code in MUNICIPALITIES
        if not value or value in STAND_INS or is_needless:
            return
        choice = choose(self._gazetteer, self.code, value)
        if choice.repeats:
            return
        if choice.place:
            self._take(value, choice.place, "column")
            return
        self.candidates = self.candidates or choice.candidates
        self.contradicts = self.contradicts or choice.contradicts
        self.raw[level], self.evidence[level] = value, "column"

    def read_text(self, text: str) -> str:
        """Take the regions of the free text and return the rest of it."""
        start = written.skip(text, 0)
        has_columns = bool(self.evidence)
        end = self._follow(text, start)
        if has_columns or self._is_evident(text, start, start, end):
            return text[end:]
        self._forget()
        for position in _openings(self._gazetteer, text, start + 1):
            end = self._follow(text, position)
            if self._is_evident(text, start, position, end):
                return _rest(text, start, position, end)
            self._forget()
        return text

    def _forget(self) -> None:
        self.code, self.raw, self.evidence, self.renamed = "", {}, {}, {}
        self.candidates, self.contradicts = (), False
        self._first_is_bare, self._suffixed = False, 0

    def _is_evident(self, text: str, start: int, position: int, end: int) -> bool:
        """Say whether a reading that begins at `position` is more than a coincidence."""
        if not self.code and not self.candidates:
            return False
        is_open = position == start or _is_boundary(text, position)
        is_after_road = position > start and written.names_road(text[start:position])
        if not self.code:
            return is_open and not is_after_road
        if len(self.evidence) > 1:
            return is_open or self._suffixed > 0 or not is_after_road
        if not self._first_is_bare:
            is_near = position - start <= _FURTHEST or len(self.code) < Level.DISTRICT
            return is_open or (is_near and not is_after_road) or end >= len(text)
        if not is_open or is_after_road:
            return False
        return text.startswith(_STRONG, position) or written.goes_on(text, end)

    def _follow(self, text: str, position: int) -> int:
        """Take names as long as they follow each other; return where they end."""
        while end := self._step(text, position):
            position = written.skip(text, end)
        return self._read_unlisted(text, position)

    def _step(self, text: str, position: int) -> int:
        for name in self._gazetteer.by_beginning.get(text[position : position + 2], ()):
            end = position + len(name)
            if not text.startswith(name, position) or self._is_joined(name, text, end):
                continue
            choice = choose(self._gazetteer, self.code, name)
            if self._stands_alone(name, choice, text, end) and self._advance(name, choice):
                return self._city_zone(name, choice, text, end) or end
            if self.candidates or self.contradicts:
                return 0
        return 0

    def _is_joined(self, name: str, text: str, end: int) -> bool:
        """Say whether 市 begins the district: 青岛市北区 is 青岛 and 市北区."""
        if name[-1] != "市" or text[end : end + 2] not in {"北区", "南区", "中区"}:
            return False
        city = choose(self._gazetteer, self.code, name).place
        return (
            city is not None
            and choose(self._gazetteer, city.code, f"市{text[end : end + 2]}").place is not None
        )

    def _stands_alone(self, name: str, choice: Choice, text: str, end: int) -> bool:
        """Say whether a name is not the beginning of another: 杭州湾, 西湖大道, 义乌市场."""
        if not choice.is_bare:
            return not written.is_cut(name, text, end)
        is_other = written.is_part_of_road if self.code else written.is_other_name
        return not is_other(text, end) or (
            choice.place is not None and self._leads_on(choice.place, text, end)
        )

    def _leads_on(self, place: Place, text: str, end: int) -> bool:
        """Say whether a division of `place` follows: 浙江湖州 and 北京门头沟 are no lake and no gate."""
        for name in self._gazetteer.by_beginning.get(text[end : end + 2], ()):
            if text.startswith(name, end):
                choice = choose(self._gazetteer, place.code, name)
                after = end + len(name)
                if choice.place and not (choice.is_bare and written.is_road_or_building(text, after)):
                    return True
        return False

    def _advance(self, name: str, choice: Choice) -> bool:
        """Take the next name of the text; False when it belongs to the detail."""
        knows_district = len(self.code) == Level.DISTRICT or Level.DISTRICT in self.raw
        if choice.repeats:  # 北京市北京市
            return not (knows_district and choice.is_bare)
        if choice.contradicts and (not knows_district or self.evidence.get(Level.DISTRICT) == "column"):
            self.contradicts = True
        elif not knows_district and choice.place:
            if not self.code:
                self._first_is_bare = choice.is_bare
            self._suffixed += not choice.is_bare
            self._take(name, choice.place, "literal")
            return True
        elif not knows_district:
            self.candidates = choice.candidates
        return False

    def _take(self, name: str, place: Place, source: str) -> None:
        is_renamed = place.renames(name)
        if is_renamed:
            self.renamed[name] = place.name
        self._move(place)
        self.code, self.candidates = place.code, ()
        self.evidence[place.level] = "renamed" if is_renamed and source == "literal" else source

    def _move(self, place: Place) -> None:
        """Remember the city that was named where the place belongs to another one today: 四平市公主岭市."""
        if place.code.startswith(self.code) or Level.CITY not in self.evidence:
            return
        named = self._gazetteer.name(self.code, Level.CITY) or ""
        self.renamed[named] = self._gazetteer.name(place.code, Level.CITY) or ""
        if self.evidence[Level.CITY] == "column":
            self.raw.setdefault(Level.CITY, named)
        else:
            self.evidence[Level.CITY] = "renamed"

    def _city_zone(self, name: str, choice: Choice, text: str, end: int) -> int:
        """Take 苏州工业园区 as one name where the city's short name belongs to it."""
        if not choice.is_bare or len(self.code) != Level.CITY or self.raw:
            return 0
        zone = written.zone_alone_at(text, end)
        if zone is None or written.is_plain_zone(zone[0]):
            return 0
        self.raw[Level.DISTRICT], self.evidence[Level.DISTRICT] = name + zone[0], "unlisted"
        return zone.end()

    def _read_unlisted(self, text: str, position: int) -> int:
        if (
            len(self.code) == Level.DISTRICT
            or self.candidates
            or self.contradicts
            or Level.DISTRICT in self.raw
        ):
            return position
        found = None
        if self.code.startswith(_TAIWAN) and len(self.code) == Level.CITY:
            found = written.township_of_taiwan(text, position)
        elif self._has_districts():
            found = written.zone_at(text, position)
        if found is None:
            return position
        self.raw[Level.DISTRICT], self.evidence[Level.DISTRICT] = found[0], "unlisted"
        return found.end()

    def _has_districts(self) -> bool:
        is_city = len(self.code) == Level.CITY or self.code in MUNICIPALITIES
        return is_city and self._gazetteer.has_parts(self.code, Level(len(self.code)))


def _openings(gazetteer: Gazetteer, text: str, start: int) -> Iterator[int]:
    """Yield the positions at which some name stands, from left to right."""
    by_beginning = gazetteer.by_beginning
    for position in range(start, len(text) - 1):
        for name in by_beginning.get(text[position : position + 2], ()):
            if text.startswith(name, position):
                yield position
                break


def _is_boundary(text: str, position: int) -> bool:
    before = text[position - 1]
    return not ("\u4e00" <= before <= "\u9fff") or text.endswith(_BEFORE_ADDRESS, 0, position)


def _rest(text: str, start: int, position: int, end: int) -> str:
    """Return the detail: what follows the regions, or what stands before them where nothing follows."""
    before = text[start:position]
    return before if end >= len(text) and written.names_road(before) else text[end:]
