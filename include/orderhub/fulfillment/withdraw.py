"""Gives back what was promised to lines that may not ship any more, before their manifest closes."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, text

from orderhub.clock import BEIJING, Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.document_locks import LOCK_DOCUMENTS
from orderhub.db.sql_files import statement
from orderhub.domain.calendar import CalendarKind
from orderhub.domain.routing import NoMatch
from orderhub.fulfillment.facts import fact_columns, orders_of
from orderhub.fulfillment.plans import WITH_FIGURES, WITHOUT_FIGURES
from orderhub.fulfillment.readiness import read_readiness
from orderhub.fulfillment.route import bonded_warehouses
from orderhub.fulfillment.rules import rule_table, shadow_shops
from orderhub.fulfillment.touched import Look

#: Allocated documents whose order changed, with a row per line that was decided together with theirs: the
#: rule of an order in two parts is that of both.
_CHANGED_DOCUMENTS = """
    with changed as (
        select distinct
            f.fulfillment_order_id, f.order_id, f._pass_id, f.routing_rule_id, o.version_id, o.shop_id,
            o.platform, r.province, r.city, o.paid_fen, o.promotion_mark,
            coalesce(o.paid_at, o.placed_at) as bought_at,
            case when o.customer_id is not null or not (s.is_pulled and s.is_buyer_named)
                then coalesce(t.tier, '') end as tier
        from allocated_reservations as v
        join core.fulfillment_orders as f on f.fulfillment_order_id = v.fulfillment_order_id
        join core.orders as o on o.order_id = v.order_id
        left join core.receivers as r on r.order_id = o.order_id
        left join core.shops as s on s.shop_id = o.shop_id
        left join core.customer_tiers as t on t.shop_id = o.shop_id and t.customer_id = o.customer_id
        where not v.is_listed and o.checked_version = o.version_id
            and not exists (select from ops.unfinished_passes as p where p.pass_id = o._checked_pass_id)
            and (f.version_id <> o.version_id or f.version_id <> r.version_id or exists (
                select from core.corrections as c
                where c.order_id = f.order_id and c.field in ('address', 'amount')
                    and greatest(c.made_at, c.ended_at) >= f.allocated_at))
    )
    select fulfillment_order_id, {columns}, routing_rule_id
    from changed as c
    cross join lateral (
        select n.sku_id, n.quantity
        from core.fulfillment_orders as p
        join core.reservations as n on n.fulfillment_order_id = p.fulfillment_order_id
        where p.order_id = c.order_id and p._pass_id = c._pass_id and n.state in ('active', 'posted')
        offset 0
    ) as v
    order by fulfillment_order_id"""


_SUSPENDED_DOCUMENTS = text("""
    select distinct f.fulfillment_order_id from allocated_reservations as f
    join core.receivers as r using (order_id)
    where not f.is_listed and exists (
        select from unnest(cast(:provinces as text[]), cast(:cities as text[])) as p (province, city)
        where p.province = r.province and p.city in ('', coalesce(r.city, '')))
    order by f.fulfillment_order_id""")
_EXPIRED = text("""
    select fulfillment_order_id from core.fulfillment_orders
    where state = 'allocated' and allocated_at < :before""")
_ORDERS_OF_ALLOCATED = text("""
    create temporary table asked_orders on commit drop as
    select distinct order_id from allocated_reservations""")


@dataclass(frozen=True)
class Withdrawn:
    """What a pass gave back: reservations voided, fulfillment orders cancelled."""

    reservations: int
    documents: int


def withdraw(connection: Connection, clock: Clock, config: MerchantConfig, look: Look) -> Withdrawn:
    """Void active reservations whose order or line is no longer shippable as promised; free their stock once.

    Manifested documents are out of reach here: what the warehouse holds is recalled, not withdrawn. A shadow
    manifest is held by nobody: what it lists ends with its order, or when its shop goes live.
    An order whose new version waits for its check keeps its place. A promise that no list took for
    `reservation_days` expires, and its order is decided anew among the others.
    """
    connection.execute(LOCK_DOCUMENTS)
    _read_allocated(connection, look)
    read_readiness(connection, _ORDERS_OF_ALLOCATED)
    today = clock.now().astimezone(BEIJING).date()
    lasting = timedelta(days=config.reservation_days)
    given = {
        "shadow_shops": shadow_shops(config),
        "warehouses": [warehouse.id for warehouse in config.warehouses],
        "closed": [closing.id for closing in config.calendar.on(CalendarKind.WAREHOUSE, today)],
        "bonded": bonded_warehouses(config),
        "rerouted": _rerouted(connection, config, clock.now()),
        "suspended": _suspended(connection, config, today),
        "expired": list(connection.execute(_EXPIRED, {"before": clock.now() - lasting}).scalars()),
    }
    connection.execute(statement("core/withdrawals"), given)
    voided = free_withdrawals(connection, clock)
    cancelled = connection.execute(statement("core/cancel_documents"), {"now": clock.now()}).rowcount
    return Withdrawn(voided, cancelled)


def _read_allocated(connection: Connection, look: Look) -> None:
    if look.is_all:
        connection.execute(WITHOUT_FIGURES)
        connection.execute(statement("core/allocated_reservations"))
        connection.execute(WITH_FIGURES)
    else:
        connection.execute(statement("core/touched_reservations"))
    connection.execute(text("analyze allocated_reservations"))


def free_withdrawals(connection: Connection, clock: Clock) -> int:
    """Void the reservations of the temporary table `withdrawals`, free their stock; return how many."""
    connection.execute(statement("core/lock_stock_of_withdrawals"))
    voided: int = connection.execute(statement("core/void_reservations"), {"now": clock.now()}).rowcount
    connection.execute(statement("core/free_stock"))
    return voided


def _rerouted(connection: Connection, config: MerchantConfig, now: datetime) -> list[str]:
    """Return documents of changed orders that fall under another rule now."""
    table = rule_table(config, now)
    query = _CHANGED_DOCUMENTS.format(columns=fact_columns(table.facts))
    rows = [tuple(row) for row in connection.execute(text(query))]
    routed_by = {row[0]: row[-1] for row in rows}
    documents = [(document.order_id, table.match(document.facts)) for document in orders_of(rows)]
    return [
        document_id
        for document_id, match in documents
        if isinstance(match, NoMatch) or match.rule.rule_id != routed_by[document_id]
    ]


def _suspended(connection: Connection, config: MerchantConfig, today: date) -> list[str]:
    """Return documents for areas to which nothing is sent today; they are decided again when that is over."""
    closings = config.calendar.on(CalendarKind.AREA, today)
    places = sorted({place for closing in closings for place in closing.places})
    if not places:
        return []
    provinces, cities = zip(*places, strict=True)
    given = {"provinces": list(provinces), "cities": list(cities)}
    return list(connection.execute(_SUSPENDED_DOCUMENTS, given).scalars())
