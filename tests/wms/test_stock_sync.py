"""Readings of stock: their as-of, parcels in between, old figures, stock-takes, counts below what is promised."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from sqlalchemy import text

from orderhub.alerts.watch import look_around
from orderhub.db.leases import hold_scope
from orderhub.errors import AlreadyDone, LeaseTaken
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.freeze import freeze_stock, thaw_stock
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.stock import import_stock
from orderhub.fulfillment.stock_sync import Reading, take_reading
from orderhub.fulfillment.sync import StockSync, sync_stock
from orderhub.fulfillment.wms.stock import read_stock
from orderhub.operate.verify import verify
from tests.builders import Line, Order, put, rows, stock
from tests.wms.conftest import House

MUGS = "select on_hand, reserved from core.stock where (warehouse_id, sku_id) = ('hangzhou', 'MUG')"
DOCUMENTS = (
    "select fulfillment_order_id, warehouse_id, state, cancel_reason from core.fulfillment_orders order by 1"
)


def sync(house: House) -> StockSync:
    return sync_stock(house.database, house.clock, house.settings, house.active)


def route(house: House) -> None:
    run_fulfillment(house.database, house.clock, house.active)


def add(house: House, *numbers: str, pieces: int = 2, hours_paid: int = 1) -> None:
    with house.database.engine.begin() as connection:
        paid = house.clock.now() - timedelta(hours=hours_paid)
        put(connection, *(Order(number, (Line(quantity=pieces),), paid_at=paid) for number in numbers))


def clean(house: House) -> list[tuple[str, ...]]:
    return [r.violations for r in verify(house.database) if r.violations]


def test_the_wms_figure_becomes_on_hand_through_the_ledger_with_locked_pieces_inside(house: House):
    house.open(orders=2)
    house.deliver()
    house.wms.ledger.put("HZ01", "MUG", 30)
    house.clock.move(timedelta(minutes=10))

    done = sync(house)

    assert (done.synced[0].changed, done.failed) == (1, {})
    assert rows(house.database, MUGS) == [(34, 4)]
    assert rows(
        house.database, "select delta, reason from core.stock_ledger where sku_id = 'MUG' order by entry_id"
    ) == [
        (20, "opening"),
        (14, "count"),
    ]
    assert rows(
        house.database,
        "select warehouse_id, source, is_locked_inside, as_of = :now from core.stock_snapshots".replace(
            ":now", f"'{house.clock.now().isoformat()}'"
        ),
    ) == [("hangzhou", "wms", False, True)]
    assert clean(house) == []


def test_many_skus_are_read_a_page_at_a_time(house: House):
    house.open(orders=1)
    with house.database.engine.begin() as connection:
        stock(connection, **{f"hangzhou__S{number:03}": 1 for number in range(250)})
    for number in range(250):
        house.wms.ledger.put("HZ01", f"S{number:03}", number)

    reading = read_stock(house.database, house.clock, house.account)

    assert house.wms.calls["inventory.query"] == 3
    assert sum(pieces for sku, pieces in reading.pieces.items() if sku.startswith("S")) == sum(range(250))


def test_a_parcel_shipped_and_not_yet_confirmed_is_not_subtracted_twice(house: House):
    house.open(orders=2)
    house.deliver()
    house.clock.move(timedelta(minutes=5))
    house.ship_all()
    house.clock.move(timedelta(minutes=5))

    sync(house)

    assert rows(house.database, MUGS) == [(16, 0)]
    assert clean(house) == []


def test_a_parcel_whose_confirmation_comes_after_the_reading_is_not_subtracted_twice(house: House):
    """The WMS cannot be asked while its stock can be read: the parcel is only known later."""
    house.open(orders=10)
    house.deliver()
    house.clock.move(timedelta(minutes=5))
    house.ship_all()
    house.plan({"kind": "status", "method": "deliveryorder.query", "times": 3})
    house.clock.move(timedelta(minutes=5))
    sync(house)
    unconfirmed = rows(house.database, MUGS)

    house.confirm()

    assert unconfirmed == [(20, 20)]
    assert rows(house.database, MUGS) == [(0, 0)]
    house.clock.move(timedelta(minutes=10))
    sync(house)
    assert rows(house.database, MUGS) == [(0, 0)]
    assert clean(house) == []


def test_what_left_after_the_as_of_is_applied_again(house: House):
    house.open(orders=2)
    house.deliver()
    reading = read_stock(house.database, house.clock, house.account)
    house.clock.move(timedelta(minutes=1))
    house.ship_all()
    house.confirm()

    take_reading(house.database, house.clock, house.active, reading)

    assert rows(house.database, MUGS) == [(16, 0)]
    assert clean(house) == []


def test_an_older_reading_never_replaces_a_newer_one(house: House):
    house.open(orders=1)
    reading = read_stock(house.database, house.clock, house.account)
    take_reading(house.database, house.clock, house.active, reading)

    with pytest.raises(AlreadyDone):
        take_reading(house.database, house.clock, house.active, reading)


def test_a_count_below_what_is_promised_gives_the_latest_paid_back_and_they_are_routed_again(house: House):
    house.open(orders=1, pieces=12)
    with house.database.engine.begin() as connection:
        stock(connection, yiwu__MUG=10)
    for hours, number in ((5, "a"), (4, "b"), (3, "c"), (2, "d")):
        add(house, number, hours_paid=hours)
    route(house)
    house.deliver()
    house.clock.move(timedelta(minutes=1))
    house.confirm()
    pieces = Reading("hangzhou", "wms", house.clock.now(), is_locked_inside=False, pieces={"MUG": 7})

    synced = take_reading(house.database, house.clock, house.active, pieces)
    after = rows(house.database, MUGS)
    route(house)

    assert (synced.returned, after) == (2, [(7, 6)])
    assert rows(house.database, DOCUMENTS) == [
        ("tb/1@1", "hangzhou", "manifested", None),
        ("tb/a@1", "hangzhou", "allocated", None),
        ("tb/b@1", "hangzhou", "allocated", None),
        ("tb/c@1", "hangzhou", "cancelled", "stock_recounted"),
        ("tb/c@2", "yiwu", "allocated", None),
        ("tb/d@1", "hangzhou", "cancelled", "stock_recounted"),
        ("tb/d@2", "yiwu", "allocated", None),
    ]
    assert clean(house) == []


def test_of_those_who_paid_at_the_same_time_the_greater_order_id_gives_its_piece_back(house: House):
    house.open(orders=1, pieces=12)
    for number in ("b", "a", "c"):
        add(house, number, hours_paid=3)
    route(house)
    house.deliver()
    house.clock.move(timedelta(minutes=1))
    house.confirm()
    fewer = Reading("hangzhou", "wms", house.clock.now(), is_locked_inside=False, pieces={"MUG": 7})

    take_reading(house.database, house.clock, house.active, fewer)

    assert [(name, state) for name, _, state, _ in rows(house.database, DOCUMENTS)] == [
        ("tb/1@1", "manifested"),
        ("tb/a@1", "allocated"),
        ("tb/b@1", "allocated"),
        ("tb/c@1", "cancelled"),
    ]


def test_a_count_before_the_numbers_of_a_list_come_back_takes_no_promise_away(house: House):
    """What left the morning's list without a number yet explains what is missing; more than that it does not."""
    house.open(orders=0, pieces=0)
    with house.database.engine.begin() as connection:
        stock(connection, yiwu__MUG=10)
        put(connection, *(Order(number, (Line(quantity=2),), province="西藏自治区") for number in "ab"))
    route(house)
    house.clock.move(timedelta(hours=1))
    request_extra(house.database, house.clock, house.active, "yiwu", "test")
    close_due(house.database, house.clock, house.active, {})
    for number in "cd":
        with house.database.engine.begin() as connection:
            paid = house.clock.now() - timedelta(hours=ord("d") - ord(number))
            put(connection, Order(number, (Line(quantity=2),), province="西藏自治区", paid_at=paid))
    route(house)

    def count(pieces: int) -> tuple[int, list[tuple[object, ...]]]:
        house.clock.move(timedelta(hours=1))
        reading = Reading("yiwu", "file", house.clock.now(), is_locked_inside=False, pieces={"MUG": pieces})
        returned = take_reading(house.database, house.clock, house.active, reading).returned
        return returned, rows(
            house.database, "select on_hand, reserved from core.stock where warehouse_id = 'yiwu'"
        )

    assert [count(5), count(4), count(3)] == [(0, [(8, 8)]), (0, [(8, 8)]), (1, [(7, 6)])]
    assert rows(house.database, "select order_id from core.fulfillment_orders where state = 'cancelled'") == [
        ("tb/d",)
    ]
    assert clean(house) == []


