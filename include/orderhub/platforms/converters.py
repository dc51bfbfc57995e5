"""Converters as total SQL expressions: text in, typed value or null out, never an error.

A single unreadable value must not abort a million rows, so each expression tests before it casts
(`pg_input_is_valid`, PostgreSQL ≥ 16). Text that is there and gives null is the anomaly `unreadable_value`.
"""

import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

from orderhub.domain.province import FULL_NAMES

#: A time without zone in a named zone, for example time@Asia/Shanghai.
ZONED = re.compile(r"time@(?P<zone>[A-Za-z_]+(?:/[A-Za-z_+-]+){0,2})")
#: Times outside this range are typing mistakes or sentinels (year 0001, 9999), not times.
_EARLIEST, _LATEST = "1990-01-01", "2100-01-01"


#: Longer numbers are mistakes, and their sum over the lines of one order would not fit a bigint.
_PIECE_DIGITS, _FEN_DIGITS = 12, 13
#: Blanks around a value, as people and exports leave them: also no-break and full-width ones.
_BLANKS = r"E' \t\r\n\u00a0\u3000'"


def _trimmed(value: str) -> str:
    return f"btrim({value}, {_BLANKS})"


def _when(value: str, pattern: str, converted: str) -> str:
    """Cast only text that `pattern` describes; its digits are ASCII, never full-width ones."""
    return f"case when {_trimmed(value)} ~ '^{pattern}$' then {converted} end"


def _text(value: str) -> str:
    return f"nullif({_trimmed(value)}, '')"


def _sku(value: str) -> str:
    return f"nullif(upper(btrim(normalize({_trimmed(value)}, nfkc))), '')"


def _whole(value: str, digits: int = _PIECE_DIGITS) -> str:
    return _when(value, rf"[+-]?[0-9]{{1,{digits}}}(\.0+)?", f"{_trimmed(value)}::numeric::bigint")


def _fen(value: str) -> str:
    return _whole(value, _FEN_DIGITS)


def _yuan(value: str) -> str:
    """Decimal text of whole units → minor units; more than two decimals is unreadable, not rounded."""
    digits = _FEN_DIGITS - 2
    return _when(
        value, rf"[+-]?[0-9]{{1,{digits}}}(\.[0-9]{{0,2}}0*)?", f"({_trimmed(value)}::numeric * 100)::bigint"
    )


def _boolean(value: str) -> str:
    return (
        f"case lower({_trimmed(value)}) when 'true' then true when '1' then true when '是' then true "
        "when 'false' then false when '0' then false when '否' then false end"
    )


def _sane(expression: str) -> str:
    return (
        f"(select t from (values ({expression})) as converted(t) "  # noqa: S608 - constants
        f"where t between timestamptz '{_EARLIEST}' and timestamptz '{_LATEST}')"
    )


def _epoch(digits: str, divisor: str) -> Callable[[str], str]:
    """Seconds or their fractions since 1970; other lengths are another unit, and too large for a time."""

    def convert(value: str) -> str:
        instant = f"to_timestamp({_trimmed(value)}::numeric{divisor})"
        return _sane(_when(value, f"[1-9][0-9]{{{digits}}}", instant))

    return convert


def _instant(value: str) -> str:
    """ISO text that carries its zone."""
    return _sane(
        f"case when {value} ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T.*(Z|[+-][0-9]{{2}}:[0-9]{{2}})$' "
        f"and pg_input_is_valid({value}, 'timestamptz') then {value}::timestamptz end"
    )


def _local_time(value: str, zone: str) -> str:
    local = _trimmed(value)
    time_of_day = r"([ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?)?"
    return _sane(
        f"case when {local} ~ '^[0-9]{{4}}[-/][0-9]{{1,2}}[-/][0-9]{{1,2}}{time_of_day}$' "
        f"and pg_input_is_valid({local}, 'timestamp') "
        f"then {local}::timestamp at time zone '{ZoneInfo(zone).key}' end"
    )


def _province(value: str) -> str:
    """Short forms (浙江, 上海, 新疆) → full names; anything else stays as it is, for the checks to judge."""
    cases = " ".join(f"when '{short}' then '{full}'" for short, full in FULL_NAMES.items())
    return f"case btrim({value}) {cases} else nullif(btrim({value}), '') end"


CONVERTERS: dict[str, Callable[[str], str]] = {
    "text": _text,
    "province": _province,
    "sku": _sku,
    "integer": _whole,
    "fen": _fen,
    "yuan": _yuan,
    "boolean": _boolean,
    "epoch_s": _epoch("8,9", ""),
    "epoch_ms": _epoch("11,12", " / 1000"),
    "instant": _instant,
}


def convert(name: str, value: str) -> str:
    """Return the SQL that converts the text expression `value` with converter `name`."""
    zoned = ZONED.fullmatch(name)
    if zoned:
        return _local_time(value, zoned["zone"])
    return CONVERTERS[name](value)
