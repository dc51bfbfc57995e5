"""A second fulfil pass over the same data writes no row of core, compared by the server's own row versions."""

from orderhub.clock import FixedClock
from orderhub.db.engine import Database
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.run import run_fulfillment
from tests.builders import NOON, Line, Order, activate, hold, put, rows, stock

TABLES = "select tablename from pg_tables where schemaname = 'core' order by 1"


def written(database: Database) -> dict[object, list[tuple[object, ...]]]:
    return {
        table: rows(database, f"select xmin::text, to_jsonb(t)::text from core.{table} as t order by 2")
        for (table,) in rows(database, TABLES)
    }


def test_second_pass_and_second_closing_change_no_row(database: Database):
    clock = FixedClock(NOON)
    with database.engine.begin() as connection:
        config = activate(connection)
        stock(connection, hangzhou__MUG=4, yiwu__MUG=1)
        put(connection, *(Order(str(number), (Line(quantity=2),)) for number in range(4)))
        put(
            connection, Order("held"), Order("history", lifecycle="history"), Order("unmapped", (Line(None),))
        )
        hold(connection, "tb/held")
    run_fulfillment(database, clock, config)
    request_extra(database, clock, config, "hangzhou", "test")
    close_due(database, clock, config, {})
    before = written(database)

    run_fulfillment(database, clock, config)
    close_due(database, clock, config, {})

    assert written(database) == before
    assert len(before["manifest_lines"]) == 2
