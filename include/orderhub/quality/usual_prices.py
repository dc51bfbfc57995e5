"""Keeps what a piece of each SKU usually costs in each shop; computed once per Beijing business day."""

from sqlalchemy import Connection, text

from orderhub.clock import BEIJING, Clock
from orderhub.db.sql_files import statement

#: Today's are there, or nothing is past yet.
_IS_KNOWN = text("""
    select exists(select from core.usual_prices where business_date = :today)
        or not exists(select from ops.passes where kind = 'transform' and pass_id < :pass_id)""")


def refresh_usual_prices(connection: Connection, clock: Clock, pass_id: int) -> int:
    """Compute the medians anew unless today's are there, and return how many prices are usual now.

    A price that is usual in the morning stays so all day: a pass and its audit see the same.
    """
    today = clock.now().astimezone(BEIJING).date()
    given = {"today": today, "now": clock.now(), "pass_id": pass_id}
    if connection.execute(_IS_KNOWN, given).scalar_one():
        return 0
    connection.execute(text("delete from core.usual_prices"))
    return connection.execute(statement("core/usual_prices"), given).rowcount
