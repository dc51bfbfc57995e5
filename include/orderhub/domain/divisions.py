"""The divisions of China and the names that people write for them.

A name means one or several places. Where it counts depends on its form: 浙江省 wherever it stands, 浙江 only
where a region can begin, 西湖 (for 西湖区) only inside a province or city that is already known.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from orderhub.domain.division_names import (
    COMMON_WORDS,
    CUT_SHORT,
    INSIDE_ONLY,
    MUNICIPALITIES,
    NICKNAMES,
    STAND_INS,
    loose_names,
    short_names,
)


class Level(IntEnum):
    """How deep a division is; the value is the length of its code's own part."""

    PROVINCE = 2
    CITY = 4
    DISTRICT = 6


class Form(IntEnum):
    """How a name is written, which decides where it counts."""

    FULL = 0
    FORMER = 1
    SHORT = 2
    LOOSE = 3


@dataclass(frozen=True, slots=True)
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

    @property
    def own_code(self) -> str:
        """Return the code without the zeros of the levels below."""
        return self.code[: self.level]


@dataclass(frozen=True, slots=True)
class FormerName:
    """A name that was in force once, and the division that it means today.

    Attributes:
        parent: own code of the province or city that it was in.
        name: as people still write it.
        code: six digits of today's division.
    """

    parent: str
    name: str
    code: str


@dataclass(frozen=True, slots=True)
class Place:
    """What a name means.

    Attributes:
        within: the code under which the name is looked for: another one where the division has moved.
        code: own code of the division of today.
        level: of the division of today.
        name: full name of the division of today.
        form: how the name is written.
        is_bare: the name lacks its suffix: 杭州, 西湖.
    """

    within: str
    code: str
    level: Level
    name: str
    form: Form
    is_bare: bool = False

    def renames(self, name: str) -> bool:
        """Say whether `name` is an earlier one: 下城区, or 临安市 for 临安区."""
        is_other = self.form in {Form.FORMER, Form.LOOSE} and name != self.name
        return is_other and not self.is_bare


#: 九龙 and 新界 have no suffix, and 九龙 is part of many names. 州 is one in 延边州, and none in 杭州.
_SUFFIXES = frozenset("省市区县旗盟会域")


class Gazetteer:
    """The divisions, and what their names mean.

    Attributes:
        by_beginning: the names that begin with two characters, longest first.

    Args:
        divisions: provinces, cities and districts of today; stand-ins may be among them.
        former: names that are no longer in force.
        older: an older code table: what only it has, such as a county that was split, counts as written.
    """

    def __init__(
        self,
        divisions: Iterable[Division],
        former: Iterable[FormerName] = (),
        older: Iterable[Division] = (),
    ) -> None:
        self._by_code: dict[str, Division] = {}
        self._parents: set[str] = set()
        self._by_name: dict[str, list[Place]] = {}
        for division in divisions:
            self._add(division)
        for old in former:
            self._add_former(old)
        for division in older:
            if division.level is Level.DISTRICT and not self._is_known(division):
                self._add(division)
        self.by_beginning: dict[str, list[str]] = {}
        self._by_place: dict[str, list[str]] = {}
        for name in sorted(self._by_name, key=len, reverse=True):
            self.by_beginning.setdefault(name[:2], []).append(name)
            for place in self._by_name[name]:
                self._by_place.setdefault(place.code, []).append(name)

    def name(self, code: str, level: Level) -> str | None:
        """Return the full name of the division of `level` that `code` lies in; None for stand-ins."""
        if level is Level.CITY and code[:2] in MUNICIPALITIES:
            level = Level.PROVINCE
        division = self._by_code.get(code[:level])
        return division.name if division and division.level is level else None

    def has_parts(self, code: str, level: Level) -> bool:
        """Say whether the division of `level` that `code` lies in has divisions below it."""
        return code[:level] in self._parents

    def places(self, name: str) -> tuple[Place, ...]:
        """Return what exactly this name can mean."""
        return tuple(self._by_name.get(name, ()))

    def names_of(self, code: str) -> frozenset[str]:
        """Return every name, today's and former, of the division and of those that it lies in."""
        return frozenset(
            name for level in Level if level <= len(code) for name in self._by_place.get(code[:level], ())
        )

    def names_of_today(self, level: Level) -> dict[str, str]:
        """Return former name → name of today, of those that mean one division of `level` only."""
        found: dict[str, str] = {}
        for name, places in self._by_name.items():
            of_level = {place.code: place for place in places if place.level is level}
            if len(of_level) == 1:
                [place] = of_level.values()
                if place.form is Form.FORMER or (name.endswith("地区") and name != place.name):
                    found[name] = place.name
        return found

    def _is_known(self, division: Division) -> bool:
        province = division.code[: Level.PROVINCE]
        return any(place.within.startswith(province) for place in self.places(division.name))

    def _add(self, division: Division) -> None:
        if division.name in STAND_INS:
            return
        level, code, name = division.level, division.own_code, division.name
        self._by_code[code] = division
        self._parents.update(code[:above] for above in (Level.PROVINCE, Level.CITY) if above < level)
        is_inside_only = level is Level.DISTRICT and code.startswith(INSIDE_ONLY)
        is_loose = is_inside_only or _is_bare(name, name)
        short = {
            other: Form.LOOSE if other in COMMON_WORDS else Form.SHORT for other in short_names(name, level)
        }
        loose = dict.fromkeys((*loose_names(name, level), *CUT_SHORT.get(name, ())), Form.LOOSE)
        nicknames = dict.fromkeys(NICKNAMES.get(name, ()), Form.SHORT)
        full = {name: Form.LOOSE if is_loose else Form.FULL}
        for other, form in {**nicknames, **loose, **short, **full}.items():
            known = self._by_name.setdefault(other, [])
            if all(code != place.code for place in known):
                known.append(Place(code, code, level, name, form, _is_bare(other, name)))

    def _add_former(self, old: FormerName) -> None:
        today = self._by_code[Division(old.code, "").own_code]
        within = old.parent if len(old.parent) >= today.level else old.parent.ljust(today.level, "x")
        known = self._by_name.setdefault(old.name, [])
        if any(p.form is Form.FULL and p.within.startswith(old.parent) for p in known):
            return
        is_other = [p.code != today.own_code or not p.within.startswith(old.parent) for p in known]
        known[:] = [p for p, keep in zip(known, is_other, strict=True) if keep]
        known.append(Place(within, today.own_code, today.level, today.name, Form.FORMER))


def _is_bare(name: str, full_name: str) -> bool:
    return name[-1] not in _SUFFIXES and not (name[-1] == "州" and full_name[-1] == "州")
