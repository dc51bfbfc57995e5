"""Converters as total SQL expressions: text in, typed value or null out, never an error.

A single unreadable value must not abort a million rows, so each expression tests before it casts
(`pg_input_is_valid`, PostgreSQL ≥ 16). Text that is there and gives null is the anomaly `unreadable_value`.
Converters take text without blanks around it (`trimmed`). What platforms write most, plain digits, is told by
reading it as a number and writing that again: what comes out the same is plain. The regular expression that
tells the rest costs five times as much.
"""

import re
from collections.abc import Callable
from functools import cache
from zoneinfo import ZoneInfo

from orderhub.domain.divisions import Level
from orderhub.domain.province import FULL_NAMES
from orderhub.platforms.address import gazetteer

#: A time without zone in a named zone, for example time@Asia/Shanghai.
ZONED = re.compile(r"time@(?P<zone>[A-Za-z_]+(?:/[A-Za-z_+-]+){0,2})")
#: Years outside this range are typing mistakes or sentinels (0001, 9999), not times.
_YEAR = "(199[0-9]|20[0-9]{2})"
#: The same as seconds since 1970: 1990-01-01 and 2100-01-01, UTC.
_EARLIEST_S, _LATEST_S = 631_152_000, 4_102_444_800


#: These refuse blanks around a number: it is read as it is, and trimmed only if that fails.
NUMBERS = {"integer", "fen", "epoch_s", "epoch_ms"}
#: Longer numbers are mistakes, and their sum over the lines of one order would not fit a bigint.
_PIECE_DIGITS, _FEN_DIGITS = 12, 13
#: Blanks around a value, as people and exports leave them: also no-break and full-width ones.
_BLANKS = r"E' \t\r\n\u00a0\u3000'"


def trimmed(value: str) -> str:
    """Return the SQL that takes the blanks around a text away; nothing is left of a blank one."""
    return f"nullif(btrim({value}, {_BLANKS}), '')"


def _without_digits(value: str) -> str:
    return f"translate({value}, '0123456789', '')"


def _text(value: str) -> str:
    return value


def _sku(value: str) -> str:
    """Capitals, half width, no blanks; what is ASCII already needs no table of characters."""
    return (
        f"case when octet_length({value}) = char_length({value}) then upper({value}) "
        f"else nullif(upper(btrim(normalize({value}, nfkc))), '') end"
    )


def _plain(value: str, longest: int, then: str) -> str:
    """Return `then` where `value` is a whole number of at most so many characters as a computer writes it."""
    return (
        f"case when octet_length({value}) <= {longest} and pg_input_is_valid({value}, 'bigint') "
        f"then case when {value}::bigint::text = {value} then {then} end end"
    )


def _whole(value: str, digits: int = _PIECE_DIGITS) -> str:
    rest = rf"case when {value} ~ '^[+-]?[0-9]{{1,{digits}}}(\.0+)?$' then {value}::numeric::bigint end"
    return f"coalesce({_plain(value, digits, f'{value}::bigint')}, {rest})"


def _fen(value: str) -> str:
    return _whole(value, _FEN_DIGITS)


def _yuan(value: str) -> str:
    """Decimal text of whole units → minor units; more than two decimals is unreadable, not rounded."""
    digits = _FEN_DIGITS - 2
    return (
        f"case when {_without_digits(value)} = '.' and octet_length({value}) between 4 and {digits + 3} "
        f"and left(right({value}, 3), 1) = '.' then replace({value}, '.', '')::bigint "
        rf"when {value} ~ '^[+-]?[0-9]{{1,{digits}}}(\.[0-9]{{0,2}}0*)?$' "
        rf"then ({value}::numeric * 100)::bigint end"
    )


def _boolean(value: str) -> str:
    return (
        f"case lower({value}) when 'true' then true when '1' then true when '是' then true "
        "when 'false' then false when '0' then false when '否' then false end"
    )


def _epoch(longest: int, per_second: int) -> Callable[[str], str]:
    """Seconds or their fractions since 1970; in another unit they would be no year of ours."""
    first, last = _EARLIEST_S * per_second, _LATEST_S * per_second

    def convert(value: str) -> str:
        seconds = rf"{value}::numeric / {per_second}" if per_second > 1 else rf"{value}::bigint"
        read = rf"case when {value}::bigint between {first} and {last} then to_timestamp({seconds}) end"
        return _plain(value, longest, read)

    return convert


def _instant(value: str) -> str:
    """ISO text that carries its zone."""
    return (
        rf"case when {value} ~ '^{_YEAR}-[0-9]{{2}}-[0-9]{{2}}T.*(Z|[+-][0-9]{{2}}:[0-9]{{2}})$' "
        rf"and pg_input_is_valid({value}, 'timestamptz') then {value}::timestamptz end"
    )


def _local_time(value: str, zone: str) -> str:
    time_of_day = r"([ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?)?"
    return (
        f"case when {value} ~ '^{_YEAR}[-/][0-9]{{1,2}}[-/][0-9]{{1,2}}{time_of_day}$' "
        f"and pg_input_is_valid({value}, 'timestamp') "
        rf"then {value}::timestamp at time zone '{ZoneInfo(zone).key}' end"
    )


def _province(value: str) -> str:
    """Short forms (浙江, 上海, 新疆) → full names; anything else stays as it is, for the checks to judge."""
    cases = " ".join(f"when '{short}' then '{full}'" for short, full in FULL_NAMES.items())
    return f"case {value} {cases} else {value} end"


@cache
def _names_of_today(level: Level) -> dict[str, str]:
    return gazetteer().names_of_today(level)


def _division(level: Level) -> Callable[[str], str]:
    """A former name → the name of today: 襄樊市, 哈密地区; anything else stays as it is."""

    def convert(value: str) -> str:
        names = _names_of_today(level)
        listed = ", ".join(f"'{name}'" for name in names)
        cases = " ".join(f"when '{name}' then '{today}'" for name, today in names.items())
        # Whether a name is among many is looked up at once; what each means is asked of the few that are.
        return f"case when {value} = any(array[{listed}]) then case {value} {cases} end else {value} end"

    return convert


CONVERTERS: dict[str, Callable[[str], str]] = {
    "text": _text,
    "province": _province,
    "city": _division(Level.CITY),
    "district": _division(Level.DISTRICT),
    "sku": _sku,
    "integer": _whole,
    "fen": _fen,
    "yuan": _yuan,
    "boolean": _boolean,
    "epoch_s": _epoch(10, 1),
    "epoch_ms": _epoch(13, 1000),
    "instant": _instant,
}


def convert(name: str, value: str) -> str:
    """Return the SQL that converts the text expression `value` with converter `name`."""
    zoned = ZONED.fullmatch(name)
    if zoned:
        return _local_time(value, zoned["zone"])
    return CONVERTERS[name](value)