def test_what_manifests_hold_stays_promised_and_a_person_is_told(house: House):
    house.open(orders=4)
    house.clock.move(timedelta(minutes=1))
    fewer = Reading("hangzhou", "wms", house.clock.now(), is_locked_inside=False, pieces={"MUG": 3})
    with house.database.engine.begin() as connection:
        connection.execute(text("delete from core.delivery_orders"))

    synced = take_reading(house.database, house.clock, house.active, fewer)

    assert (synced.below, rows(house.database, MUGS)) == (("MUG",), [(8, 8)])
    assert rows(house.database, "select severity, subject from ops.alerts") == [("critical", "hangzhou/MUG")]


def test_a_reading_of_one_building_says_nothing_of_what_another_lacks(house: House):
    house.open(orders=4)
    house.clock.move(timedelta(minutes=1))
    with house.database.engine.begin() as connection:
        connection.execute(text("delete from core.delivery_orders"))
    still_open = "select warehouse_id, closed_at is null from ops.alerts"

    for building, pieces in (("hangzhou", 3), ("yiwu", 9)):
        reading = Reading(building, "wms", house.clock.now(), is_locked_inside=False, pieces={"MUG": pieces})
        take_reading(house.database, house.clock, house.active, reading)
    before = rows(house.database, still_open)
    house.clock.move(timedelta(minutes=1))
    enough = Reading("hangzhou", "wms", house.clock.now(), is_locked_inside=False, pieces={"MUG": 20})
    take_reading(house.database, house.clock, house.active, enough)

    assert (before, rows(house.database, still_open)) == ([("hangzhou", True)], [("hangzhou", False)])


