"""Files that warehouses drop, as they really come: half written, under odd names, cut by a spreadsheet program."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlalchemy import text

from orderhub.clock import FixedClock
from orderhub.db.engine import Database
from orderhub.fulfillment import sync, tracking_sheets
from orderhub.fulfillment.sync import StockSync, sync_stock
from tests.builders import NOON, rows
from tests.wms.test_tracking_sheets import HEADER, SHIPMENTS, Yard

CSV = "平台订单号,快递公司,运单号\n"


@pytest.fixture
def yard(database: Database, tmp_path: Path) -> Yard:
    return Yard(database, FixedClock(NOON), tmp_path)


def written(
    yard: Yard, name: str, content: str | bytes, seconds_ago: float = 60, folder: str = "hangzhou"
) -> Path:
    """Write a file as if it had been saved so long ago."""
    file = yard.folder.parent / folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    saved = yard.clock.now().timestamp() - seconds_ago
    os.utime(file, (saved, saved))
    return file


def take(yard: Yard) -> StockSync:
    return sync_stock(yard.database, yard.clock, yard.settings, yard.config)


def reports(yard: Yard) -> dict[str, str]:
    """What the reports beside moved files say: folder/name without its stamp → text."""
    return {
        f"{each.parent.name}/{each.name.split('-')[0]}": each.read_text(encoding="utf-8-sig")
        for each in yard.folder.rglob("*.report.txt")
    }


@pytest.mark.parametrize(
    ("name", "content"), [("tracking.csv", f"{CSV}693,SF,SF1\n"), ("stock.csv", "sku_id,on_hand\nMUG,7\n")]
)
def test_a_file_that_was_written_to_a_moment_ago_waits(yard: Yard, name: str, content: str):
    file = written(yard, name, content, seconds_ago=1)
    before = (rows(yard.database, SHIPMENTS), rows(yard.database, "select * from core.stock_snapshots"))

    take(yard)
    while_written = file.exists()
    yard.clock.move(timedelta(seconds=5))
    take(yard)

    assert (before, while_written, file.exists()) == (([], []), True, False)


def test_a_sheet_that_is_written_to_while_it_is_read_is_taken_whole_the_next_time(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
):
    file = written(yard, "tracking.csv", f"{CSV}693,SF,SF1\n694,SF,SF")
    read = tracking_sheets.TrackingSheet.add

    def grow(sheet, row, where):
        if row["document"] == "694":
            written(yard, "tracking.csv", f"{CSV}693,SF,SF1\n694,SF,SF2222\n", seconds_ago=50)
        read(sheet, row, where)

    monkeypatch.setattr(tracking_sheets.TrackingSheet, "add", grow)
    take(yard)
    then = rows(yard.database, SHIPMENTS)
    monkeypatch.setattr(tracking_sheets.TrackingSheet, "add", read)
    take(yard)

    assert then == []
    assert [row[2] for row in rows(yard.database, SHIPMENTS)] == ["SF1", "SF2222"]
    assert not file.exists()


def test_a_count_that_is_written_to_while_it_is_read_is_taken_whole_the_next_time(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
):
    written(yard, "stock.csv", "sku_id,on_hand\nMUG,1")
    read = sync._pieces

    def grow(file):
        pieces = read(file)
        written(yard, "stock.csv", "sku_id,on_hand\nMUG,15\n", seconds_ago=50)
        return pieces

    monkeypatch.setattr(sync, "_pieces", grow)
    take(yard)
    then = rows(yard.database, "select * from core.stock_snapshots")
    monkeypatch.setattr(sync, "_pieces", read)
    take(yard)

    assert (then, rows(yard.database, "select on_hand from core.stock where sku_id = 'MUG'")) == ([], [(15,)])


def test_no_file_lies_in_the_folder_unread_whatever_it_is_called(yard: Yard):
    written(yard, "LIST.CSV", f"{CSV}693,SF,SF1\n")
    written(yard, "old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    written(yard, "page.txt", "<html>login</html>")
    written(yard, "~$open.xlsx", "lock")

    take(yard)

    assert [row[2] for row in rows(yard.database, SHIPMENTS)] == ["SF1"]
    assert set(reports(yard)) == {"accepted/LIST", "rejected/old", "rejected/page"}
    assert "旧版 Excel" in reports(yard)["rejected/old"]
    assert [each.name for each in yard.folder.iterdir() if each.is_file()] == ["~$open.xlsx"]


def test_a_file_that_cannot_be_moved_stops_no_other_warehouse(yard: Yard):
    written(yard, "tracking.csv", f"{CSV}693,SF,SF1\n")
    (yard.folder / "accepted").write_text("in the way")
    written(yard, "stock.csv", "sku_id,on_hand\nMUG,7\n", folder="yiwu")

    done = take(yard)

    assert [stock.warehouse_id for stock in done.synced] == ["yiwu"]
    assert "accepted" in done.failed["hangzhou"]


@pytest.mark.parametrize(
    ("number", "known"),
    [
        ("ＳＦ１２３", ["SF123"]),
        ("sf 123", ["SF123"]),
        ("78500000000001.0", ["78500000000001"]),
        ('="78500000000001"', ["78500000000001"]),
        ("SF1/SF2", []),
        ("SF1 已签收", []),
        ("7.53E+13", []),
        ("7.53E13", []),
        ("753E+11", []),
        ("7.53e+013", []),
        ("７.５３Ｅ＋１３", []),
        ("#N/A", []),
        ("nan", []),
        ("None", []),
        ("NULL", []),
        ("TBD", []),
    ],
)
def test_a_number_is_taken_as_all_write_it_or_its_row_is_named(yard: Yard, number: str, known: list[str]):
    written(yard, "tracking.csv", f"{CSV}693,SF,{number}\n")

    take(yard)

    assert [row[2] for row in rows(yard.database, SHIPMENTS)] == known
    assert ("row 2" in reports(yard)["accepted/tracking"]) is (not known)


@pytest.mark.parametrize("name", ["693\x00", "７.５E+17"])
def test_a_row_that_no_database_takes_is_named_and_the_others_are_taken(yard: Yard, name: str):
    written(yard, "tracking.csv", f"{CSV}{name},SF,SF1\n694,SF,SF2\n")

    take(yard)

    assert [row[2] for row in rows(yard.database, SHIPMENTS)] == ["SF2"]
    assert yard.folder.joinpath("tracking.csv").exists() is False


def test_a_carrier_is_read_without_what_cannot_be_seen(yard: Yard):
    written(yard, "tracking.csv", f"{CSV}693,中\x00通\u200b,SF1\n")

    take(yard)

    assert [row[1:3] for row in rows(yard.database, SHIPMENTS)] == [("中通", "SF1")]


@pytest.mark.parametrize("saved", ["1980-01-01", "2000-01-01"])
def test_nothing_leaves_before_its_document_was_made_whatever_the_date_of_the_sheet(yard: Yard, saved: str):
    """Archives and servers give files dates of their own."""
    file = written(yard, "tracking.csv", f"{CSV}693,SF,SF1\n")
    long_ago = datetime.fromisoformat(f"{saved}T00:00:00+00:00").timestamp()
    os.utime(file, (long_ago, long_ago))

    take(yard)

    assert rows(
        yard.database,
        "select s.shipped_at = f.allocated_at from core.shipments as s "
        "join core.fulfillment_orders as f using (fulfillment_order_id)",
    ) == [(True,)]


def test_documents_may_be_named_in_full_width_and_one_row_may_name_several(yard: Yard):
    written(yard, "tracking.csv", f"{CSV}６９３、694,SF,SF1\n")

    take(yard)

    assert [row[0] for row in rows(yard.database, SHIPMENTS)] == ["tb/693@1", "tb/694@1"]


@pytest.mark.parametrize(
    ("said", "pieces"), [("2.0", 2), ("２", 2), ("9" * 5000, None), ("2.5", None), ("-1", None)]
)
def test_pieces_are_whole_numbers_or_the_row_is_named(yard: Yard, said: str, pieces: int | None):
    written(yard, "tracking.csv", f"平台订单号,快递公司,运单号,商品编码,数量\n693,SF,SF1,MUG,{said}\n")
    written(yard, "退货.csv", f"售后单号,商品编码,数量,品级\nR1,MUG,{said},良品\n")

    done = take(yard)

    assert done.failed == {}
    sent = rows(yard.database, "select quantity::int from core.shipment_lines")
    assert sent == ([(pieces,)] if pieces else [])
    assert ("row 2" in reports(yard)["accepted/退货"]) is (pieces is None)


@pytest.mark.parametrize("said", ["9" * 5000, "2.5", "7E+3", "-1", ""])
def test_a_count_that_is_no_whole_number_moves_aside(yard: Yard, said: str):
    written(yard, "stock.csv", f"sku_id,on_hand\nMUG,{said}\n")

    assert "whole number" in take(yard).failed["hangzhou"]


def test_a_sheet_in_another_encoding_is_read(yard: Yard):
    written(yard, "tracking.csv", f"{CSV}693,中通,SF1\n".encode("gb18030"))

    take(yard)

    assert [row[1] for row in rows(yard.database, SHIPMENTS)] == ["中通"]


def test_a_formula_without_a_saved_result_says_that_nothing_has_left_and_the_report_says_so(yard: Yard):
    report = yard.drop(HEADER, ("693", "SF", '=CONCAT("SF","1")'), ("694", "SF", "SF2"))

    assert [row[2] for row in rows(yard.database, SHIPMENTS)] == ["SF2"]
    assert "workbook has formulas" in report


def test_a_second_sheet_that_is_not_read_is_named_in_the_report(yard: Yard):
    """What people do not see, an example say, comes after what they see."""
    book = Workbook()
    for name, order, number in (
        ("template", "示例", "SF0"), ("today", "693", "SF1"), ("yesterday", "694", "SF2")
    ):  # fmt: skip
        sheet = book.create_sheet(name)
        sheet.append(HEADER)
        sheet.append((order, "SF", number))
    book["template"].sheet_state = "hidden"
    del book["Sheet"]
    file = yard.folder / "two.xlsx"
    book.save(file)
    saved = yard.clock.now().timestamp() - 60
    os.utime(file, (saved, saved))

    take(yard)

    assert [row[2] for row in rows(yard.database, SHIPMENTS)] == ["SF1"]
    assert "yesterday, template" in reports(yard)["accepted/two"]


def test_the_same_row_many_times_is_one_parcel(yard: Yard):
    written(yard, "tracking.csv", CSV + "693,SF,SF1\n" * 50)

    take(yard)

    assert len(rows(yard.database, SHIPMENTS)) == 1
    with yard.database.engine.connect() as connection:
        assert connection.execute(text("select count(*) from core.tracking_writes")).scalar_one() == 1
