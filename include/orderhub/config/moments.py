"""Days and times as a clerk writes them: Beijing time, `2026-11-01` or `2026-11-01 20:00`."""

from datetime import date, datetime, timedelta

from orderhub.clock import BEIJING

_DAY = "2026-11-01"


def beijing_instant(said: str, *, is_end: bool = False) -> datetime:
    """Return a Beijing date or time; the end of a day is the start of the next.

    Raises:
        ValueError: it is neither.
    """
    try:
        read = datetime.fromisoformat(said.replace("/", "-"))
    except ValueError:
        raise ValueError("is not a date such as 2026-11-01 or 2026-11-01 20:00") from None
    local = read if read.tzinfo else read.replace(tzinfo=BEIJING)
    return local + timedelta(days=1) if is_end and len(said) <= len(_DAY) else local


def beijing_day(said: str) -> date:
    """Return a day.

    Raises:
        ValueError: it is none.
    """
    try:
        return date.fromisoformat(said.replace("/", "-"))
    except ValueError:
        raise ValueError("is not a day such as 2026-11-01") from None
