"""The clock that is passed in. No other module of the package asks for the time."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

#: China has one zone and no daylight saving; business days and platform texts are in it.
BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")


class Clock(Protocol):
    """Tells the time in UTC."""

    def now(self) -> datetime:
        """Return the present instant, zone-aware, UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present instant, zone-aware, UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is moved; for tests, replays and simulation."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant

    def now(self) -> datetime:
        """Return the instant last set."""
        return self._instant

    def move(self, delta: timedelta) -> None:
        """Move the clock by `delta`; negative steps model a clock that was set back."""
        self._instant += delta