def test_a_count_by_hand_knows_of_pieces_that_left_and_are_still_promised(house: House, tmp_path: Path):
    house.open(orders=1)
    house.deliver()
    house.clock.move(timedelta(minutes=5))
    house.wms.ledger.ship("tb-1-1", house.clock.now(), {"MUG": 1})
    house.confirm()
    house.clock.move(timedelta(minutes=5))
    counted = tmp_path / "count.csv"
    counted.write_text("warehouse_id,sku_id,on_hand\nhangzhou,MUG,19\n", encoding="utf-8")

    import_stock(house.database, house.clock, counted, "clerk")
    then = rows(house.database, MUGS)
    house.clock.move(timedelta(minutes=5))
    house.ship_all()
    house.confirm()

    assert (then, rows(house.database, MUGS)) == ([(20, 2)], [(18, 0)])
    assert clean(house) == []


def test_a_stock_take_stops_routing_and_keeps_reservations(house: House):
    house.open(orders=1)
    with house.database.engine.begin() as connection:
        stock(connection, yiwu__MUG=2)
    freeze_stock(house.database, house.clock, house.active, "hangzhou", "clerk")
    add(house, "a", "b")
    route(house)
    frozen = rows(
        house.database,
        "select order_id, warehouse_id, candidates -> 0 ->> 'why' from core.routing_decisions where order_id <> 'tb/1' order by 1",
    )
    kept = rows(house.database, MUGS)

    thaw_stock(house.database, house.clock, "hangzhou", "clerk")
    route(house)

    assert frozen == [("tb/a", "yiwu", "frozen"), ("tb/b", None, "frozen")]
    assert kept == [(20, 2)]
    assert rows(
        house.database, "select warehouse_id from core.routing_decisions where order_id = 'tb/b'"
    ) == [("hangzhou",)]
    assert rows(
        house.database,
        "select actor, action from ops.audit where subject_type = 'warehouse' order by audit_id",
    ) == [
        ("clerk", "freeze"),
        ("clerk", "thaw"),
    ]
    with pytest.raises(AlreadyDone):
        thaw_stock(house.database, house.clock, "hangzhou", "clerk")


