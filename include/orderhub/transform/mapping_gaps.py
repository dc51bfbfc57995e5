"""What the field map leaves out: source fields nobody reads, codes nobody mapped, and what they may mean.

Shows paths and counts, never a value: an unmapped field may hold anything.
"""

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from orderhub.domain.sku import Suggestion, suggest_sku
from orderhub.errors import ConfigError
from orderhub.platforms.field_map import FIELDS
from orderhub.platforms.spec import Platform, load_platform, platform_names
from orderhub.transform.mapping_preview import LATEST
from orderhub.transform.payload_sql import identifier

#: Names less alike than this propose nothing.
_LEAST_ALIKE = 0.75
_PAYLOADS = "select payload from staging.{table} order by staging_id desc limit :latest"
_UNMAPPED_CODES = text("""
    select o.shop_id, coalesce(l.merchant_code, l.platform_sku_id) as code, count(*) as lines
    from core.order_lines as l join core.orders as o using (order_id)
    where l.sku_id is null and o.platform = :platform
        and coalesce(l.merchant_code, l.platform_sku_id) is not null
    group by 1, 2 order by 3 desc, 1, 2 limit 50""")
_KNOWN_CODES = text("""
    select platform_sku as code, sku_id from core.sku_mappings union select sku_id, sku_id from core.skus
    order by 1, 2""")


@dataclass(frozen=True)
class UnmappedPath:
    """A source field that nothing reads, in how many payloads it stands, and our field that it may be."""

    stream: str
    path: str
    payloads: int
    proposal: str | None


@dataclass(frozen=True)
class UnmappedCode:
    """A code of lines that wait for a mapping, and the SKU that it may mean by its merchant code."""

    shop_id: str
    code: str
    lines: int
    suggestion: Suggestion | None


def unmapped_codes(connection: Connection, platform: Platform) -> list[UnmappedCode]:
    """Return the codes that lines wait for, most lines first; nothing is ever bound by a name."""
    known = [(row.code, row.sku_id) for row in connection.execute(_KNOWN_CODES)]
    rows = connection.execute(_UNMAPPED_CODES, {"platform": platform.spec.name})
    return [UnmappedCode(r.shop_id, r.code, r.lines, suggest_sku(r.code, known)) for r in rows]


def unmapped_paths(connection: Connection, platform: Platform, latest: int = LATEST) -> list[UnmappedPath]:
    """Return the source fields of the latest payloads that neither fields.csv nor platform.yaml reads."""
    read, known, found = _read_paths(platform), _known_names(), []
    for stream in ("orders", "refunds"):
        if stream == "refunds" and stream not in platform.spec.streams:
            continue
        query = _PAYLOADS.format(table=identifier(f"{platform.spec.name}_{stream}"))
        payloads = connection.execute(text(query), {"latest": latest}).scalars()
        counts = Counter(path for payload in payloads for path in set(_leaves(payload, "")))
        found += [
            UnmappedPath(stream, path, count, _proposal(path, known))
            for path, count in counts.items()
            if not any(path == one or path.startswith(f"{one}.") for one in read)
        ]
    return sorted(found, key=lambda one: (one.stream, -one.payloads, one.path))


def _leaves(value: Any, path: str) -> Iterator[str]:
    """Yield the dotted paths of all values that say something; items of a list share the path of the list."""
    match value:
        case dict():
            for key, inner in value.items():
                yield from _leaves(inner, f"{path}.{key}" if path else key)
        case list():
            for inner in value:
                yield from _leaves(inner, path)
        case None | "":
            return
        case _:
            yield path


def _read_paths(platform: Platform) -> set[str]:
    """Return the paths that the spec and the field map read, without positions and without names in lists."""
    spec, fields = platform.spec, platform.field_map
    is_flat = spec.kind == "files"
    roots = {record: [getattr(spec.records, record)] for record in ("order", "receiver", "refund")}
    roots["line"] = spec.records.lines.split("+")
    read = {(root, path) for record in FIELDS for rule in getattr(fields, record)
            for path in rule.paths for root in roots[record]}  # fmt: skip
    read |= {(spec.records.order, flag.path) for flag in spec.flags}
    read |= {(root, flag.path) for flag in spec.line_flags for root in roots["line"]}
    if spec.cash_on_delivery:
        read.add((spec.records.order, spec.cash_on_delivery.path))
    if spec.shipped:
        read.add(("", spec.shipped.goods))
    return {_plain_path(root, path, is_flat=is_flat) for root, path in read}


def _plain_path(root: str, path: str, *, is_flat: bool) -> str:
    whole = path[1:] if path.startswith("/") else f"{root}.{path}" if root else path
    if is_flat:
        return whole
    steps = (step for step in whole.split(".") if not step.isdecimal() and step != "*" and "=" not in step)
    return ".".join(steps)


def _known_names() -> dict[str, str]:
    """Return last name of a path → our field, as every shipped platform maps it."""
    names: dict[str, str] = {}
    for platform in platform_names():
        try:
            fields = load_platform(platform).field_map
        except ConfigError:
            continue
        for record in FIELDS:
            for rule in getattr(fields, record):
                for path in (*rule.paths, rule.field):
                    names.setdefault(_last(path), f"{record} {rule.field}")
    return names


def _proposal(path: str, known: dict[str, str]) -> str | None:
    near = difflib.get_close_matches(_last(path), _words(known), n=1, cutoff=_LEAST_ALIKE)
    return known[near[0]] if near else None


def _last(path: str) -> str:
    return path.rpartition(".")[2].lower()


def _words(known: Iterable[str]) -> list[str]:
    return [name for name in known if not name.isdecimal()]
