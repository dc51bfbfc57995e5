"""A warehouse without a WMS: its manifest goes out as files, its tracking numbers come back in a sheet."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlalchemy import text

from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.sync import sync_stock
from orderhub.operate.verify import verify
from orderhub.settings import Settings
from tests.builders import Line, Order, activate, put, rows, stock

SHIPMENTS = (
    "select fulfillment_order_id, carrier_code, tracking_number, source from core.shipments order by 1, 3"
)
HEADER = ("平台订单号", "快递公司", "运单号")


class Yard:
    """A hub whose warehouses work with files."""

    def __init__(self, database: Database, clock: FixedClock, home: Path) -> None:
        self.database, self.clock = database, clock
        self.settings = Settings(home=home, database_url="postgresql://unused", hash_key="unused")
        self.folder = home / "drop" / "warehouses" / "hangzhou"
        self.folder.mkdir(parents=True)
        self.config = self._handed_over()

    def _handed_over(self) -> MerchantConfig:
        with self.database.engine.begin() as connection:
            config = activate(connection)
            stock(connection, hangzhou__MUG=20, hangzhou__CUP=20)
            lines = (Line(quantity=2), Line("CUP", 1))
            put(connection, *(Order(number, lines) for number in ("693", "694")))
        run_fulfillment(self.database, self.clock, config)
        request_extra(self.database, self.clock, config, "hangzhou", "test")
        close_due(self.database, self.clock, config, {})
        self.clock.move(timedelta(minutes=30))
        return config

    def drop(self, *lines: tuple[object, ...], name: str = "tracking.xlsx") -> str:
        """Drop a sheet, let the hub take it, and return the report beside it."""
        book = Workbook()
        for line in lines:
            book.active.append(line)
        file = self.folder / name
        book.save(file)
        saved = self.clock.now().timestamp() - 60
        os.utime(file, (saved, saved))
        sync_stock(self.database, self.clock, self.settings, self.config)
        [report] = [each for each in self.folder.rglob("*.report.txt") if each.name.startswith(file.stem)]
        return f"{report.parent.name}: {report.read_text(encoding='utf-8-sig')}"


@pytest.fixture
def yard(database: Database, tmp_path: Path) -> Yard:
    from tests.builders import NOON

    return Yard(database, FixedClock(NOON), tmp_path)


def clean(yard: Yard) -> list[tuple[str, ...]]:
    return [r.violations for r in verify(yard.database) if r.violations]


def test_tracking_numbers_come_back_and_post_what_was_promised(yard: Yard):
    report = yard.drop(HEADER, ("693", "中通", "78500000000001"), ("694", "中通", ""))

    assert report.startswith("accepted: 包裹 / parcels: 1")
    assert rows(yard.database, SHIPMENTS) == [("tb/693@1", "中通", "78500000000001", "file")]
    assert rows(yard.database, "select sku_id, on_hand, reserved from core.stock order by 1") == [
        ("CUP", 19, 1),
        ("MUG", 18, 2),
    ]
    assert rows(yard.database, "select state from core.fulfillment_orders order by fulfillment_order_id") == [
        ("shipped",),
        ("manifested",),
    ]
    assert clean(yard) == []


@pytest.mark.parametrize("said", ["-", "--", "/", "—", "无"])
def test_a_mark_in_the_place_of_a_number_says_that_nothing_has_left(yard: Yard, said: str):
    yard.drop(HEADER, ("693", "中通", said))

    assert rows(yard.database, SHIPMENTS) == []


def test_the_same_sheet_again_changes_nothing(yard: Yard):
    yard.drop(HEADER, ("693", "中通", "78500000000001"))
    before = rows(yard.database, "select * from core.shipments")
    yard.drop(HEADER, ("693", "中通", "78500000000001"), name="again.xlsx")

    assert before == rows(yard.database, "select * from core.shipments")
    assert clean(yard) == []


def test_the_shipping_list_with_two_columns_added_is_such_a_sheet_and_may_name_several_parcels(yard: Yard):
    yard.drop(
        ("发货单号", "平台订单号", "商品编码", "数量", "快递公司", "运单号"),
        ("tb/693@1", "693", "MUG", 1, "SF", "SF1"),
        ("tb/693@1", "693", "MUG", 1, "SF", "SF2"),
        ("tb/693@1", "693", "CUP", 1, "SF", "SF2"),
    )

    assert rows(
        yard.database, "select shipment_id, line_id, quantity from core.shipment_lines order by 1, 2"
    ) == [
        ("tb/693@1#SF1", "1", 1),
        ("tb/693@1#SF2", "1", 1),
        ("tb/693@1#SF2", "2", 1),
    ]
    assert clean(yard) == []


def test_what_does_not_fit_is_parked_or_named_and_the_rest_is_taken(yard: Yard):
    report = yard.drop(
        (*HEADER, "商品编码", "数量"),
        ("693", "SF", "SF1", "MUG", 9),
        ("999", "SF", "SF2", "MUG", 1),
        ("694", "SF", "1.63288E+17", "MUG", 1),
        ("694", "SF", "SF3", "MUG", "两件"),
    )

    assert rows(yard.database, "select subject, reason from core.shipment_doubts order by 1") == [
        ("693", "excess_pieces"),
        ("999", "unknown_order"),
    ]
    assert ("row 4" in report, "row 5" in report) == (True, True)
    assert clean(yard) == []


def test_a_sheet_without_the_columns_moves_aside_and_says_which(yard: Yard):
    assert yard.drop(("订单号", "备注"), ("693", "x")).startswith("rejected: 缺少列:快递公司、运单号")


def test_a_number_that_means_two_documents_is_not_guessed(yard: Yard):
    with yard.database.engine.begin() as connection:
        put(connection, Order("693", shop_id="group", platform="spreadsheet"))
        connection.execute(text("update core.orders set lifecycle = 'live'"))
    run_fulfillment(yard.database, yard.clock, yard.config)
    request_extra(yard.database, yard.clock, yard.config, "hangzhou", "test")
    close_due(yard.database, yard.clock, yard.config, {})

    report = yard.drop(HEADER, ("693", "中通", "78500000000001"))

    assert "several documents: tb/693@1, group/693@1" in report
    assert rows(yard.database, SHIPMENTS) == []


def merge_all(yard: Yard) -> None:
    """The two orders of the list leave in one parcel."""
    with yard.database.engine.begin() as connection:
        connection.execute(
            text(
                "insert into core.merge_decisions select fulfillment_order_id, manifest_id, 'tb/693@1', 'same_receiver', now() "
                "from core.manifest_lines group by 1, 2"
            )
        )


@pytest.mark.parametrize("name", ["693", "tb/693@1", "693,694"])
def test_one_row_of_a_merged_parcel_says_it_of_every_order_in_it(yard: Yard, name: str):
    merge_all(yard)

    yard.drop(HEADER, (name, "中通", "SF1"))

    assert rows(yard.database, SHIPMENTS) == [
        ("tb/693@1", "中通", "SF1", "file"),
        ("tb/694@1", "中通", "SF1", "file"),
    ]


def test_orders_of_a_merged_parcel_that_left_apart_after_all_keep_their_own_numbers(yard: Yard):
    merge_all(yard)

    yard.drop(HEADER, ("693", "中通", "SF1"), ("694", "中通", "SF2"))

    assert [row[2] for row in rows(yard.database, SHIPMENTS)] == ["SF1", "SF2"]


def test_a_second_number_of_a_document_is_kept_and_its_platform_hears_of_both(yard: Yard):
    yard.drop(HEADER, ("693", "中通", "SF1"), ("693", "中通", "SF2"))
    yard.drop(HEADER, ("693", "中通", "SF2"), ("694", "中通", "SF3"), name="again.xlsx")
    yard.drop(HEADER, ("694", "中通", "SF4"), name="later.xlsx")

    assert rows(yard.database, "select shipment_id, order_id from core.tracking_writes order by 1") == [
        ("tb/693@1#SF1", "tb/693"),
        ("tb/693@1#SF2", "tb/693"),
        ("tb/694@1#SF3", "tb/694"),
        ("tb/694@1#SF4", "tb/694"),
    ]
    assert rows(
        yard.database,
        "select count(*) from ops.outbox where target = 'tracking:tb'",
    ) == [(4,)]
    assert clean(yard) == []


def test_a_second_number_of_a_merged_parcel_is_that_of_every_order_in_it(yard: Yard):
    merge_all(yard)

    yard.drop(HEADER, ("693", "中通", "SF1"), ("693", "中通", "SF2"))

    assert rows(
        yard.database, "select order_id, count(*) from core.tracking_writes group by 1 order by 1"
    ) == [
        ("tb/693", 2),
        ("tb/694", 2),
    ]
    assert clean(yard) == []