@pytest.mark.parametrize("source", ["wms", "file"])
def test_while_a_warehouse_counts_its_wms_takes_no_promise_back_and_what_it_counted_does(
    house: House, source: Literal["wms", "file"]
):
    house.open(orders=1, pieces=12)
    add(house, "a", "b")
    route(house)

    def read(kind: Literal["wms", "file"], pieces: int) -> tuple[int, list[tuple[object, ...]]]:
        house.clock.move(timedelta(minutes=15))
        reading = Reading("hangzhou", kind, house.clock.now(), is_locked_inside=False, pieces={"MUG": pieces})
        returned = take_reading(house.database, house.clock, house.active, reading).returned
        return returned, rows(house.database, MUGS)

    freeze_stock(house.database, house.clock, house.active, "hangzhou", "clerk")
    while_counting = read(source, 3), read("wms", 3)
    thaw_stock(house.database, house.clock, "hangzhou", "clerk")
    after = read("wms", 3)

    # Two pieces may have left with the list, of which nobody has told us.
    expected = {
        "wms": (((0, [(6, 6)]), (0, [(6, 6)])), (1, [(5, 4)])),
        "file": (((1, [(5, 4)]), (0, [(4, 4)])), (0, [(4, 4)])),
    }
    assert (while_counting, after) == expected[source]
    assert clean(house) == []


@pytest.mark.parametrize(
    ("minutes", "free", "mark"),
    [(15, 3, None), (16, 3, "aged"), (120, 3, "aged"), (121, 1, "stale")],
)
def test_an_old_figure_is_marked_and_a_stale_one_keeps_twice_the_safety_stock_back(
    house: House, minutes: int, free: int, mark: str | None
):
    house.open(orders=1)
    with house.database.engine.begin() as connection:
        stock(connection, hangzhou__SAFE=5)
        put(connection, Order("a", (Line("SAFE", 9),)))
    house.clock.move(timedelta(minutes=minutes))

    route(house)

    [(candidate,)] = rows(
        house.database, "select candidates -> 0 from core.routing_decisions where order_id = 'tb/a'"
    )
    assert (candidate["figures"]["SAFE"]["available"], candidate.get("old_figures", {}).get("SAFE")) == (
        free,
        mark,
    )


@pytest.mark.parametrize(
    ("minutes", "free", "mark"), [(15, 3, None), (16, 0, "left_out"), (200, 0, "left_out")]
)
def test_nothing_is_promised_of_a_sku_that_the_wms_leaves_out(
    house: House, minutes: int, free: int, mark: str | None
):
    house.open(orders=1)
    with house.database.engine.begin() as connection:
        stock(connection, hangzhou__SAFE=5)
        put(connection, Order("a", (Line("SAFE", 9), Line("MUG", 99))))
    house.clock.move(timedelta(minutes=minutes))
    sync(house)

    route(house)

    [(candidate,)] = rows(
        house.database, "select candidates -> 0 from core.routing_decisions where order_id = 'tb/a'"
    )
    assert (candidate["figures"]["SAFE"]["available"], candidate.get("old_figures", {}).get("SAFE")) == (
        free,
        mark,
    )
    assert candidate["figures"]["MUG"]["available"] == 18


def test_a_figure_below_zero_counts_as_left_out_and_the_others_are_taken(house: House):
    house.open(orders=1)
    with house.database.engine.begin() as connection:
        stock(connection, hangzhou__SAFE=5)
    house.wms.ledger.put("HZ01", "SAFE", -3)
    house.wms.ledger.put("HZ01", "MUG", 7)

    done = sync(house)

    assert {} == done.failed
    assert [("MUG", 7), ("SAFE", 5)] == rows(
        house.database,
        "select sku_id, on_hand from core.stock where warehouse_id = 'hangzhou' and sku_id in ('MUG', 'SAFE') order by 1",
    )


def test_a_sku_that_the_wms_leaves_out_is_told_until_it_is_counted_as_gone(house: House):
    house.open(orders=1)
    with house.database.engine.begin() as connection:
        stock(connection, hangzhou__SAFE=5, hangzhou__GONE=0)
    house.clock.move(timedelta(minutes=16))
    sync(house)
    told = "select warehouse_id, text_en like '%1 SKU (SAFE)%' from ops.alerts where closed_at is null and rule_id = 'stock_left_out'"

    look_around(house.database, house.clock, house.active)
    while_left_out = rows(house.database, told)
    house.wms.ledger.put("HZ01", "SAFE", 2)
    house.clock.move(timedelta(minutes=10))
    sync(house)
    look_around(house.database, house.clock, house.active)

    assert (while_left_out, rows(house.database, told)) == ([("hangzhou", True)], [])


