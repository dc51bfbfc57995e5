"""Replaces the lines of changed orders, and maps again the lines that waited for the merchant's files."""

from sqlalchemy import Connection, text

from orderhub.db.sql_files import source, statement
from orderhub.transform.overlay import lift_remapped

#: Of an older version than the one in core, or of none that is new: not ours to write.
_UNCHANGED = "delete from incoming_lines where order_id not in (select order_id from changed_orders)"
_IS_UNCHANGED = "select (select count(*) from incoming_orders) > (select count(*) from changed_orders)"
_REPLACED = """
    delete from core.order_lines
    where order_id = any(array(select order_id from changed_orders where not is_new))"""
_UNCHECK = text("""
    update core.orders as o set checked_version = null
    from (select distinct order_id from incoming_lines) as touched
    where o.order_id = touched.order_id""")
#: Parts are written anew with their bundle: what a person corrected of them is laid on again after the merge.
_UNLAID = text("""
    update core.corrections as c set is_applied = false
    from incoming_lines as m
    where c.state = 'active' and c.is_applied
        and c.order_id = m.order_id and starts_with(c.line_id, m.line_id || '~p')""")
_IS_CONFIG_NEW = text("""
    select config_version is distinct from :config_version from ops.passes
    where kind = 'transform' and finished_at is not null
    order by pass_id desc limit 1""")


def replace_lines(connection: Connection) -> int:
    """Write the lines of the orders in `changed_orders`; return how many the platforms gave."""
    if connection.exec_driver_sql(_IS_UNCHANGED).scalar_one():
        connection.exec_driver_sql(_UNCHANGED)
    connection.exec_driver_sql(_REPLACED)
    _write_lines(connection)
    return int(connection.exec_driver_sql("select count(*) from incoming_lines").scalar_one())


def remap_lines(connection: Connection, config_version: str) -> int:
    """Map again what waited for a mapping, and what new files call otherwise; return how many lines."""
    connection.exec_driver_sql(source("core/incoming_lines"))
    is_new = bool(connection.execute(_IS_CONFIG_NEW, {"config_version": config_version}).scalar())
    lift_remapped(connection, is_all=is_new)
    waiting = connection.execute(statement("core/remapped_lines")).rowcount
    if is_new:
        waiting += connection.exec_driver_sql(source("core/reclassed_lines")).rowcount
    if waiting:
        connection.execute(_UNLAID)
        _write_lines(connection)
        connection.execute(_UNCHECK)
    return waiting


def _write_lines(connection: Connection) -> None:
    """Write `incoming_lines` to core, with the SKUs that the merchant's files give them."""
    connection.exec_driver_sql(source("core/sold_goods"))
    connection.exec_driver_sql("analyze sold_goods")
    connection.execute(statement("core/order_lines"))
    connection.exec_driver_sql("drop table sold_goods")
