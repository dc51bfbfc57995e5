"""Says which closed windows a stream has: by the platform's clock, never by what a record claims."""

from datetime import datetime, timedelta

from sqlalchemy import text

from orderhub.db.windows import Cut, PullWindow, open_windows, plan_windows
from orderhub.errors import ContractError
from orderhub.platforms.fetching import Pull
from orderhub.platforms.paging import probe

#: A platform further from our clock than this is not believed: windows would be planned years ahead.
MOST_SKEW = timedelta(days=2)


def find_clock(pull: Pull) -> None:
    """Ask the platform for one second: the answer tells its clock, and whether the account is accepted."""
    end = pull.client.platform_now().replace(microsecond=0) - timedelta(minutes=10)
    probe(pull, end - timedelta(seconds=1), end)


def plan(pull: Pull) -> None:
    """Plan every window of the stream that has closed by now.

    Raises:
        ContractError: the platform's clock and ours are days apart; nothing was planned.
    """
    until = closed_until(pull)
    window = pull.stream.window
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


def closed_until(pull: Pull) -> datetime:
    """Return until when the stream's windows are closed: the platform's present less its lag, UTC.

    Raises:
        ContractError: the platform's clock and ours are days apart.
    """
    now, ours = pull.client.platform_now(), pull.clock.now()
    if abs(now - ours) > MOST_SKEW:
        raise ContractError(
            f"{pull.platform.spec.name} says it is {now:%Y-%m-%d %H:%M} UTC, this machine says "
            f"{ours:%Y-%m-%d %H:%M}; set the machine's clock right, or wait until the platform's is"
        )
    return now - timedelta(seconds=pull.stream.window.lag_seconds)


def waiting(pull: Pull) -> list[PullWindow]:
    """Return the windows to read now, in the order of reading."""
    return open_windows(
        pull.database, pull.clock, shop_id=pull.shop.id, stream=pull.stream_name,
        present=pull.client.platform_now(),
    )  # fmt: skip


def is_banned(pull: Pull) -> bool:
    """Return whether a ban of the platform still runs, and count what waits for its end."""
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
