"""Times the floor of a measurement: the least that plain SQL must do with the same rows, step by step."""

from orderhub import paths
from orderhub.operate.own_hub import OwnHub
from orderhub.operate.stopwatch import Say, timed

_FOLDER = paths.project_root() / "examples" / "million_orders"
_LEFT = "select tablename from pg_tables where schemaname = 'public' and tablename like 'floor%%'"


def measure_floor(hub: OwnHub, name: str, say: Say) -> dict[str, float]:
    """Run `examples/million_orders/<name>_floor.sql` as the owner, and return step → seconds.

    A step begins with a comment `-- name: …`; statements before the first one are not timed. The tables that
    it made, `floor_…`, are dropped.
    """
    owner, seconds = hub.open_owner(), {}
    source = (_FOLDER / f"{name}_floor.sql").read_text(encoding="utf-8").replace("%", "%%")
    head, *steps = source.split("\n-- ")
    _, _, ready = head.partition("\n")
    with owner.session() as session:
        if ready.strip():
            session.exec_driver_sql(ready)
    hub.rest()
    for step, statements in map(_named, steps):
        with owner.session() as session, timed(say, f"下限 / floor: {step}") as took:
            session.exec_driver_sql(statements)
        seconds[step] = took[0]
    with owner.session() as session:
        for table in session.exec_driver_sql(_LEFT).scalars().all():
            session.exec_driver_sql(f"drop table {table}")
    owner.close()
    return seconds


def _named(block: str) -> tuple[str, str]:
    title, _, statements = block.partition("\n")
    return title.partition(":")[0], statements
