"""Rules for Chinese addresses: which province, city and district a text names, and what is vague about it.

A level counts only when its name is literally present or follows from a name that exists once. Nothing is
guessed: 鼓楼区 exists in four cities, so an address that says no more than that is ambiguous.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import lru_cache


class Level(IntEnum):
    """How deep a division is; the value is the length of its code's own part."""

    PROVINCE = 2
    CITY = 4
    DISTRICT = 6


#: Iterating over the class itself takes a tenth of the time of reading an address.
_LEVELS = tuple(Level)


class AddressVerdict(StrEnum):
    """What is vague about an address, in the order in which it is asked."""

    OK = "ok"
    AMBIGUOUS = "ambiguous"
    MISSING_PROVINCE = "missing_province"
    MISSING_CITY = "missing_city"
    MISSING_DISTRICT = "missing_district"
    PLACEHOLDER = "placeholder"
    TOO_SHORT = "too_short"
    NO_BUILDING = "no_building"


@dataclass(frozen=True)
class ParsedAddress:
    """What an address says.

    Attributes:
        province: full name (浙江省); None when neither present nor implied.
        city: full name; None for counties that a province runs itself.
        district: full name of the district, county or county-level city.
        detail: the rest, plain text: never store it.
        evidence: level → literal, column, implied or unlisted; `candidates` of a name that exists repeatedly.
        verdict: ok, or the first thing that is vague.
    """

    province: str | None
    city: str | None
    district: str | None
    detail: str = field(repr=False)
    evidence: Mapping[str, object]
    verdict: AddressVerdict


#: Rows of the code table that stand in the place of a city or district without being one.
STAND_INS = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})
MUNICIPALITIES = frozenset({"11", "12", "31", "50"})
_SHORT_PROVINCES = {"内蒙古自治区": "内蒙古", "广西壮族自治区": "广西", "西藏自治区": "西藏",
                    "宁夏回族自治区": "宁夏", "新疆维吾尔自治区": "新疆"}  # fmt: skip
_PEOPLES = re.compile(
    "(?:朝鲜族|土家族|苗族|藏族|羌族|彝族|布依族|侗族|哈尼族|壮族|傣族|白族|景颇族|傈僳族|回族|蒙古族?|哈萨克|柯尔克孜)+自治州$"
)
#: 北京路, 南京东路, 上海大厦, 杭州湾, 潞城区: a short name before these is part of another name.
_OTHER_NAME = re.compile(
    "[东西南北中]?(?:路|街|大道|大街|巷|弄|道)|大厦|广场|商城|公馆|花园|新村|小区|区|县|旗|湾|滩"
)
_SKIPPED = re.compile(r"[\s,，、/|>·.\-—:：]+|中国|中华人民共和国")
_STAND_IN_TEXT = re.compile("市辖区|省直辖县级行政区划|自治区直辖县级行政区划|省直辖县|省直辖")
#: New districts and zones appear every year; after a city, a name of this form is taken as written.
_UNLISTED = re.compile(
    "(?:(?![路街镇村])[\u4e00-\u9fff]){1,12}?(?:开发区|示范区|管理区|园区)"
    "|(?:(?![路街镇村])[\u4e00-\u9fff]){1,5}?(?:(?<![小社校厂景园街山库营矿片业活属宅公务])区|县|旗)"
    "|(?:(?![路街镇村])[\u4e00-\u9fff]){2,3}市(?![场民政区中立一二三委])"
)
_PLACEHOLDER = re.compile("测试|无效|同上|电话联系|待定|不详|(?<![a-z])test(?![a-z])", re.IGNORECASE)
_BUILDING = re.compile(
    r"\d|[一二三四五六七八九十百]+(?:号|栋|幢|楼|单元|室)|村|屯|寨|组|大厦|广场|大楼|中心|学校|大学|学院|中学|小学|医院|小区|花园|公寓"
    "|公司|工厂|宿舍|酒店|宾馆|商场|超市|市场|银行|政府|派出所|驿站|家园|苑|园|庄|城|府|里|弄|站|店|馆|厂|院|局|所"
)
MINIMUM_DETAIL = 5
#: No name of a place is shorter.
_SHORTEST_NAME = 2


