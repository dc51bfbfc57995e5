"""Reads a range of the past again, for one shop: asked for by a person, safe while live pulls go on.

The range is cut into the platform's windows; each is done when it is proven complete. Stopping at any moment
loses nothing: what is left stays open, the same command goes on with it, and every pull reads on from it when
nothing newer waits. What is old is not shipped: orders placed before `go_live_at` are history.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orderhub.clock import BEIJING, Clock
from orderhub.config.models import MerchantConfig, Shop
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.staging_tables import refuse_absent
from orderhub.db.windows import Progress, Request, progress_of, request_range, requested_windows
from orderhub.errors import ConfigError, ThrottledError
from orderhub.platforms.client import Client
from orderhub.platforms.extract import BUDGET
from orderhub.platforms.fetching import Pull, PullCounts
from orderhub.platforms.parked import Source
from orderhub.platforms.planning import find_clock
from orderhub.platforms.protocol import Stream
from orderhub.platforms.pull import open_client, shop_on
from orderhub.platforms.reading import Reading
from orderhub.platforms.spec import Platform, load_platform
from orderhub.platforms.uncovered import close_refused
from orderhub.settings import Settings


@dataclass(frozen=True)
class Access:
    """What reading a shop needs: the hub, and the shop's platform."""

    database: Database
    clock: Clock
    settings: Settings
    config: MerchantConfig
    platform: Platform
    shop: Shop


def access_to(
    database: Database, clock: Clock, settings: Settings, config: MerchantConfig, platform: str, shop_id: str
) -> Access:
    """Return access to a shop of an API platform.

    Raises:
        ConfigError: no such platform or shop, or the platform's orders come as files.
        ShopError: the platform was added and waits for its tables.
    """
    found = load_platform(platform, config)
    shop = shop_on(config, platform, shop_id)
    with database.read() as connection:
        refuse_absent(connection, platform)
    if found.spec.kind == "files":
        raise ConfigError(f"{platform} takes files: drop the old files again, equal rows are not taken twice")
    return Access(database, clock, settings, config, found, shop)


def request_backfill(
    access: Access, streams: Sequence[str], since: datetime, until: datetime, actor: str
) -> list[Request]:
    """Ask for [since, until), UTC, of the named streams (none named: all) and return one request per stream.

    Raises:
        ConfigError: the platform has no such stream, or the range is empty or not over yet.
        LeaseTaken: somebody plans or asks for this shop now; ask again.
    """
    known = access.platform.spec.streams
    for name in streams:
        if name not in known:
            raise ConfigError(
                f"{access.platform.spec.name} has no stream {name!r}; it has {', '.join(known)}"
            )
    _refuse_open_range(access.clock, since, until, known.values())
    named = [name for name in known if not streams or name in streams]
    _close_refused(access, named)
    return [
        request_range(
            access.database,
            access.clock,
            platform=access.platform.spec.name,
            shop_id=access.shop.id,
            stream=name,
            since=since,
            until=until,
            length=timedelta(minutes=stream.window.catch_up_minutes),
            actor=actor,
        )
        for name, stream in ((name, known[name]) for name in named)
    ]


def _close_refused(access: Access, streams: Iterable[str]) -> None:
    """Close what was told of an earlier backfill: it is asked for anew."""
    with (
        hold_scope(access.database, f"refused:{access.shop.id}") as lease,
        access.database.transaction(lease) as connection,
    ):
        for name in streams:
            source = Source(access.platform.spec.name, access.shop.id, name, access.config)
            close_refused(connection, access.clock, source)


def _refuse_open_range(clock: Clock, since: datetime, until: datetime, streams: Iterable[Stream]) -> None:
    lag = timedelta(seconds=max(stream.window.lag_seconds for stream in streams))
    if since >= until:
        raise ConfigError(f"since {_beijing(since)} is not before until {_beijing(until)}, Beijing time")
    if until > clock.now() - lag:
        raise ConfigError(
            f"until {_beijing(until)} is not over yet; the latest now is {_beijing(clock.now() - lag)}, "
            "Beijing time, and newer orders come with every pull"
        )


def _beijing(moment: datetime) -> str:
    return f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M}"


def work_backfill(
    access: Access,
    requests: Sequence[Request],
    tell: Callable[[Progress], None] = lambda _: None,
    budget: timedelta = BUDGET,
) -> Progress:
    """Read what is left of `requests` for at most `budget`, each window once, and return how far they are.

    `tell` hears after every window. Windows that another process reads now are left to it.

    Raises:
        CredentialError: the platform refuses the shop's account.
        RetryError: the platform or the database failed for the moment; what was committed stays.
    """
    with open_client(
        access.database, access.clock, access.settings, access.config, access.platform, access.shop
    ) as client:
        return read_requests(access, client, requests, tell, budget)


def read_requests(
    access: Access,
    client: Client,
    requests: Sequence[Request],
    tell: Callable[[Progress], None] = lambda _: None,
    budget: timedelta = BUDGET,
) -> Progress:
    """Read what is left of `requests` over `client`; otherwise as `work_backfill`."""
    deadline = access.clock.now() + budget
    counts = PullCounts()

    def is_time_left() -> bool:
        return access.clock.now() <= deadline

    for request in requests:
        pull = Pull(
            access.database, access.clock, access.platform, access.shop, client, access.config,
            request.stream, counts, access.settings.hash_key, is_time_left,
        )  # fmt: skip
        reading = Reading(pull, requested_windows(access.database, access.clock, request))
        _begin(reading)
        while reading.waiting and is_time_left():
            reading.take(reading.waiting[0])
            tell(progress_of(access.database, requests))
        reading.judge()
    return progress_of(access.database, requests)


def _begin(reading: Reading) -> None:
    if not reading.waiting:
        return
    try:
        find_clock(reading.pull)
    except ThrottledError as error:
        reading.stop(reading.waiting, error)
