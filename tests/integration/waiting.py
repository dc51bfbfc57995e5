"""Waits on the server, so that no test sleeps."""

from orderhub.db.engine import Database

_WAIT = """
do $$ begin
    for _ in 1..500 loop
        if {condition} then return; end if;
        perform pg_sleep(0.02), pg_stat_clear_snapshot();
    end loop;
    raise 'not within ten seconds';
end $$"""


def wait_until(database: Database, condition: str) -> None:
    """Return when an SQL condition is met, usually one on `pg_stat_activity`; fail after ten seconds."""
    with database.session() as session:
        session.exec_driver_sql(_WAIT.format(condition=condition).replace("%", "%%"))