def test_a_warehouse_without_a_wms_drops_its_count(house: House, tmp_path: Path):
    house.open(orders=1)
    folder = tmp_path / "drop" / "warehouses" / "yiwu"
    folder.mkdir(parents=True)
    file = folder / "stock.csv"
    file.write_text("sku_id,on_hand\nMUG,7\n", encoding="utf-8")
    saved = house.clock.now().timestamp() - 60
    os.utime(file, (saved, saved))

    sync(house)

    assert rows(house.database, "select sku_id, on_hand from core.stock where warehouse_id = 'yiwu'") == [
        ("MUG", 7)
    ]
    assert sorted(each.name for each in (folder / "accepted").iterdir()) == [
        "stock-20261123-115900.csv",
        "stock-20261123-115900.report.txt",
    ]
    assert not file.exists()


def test_the_report_of_a_dropped_count_names_the_codes_that_nobody_knows(house: House, tmp_path: Path):
    house.open(orders=1)
    with house.database.engine.begin() as connection:
        connection.execute(
            text(
                "insert into core.skus (sku_id, name, weight_g, is_weight_assumed, kind, locations) "
                "values ('MUG', '马克杯', 1, false, 'goods', '{}')"
            )
        )
    folder = tmp_path / "drop" / "warehouses" / "yiwu"
    folder.mkdir(parents=True)
    file = folder / "stock.csv"
    file.write_text("sku_id,on_hand\nMUG,7\nMUGG,3\n", encoding="utf-8")
    saved = house.clock.now().timestamp() - 60
    os.utime(file, (saved, saved))

    done = sync(house)

    [report] = (folder / "accepted").glob("*.report.txt")
    assert [stock.unknown for stock in done.synced] == [(), ("MUGG",)]
    assert "skus.csv 里没有 / not in skus.csv: MUGG" in report.read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("row", "zh", "en"),
    [("MUG,-7\n", "不是 0 到", "whole number"), ("", "列名下面一行也没有", "no row under the header")],
)
def test_a_wrong_file_moves_aside_with_the_reason_and_the_others_are_read(
    house: House, tmp_path: Path, row: str, zh: str, en: str
):
    house.open(orders=1)
    folder = tmp_path / "drop" / "warehouses" / "yiwu"
    folder.mkdir(parents=True)
    (folder / "stock.csv").write_text(f"sku_id,on_hand\n{row}", encoding="utf-8")

    done = sync(house)

    [report] = (folder / "rejected").glob("*.report.txt")
    said = report.read_text(encoding="utf-8-sig")
    assert [stock.warehouse_id for stock in done.synced] == ["hangzhou"]
    assert (en in done.failed["yiwu"], zh in said, en in said) == (True, True, True)


def test_a_wms_that_somebody_deals_with_keeps_no_other_warehouse_from_being_read(
    house: House, tmp_path: Path
):
    house.open(orders=1)
    folder = tmp_path / "drop" / "warehouses" / "yiwu"
    folder.mkdir(parents=True)
    (folder / "stock.csv").write_text("sku_id,on_hand\nMUG,7\n", encoding="utf-8")

    with hold_scope(house.database, "wms:hangzhou"), pytest.raises(LeaseTaken):
        sync(house)

    assert rows(house.database, "select on_hand from core.stock where warehouse_id = 'yiwu'") == [(7,)]


def test_a_wms_out_of_reach_leaves_the_figures_to_grow_old(house: House):
    house.open(orders=1)
    house.plan({"kind": "status", "method": "inventory.query", "times": 0})

    done = sync(house)

    assert list(done.failed) == ["hangzhou"]
    assert rows(house.database, "select * from core.stock_snapshots") == []


def test_what_has_left_is_asked_for_also_where_no_figure_is_to_be_had(house: House):
    house.open(orders=1)
    house.deliver()
    house.clock.move(timedelta(minutes=1))
    house.ship_all()
    house.plan({"kind": "status", "method": "inventory.query", "times": 0})

    done = sync(house)

    assert list(done.failed) == ["hangzhou"]
    assert rows(house.database, "select state from core.delivery_orders") == [("shipped",)]
    assert rows(house.database, "select count(*) from core.tracking_writes") == [(1,)]
    assert clean(house) == []
