"""What shadow days promise: the old system ships it, so it never stands in the way of a count or of going live."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.stock import StockCounts, import_stock
from orderhub.fulfillment.stock_sync import Reading, take_reading
from orderhub.operate.verify import verify
from tests.builders import NOON, Line, Order, activate, hold, put, rows, stock

STOCK = "select on_hand, reserved from core.stock"
DOCUMENTS = (
    "select fulfillment_order_id, is_shadow, state, cancel_reason from core.fulfillment_orders order by 1"
)
STANDING = (
    "select manifest_id like '%/shadow', order_id from core.manifest_lines where not is_void order by 2"
)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def shadow(database: Database, clock: FixedClock) -> MerchantConfig:
    """Two orders of three pieces each in a closed shadow manifest; ten pieces lie there."""
    with database.engine.begin() as connection:
        config = activate(connection, mode="shadow")
        stock(connection, hangzhou__MUG=10)
        put(connection, Order("1", (Line(quantity=3),)), Order("2", (Line(quantity=3),)))
    close(database, clock, config)
    return config


def close(database: Database, clock: FixedClock, config: MerchantConfig) -> None:
    run_fulfillment(database, clock, config)
    request_extra(database, clock, config, "hangzhou", "test")
    close_due(database, clock, config, {})


def change(database: Database, statement: str) -> None:
    with database.engine.begin() as connection:
        connection.execute(text(statement))


def count(database: Database, clock: FixedClock, folder: Path, pieces: int) -> StockCounts:
    file = folder / "count.csv"
    file.write_text(f"warehouse_id,sku_id,on_hand\nhangzhou,MUG,{pieces}\n", encoding="utf-8")
    return import_stock(database, clock, file, "clerk")


def clean(database: Database) -> list[tuple[str, ...]]:
    return [r.violations for r in verify(database) if r.violations]


def test_what_the_old_system_shipped_is_promised_no_longer(
    database: Database, clock: FixedClock, shadow: MerchantConfig
):
    promised = rows(database, STOCK)
    change(database, "update core.orders set gate = 'stop', status = 'shipped' where order_id = 'tb/1'")

    run_fulfillment(database, clock, shadow)

    assert (promised, rows(database, STOCK)) == ([(10, 6)], [(10, 3)])
    assert rows(database, DOCUMENTS) == [
        ("tb/1@1", True, "cancelled", "order_stopped"),
        ("tb/2@1", True, "manifested", None),
    ]
    assert rows(database, STANDING) == [(True, "tb/2")]
    assert clean(database) == []


def test_what_waits_after_its_shadow_manifest_keeps_its_promise(
    database: Database, clock: FixedClock, shadow: MerchantConfig
):
    with database.engine.begin() as connection:
        hold(connection, "tb/1")
    change(database, "update core.orders set gate = 'wait' where order_id = 'tb/2'")

    run_fulfillment(database, clock, shadow)

    assert rows(database, STOCK) == [(10, 6)]
    assert clean(database) == []


def test_a_shop_that_goes_live_ships_what_only_its_shadow_had_listed(
    database: Database, clock: FixedClock, shadow: MerchantConfig
):
    with database.engine.begin() as connection:
        live = activate(connection)
    clock.move(timedelta(minutes=30))

    close(database, clock, live)

    assert rows(database, DOCUMENTS) == [
        ("tb/1@1", True, "cancelled", "mode_changed"),
        ("tb/1@2", False, "manifested", None),
        ("tb/2@1", True, "cancelled", "mode_changed"),
        ("tb/2@2", False, "manifested", None),
    ]
    assert rows(database, STANDING) == [(False, "tb/1"), (False, "tb/2")]
    assert rows(database, STOCK) == [(10, 6)]
    assert clean(database) == []


def test_a_count_is_not_refused_for_what_only_a_shadow_promised(
    database: Database, clock: FixedClock, shadow: MerchantConfig, tmp_path: Path
):
    counted = count(database, clock, tmp_path, 4)

    assert (counted.refused, counted.changed, counted.returned) == ((), 1, 1)
    assert rows(database, STOCK) == [(4, 3)]
    assert clean(database) == []


def test_a_count_below_what_is_promised_for_real_is_refused(
    database: Database, clock: FixedClock, shadow: MerchantConfig, tmp_path: Path
):
    change(database, "update core.fulfillment_orders set is_shadow = false")

    counted = count(database, clock, tmp_path, 4)

    assert (len(counted.refused), counted.returned) == (1, 0)
    assert rows(database, STOCK) == [(10, 6)]


def test_a_reading_takes_back_from_the_shadow_first(
    database: Database, clock: FixedClock, shadow: MerchantConfig
):
    with database.engine.begin() as connection:
        put(
            connection, Order("9", (Line(quantity=3),), shop_id="group", platform="spreadsheet", paid_at=NOON)
        )
    group = tuple(
        shop.model_copy(update={"mode": "live" if shop.id == "group" else "shadow"}) for shop in shadow.shops
    )
    half = shadow.model_copy(update={"shops": group})
    run_fulfillment(database, clock, half)
    counted = Reading("hangzhou", "wms", NOON, is_locked_inside=True, pieces={"MUG": 5})

    synced = take_reading(database, clock, half, counted)

    assert (synced.returned, synced.below) == (2, ())
    assert rows(database, STOCK) == [(5, 3)]
    assert rows(database, "select order_id from core.reservations where state = 'active'") == [("group/9",)]
    assert clean(database) == []
