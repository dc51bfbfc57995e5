"""What is collected at the door: said once, when a list is closed, and looked at while its parcels are here.

An order is collected once, however many parcels it takes. When it owes something else since, no parcel of a
warehouse's is changed: it is called back (`orderhub.fulfillment.recalls`), and what follows it asks for that.
"""

from sqlalchemy import Connection

from orderhub.db.sql_files import source, statement

_DROP = "drop table if exists owing_orders, owed_shares"


def fix_amounts(connection: Connection, manifest_id: str, *, is_shadow: bool) -> None:
    """Say what the documents of a manifest, which `due_documents` names, collect at the door."""
    _share(connection, "core/owing_orders")
    given = {"manifest_id": manifest_id, "is_shadow": is_shadow}
    connection.execute(statement("core/owed_at_door"), given)


def note_other_amounts(connection: Connection) -> None:
    """Fill the temporary table `owed_otherwise`: documents here that would be asked another amount now."""
    _share(connection, "core/owing_otherwise")
    connection.exec_driver_sql(source("core/owed_otherwise"))


def _share(connection: Connection, owing: str) -> None:
    """Lay what orders owe on their lines: `owed_shares`."""
    connection.exec_driver_sql(_DROP)
    connection.exec_driver_sql(source(owing))
    connection.exec_driver_sql("analyze owing_orders")
    connection.exec_driver_sql(source("core/owed_shares"))
    connection.exec_driver_sql("analyze owed_shares")
