"""What the sessions of a large pass share: plans for sets, and unlogged tables of the schema `mapped`."""

from sqlalchemy import Connection, text

#: Lets the planner join large passes as sets.
AS_SETS = "set local enable_nestloop = off; set local enable_bitmapscan = off; set local work_mem = '128MB'"
_LEFT_BEHIND = text("select tablename from pg_tables where schemaname = 'mapped'")


def drop_left_behind(connection: Connection) -> None:
    """Drop what a pass that was killed has left; the lease says that none works now."""
    for name in connection.execute(_LEFT_BEHIND).scalars().all():
        connection.exec_driver_sql(f'drop table mapped."{name}"')
