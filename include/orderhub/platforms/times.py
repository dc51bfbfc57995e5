"""Times as platforms write them in requests and rows; inside the hub they are UTC with zone."""

from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

#: From this size on a number counts milliseconds: 1e11 seconds is the year 5138.
_SMALLEST_MILLISECONDS = 10**11


@cache
def known_zones() -> frozenset[str]:
    """Return the names of all time zones; the first call walks the machine's zone files."""
    return frozenset(available_timezones())


def write_time(instant: datetime, form: str, zone: ZoneInfo) -> str | int:
    """Return `instant` as epoch_s or epoch_ms (a number), or as the strftime text `form` in `zone`."""
    match form:
        case "epoch_s":
            return int(instant.timestamp())
        case "epoch_ms":
            return int(instant.timestamp()) * 1000 + instant.microsecond // 1000
        case _:
            return instant.astimezone(zone).strftime(form)


def read_time(value: Any, zone: ZoneInfo) -> datetime | None:
    """Return the UTC instant of a number since 1970, its text, or a text (in `zone` when it has none).

    None when it is not a time; the record is then fetched as if unknown.
    """
    text = str(value).strip()
    try:
        if text.isascii() and text.isdigit():
            number = int(text)
            return datetime.fromtimestamp(number / 1000 if number >= _SMALLEST_MILLISECONDS else number, UTC)
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
