"""Converters as total SQL expressions: text in, typed value or null out, never an error.

A single unreadable value must not abort a million rows, so each expression tests before it casts
(`pg_input_is_valid`, PostgreSQL ≥ 16). Text that is there and gives null is the anomaly `unreadable_value`.
"""

import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

#: A time without zone in a named zone, for example time@Asia/Shanghai.
ZONED = re.compile(r"time@(?P<zone>[A-Za-z_]+(?:/[A-Za-z_+-]+){0,2})")
#: Times outside this range are typing mistakes or sentinels (year 0001, 9999), not times.
_EARLIEST, _LATEST = "1990-01-01", "2100-01-01"


def _text(value: str) -> str:
    return f"nullif(btrim({value}), '')"


def _sku(value: str) -> str:
    return f"nullif(upper(btrim(normalize({value}, nfkc))), '')"


def _whole(value: str) -> str:
    return (
        f"case when {value} ~ '^\\s*[+-]?\\d{{1,15}}(\\.0+)?\\s*$' then btrim({value})::numeric::bigint end"
    )


def _yuan(value: str) -> str:
    """Decimal text of whole units → minor units; more than two decimals is unreadable, not rounded."""
    return (
        f"case when {value} ~ '^\\s*[+-]?\\d{{1,13}}(\\.\\d{{0,2}}0*)?\\s*$' "
        f"then (btrim({value})::numeric * 100)::bigint end"
    )


def _boolean(value: str) -> str:
    return (
        f"case lower(btrim({value})) when 'true' then true when '1' then true when '是' then true "
        "when 'false' then false when '0' then false when '否' then false end"
    )


def _sane(expression: str) -> str:
    return (
        f"(select t from (values ({expression})) as converted(t) "
        f"where t between timestamptz '{_EARLIEST}' and timestamptz '{_LATEST}')"
    )


def _epoch(divisor: str) -> Callable[[str], str]:
    def convert(value: str) -> str:
        return _sane(
            f"case when {value} ~ '^\\s*[1-9]\\d{{8,13}}\\s*$' then to_timestamp(btrim({value})::numeric{divisor}) end"
        )

    return convert


def _instant(value: str) -> str:
    """ISO text that carries its zone."""
    return _sane(
        f"case when {value} ~ '^\\d{{4}}-\\d\\d-\\d\\dT.*(Z|[+-]\\d\\d:\\d\\d)$' "
        f"and pg_input_is_valid({value}, 'timestamptz') then {value}::timestamptz end"
    )


def _local_time(value: str, zone: str) -> str:
    name = ZoneInfo(zone).key
    return _sane(
        f"case when {value} ~ '^\\s*\\d{{4}}[-/]\\d{{1,2}}[-/]\\d{{1,2}}([ T]\\d{{1,2}}:\\d\\d(:\\d\\d(\\.\\d+)?)?)?\\s*$' "
        f"and pg_input_is_valid(btrim({value}), 'timestamp') then btrim({value})::timestamp at time zone '{name}' end"
    )


CONVERTERS: dict[str, Callable[[str], str]] = {
    "text": _text,
    "sku": _sku,
    "integer": _whole,
    "fen": _whole,
    "yuan": _yuan,
    "boolean": _boolean,
    "epoch_s": _epoch(""),
    "epoch_ms": _epoch(" / 1000"),
    "instant": _instant,
}


def convert(name: str, value: str) -> str:
    """Return the SQL that converts the text expression `value` with converter `name`."""
    zoned = ZONED.fullmatch(name)
    if zoned:
        return _local_time(value, zoned["zone"])
    return CONVERTERS[name](value)
