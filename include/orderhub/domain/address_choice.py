"""Decides what a name means after what is known already; nothing else of the text is looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from orderhub.domain.division_names import GENERIC_DISTRICTS
from orderhub.domain.divisions import Form, Gazetteer, Level, Place

_OUTSIDE_MAINLAND = ("71", "81", "82")
_SHORTEST_FULL = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """What a name means after what is known.

    Attributes:
        is_bare: the name lacks its suffix, so that it may be the beginning of another one.
        repeats: it says again what is known.
        contradicts: it is the full name of a place elsewhere.
        place: the only place that it can mean.
        candidates: the places that a name with its suffix can mean, when there are several.
    """

    is_bare: bool
    repeats: bool = False
    contradicts: bool = False
    place: Place | None = None
    candidates: tuple[Place, ...] = ()


@lru_cache(maxsize=65536)  # A few thousand districts, each after its city or province, in all its names.
def choose(gazetteer: Gazetteer, known: str, name: str) -> Choice:
    """Return what `name` means when the division with the own code `known` is known; empty: nothing yet."""
    places = gazetteer.places(name)
    inside = _inside(places, known) if known else _anywhere(places, name)
    is_seat = bool(inside) and _is_prefecture(gazetteer, known)  # 恩施州恩施 is 恩施市.
    if known and not is_seat and any(known.startswith(p.code) and p.form is not Form.LOOSE for p in places):
        return Choice(_is_bare(places), repeats=True)
    is_bare = _is_bare(inside or places)
    if len(inside) > 1:
        return Choice(is_bare, candidates=() if is_bare else tuple(inside))
    if inside:
        return Choice(is_bare, place=inside[0] if known or name not in GENERIC_DISTRICTS else None)
    is_whole = len(known) == Level.CITY and not gazetteer.has_parts(known, Level.CITY)
    return Choice(is_bare, contradicts=not is_whole and _is_elsewhere(places, known, name))


def _is_prefecture(gazetteer: Gazetteer, known: str) -> bool:
    return len(known) == Level.CITY and (gazetteer.name(known, Level.CITY) or "").endswith("自治州")


def _inside(places: Sequence[Place], known: str) -> list[Place]:
    return _highest([p for p in places if p.level > len(known) and p.within.startswith(known)])


def _anywhere(places: Sequence[Place], name: str) -> list[Place]:
    listed = [place for place in places if place.form is not Form.LOOSE]
    if not listed and name[-1] in "县市" and len(name) >= _SHORTEST_FULL:  # 临安市 for 临安区
        listed = list(places)
    return _highest(listed)


def _highest(places: list[Place]) -> list[Place]:
    """Return one place for each division of the highest level; a name that is in force beats a loose one."""
    if not places:
        return places
    top = [place for place in places if place.level is min(p.level for p in places)]
    firm = [place for place in top if place.form is not Form.LOOSE]
    return list({place.code: place for place in firm or top}.values())


def _is_bare(places: Sequence[Place]) -> bool:
    return all(place.is_bare for place in places)


def _is_elsewhere(places: Sequence[Place], known: str, name: str) -> bool:
    """Say whether the name is that of a region elsewhere, and not a word such as 新城区."""
    if not known or known.startswith(_OUTSIDE_MAINLAND) or len(name) < _SHORTEST_FULL:
        return False
    is_region = len(known) >= Level.CITY or all(place.level < Level.DISTRICT for place in places)
    is_full = any(place.form is not Form.LOOSE and not place.is_bare for place in places)
    return is_region and is_full and name not in GENERIC_DISTRICTS
