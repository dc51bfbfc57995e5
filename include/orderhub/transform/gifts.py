"""Adds the gifts that gifts.csv promises to the orders of a pass, and takes back what is earned no more."""

from sqlalchemy import Connection, text

from orderhub.clock import Clock
from orderhub.db.sql_files import source, statement

#: Without rules and without gifts given nothing is asked of the orders.
_IS_ANY = text("select exists(select from core.gift_rules) or exists(select from core.gift_grants)")
_TAKEN_BACK = text("""
    delete from core.order_lines using gift_orders t
    where order_lines.order_id = t.order_id and order_lines.gift_rule_id is not null""")
#: A gift is written anew: what a person corrected of it is laid on again at the end of the merge.
_UNLAID = text("""
    update core.corrections as c set is_applied = false from gift_orders as t
    where c.state = 'active' and c.is_applied
        and c.order_id = t.order_id and starts_with(c.line_id, '~gift:')""")


def give_gifts(connection: Connection, clock: Clock) -> int:
    """Write the gift lines of every order that this pass touched; return how many stand there now.

    The line's id comes from its rule, so that a second run gives nothing twice.
    """
    if not connection.execute(_IS_ANY).scalar_one():
        return 0
    connection.exec_driver_sql(source("core/gift_orders"))
    connection.exec_driver_sql("analyze gift_orders")
    connection.execute(_TAKEN_BACK)
    connection.execute(_UNLAID)
    connection.exec_driver_sql(source("core/gift_goods"))
    connection.exec_driver_sql("analyze gift_goods")
    connection.exec_driver_sql(source("core/gift_verdicts"))
    connection.exec_driver_sql("analyze gift_verdicts")
    connection.execute(statement("core/gift_grants"), {"now": clock.now()})
    return connection.execute(statement("core/gift_lines")).rowcount
