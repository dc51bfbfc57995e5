"""Replays stored days under other rules, and says what would have been different. Changes nothing.

Each Beijing day is one pass at its end. Both sets of rules begin with the stock there was, get what came in
on each day, and use it up by themselves; nothing is frozen, and every figure counts as young.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection, text

from orderhub.clock import BEIJING
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.sql_files import statement
from orderhub.domain.inventory import Availability
from orderhub.errors import ConfigError
from orderhub.fulfillment.carry import choose_carriers
from orderhub.fulfillment.route import barred_by_files, decide_candidates

_Pieces = dict[tuple[str, str], int]
_REPLAYED = text("""
    create temporary table replayed_orders (
        is_proposed boolean, order_id text collate "C", part smallint, outcome text, warehouse_id text,
        carrier_id text, freight_fen bigint
    ) on commit drop""")
_FORGET = text("""
    drop table if exists candidate_lines, decisions, split_lines, routed_documents, routed_lines,
        documents_to_carry, uncarried, carrier_choices""")
_TAKEN = text("""
    select warehouse_id, sku_id, sum(quantity)::bigint as pieces from routed_lines
    group by warehouse_id, sku_id""")
_HELD = text("""
    select count(*) from decisions as d where d.hold_rule_id is not null or (
        d.outcome = 'allocated' and exists (
            select from carrier_choices as c
            where c.order_id = d.order_id and c.warehouse_id = d.warehouse_id
                and c.fulfillment_order_id is null and c.carrier_id is null and not c.is_waiting
        ))""")
_MIX = text("""
    select is_proposed, outcome, warehouse_id, carrier_id, count(*) as orders,
        coalesce(sum(freight_fen), 0) as freight_fen
    from replayed_orders group by is_proposed, outcome, warehouse_id, carrier_id""")

_CARRIED = text("""
    select is_proposed, count(distinct order_id) as orders from replayed_orders
    where carrier_id is not null group by is_proposed""")


@dataclass
class Replay:
    """What one set of rules makes of the days.

    Attributes:
        outcomes: outcome → orders.
        warehouses: warehouse → documents.
        carriers: carrier → documents.
        freight_fen: what the carriers of carriers.yaml would take, fen.
        carried: orders that have a carrier, for one document or two.
        held: orders that a person would have to look at.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    warehouses: Counter[str] = field(default_factory=Counter)
    carriers: Counter[str] = field(default_factory=Counter)
    freight_fen: int = 0
    carried: int = 0
    held: int = 0

    @property
    def orders(self) -> int:
        """Return how many orders were up for routing."""
        return self.outcomes.total()

    @property
    def freight_per_order(self) -> float | None:
        """Return the mean freight of the orders that have a carrier, fen; two parcels of one cost both."""
        return self.freight_fen / self.carried if self.carried else None

    @property
    def split_rate(self) -> float | None:
        """Return how many of the orders that would leave leave in two parts."""
        leaving = self.outcomes["allocated"] + self.outcomes["split"]
        return self.outcomes["split"] / leaving if leaving else None


@dataclass(frozen=True)
class Change:
    """Orders that other rules would treat otherwise; a place is a warehouse, or why there is none."""

    place_now: str
    place_then: str
    orders: int
    example: str


@dataclass(frozen=True)
class Comparison:
    """The rules in force, the rules proposed, and where they differ, the most frequent first."""

    now: Replay
    proposed: Replay
    changes: tuple[Change, ...]


def what_if(
    database: Database, now: MerchantConfig, proposed: MerchantConfig, since: datetime, until: datetime
) -> Comparison:
    """Replay the days of [since, until) under both configurations, in a transaction that is rolled back.

    Raises:
        ConfigError: the range is empty, or holds no order that was up for routing.
        DatabaseFault: the server failed.
    """
    if since >= until:
        start, end = (f"{instant.astimezone(BEIJING):%Y-%m-%d %H:%M}" for instant in (since, until))
        raise ConfigError(f"since {start} does not lie before until {end}, Beijing time")
    with database.rehearsal() as connection:
        connection.execute(_REPLAYED)
        replays = {
            is_proposed: _replay(connection, config, since, until, is_proposed=is_proposed)
            for is_proposed, config in ((False, now), (True, proposed))
        }
        for row in connection.execute(_MIX):
            _count(replays[row.is_proposed], row.outcome, row.warehouse_id, row.carrier_id, row.orders)
            replays[row.is_proposed].freight_fen += row.freight_fen
        for row in connection.execute(_CARRIED):
            replays[row.is_proposed].carried = row.orders
        changes = [
            Change(row.place_now, row.place_then, row.orders, row.example)
            for row in connection.execute(statement("core/replayed_changes"))
        ]
    if not replays[False].orders:
        range_of = " and ".join(f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M}" for at in (since, until))
        raise ConfigError(f"no order was up for routing between {range_of}, Beijing time")
    return Comparison(replays[False], replays[True], tuple(changes))


def _replay(
    connection: Connection, config: MerchantConfig, since: datetime, until: datetime, *, is_proposed: bool
) -> Replay:
    came = _came(connection, since, until)
    free, replay = came.pop(None, {}), Replay()
    for day, start, end in _days(since, until):
        for key, pieces in came.pop(day, {}).items():
            free[key] = free.get(key, 0) + pieces
        connection.execute(_FORGET)
        connection.execute(statement("core/replayed_lines"), {"since": start, "until": end})
        decide_candidates(connection, config, end, _availability(config, free, day))
        choose_carriers(connection, config, end, taken={})
        replay.held += connection.execute(_HELD).scalar_one()
        connection.execute(statement("core/replayed_orders"), {"is_proposed": is_proposed})
        for row in connection.execute(_TAKEN):
            free[row.warehouse_id, row.sku_id] -= row.pieces
    return replay


def _came(connection: Connection, since: datetime, until: datetime) -> dict[date | None, _Pieces]:
    """Return day → pieces that came in on it; None: those that were there at the beginning."""
    came: dict[date | None, _Pieces] = {}
    for row in connection.execute(statement("core/stock_then"), {"since": since, "until": until}):
        came.setdefault(row.came_on, {})[row.warehouse_id, row.sku_id] = row.pieces
    return came


def _availability(config: MerchantConfig, free: _Pieces, day: date) -> Availability:
    limits = {each.id: each.daily_orders for each in config.warehouses if each.daily_orders is not None}
    return Availability(free, config.safety_stock, barred=barred_by_files(config, day), capacity=limits)


def _days(since: datetime, until: datetime) -> Iterator[tuple[date, datetime, datetime]]:
    """Yield each Beijing day with the part of it that lies in [since, until); the end is that of its pass."""
    start = since
    while start < until:
        day = start.astimezone(BEIJING).date()
        end = min(datetime.combine(day + timedelta(days=1), time(), BEIJING), until)
        yield day, start, end - timedelta(microseconds=1)
        start = end


def _count(
    replay: Replay, outcome: str | None, warehouse: str | None, carrier: str | None, orders: int
) -> None:
    if outcome:
        replay.outcomes[outcome] += orders
    if warehouse:
        replay.warehouses[warehouse] += orders
    if carrier:
        replay.carriers[carrier] += orders
