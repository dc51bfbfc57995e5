"""Reads windows one after another: a broken one stays open and blocks no other, a ban stops its stream."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import text

from orderhub.db.leases import PULL_WINDOWS, hold_row
from orderhub.db.windows import PullWindow
from orderhub.errors import (
    ContractError,
    LeaseTaken,
    RequestRefused,
    RetryError,
    ThrottledError,
    TransientError,
)
from orderhub.platforms.fetching import Pull
from orderhub.platforms.paging import read_window
from orderhub.platforms.uncovered import REPORT_AFTER, tell_of_refused, tell_of_uncovered

_BROKEN = text("""
    update ops.pull_windows set attempts = attempts + 1, last_error = :said where window_id = :window
    returning attempts""")
_REFUSED = text("""
    update ops.pull_windows set state = 'refused', attempts = attempts + 1, last_error = :said
    where window_id = :window""")
_WAIT = text("update ops.pull_windows set not_before = :until, last_error = :said where window_id = :window")


@dataclass
class Reading:
    """How far one stream of a shop was read in this pull."""

    pull: Pull
    waiting: list[PullWindow] = field(default_factory=list)
    tried: set[int] = field(default_factory=set)
    is_stopped: bool = False
    broken: int = 0
    #: The failure that no window was read after.
    failure: RetryError | RequestRefused | None = None

    def take(self, window: PullWindow) -> None:
        """Read one window of `waiting`, or note why it could not be read.

        Raises:
            TransientError: the second window in a row that failed so: the platform is down.
        """
        self.tried.add(window.window_id)
        self.waiting = [other for other in self.waiting if other != window]
        try:
            with hold_row(self.pull.database, PULL_WINDOWS, window.window_id) as lease:
                read_window(self.pull, window, lease)
                self.failure = None
        except LeaseTaken:
            return  # Another process reads it; its pages count as ours.
        except ThrottledError as error:
            self.stop([window, *self.waiting], error)
        except RequestRefused as error:
            self._take_refusal(window, error)
        except (ContractError, TransientError) as error:
            if isinstance(self.failure, TransientError):
                raise  # Two in a row: the platform is down.
            _note_broken(self.pull, window, error)
            self.broken, self.failure = self.broken + 1, error

    def stop(self, windows: Iterable[PullWindow], error: ThrottledError) -> None:
        """Store the platform's ban on every window that waits, so that no worker is held meanwhile."""
        self.is_stopped, self.waiting = True, []
        until = self.pull.clock.now() + timedelta(seconds=error.wait_seconds)
        self.pull.counts.waits_until = until.isoformat()
        for window in windows:
            self.pull.counts.windows_left += 1
            values = {"until": until, "said": str(error), "window": window.window_id}
            try:
                with (
                    hold_row(self.pull.database, PULL_WINDOWS, window.window_id) as lease,
                    self.pull.database.transaction(lease) as connection,
                ):
                    connection.execute(_WAIT, values)
            except LeaseTaken:
                continue

    def _take_refusal(self, window: PullWindow, error: RequestRefused) -> None:
        """Give up a range that a person asked for and the platform does not give; another one stays open."""
        if window.kind == "requested":
            _give_up(self.pull, window, error)
            return
        _note_broken(self.pull, window, error)
        self.broken, self.failure = self.broken + 1, error

    def judge(self) -> None:
        """Say that the platform is down when nothing, or the last thing, could not be read.

        Raises:
            RetryError, RequestRefused: what the last window that was read failed with.
        """
        if self.failure and (isinstance(self.failure, TransientError) or self.broken == len(self.tried) > 1):
            raise self.failure


def _give_up(pull: Pull, window: PullWindow, error: RequestRefused) -> None:
    """Note that the platform does not give a requested window: asked again, it would refuse again."""
    values = {"said": str(error), "window": window.window_id}
    try:
        with (
            hold_row(pull.database, PULL_WINDOWS, window.window_id) as lease,
            pull.database.transaction(lease) as connection,
        ):
            connection.execute(_REFUSED, values)
            tell_of_refused(connection, pull.clock, pull.source, window, str(error))
    except LeaseTaken:
        return  # Another process reads it now and hears the same.


def _note_broken(pull: Pull, window: PullWindow, error: RetryError | RequestRefused) -> None:
    """Leave a window open that cannot be read, so that those behind it are."""
    pull.counts.windows_left += 1
    values = {"said": str(error), "window": window.window_id}
    try:
        with (
            hold_row(pull.database, PULL_WINDOWS, window.window_id) as lease,
            pull.database.transaction(lease) as connection,
        ):
            if connection.execute(_BROKEN, values).scalar_one() >= REPORT_AFTER:
                tell_of_uncovered(connection, pull.clock, pull.source, window, str(error))
    except LeaseTaken:
        return  # Another process reads it now and judges for itself.
