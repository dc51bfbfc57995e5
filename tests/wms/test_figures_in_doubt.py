"""Figures below what is promised: what left before them and is told of later makes nobody's pieces of what is gone."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from orderhub.alerts.watch import look_around
from orderhub.domain.parcels import Parcel
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.shipments import Report, record_reports
from orderhub.fulfillment.stock import import_stock
from orderhub.fulfillment.stock_sync import Reading, take_reading
from orderhub.operate.verify import verify
from tests.builders import Line, Order, put, rows, stock
from tests.wms.conftest import House

MUGS = "select on_hand, reserved from core.stock where (warehouse_id, sku_id) = ('hangzhou', 'MUG')"


@pytest.mark.parametrize("asked_after", [None, timedelta()])
def test_a_parcel_that_a_low_figure_lacked_already_frees_nothing_when_it_is_told_of(
    house: House, asked_after: timedelta | None
):
    """Nobody could ask for it, or the WMS did not say yet that it had left."""
    house.open(orders=4, pieces=8)
    house.deliver()
    left_at = house.clock.now() + timedelta(minutes=5)
    house.clock.move(timedelta(minutes=10))
    lower = Reading("hangzhou", "wms", house.clock.now(), is_locked_inside=False, pieces={"MUG": 2})
    with house.database.engine.begin() as connection:
        asked_at = lower.as_of + asked_after if asked_after is not None else None
        connection.execute(text("update core.delivery_orders set asked_at = :at"), {"at": asked_at})
    take_reading(house.database, house.clock, house.active, lower)
    kept = rows(house.database, MUGS)

    gone = [Report(f"tb-{n}-1", f"tb/{n}@1", (Parcel(f"ZT{n}", "ZTO", left_at),)) for n in (1, 2, 3)]
    with house.database.engine.begin() as connection:
        record_reports(connection, house.clock, "hangzhou", gone, "wms")
        put(connection, Order("late", (Line(quantity=1),)))
    run_fulfillment(house.database, house.clock, house.active)

    assert (kept, rows(house.database, MUGS)) == ([(8, 8)], [(2, 2)])
    assert [r.violations for r in verify(house.database) if r.violations] == []


def test_a_figure_that_is_not_believed_is_told_and_not_as_left_out(house: House):
    house.open(orders=4, pieces=8)
    for _ in range(2):
        house.clock.move(timedelta(minutes=20))
        low = Reading(
            "hangzhou", "wms", house.clock.now(), is_locked_inside=False, pieces={"MUG": 2, "CUP": 8}
        )
        with house.database.engine.begin() as connection:
            connection.execute(text("update core.delivery_orders set asked_at = :at"), {"at": low.as_of})
        take_reading(house.database, house.clock, house.active, low)

    look_around(house.database, house.clock, house.active)

    told = "select rule_id from ops.alerts where closed_at is null and rule_id like 'stock_%' order by 1"
    assert rows(house.database, told) == [("stock_below_promised",)]


def test_a_reading_leaves_what_a_person_counted_after_it_began(house: House, tmp_path: Path):
    house.open(orders=1)
    began = house.clock.now() + timedelta(minutes=1)
    house.clock.move(timedelta(minutes=5))
    counted = tmp_path / "count.csv"
    counted.write_text("warehouse_id,sku_id,on_hand\nhangzhou,MUG,5\n", encoding="utf-8")
    import_stock(house.database, house.clock, counted, "clerk")
    older = Reading("hangzhou", "file", began, is_locked_inside=True, pieces={"MUG": 17, "CUP": 18})

    take_reading(house.database, house.clock, house.active, older)

    assert rows(house.database, "select sku_id, on_hand from core.stock order by 1") == [
        ("CUP", 18),
        ("MUG", 5),
    ]


def test_pieces_that_are_still_promised_in_one_building_are_counted_in_no_other(house: House, tmp_path: Path):
    house.open(orders=1)
    with house.database.engine.begin() as connection:
        stock(connection, yiwu__MUG=5)
    house.deliver()
    house.clock.move(timedelta(minutes=5))
    house.wms.ledger.ship("tb-1-1", house.clock.now(), {"MUG": 1})
    house.confirm()
    counted = tmp_path / "count.csv"
    counted.write_text("warehouse_id,sku_id,on_hand\nhangzhou,MUG,19\nyiwu,MUG,5\n", encoding="utf-8")

    import_stock(house.database, house.clock, counted, "clerk")

    assert rows(
        house.database, "select warehouse_id, on_hand from core.stock where sku_id = 'MUG' order by 1"
    ) == [
        ("hangzhou", 20),
        ("yiwu", 5),
    ]
