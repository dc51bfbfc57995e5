"""When manifests close: cut-offs of `warehouses.yaml`, extra ones by hand, and which of them are due.

A cut-off is a row; Airflow's timetable is only the alarm clock. Closing: `orderhub.fulfillment.close`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import Connection, text

from orderhub.clock import BEIJING, Clock
from orderhub.config.located_yaml import nearest
from orderhub.config.models import MerchantConfig, Warehouse
from orderhub.db.audit import record_act
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.sql_files import statement
from orderhub.domain.calendar import CalendarKind
from orderhub.errors import ConfigError

SCOPE = "cutoffs"
_FAR_DAYS = 60
#: Of a gap that is longer, only the last lists close: what earlier ones would have had is on them.
_CATCH_UP = timedelta(days=2)
#: A list of its own so long before the first promised hand-over: time to pick, pack and hand over.
EXTRA_AHEAD = timedelta(hours=2)
#: However many orders are due, a warehouse gets no more lists of their own than this.
EXTRA_EVERY = timedelta(hours=1)
_NEVER = datetime.min.replace(tzinfo=UTC)
_FIRST_START = text("select first_started_at from ops.hub")
_INSERT = text("""
    insert into ops.cutoffs (cutoff_id, warehouse_id, cutoff_at, kind, requested_by)
    values (:cutoff_id, :warehouse_id, :cutoff_at, :kind, :requested_by)
    on conflict do nothing""")
_OPEN = text("""
    select cutoff_id, warehouse_id, cutoff_at, kind from ops.cutoffs
    where state = 'open' and cutoff_at <= :now
    order by cutoff_at, cutoff_id""")
_WAITING = text("""
    select c.cutoff_id, c.warehouse_id, c.cutoff_at, c.kind, c.left_shops from ops.cutoffs as c
    where c.state = 'closed' and c.left_shops <> '{}' and not exists (
        select from ops.cutoffs as n
        where n.warehouse_id = c.warehouse_id and n.cutoff_at > c.cutoff_at and n.cutoff_at <= :now)
    order by c.cutoff_at, c.cutoff_id""")
_LATEST = text("""
    select warehouse_id, max(cutoff_at) as cutoff_at from ops.cutoffs
    where kind = 'scheduled' group by warehouse_id""")
_SINCE = text("select warehouse_id, time_of_day, since from core.cutoff_times")
_EXTRAS_SINCE = text("""
    select distinct warehouse_id from ops.cutoffs where kind = 'extra' and cutoff_at > :since""")


@dataclass(frozen=True)
class Cutoff:
    """One (warehouse, instant) at which a manifest closes; kind is scheduled or extra.

    Attributes:
        left_shops: of one that is closed, shops that were left out and may follow.
    """

    cutoff_id: str
    warehouse_id: str
    cutoff_at: datetime
    kind: str
    left_shops: Sequence[str] = field(default=(), compare=False)


def ensure_first_start(database: Database, clock: Clock) -> datetime:
    """Remember when this hub first started, and return it; cut-offs before are never due.

    Raises:
        LeaseTaken: somebody else writes cut-offs at this moment.
    """
    known = _first_start(database)
    if known is not None:
        return known
    with hold_scope(database, SCOPE) as lease, database.transaction(lease) as connection:
        connection.execute(
            text("insert into ops.hub (first_started_at) values (:now) on conflict do nothing"),
            {"now": clock.now()},
        )
        started: datetime = connection.execute(_FIRST_START).scalar_one()
    return started


def due_cutoffs(database: Database, clock: Clock, config: MerchantConfig) -> list[Cutoff]:
    """Return every open cut-off whose instant has passed, oldest first, after writing the scheduled ones.

    An instant counts after the hub's first start, after the configuration got its time of day, after the
    warehouse's latest known cut-off, within `_CATCH_UP`, and on days on which the warehouse is open.

    Raises:
        LeaseTaken: somebody else writes cut-offs at this moment.
    """
    started = ensure_first_start(database, clock)
    now = clock.now()
    with database.read() as connection:
        latest = {row.warehouse_id: row.cutoff_at for row in connection.execute(_LATEST)}
        added = _added(connection)
    missing = [
        _row(warehouse.id, at, "scheduled", None)
        for warehouse in config.warehouses
        for time_of_day, at in _instants(warehouse, max(started, now - _CATCH_UP), now)
        if at > latest.get(warehouse.id, _NEVER)
        and at >= added.get((warehouse.id, time_of_day), _NEVER)
        and not config.calendar.is_closed(CalendarKind.WAREHOUSE, warehouse.id, at.astimezone(BEIJING).date())
    ]
    if missing:
        with hold_scope(database, SCOPE) as lease, database.transaction(lease) as connection:
            connection.execute(_INSERT, missing)
    with database.read() as connection:
        return [Cutoff(*row) for row in connection.execute(_OPEN, {"now": now})]


def passed_when_added(
    database: Database, config: MerchantConfig, added_since: datetime
) -> list[tuple[str, time]]:
    """Return (warehouse, time of day) of those added since then, after they had passed on that Beijing day.

    Their first list is on the next day on which the warehouse is open. Before the hub's first start: none.
    """
    if _first_start(database) is None:
        return []
    with database.read() as connection:
        added = _added(connection)
    return [
        (warehouse.id, time_of_day)
        for warehouse in config.warehouses
        for time_of_day in warehouse.cutoffs
        if (since := added.get((warehouse.id, time_of_day), _NEVER)) >= added_since
        and since.astimezone(BEIJING).time() > time_of_day
    ]


def waiting_amendments(database: Database, clock: Clock) -> list[Cutoff]:
    """Return closed cut-offs that left shops out; after a warehouse's next one, the orders are in that."""
    with database.read() as connection:
        return [Cutoff(*row) for row in connection.execute(_WAITING, {"now": clock.now()})]