@dataclass(frozen=True)
class Division:
    """One place of the code table: six digits and the full name."""

    code: str
    name: str

    @property
    def level(self) -> Level:
        """Return how deep the division is, read from its code."""
        if self.code.endswith("0000"):
            return Level.PROVINCE
        return Level.CITY if self.code.endswith("00") else Level.DISTRICT


class Gazetteer:
    """The code table, indexed by what a text can begin with.

    Args:
        divisions: provinces, cities and districts; stand-ins may be among them.
    """

    def __init__(self, divisions: Iterable[Division]) -> None:
        self._by_code: dict[str, Division] = {}
        self._by_name: dict[str, list[Division]] = {}
        self._parents: set[str] = set()
        for division in divisions:
            self._add(division)
        self._longest = max((len(name) for name in self._by_name), default=0)
        self._beginnings = {name[:_SHORTEST_NAME] for name in self._by_name}

    def name(self, code: str, level: Level) -> str | None:
        """Return the full name of the division of `level` that `code` lies in; None for stand-ins."""
        if level is Level.CITY and code[:2] in MUNICIPALITIES:
            level = Level.PROVINCE
        division = self._by_code.get(code[:level].ljust(6, "0"))
        return division.name if division else None

    def has_parts(self, code: str, level: Level) -> bool:
        """Say whether the division of `level` that `code` lies in has divisions below it."""
        return code[:level] in self._parents

    def starts(self, text: str, position: int) -> tuple[str, list[Division]]:
        """Return the names that stand at `position`, longest first choice, and the divisions that bear it."""
        if text[position : position + _SHORTEST_NAME] not in self._beginnings:
            return "", []
        for length in range(min(self._longest, len(text) - position), _SHORTEST_NAME - 1, -1):
            name = text[position : position + length]
            found = self._by_name.get(name)
            if found and not self._is_other_name(name, found, text, position + length):
                return name, found
        return "", []

    def _add(self, division: Division) -> None:
        if division.name in STAND_INS:
            return
        self._by_code[division.code] = division
        for name in {division.name, _short_name(division)}:
            self._by_name.setdefault(name, []).append(division)
        for level in (Level.PROVINCE, Level.CITY):
            if level < division.level:
                self._parents.add(division.code[:level])

    @staticmethod
    def _is_other_name(name: str, found: list[Division], text: str, end: int) -> bool:
        is_short = all(name != division.name for division in found)
        return is_short and _OTHER_NAME.match(text, end) is not None


def parse_address(gazetteer: Gazetteer, columns: tuple[str, str, str], text: str) -> ParsedAddress:
    """Return what an address says.

    Args:
        gazetteer: the code table.
        columns: province, city and district where the source gives them apart; empty text where not. They win
            over the text, which only fills gaps.
        text: the free text; may repeat the columns.
    """
    reading = _read_columns(gazetteer, columns).copy()
    detail = reading.read_text(unicodedata.normalize("NFKC", text).strip())
    return reading.conclude(detail)


@lru_cache(maxsize=4096)  # A shop's orders go to a few thousand districts.
def _read_columns(gazetteer: Gazetteer, columns: tuple[str, str, str]) -> "_Reading":
    reading = _Reading(gazetteer)
    for level, value in zip(_LEVELS, columns, strict=True):
        reading.read_column(level, unicodedata.normalize("NFKC", value).strip())
    return reading


