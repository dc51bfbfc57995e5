"""Asks of some orders what keeps each line from shipping: one by one where they are few, else as a set."""

from sqlalchemy import Connection, TextClause, text

from orderhub.db.sql_files import statement

#: Up to here, and up to one order in about twenty of all (500 bytes each), the keys of each are cheaper than
#: all orders, holds, refunds and acts there are.
FEW = 1000
_OLD = text("drop table if exists readiness, asked_orders")
_IS_FEW = text("""
    select count(*) <= greatest(:few, pg_table_size('core.orders') / 10000) from asked_orders""")


def read_readiness(connection: Connection, asked: TextClause) -> None:
    """Fill the temporary table `readiness` about the orders of the temporary table `asked_orders`.

    Args:
        connection: the caller's transaction.
        asked: creates `asked_orders`.
    """
    connection.execute(_OLD)
    connection.execute(asked)
    connection.execute(text("analyze asked_orders"))
    if connection.execute(_IS_FEW, {"few": FEW}).scalar_one():
        connection.execute(statement("core/readiness_one_by_one"))
    else:
        connection.execute(statement("core/readiness_as_a_set"))
    connection.execute(text("analyze readiness"))
