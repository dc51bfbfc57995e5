"""Gives back what was promised to lines that may not ship any more, before their manifest closes."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.sql_files import statement
from orderhub.domain.routing import Destination, Rule
from orderhub.fulfillment.rules import rule_table, shadow_shops

#: Withdrawing and closing a manifest both end `allocated`; whoever comes second sees the first's work.
LOCK_DOCUMENTS = text("lock table core.fulfillment_orders in share row exclusive mode")
#: Around joins of rows that were written a moment ago: without figures of them the planner would read one
#: table once per row of the other.
WITHOUT_FIGURES = text("set local enable_nestloop = off")
WITH_FIGURES = text("set local enable_nestloop = on")

_CHANGED_DOCUMENTS = text("""
    select f.fulfillment_order_id, f.routing_rule_id, o.platform, o.shop_id, r.province, r.city
    from core.fulfillment_orders as f
    join core.orders as o using (order_id)
    left join core.receivers as r using (order_id)
    where f.state = 'allocated' and o.checked_version = o.version_id
        and (f.version_id <> o.version_id or f.version_id <> r.version_id or exists (
            select from core.corrections as c
            where c.order_id = f.order_id and c.field = 'address'
                and greatest(c.made_at, c.ended_at) >= f.allocated_at))""")


@dataclass(frozen=True)
class Withdrawn:
    """What a pass gave back: reservations voided, fulfillment orders cancelled."""

    reservations: int
    documents: int


def withdraw(connection: Connection, clock: Clock, config: MerchantConfig) -> Withdrawn:
    """Void active reservations whose order or line is no longer shippable as promised; free their stock once.

    Manifested documents are out of reach here: what the warehouse holds is recalled, not withdrawn.
    An order whose new version waits for its check keeps its place.
    """
    connection.execute(LOCK_DOCUMENTS)
    connection.execute(WITHOUT_FIGURES)
    connection.execute(statement("core/allocated_reservations"))
    connection.execute(text("analyze allocated_reservations"))
    connection.execute(WITH_FIGURES)
    connection.execute(
        statement("core/withdrawals"),
        {"shadow_shops": shadow_shops(config), "rerouted": _rerouted(connection, config)},
    )
    connection.execute(statement("core/lock_stock_of_withdrawals"))
    voided = connection.execute(statement("core/void_reservations"), {"now": clock.now()}).rowcount
    connection.execute(statement("core/free_stock"))
    cancelled = connection.execute(statement("core/cancel_documents"), {"now": clock.now()}).rowcount
    return Withdrawn(voided, cancelled)


def _rerouted(connection: Connection, config: MerchantConfig) -> list[str]:
    """Return documents of changed orders that fall under another rule now."""
    table = rule_table(config)
    rerouted: list[str] = []
    for row in connection.execute(_CHANGED_DOCUMENTS):
        rule = table.match(Destination(row.province, row.city, row.platform, row.shop_id))
        if not isinstance(rule, Rule) or rule.rule_id != row.routing_rule_id:
            rerouted.append(row.fulfillment_order_id)
    return rerouted