def refuse_unknown_warehouse(config: MerchantConfig, warehouse_id: str) -> None:
    """Check a name that a person typed.

    Raises:
        ConfigError: `config` has no such warehouse.
    """
    known = [warehouse.id for warehouse in config.warehouses]
    if warehouse_id not in known:
        raise ConfigError(f"warehouse {warehouse_id!r} does not exist; {nearest(warehouse_id, known)}")


def request_extra(
    database: Database, clock: Clock, config: MerchantConfig, warehouse_id: str, actor: str
) -> str:
    """Ask for a manifest of `warehouse_id` now, and return the id of its cut-off.

    The next `close_due` closes it, by the same rules as a scheduled one. Asking twice within a second gives
    the same cut-off.

    Raises:
        ConfigError: `config` has no such warehouse.
        LeaseTaken: somebody else writes cut-offs at this moment.
    """
    refuse_unknown_warehouse(config, warehouse_id)
    ensure_first_start(database, clock)
    at = clock.now().replace(microsecond=0)
    wanted = cutoff_id(warehouse_id, at)
    row = {
        "cutoff_id": wanted,
        "warehouse_id": warehouse_id,
        "cutoff_at": at,
        "kind": "extra",
        "requested_by": actor,
    }
    with hold_scope(database, SCOPE) as lease, database.transaction(lease) as connection:
        if connection.execute(_INSERT, row).rowcount:
            record_act(connection, clock, actor, "request", "cutoff", wanted)
    return wanted


