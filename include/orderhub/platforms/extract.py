"""Pulls one shop of an API platform: plans its closed windows and reads them, newest first, then the gaps.

A page is committed as it arrives; a kill loses no page. How a window is read: paging.py.
"""

from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import text

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig, Shop
from orderhub.db.engine import Database
from orderhub.db.leases import PULL_WINDOWS, hold_row
from orderhub.db.outbox import enqueue
from orderhub.db.windows import Cut, PullWindow, open_windows, plan_windows
from orderhub.errors import ContractError, LeaseTaken, RetryError, ThrottledError, TransientError
from orderhub.platforms.client import Client
from orderhub.platforms.fetching import Pull, PullCounts, retry_parked
from orderhub.platforms.paging import probe, read_window
from orderhub.platforms.spec import Platform
from orderhub.platforms.uncovered import REPORT_AFTER, uncovered_mail

#: A pull stops cleanly after this long and says how many windows are left.
BUDGET = timedelta(minutes=10)
_BROKEN = text("""
    update ops.pull_windows set attempts = attempts + 1, last_error = :said where window_id = :window
    returning attempts""")


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
    counts = PullCounts()
    for stream_name in platform.spec.streams:
        pull = Pull(database, clock, platform, shop, client, config, stream_name, counts, key)
        if _is_banned(pull):
            continue
        try:
            _plan(pull)
            retry_parked(pull)
        except ThrottledError as error:
            _wait_until(pull, _open(pull), error)
            continue
        _read_windows(pull)
    return counts


def _open(pull: Pull) -> list[PullWindow]:
    return open_windows(pull.database, pull.clock, shop_id=pull.shop.id, stream=pull.stream_name)


def _is_banned(pull: Pull) -> bool:
    with pull.database.read() as connection:
        ban = connection.execute(
            text("""
                select max(not_before) as until, count(*) as windows from ops.pull_windows
                where shop_id = :shop and stream = :stream and state = 'open' and not_before > :now"""),
            {"shop": pull.shop.id, "stream": pull.stream_name, "now": pull.clock.now()},
        ).one()
    if ban.until is None:
        return False
    pull.counts.windows_left += ban.windows
    pull.counts.waits_until = ban.until.isoformat()
    return True


def _plan(pull: Pull) -> None:
    window = pull.stream.window
    probe(pull, *_probe_range(pull))  # The first answer tells the platform's clock.
    until = pull.client.platform_now() - timedelta(seconds=window.lag_seconds)
    cut = Cut(
        since=_first_start(pull) or until - timedelta(days=pull.shop.since_days),
        live=timedelta(minutes=window.live_minutes),
        catch_up=timedelta(minutes=window.catch_up_minutes),
    )
    plan_windows(
        pull.database,
        pull.clock,
        platform=pull.platform.spec.name,
        shop_id=pull.shop.id,
        stream=pull.stream_name,
        until=until,
        cut=cut,
    )


def _probe_range(pull: Pull) -> tuple[datetime, datetime]:
    end = pull.client.platform_now().replace(microsecond=0) - timedelta(minutes=10)
    return end - timedelta(seconds=1), end


def _first_start(pull: Pull) -> datetime | None:
    """Return where this stream's coverage began: later pulls never start after it."""
    statement = text("""
        select min(start_at) from ops.pull_windows
        where shop_id = :shop and stream = :stream and kind <> 'requested'""")
    with pull.database.read() as connection:
        found: datetime | None = connection.execute(
            statement, {"shop": pull.shop.id, "stream": pull.stream_name}
        ).scalar_one()
    return found


def _read_windows(pull: Pull) -> None:
    deadline = pull.clock.now() + BUDGET
    windows = _open(pull)
    broken, failure = 0, None  # The failure that no window was read after.
    for done, window in enumerate(windows):
        if pull.clock.now() > deadline:
            pull.counts.windows_left += len(windows) - done
            return
        try:
            with hold_row(pull.database, PULL_WINDOWS, window.window_id) as lease:
                read_window(pull, window, lease)
                failure = None
        except LeaseTaken:
            continue  # Another process reads it; its pages count as ours.
        except ThrottledError as error:
            _wait_until(pull, windows[done:], error)
            return
        except (ContractError, TransientError) as error:
            if isinstance(failure, TransientError):
                raise  # Two in a row: the platform is down.
            _note_broken(pull, window, error)
            broken, failure = broken + 1, error
    if failure and (isinstance(failure, TransientError) or broken == len(windows) > 1):
        raise failure


def _note_broken(pull: Pull, window: PullWindow, error: RetryError) -> None:
    """Leave a window open that cannot be read, so that those behind it are."""
    pull.counts.windows_left += 1
    values = {"said": str(error), "window": window.window_id}
    try:
        with (
            hold_row(pull.database, PULL_WINDOWS, window.window_id) as lease,
            pull.database.transaction(lease) as connection,
        ):
            if connection.execute(_BROKEN, values).scalar_one() >= REPORT_AFTER:
                enqueue(
                    connection, [uncovered_mail(pull.source, pull.shop.name, window, str(error))], pull.clock
                )
    except LeaseTaken:
        return  # Another process reads it now and judges for itself.


def _wait_until(pull: Pull, windows: list[PullWindow], error: ThrottledError) -> None:
    """Store the platform's ban on every window that waits, so that no worker is held meanwhile."""
    until = pull.clock.now() + timedelta(seconds=error.wait_seconds)
    pull.counts.windows_left += len(windows)
    pull.counts.waits_until = until.isoformat()
    statement = text("""
        update ops.pull_windows set not_before = :until, last_error = :said where window_id = :window""")
    for window in windows:
        values = {"until": until, "said": str(error), "window": window.window_id}
        try:
            with (
                hold_row(pull.database, PULL_WINDOWS, window.window_id) as lease,
                pull.database.transaction(lease) as connection,
            ):
                connection.execute(statement, values)
        except LeaseTaken:
            continue