class _Reading:
    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._code = ""
        self._names: dict[Level, str] = {}
        self._evidence: dict[str, object] = {}
        self._is_ambiguous = False

    def copy(self) -> "_Reading":
        again = _Reading(self._gazetteer)
        again._code, again._is_ambiguous = self._code, self._is_ambiguous
        again._names, again._evidence = dict(self._names), dict(self._evidence)
        return again

    def read_column(self, level: Level, value: str) -> None:
        if not value or value in STAND_INS:
            return
        name, found = self._gazetteer.starts(value, 0)
        if name == value and self._take(found, "column"):
            return
        self._set(level, value, "column")

    def read_text(self, text: str) -> str:
        position = _skip(text, 0)
        while True:
            name, found = self._gazetteer.starts(text, position)
            if not name or not self._advance(name, found):
                break
            position = _skip(text, position + len(name))
        return text[self._read_unlisted(text, position) :]

    def conclude(self, detail: str) -> ParsedAddress:
        for level in _LEVELS:
            is_known = len(self._code) >= level or (level is Level.CITY and self._code in MUNICIPALITIES)
            if level not in self._names and is_known:
                implied = self._gazetteer.name(self._code.ljust(6, "0"), level)
                if implied:
                    self._set(level, implied, "implied")
        return ParsedAddress(
            province=self._names.get(Level.PROVINCE),
            city=self._names.get(Level.CITY),
            district=self._names.get(Level.DISTRICT),
            detail=detail,
            evidence=self._evidence,
            verdict=self._verdict(detail),
        )

    def _advance(self, name: str, found: list[Division]) -> bool:
        """Take the next name of the text; False when it belongs to the detail."""
        if any(self._code.startswith(d.code[: d.level]) for d in found):
            return True  # Says again what is known: 北京市 北京市 朝阳区.
        if Level.DISTRICT in self._names:
            return False
        if self._take(found, "literal"):
            return True
        if self._code and any(name == d.name and d.level is Level.PROVINCE for d in found):
            self._is_ambiguous = True
        return False

    def _take(self, found: list[Division], source: str) -> bool:
        inside = [d for d in found if d.code.startswith(self._code) and d.level > len(self._code)]
        if not self._code:
            inside = [
                d
                for d in inside
                if d.level is not Level.DISTRICT or d.name.endswith(("区", "县", "市", "旗"))
            ]
        if len({d.level for d in inside}) > 1:
            top = min(d.level for d in inside)
            inside = [d for d in inside if d.level is top]
        if len(inside) > 1:
            self._is_ambiguous = True
            self._evidence["candidates"] = [self._full_name(d) for d in inside]
        if len(inside) != 1:
            return False
        self._code = inside[0].code[: inside[0].level]
        self._set(inside[0].level, inside[0].name, source)
        return True

    def _read_unlisted(self, text: str, position: int) -> int:
        is_open = Level.CITY in self._names or self._code in MUNICIPALITIES
        unlisted = _UNLISTED.match(text, position)
        if unlisted is None or not is_open or Level.DISTRICT in self._names or self._is_ambiguous:
            return position
        self._set(Level.DISTRICT, unlisted[0], "unlisted")
        return unlisted.end()

    def _set(self, level: Level, name: str, source: str) -> None:
        self._names[level] = name
        self._evidence[level.name.lower()] = source

    def _full_name(self, division: Division) -> str:
        city = self._gazetteer.name(division.code, Level.CITY) or self._gazetteer.name(
            division.code, Level.PROVINCE
        )
        return f"{city or ''}{division.name}"

    def _verdict(self, detail: str) -> AddressVerdict:
        if self._is_ambiguous:
            return AddressVerdict.AMBIGUOUS
        return self._missing_level() or _vague_detail(detail)

    def _missing_level(self) -> AddressVerdict | None:
        if Level.PROVINCE not in self._names:
            return AddressVerdict.MISSING_PROVINCE
        if Level.DISTRICT in self._names or not self._gazetteer.has_parts(self._code, Level.PROVINCE):
            return None
        if Level.CITY not in self._names:
            return AddressVerdict.MISSING_CITY
        is_whole = len(self._code) == Level.CITY and not self._gazetteer.has_parts(self._code, Level.CITY)
        return None if is_whole else AddressVerdict.MISSING_DISTRICT


def _vague_detail(detail: str) -> AddressVerdict:
    if _PLACEHOLDER.search(detail):
        return AddressVerdict.PLACEHOLDER
    if len("".join(detail.split())) < MINIMUM_DETAIL:
        return AddressVerdict.TOO_SHORT
    return AddressVerdict.OK if _BUILDING.search(detail) else AddressVerdict.NO_BUILDING


def _skip(text: str, position: int) -> int:
    while skipped := _SKIPPED.match(text, position) or _STAND_IN_TEXT.match(text, position):
        position = skipped.end()
    return position


def _short_name(division: Division) -> str:
    """Return what buyers write: 浙江, 杭州, 延边州, 义乌; districts and counties have no short name."""
    name = division.name
    match division.level:
        case Level.PROVINCE:
            return _SHORT_PROVINCES.get(name) or re.sub("(省|市|特别行政区)$", "", name)
        case Level.CITY:
            return _PEOPLES.sub("州", name) if name.endswith("自治州") else name.removesuffix("市")
        case Level.DISTRICT:
            return name.removesuffix("市")
