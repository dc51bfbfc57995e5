"""What a field map makes of the latest real payloads: which fields are filled, which cannot be read.

Shows no message and nothing of a receiver but the region.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, text

from orderhub.platforms.field_map import FIELDS, FieldRule
from orderhub.platforms.spec import Platform
from orderhub.transform.compile import elements
from orderhub.transform.payload_sql import (
    MESSAGES,
    converted_columns,
    identifier,
    open_record,
    paths_of,
    raw_columns,
    root_of,
)

LATEST = 100
_SHOWN_OF_RECEIVERS = {"province", "city", "district", "town", "receiver_state"}


@dataclass(frozen=True)
class FieldPreview:
    """One row of fields.csv on the latest payloads.

    Attributes:
        record: order, line, receiver or refund.
        field: ours.
        paths: theirs, as the file writes them.
        records: how many records were looked at.
        filled: in how many there was a text.
        unreadable: in how many of these it could not be converted.
        example: one converted value; empty when there is none, or when it may be personal.
    """

    record: str
    field: str
    paths: str
    records: int
    filled: int
    unreadable: int
    example: str


def preview(connection: Connection, platform: Platform, latest: int = LATEST) -> list[FieldPreview]:
    """Return one entry per row of the field map, over the latest staged payloads."""
    found: list[FieldPreview] = []
    for record in FIELDS:
        rules: Sequence[FieldRule] = getattr(platform.field_map, record)
        if rules and (record != "refund" or "refunds" in platform.spec.streams):
            rows = connection.execute(text(_query(platform, record, rules)), {"latest": latest}).mappings()
            found += _counted(record, rules, rows.all())
    return found


def _query(platform: Platform, record: str, rules: Sequence[FieldRule]) -> str:
    spec = platform.spec
    is_flat = spec.kind == "files"
    stream = "refunds" if record == "refund" else "orders"
    root = "e.line" if record == "line" else root_of(getattr(spec.records, record))
    opened = open_record("o", root, paths_of(rules), is_flat=is_flat)
    lines = f", lateral {elements(spec.records.lines)} as e(line, line_no)" if record == "line" else ""
    return f"""
with source as materialized (
    select {raw_columns(opened, rules, "")}
    from (
        select payload from staging.{identifier(f"{spec.name}_{stream}")}
        order by staging_id desc limit :latest
    ) as s{lines}, {opened.record}
)
select source.*, {converted_columns(rules, [rule.field for rule in rules], "raw_", "")} from source"""  # noqa: S608 - names and literals of files, quoted


def _counted(record: str, rules: Sequence[FieldRule], rows: Sequence[RowMapping]) -> list[FieldPreview]:
    entries = []
    for rule in rules:
        filled = [row for row in rows if (row[f"raw_{rule.field}"] or "").strip()]
        read = [row[rule.field] for row in filled if row[rule.field] is not None]
        is_private = rule.field in MESSAGES or (
            record == "receiver" and rule.field not in _SHOWN_OF_RECEIVERS
        )
        paths = "|".join(rule.paths) if rule.constant is None else f"={rule.constant}"
        example = str(read[0]) if read and not is_private and rule.field != "buyer_label" else ""
        entries.append(
            FieldPreview(record, rule.field, paths, len(rows), len(filled), len(filled) - len(read), example)
        )
    return entries
