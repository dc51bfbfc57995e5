"""Makes many records out of a recorded one: other ids, other times, the same shape and the same types."""

import copy
import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from orderhub.platforms.field_map import FieldRule
from orderhub.platforms.payload import at_path
from tests.contract.connector import Connector


def id_of(connector: Connector, stream: str, record: Any) -> str:
    """Return the id of a whole record, as staging names it."""
    return f"{connector.stream(stream).id_prefix}{at_path(record, connector.facts(stream).id)}"


def numbered(connector: Connector, stream: str, number: int, modified: datetime) -> dict[str, Any]:
    """Return the recorded record as if it were the `number`-th one, last modified at `modified`."""
    sample = connector.samples[stream]
    own = str(at_path(sample, connector.facts(stream).id))
    record: dict[str, Any] = renamed(copy.deepcopy(sample), own, next_id(own, number))
    return modified_at(connector, stream, record, modified)


def row_of(connector: Connector, stream: str, record: dict[str, Any]) -> Any:
    """Return the row of a slim list that stands for `record`."""
    facts, sample = connector.facts(stream), connector.samples[stream]
    found_id, found_time = at_path(record, facts.id), at_path(record, facts.modified)
    if facts.row is None:
        row: dict[str, Any] = {}
        put(row, facts.id.split("|")[0], found_id)
        put(row, facts.modified.split("|")[0], found_time)
        return row
    row = renamed(copy.deepcopy(facts.row), str(at_path(sample, facts.id)), str(found_id))
    return renamed(row, str(at_path(sample, facts.modified)), str(found_time))


def next_id(own: str, number: int) -> str:
    """Return another id of the same kind: the last digits count up, in the same number of digits."""
    last = re.search(r"\d{1,9}$", own)
    if last is None:
        return f"{own}{number}"
    digits = last.group()
    counted = str((int(digits) + number) % 10 ** len(digits)).rjust(len(digits), "0")
    return own[: last.start()] + counted


def renamed(value: Any, old: str, new: str) -> Any:
    """Return `value` with every text or number that is `old` replaced; types stay."""
    match value:
        case dict():
            return {key: renamed(inner, old, new) for key, inner in value.items()}
        case list():
            return [renamed(inner, old, new) for inner in value]
        case bool():
            return value
        case int() if str(value) == old:
            return int(new)
        case str() if value == old:
            return new
        case _:
            return value


def modified_at(connector: Connector, stream: str, record: dict[str, Any], at: datetime) -> dict[str, Any]:
    """Return `record` with the time of its last change set."""
    zone = ZoneInfo(connector.api.zone)
    for path in connector.facts(stream).modified.split("|"):
        found = at_path(record, path)
        if found is not None:
            put(record, path, time_like(found, at, zone))
    return record


def put(record: dict[str, Any], path: str, value: Any) -> None:
    """Set what stands at a dotted path, making the objects on the way."""
    *parents, last = path.split(".")
    for key in parents:
        record = record.setdefault(key, {})
    record[last] = value


def put_like(record: dict[str, Any], path: str, value: Any) -> None:
    """Set what stands at the first alternative of `path` that is there, in the type that it has."""
    place = next(
        (one for one in path.split("|") if at_path(record, one) is not None), path.split("|", maxsplit=1)[0]
    )
    is_number = isinstance(at_path(record, place), int) and str(value).isdigit()
    put(record, place, int(value) if is_number else value)


def place_of(root: str, rule: FieldRule, record: dict[str, Any]) -> str:
    """Return where `record` has the value of a rule, from its top; empty when it has none."""
    for path in rule.paths:
        place = path[1:] if path.startswith("/") else f"{root}.{path}" if root else path
        if at_path(record, place) is not None:
            return place
    return ""


def time_like(sample: Any, at: datetime, zone: ZoneInfo) -> Any:
    """Return `at` as the platform writes the time `sample`: number, digits or text, with or without zone."""
    text = str(sample)
    if text.isdigit():
        seconds = int(at.timestamp())
        number = seconds * 1000 if len(text) == 13 else seconds
        return number if isinstance(sample, int) else str(number)
    said = datetime.fromisoformat(text)
    local = at.astimezone(said.tzinfo or zone)
    fraction = re.search(r"\.\d+", text)
    suffix = re.search(r"(Z|[+-]\d\d:?\d\d)$", text[11:])
    digits = re.sub(r"\d", "0", fraction.group()) if fraction else ""
    return local.strftime(f"%Y-%m-%d{text[10]}%H:%M:%S") + digits + (suffix.group() if suffix else "")
