"""Pulls one shop of an API platform: newest closed windows first, then the gaps, oldest first.

A long catch-up must not delay new orders: while gaps are read, the newest window is planned and read again
every few minutes, between two pages. A page is committed as it arrives; a kill loses no page. How a window is
read: paging.py; what becomes of one that cannot be read: reading.py.
"""

import gc
from datetime import timedelta
from functools import cache

from pydantic import SecretStr

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig, Shop
from orderhub.db.engine import Database
from orderhub.db.windows import PullWindow
from orderhub.errors import ThrottledError
from orderhub.platforms.client import Client
from orderhub.platforms.fetching import Pull, PullCounts, retry_parked
from orderhub.platforms.planning import find_clock, is_banned, plan, waiting
from orderhub.platforms.reading import Reading
from orderhub.platforms.spec import Platform

#: A pull stops cleanly after this long and says how many windows are left.
BUDGET = timedelta(minutes=10)
#: While older windows are read, new orders are looked for this often.
LOOK_AGAIN_AFTER = timedelta(minutes=3)
_TURNS = {"live": 0, "gap": 1, "requested": 2}


def pull_shop(
    database: Database, clock: Clock, platform: Platform, shop: Shop, client: Client, config: MerchantConfig,
    key: SecretStr | None = None,
) -> PullCounts:  # fmt: skip
    """Plan and read every due window of `shop`; return what was done.

    A ban longer than we wait in place is stored on the windows that wait for it; until then nothing is asked.
    `key` hashes the personal data of platforms that give it in clear; those cannot be pulled without.

    Raises:
        CredentialError: the platform refuses this shop's account; a person must act.
        ConfigError: the platform gives personal data in clear, and there is no `key`.
        RetryError: the platform or the database failed for the moment; committed pages stay.
    """
    _spare_the_collector()
    counts = PullCounts()
    round_ = Round(clock)
    for name in platform.spec.streams:
        pull = Pull(
            database, clock, platform, shop, client, config, name, counts, key, between_pages=round_.page_read
        )
        if not is_banned(pull):
            round_.readings.append(Reading(pull))
    round_.read()
    counts.windows_left += sum(len(reading.waiting) for reading in round_.readings)
    return counts


@cache  # Once per process: what is alive then stays for good.
def _spare_the_collector() -> None:
    """Leave what is loaded by now out of garbage collection.

    A page's JSON is thousands of objects at once. Every few pages the collector would walk through every
    imported module again: half the time of parsing.
    """
    gc.freeze()


class Round:
    """The streams of one shop, read together: all newest windows, then all gaps by age, then requests."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._deadline = clock.now() + BUDGET
        self._looked_at = clock.now()
        self._is_looking = False
        self.readings: list[Reading] = []

    def read(self) -> None:
        """Read until nothing waits or the time is over.

        Raises:
            RetryError: the platform is down, or the database failed.
        """
        for reading in self.readings:
            _begin(reading)
        while (found := self._next()) and self._clock.now() <= self._deadline:
            reading, window = found
            reading.take(window)
            self._look_if_due()
        for reading in self.readings:
            reading.judge()

    def page_read(self) -> bool:
        """Look for new orders when it is time, and return whether the window may go on."""
        self._look_if_due()
        return self._is_looking or self._clock.now() <= self._deadline

    def _look_if_due(self) -> None:
        if self._is_looking or self._clock.now() - self._looked_at < LOOK_AGAIN_AFTER:
            return
        self._is_looking, self._looked_at = True, self._clock.now()
        try:
            for reading in self.readings:
                if not reading.is_stopped:
                    plan(reading.pull)
                    _refresh(reading)
            while found := self._next("live"):
                reading, window = found
                reading.take(window)
        finally:
            self._is_looking = False

    def _next(self, *kinds: str) -> tuple[Reading, PullWindow] | None:
        """Return the window to read now, of `kinds` or of all."""
        found = (
            (reading, window)
            for reading in self.readings
            for window in reading.waiting
            if not kinds or window.kind in kinds
        )
        return min(found, key=lambda pair: _turn(pair[1]), default=None)


def _begin(reading: Reading) -> None:
    pull = reading.pull
    try:
        find_clock(pull)
        plan(pull)
        retry_parked(pull)
    except ThrottledError as error:
        reading.stop(waiting(pull), error)
    else:
        _refresh(reading)


def _refresh(reading: Reading) -> None:
    """Take up what was planned meanwhile; what was tried in this pull waits for the next one."""
    reading.waiting = [w for w in waiting(reading.pull) if w.window_id not in reading.tried]


def _turn(window: PullWindow) -> tuple[int, float]:
    start = window.start_at.timestamp()
    return _TURNS[window.kind], -start if window.kind == "live" else start
