"""Makes the orders that exchanges and resends leave by: same receiver, no payment, once per after-sale.

From then on they are orders like any other; what becomes of the after-sale lets them go or stops them.
Not for what a person orders or answers (`orderhub.fulfillment.resend`).
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, text

from orderhub.alerts.held import DocumentRule, raise_held_documents
from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.sql_files import source, statement

WHICH_GOODS = DocumentRule(
    "which_goods",
    "warning",
    "换货补发:不知道该发哪个货,等人回答",
    "A replacement: nobody says which goods to send",
)
#: No platform says by when a replacement must leave; this is what the hub promises itself.
WITHIN = timedelta(hours=48)
_IS_ANY = text("""
    select exists(select from core.refunds where kind in ('exchange', 'resend'))
        or exists(select from core.replacements)""")
_LINES = text("delete from core.order_lines where order_id = any(:orders)")
#: The lines are written anew; the next transform pass lays what people corrected over them again.
_CORRECTIONS = text("""
    update core.corrections set is_applied = false where order_id = any(:orders) and state = 'active'""")


def make_replacements(connection: Connection, clock: Clock, config: MerchantConfig, pass_id: int) -> int:
    """Make, change, stop and let go what after-sales ask for, and return how many are new or changed.

    The same after-sales again change nothing.
    """
    if not connection.execute(_IS_ANY).scalar_one():
        return 0
    made = [shop for shop in config.shops if shop.replacements != "off"]
    given = {
        "shops": [shop.id for shop in made],
        "unreturned": [shop.id for shop in made if shop.replacements == "agreed"],
        "same": [shop.id for shop in made if shop.exchange_goods == "same"],
    }
    connection.exec_driver_sql(source("core/replacement_claims"))
    connection.execute(statement("core/claims_of_after_sales"), given)
    orders = write_replacements(connection, clock, made_by="after-sale", pass_id=pass_id)
    connection.execute(statement("core/replacement_receivers"))
    connection.execute(statement("core/replacement_gates"), {"now": clock.now()})
    connection.execute(statement("core/rest_gates"))
    asked = {"orders": orders, "pass_id": pass_id, "config_version": config.version, "now": clock.now()}
    end_questions(connection, clock, orders, "after-sale", "asked anew, or not sent any more")
    if connection.execute(statement("core/which_goods"), asked).rowcount:
        raise_held_documents(connection, clock, config, WHICH_GOODS, placed_at=clock.now())
    return len(orders)


def write_replacements(
    connection: Connection, clock: Clock, *, made_by: str, pass_id: int | None
) -> Sequence[str]:
    """Write the temporary table `replacement_claims` as orders with lines; return the new and changed."""
    given = {"now": clock.now(), "made_by": made_by, "pass_id": pass_id}
    orders = connection.execute(statement("core/replacements"), given).scalars().all()
    if orders:
        named = {"orders": list(orders), "within": WITHIN}
        connection.execute(statement("core/replacement_orders"), named)
        connection.execute(_LINES, named)
        connection.execute(statement("core/replacement_lines"), named)
        connection.execute(_CORRECTIONS, named)
    return list(orders)


def end_questions(connection: Connection, clock: Clock, orders: Sequence[str], actor: str, why: str) -> None:
    """End the holds `which_goods` of `orders`, and of what was answered or stopped."""
    given = {"orders": list(orders), "now": clock.now(), "actor": actor, "why": why}
    connection.execute(statement("core/close_which_goods"), given)
