"""Asks of some orders what keeps each line from shipping: one by one where they are few, else as a set."""

from sqlalchemy import Connection, TextClause, text

from orderhub.db.sql_files import statement
from orderhub.fulfillment.plans import WITH_FIGURES, WITHOUT_FIGURES

#: Up to here the keys of each are cheaper than all holds, refunds and acts there are.
FEW = 20_000
_OLD = text("drop table if exists readiness, asked_orders")
_COUNT = text("select count(*) from asked_orders")


def read_readiness(connection: Connection, asked: TextClause) -> None:
    """Fill the temporary table `readiness` about the orders of the temporary table `asked_orders`.

    Args:
        connection: the caller's transaction.
        asked: creates `asked_orders`.
    """
    connection.execute(_OLD)
    connection.execute(asked)
    connection.execute(text("analyze asked_orders"))
    if connection.execute(_COUNT).scalar_one() <= FEW:
        connection.execute(statement("core/readiness_one_by_one"))
    else:
        connection.execute(WITHOUT_FIGURES)
        connection.execute(statement("core/readiness_as_a_set"))
        connection.execute(WITH_FIGURES)
    connection.execute(text("analyze readiness"))
