from typing import Any

import pytest
from sqlalchemy import event

from orderhub.clock import FixedClock
from orderhub.db.engine import Database
from orderhub.fulfillment import route
from orderhub.fulfillment.run import run_fulfillment
from tests.builders import NOON, Line, Order, activate, hold, put, rows, stock

DECISIONS = "select order_id, outcome, rule_id, warehouse_id from core.routing_decisions order by 1"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


def test_each_region_ships_from_its_warehouse(database: Database, clock: FixedClock):
    with database.engine.begin() as connection:
        config = activate(connection)
        stock(connection, hangzhou__MUG=5, yiwu__MUG=5)
        put(
            connection,
            Order("1", province="江苏省", city="苏州市"),
            Order("2", province="西藏自治区", city="拉萨市"),
            Order("3", province="广东省", city="广州市"),
        )

    run_fulfillment(database, clock, config)

    assert rows(database, DECISIONS) == [
        ("tb/1", "allocated", "jiangzhehu", "hangzhou"),
        ("tb/2", "allocated", "remote", "yiwu"),
        ("tb/3", "allocated", "elsewhere", "hangzhou"),
    ]


def test_what_one_wave_of_orders_takes_the_next_one_does_not_get(
    database: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(route, "WAVE_LINES", 1)
    with database.engine.begin() as connection:
        config = activate(connection)
        stock(connection, hangzhou__MUG=2)
        put(connection, *[Order(str(n), (Line(quantity=1),)) for n in range(1, 5)])

    counts = run_fulfillment(database, clock, config)

    assert (counts.allocated, counts.out_of_stock) == (2, 2)
    assert rows(database, "select order_id, outcome from core.routing_decisions order by 1") == [
        ("tb/1", "allocated"),
        ("tb/2", "allocated"),
        ("tb/3", "out_of_stock"),
        ("tb/4", "out_of_stock"),
    ]


def test_second_pass_with_nothing_new_changes_no_row(database: Database, clock: FixedClock):
    with database.engine.begin() as connection:
        config = activate(connection)
        stock(connection, hangzhou__MUG=5, yiwu__MUG=2)
        put(
            connection,
            Order("1", (Line(quantity=3),)),
            Order("2", (Line(quantity=4),)),
            Order("3", (Line(quantity=2),)),
            Order("4", province=None, city=None),
        )
    run_fulfillment(database, clock, config)
    tables = "routing_decisions", "fulfillment_orders", "reservations", "stock"
    before = [rows(database, f"select xmin::text, t.* from core.{table} t order by t") for table in tables]

    counts = run_fulfillment(database, clock, config)

    assert before == [
        rows(database, f"select xmin::text, t.* from core.{table} t order by t") for table in tables
    ]
    assert (counts.allocated, counts.out_of_stock, counts.no_rule) == (0, 1, 1)


def test_what_is_not_shippable_is_never_reserved(database: Database, clock: FixedClock):
    with database.engine.begin() as connection:
        config = activate(connection)
        stock(connection, hangzhou__MUG=50)
        put(
            connection,
            Order("history", lifecycle="history"),
            Order("open-at-go-live", lifecycle="to_confirm"),
            Order("cancelled", gate="stop"),
            Order("unpaid", gate="wait"),
            Order("unchecked", is_checked=False),
            Order("held"),
            Order("service", (Line(kind="service"),)),
            Order("unmapped", (Line(sku_id=None),)),
        )
        hold(connection, "tb/held")

    run_fulfillment(database, clock, config)

    assert rows(database, "select * from core.reservations") == []
    assert rows(database, "select reserved from core.stock") == [(0,)]


@pytest.mark.parametrize("orders", [3, 300])
def test_one_sku_in_every_order_is_taken_from_its_row_once_a_pass(
    database: Database, clock: FixedClock, orders: int
):
    with database.engine.begin() as connection:
        config = activate(connection)
        stock(connection, hangzhou__MUG=1000)
        put(connection, *(Order(f"{number:03}", (Line(quantity=2), Line())) for number in range(orders)))
    taken: list[int] = []

    def note(_connection: object, cursor: Any, statement: str, *_: object) -> None:
        if "update core.stock" in statement:
            taken.append(cursor.rowcount)

    event.listen(database.engine, "after_cursor_execute", note)
    run_fulfillment(database, clock, config)
    event.remove(database.engine, "after_cursor_execute", note)

    assert sum(taken) == 1
    assert rows(database, "select reserved from core.stock") == [(3 * orders,)]
