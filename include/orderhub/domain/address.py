"""Rules for Chinese addresses: which province, city and district a text names, and what is vague about it.

A level counts only when its name is literally present or follows from a name that exists once. Nothing is
guessed: 鼓楼区 exists in four cities, so an address that says no more than that is ambiguous.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from orderhub.domain.address_detail import vague_part
from orderhub.domain.address_reading import Reading
from orderhub.domain.address_text import ABROAD_COLUMNS, is_abroad, plain
from orderhub.domain.divisions import Gazetteer, Level, Place

_OUTSIDE_MAINLAND = frozenset({"71", "81", "82"})
_MASK = "*"


class AddressVerdict(StrEnum):
    """What is vague about an address, in the order in which it is asked; every value is in docs/reference."""

    OK = "ok"
    CONTRADICTION = "contradiction"
    OVERSEAS = "overseas"
    OUTSIDE_MAINLAND = "outside_mainland"
    MASKED = "masked"
    AMBIGUOUS = "ambiguous"
    MISSING_PROVINCE = "missing_province"
    MISSING_CITY = "missing_city"
    MISSING_DISTRICT = "missing_district"
    PLACEHOLDER = "placeholder"
    TOO_SHORT = "too_short"
    NO_BUILDING = "no_building"


@dataclass(frozen=True, slots=True)
class ParsedAddress:
    """What an address says.

    Attributes:
        province: full name (浙江省); None when neither present nor implied.
        city: full name; None for counties that a province runs itself.
        district: full name of the district, county or county-level city.
        code: own code of the deepest division that is known; empty when none.
        detail: the rest, plain text: never store it.
        evidence: level → literal, renamed, column, implied or unlisted; `renamed`: earlier name → today's;
            `candidates` of a name that exists repeatedly.
        verdict: ok, or the first thing that is vague.
    """

    province: str | None
    city: str | None
    district: str | None
    code: str
    detail: str = field(repr=False)
    evidence: Mapping[str, object]
    verdict: AddressVerdict


def parse_address(gazetteer: Gazetteer, columns: tuple[str, str, str], text: str) -> ParsedAddress:
    """Return what an address says.

    Args:
        gazetteer: the code table.
        columns: province, city and district where the source gives them apart; empty text where not. They win
            over the text, which only fills gaps.
        text: the free text; may repeat the columns.
    """
    reading = _read_columns(gazetteer, columns).copy() if any(columns) else Reading(gazetteer)
    simple = plain(text)
    detail = reading.read_text(simple)
    if reading.raw or reading.renamed or reading.candidates:
        region = _conclude(gazetteer, reading)
    else:
        region = _well_known(gazetteer, reading.code, tuple(reading.evidence.items()))
    verdict = _verdict(reading, region, simple) or AddressVerdict(vague_part(detail) or AddressVerdict.OK)
    return ParsedAddress(*region.names, reading.code, detail, region.evidence, verdict)


@lru_cache(maxsize=4096)  # A shop's orders go to a few thousand districts.
def _read_columns(gazetteer: Gazetteer, columns: tuple[str, str, str]) -> Reading:
    reading = Reading(gazetteer)
    for level, value in zip(Level, columns, strict=True):
        reading.read_column(level, plain(value))
    return reading


@dataclass(frozen=True, slots=True)
class _Region:
    names: tuple[str | None, str | None, str | None]
    evidence: Mapping[str, object]
    missing: AddressVerdict | None


@lru_cache(maxsize=16384)
def _well_known(gazetteer: Gazetteer, code: str, evidence: tuple[tuple[Level, str], ...]) -> _Region:
    reading = Reading(gazetteer)
    reading.code, reading.evidence = code, dict(evidence)
    return _conclude(gazetteer, reading)


def _conclude(gazetteer: Gazetteer, reading: Reading) -> _Region:
    """Return the full names, and for each level what shows it."""
    names = {level: reading.raw.get(level) or gazetteer.name(reading.code, level) for level in Level}
    evidence: dict[str, object] = {
        level.name.lower(): reading.evidence.get(level, "implied") for level, name in names.items() if name
    }
    if reading.renamed:
        evidence["renamed"] = dict(reading.renamed)
    if reading.candidates:
        evidence["candidates"] = [_with_city(gazetteer, place) for place in reading.candidates]
    province, city, district = names.values()
    return _Region((province, city, district), evidence, _missing_level(gazetteer, reading.code, names))


def _with_city(gazetteer: Gazetteer, place: Place) -> str:
    city = gazetteer.name(place.code, Level.CITY) or gazetteer.name(place.code, Level.PROVINCE)
    return f"{city}{place.name}"


def _verdict(reading: Reading, region: _Region, text: str) -> AddressVerdict | None:
    """Return what is vague about the regions; None when nothing is."""
    if reading.contradicts:
        return AddressVerdict.CONTRADICTION
    if reading.code[:2] in _OUTSIDE_MAINLAND:
        return AddressVerdict.OUTSIDE_MAINLAND
    province = region.names[0]
    if province in ABROAD_COLUMNS or (province is None and is_abroad(text)):
        return AddressVerdict.OVERSEAS
    if _MASK in text:
        return AddressVerdict.MASKED
    return AddressVerdict.AMBIGUOUS if reading.candidates else region.missing


def _missing_level(
    gazetteer: Gazetteer, code: str, names: Mapping[Level, str | None]
) -> AddressVerdict | None:
    if not names[Level.PROVINCE]:
        return AddressVerdict.MISSING_PROVINCE
    if names[Level.DISTRICT] or not gazetteer.has_parts(code, Level.PROVINCE):
        return None
    if not names[Level.CITY]:
        return AddressVerdict.MISSING_CITY
    is_whole = len(code) == Level.CITY and not gazetteer.has_parts(code, Level.CITY)
    return None if is_whole else AddressVerdict.MISSING_DISTRICT
