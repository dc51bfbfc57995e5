"""Decides which warehouse ships each candidate order. Writes temporary tables only."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from orderhub.clock import BEIJING
from orderhub.config.models import MerchantConfig
from orderhub.db.copy import copy_text
from orderhub.db.reading import waves_of
from orderhub.db.sql_files import statement
from orderhub.domain.calendar import CalendarKind
from orderhub.domain.inventory import LEFT_OUT, STALE, Availability, Verdict
from orderhub.fulfillment.beside import worked_beside
from orderhub.fulfillment.decided import Decided
from orderhub.fulfillment.desk import Desk
from orderhub.fulfillment.facts import fact_columns, orders_of
from orderhub.fulfillment.freeze import frozen_warehouses
from orderhub.fulfillment.plans import WITH_FIGURES, WITHOUT_FIGURES
from orderhub.fulfillment.rules import rule_table, shadow_shops
from orderhub.fulfillment.split import split_short
from orderhub.fulfillment.touched import Look

#: Candidate lines read at once; bounds memory, not the decision.
WAVE_LINES = 50_000
#: A figure of a WMS older than this is marked; one older than that counts against twice the safety stock.
AGED_AFTER = timedelta(minutes=15)
STALE_AFTER = timedelta(hours=2)
_FREE = "select warehouse_id, sku_id, on_hand - reserved as free, counted_at from core.stock"
_OF_CANDIDATES = " where sku_id in (select sku_id from candidate_lines)"
_READ_AT = text("""
    select w.warehouse_id, (
        select max(s.as_of) from core.stock_snapshots as s
        where s.warehouse_id = w.warehouse_id and s.source = 'wms'
    ) as read_at
    from unnest(cast(:told as text[])) as w (warehouse_id)""")
#: What is compared stands first in the rows that are sorted: a column behind texts is found by walking them.
_IN_ORDER_OF_URGENCY = """
    select order_id, {columns}
    from (
        select
            ship_by_at, tier_rank, paid_at, order_id, line_id, version_id, shop_id, platform, province, city,
            sku_id, quantity, paid_fen, bought_at, promotion_mark, tier
        from candidate_lines
        order by ship_by_at nulls last, tier_rank nulls last, paid_at nulls last, order_id, line_id
    ) as urgent"""
_TAKEN_TODAY = text("""
    select warehouse_id, count(*) as documents from core.fulfillment_orders
    where allocated_at >= :midnight and not is_shadow and state <> 'cancelled'
        and warehouse_id = any(:warehouses)
    group by warehouse_id""")


def decide(
    connection: Connection, config: MerchantConfig, now: datetime, look: Look, *, stamp: Mapping[str, Any]
) -> Counter[str]:
    """Fill the temporary tables `candidate_lines` and `decisions`, and return outcome → orders.

    Orders are served by the hand-over time promised, then by the buyer's tier, by payment time, by id.
    An order ships whole from one warehouse, or in two parts where its rule lets it. What is decided is
    written to core.routing_decisions with `stamp`: pass_id, config_version. Only what `look` looks at is one.
    """
    if look.is_all:
        connection.execute(WITHOUT_FIGURES)
        connection.execute(statement("core/candidate_lines"), {"now": now})
        connection.execute(WITH_FIGURES)
    else:
        connection.execute(statement("core/touched_lines"), {"now": now})
    availability = read_availability(connection, config, now, only=_OF_CANDIDATES)
    return decide_candidates(connection, config, now, availability, stamp)


def decide_candidates(
    connection: Connection,
    config: MerchantConfig,
    now: datetime,
    availability: Availability,
    stamp: Mapping[str, Any] | None = None,
) -> Counter[str]:
    """Fill `decisions` about what `candidate_lines` holds, against `availability`; as `decide`.

    Without a stamp nothing is written but temporary tables.
    """
    connection.execute(text("analyze candidate_lines"))
    decided, desk = Decided(connection, stamp and {**stamp, "now": now}), _desk(config, now, availability)
    decided.open()
    query = _IN_ORDER_OF_URGENCY.format(columns=fact_columns(desk.table.facts))
    for decisions in worked_beside(
        _waves(connection, query), lambda wave: copy_text(desk.decide(orders_of(wave)))
    ):
        decided.keep(decisions)
    split_short(connection, desk, decided, config.no_split)
    decided.tell()
    for rest in worked_beside(_routed(connection), lambda _: copy_text(desk.rest())):
        decided.keep(rest)
    decided.close()
    return desk.outcomes


def _routed(connection: Connection) -> Iterator[None]:
    """Fill `routed_documents` and `routed_lines`; what becomes of the rest is decided beside."""
    yield None
    connection.execute(statement("core/routed_documents"))
    connection.execute(text("analyze routed_documents"))
    connection.execute(statement("core/routed_lines"))
    connection.execute(text("analyze routed_lines"))


def _desk(config: MerchantConfig, now: datetime, availability: Availability) -> Desk:
    today = now.astimezone(BEIJING).date()
    return Desk(
        table=rule_table(config, now),
        availability=availability,
        shadow=frozenset(shadow_shops(config)),
        today=today,
        suspended=tuple(config.calendar.on(CalendarKind.AREA, today)),
    )


def read_availability(
    connection: Connection, config: MerchantConfig, now: datetime, *, only: str = ""
) -> Availability:
    """Return what can be promised; only a WMS gives figures that are expected to be young.

    Args:
        connection: reads stock.
        config: which warehouses there are, what they keep back.
        now: figures are that old.
        only: SQL that says of which SKUs; a pass with few orders does not read a whole catalog.
    """
    rows = connection.execute(text(_FREE + only)).all()
    told = [warehouse.id for warehouse in config.warehouses if warehouse.wms is not None]
    read_at = {row.warehouse_id: row.read_at for row in connection.execute(_READ_AT, {"told": told})}
    old = {
        (row.warehouse_id, row.sku_id): _age(row.counted_at, read_at[row.warehouse_id], now)
        for row in rows
        if row.warehouse_id in read_at and now - row.counted_at > AGED_AFTER
    }
    free = {(row.warehouse_id, row.sku_id): row.free for row in rows}
    frozen = dict.fromkeys(frozen_warehouses(connection), Verdict.FROZEN)
    barred = {**barred_by_files(config, now.astimezone(BEIJING).date()), **frozen}
    capacity = _capacity(connection, config, now)
    return Availability(free, config.safety_stock, old, barred, capacity)


def _age(counted_at: datetime, read_at: datetime | None, now: datetime) -> str:
    """Return how a figure that is not young is marked; the last reading may have left it out."""
    if read_at is not None and counted_at < read_at:
        return LEFT_OUT
    return STALE if now - counted_at > STALE_AFTER else "aged"


def barred_by_files(config: MerchantConfig, day: date) -> dict[str, Verdict]:
    """Return the warehouses that take nothing on a Beijing day."""
    closed = [row.id for row in config.calendar.on(CalendarKind.WAREHOUSE, day)]
    bonded = bonded_warehouses(config)
    return {**dict.fromkeys(bonded, Verdict.NO_CUSTOMS), **dict.fromkeys(closed, Verdict.CLOSED)}


def bonded_warehouses(config: MerchantConfig) -> list[str]:
    """Return the warehouses that take nothing and keep no promise: no platform gives customs fields."""
    return [warehouse.id for warehouse in config.warehouses if warehouse.kind == "bonded"]


def _capacity(connection: Connection, config: MerchantConfig, now: datetime) -> dict[str, int]:
    """Return how many more documents each warehouse with a limit takes on this Beijing day."""
    limits = {each.id: each.daily_orders for each in config.warehouses if each.daily_orders is not None}
    if not limits:
        return {}
    midnight = now.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    given = {"midnight": midnight, "warehouses": list(limits)}
    taken = {row.warehouse_id: row.documents for row in connection.execute(_TAKEN_TODAY, given)}
    return {warehouse: limit - taken.get(warehouse, 0) for warehouse, limit in limits.items()}


def _waves(connection: Connection, query: str) -> Iterator[list[tuple[Any, ...]]]:
    """Yield whole orders in waves."""
    carried: list[tuple[Any, ...]] = []
    for rows in waves_of(connection, text(query), {}, WAVE_LINES):
        last = rows[-1][0]
        cut = next((i for i in range(len(rows) - 1, -1, -1) if rows[i][0] != last), -1) + 1
        if cut:
            yield carried + rows[:cut]
            carried = []
        carried += rows[cut:]
    if carried:
        yield carried