def request_due_extras(database: Database, clock: Clock, config: MerchantConfig) -> list[str]:
    """Ask for a manifest where orders are due before the next one and the warehouse says `extra_when_due`.

    It comes `EXTRA_AHEAD` of the first promised hand-over, so that what is paid until then is in it, and not
    within `EXTRA_EVERY` of another extra one. Returns the ids of the new cut-offs; again gives none.

    Raises:
        LeaseTaken: somebody else writes cut-offs at this moment.
    """
    wanting = [warehouse.id for warehouse in config.warehouses if warehouse.extra_when_due]
    if not wanting:
        return []
    now, lists = clock.now(), next_lists(database, clock, config)
    # One that is open takes what is due by itself.
    following = {warehouse: lists[warehouse] for warehouse in wanting if lists[warehouse] > now}
    with hold_scope(database, SCOPE) as lease, database.transaction(lease) as connection:
        given = {"warehouses": list(following), "next_cutoffs": list(following.values()), "now": now}
        rows = connection.execute(statement("ops/due_before_next_cutoff"), given).all()
        had = set(connection.execute(_EXTRAS_SINCE, {"since": now - EXTRA_EVERY}).scalars())
        at = now.replace(microsecond=0)
        wanted = [
            _row(row.warehouse_id, at, "extra", "extra_when_due")
            for row in rows
            if row.first_at <= now + EXTRA_AHEAD and row.warehouse_id not in had
        ]
        if wanted:
            connection.execute(_INSERT, wanted)
    return [str(row["cutoff_id"]) for row in wanted]


def next_lists(database: Database, clock: Clock, config: MerchantConfig) -> dict[str, datetime]:
    """Return warehouse → the cut-off of its next list: of the one that is open, else the next scheduled one.

    Raises:
        LeaseTaken: somebody else writes cut-offs at this moment.
    """
    now, due = clock.now(), due_cutoffs(database, clock, config)
    following = {warehouse.id: next_cutoff_at(config, warehouse.id, now) for warehouse in config.warehouses}
    return following | {one.warehouse_id: one.cutoff_at for one in due if one.warehouse_id in following}


def next_cutoff_at(config: MerchantConfig, warehouse_id: str, after: datetime) -> datetime:
    """Return when the next scheduled manifest of a warehouse closes, on a day on which it is open.

    A warehouse that is closed for the whole of the next 60 days, or gone, has none: the far future.
    """
    cutoffs = next((each.cutoffs for each in config.warehouses if each.id == warehouse_id), ())
    day = after.astimezone(BEIJING).date()
    for _ in range(_FAR_DAYS):
        if not config.calendar.is_closed(CalendarKind.WAREHOUSE, warehouse_id, day):
            instants = (datetime.combine(day, each, BEIJING).astimezone(UTC) for each in cutoffs)
            if found := min((instant for instant in instants if instant > after), default=None):
                return found
        day += timedelta(days=1)
    return datetime.max.replace(tzinfo=UTC)


def cutoff_id(warehouse_id: str, instant: datetime) -> str:
    """Return the id of a cut-off: warehouse/instant in UTC, whole seconds."""
    return f"{warehouse_id}/{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _row(warehouse_id: str, at: datetime, kind: str, requested_by: str | None) -> dict[str, object]:
    return {
        "cutoff_id": cutoff_id(warehouse_id, at),
        "warehouse_id": warehouse_id,
        "cutoff_at": at,
        "kind": kind,
        "requested_by": requested_by,
    }


def _first_start(database: Database) -> datetime | None:
    with database.read() as connection:
        started: datetime | None = connection.execute(_FIRST_START).scalar_one_or_none()
    return started


def _added(connection: Connection) -> dict[tuple[str, time], datetime]:
    """Return (warehouse, time of day) → when the configuration got it; what it always had may be missing."""
    return {(row.warehouse_id, row.time_of_day): row.since for row in connection.execute(_SINCE)}


def _instants(warehouse: Warehouse, since: datetime, until: datetime) -> Iterator[tuple[time, datetime]]:
    day = since.astimezone(BEIJING).date()
    while day <= until.astimezone(BEIJING).date():
        for time_of_day in warehouse.cutoffs:
            instant = datetime.combine(day, time_of_day, BEIJING).astimezone(UTC)
            if since <= instant <= until:
                yield time_of_day, instant
        day += timedelta(days=1)
