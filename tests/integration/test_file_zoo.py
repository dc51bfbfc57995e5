"""Row 79 of the fault matrix: each odd file that clerks drop is read or refused, and its report says what was done.

How single cells and headers are read: tests/platforms/spreadsheet/test_reading.py.
"""

import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from orderhub.db.engine import Database
from tests.integration.test_drop_folder import Folder
from tests.platforms.spreadsheet.workbooks import HEADER, ROW, damage, row, write_csv, write_xlsx

OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
STAGED = "select record_id from staging.spreadsheet_orders order by 1"
Made = Callable[[Path], object]


@pytest.fixture
def folder(database: Database, tmp_path: Path) -> Folder:
    return Folder(database, tmp_path / "home")


def report_of(folder: Folder, name: str, made: Made) -> tuple[str, str, list[object]]:
    """Drop the file that `made` writes; return where it went, its report, and the orders that were staged."""
    made(folder.path / name)
    folder.rest(folder.path / name)
    folder.extract()
    [report] = folder.path.rglob(f"{name}.report.txt")
    staged = [record for (record,) in folder.query(STAGED)]
    return report.parent.name, report.read_text(encoding="utf-8-sig"), staged


def workbook(*rows: tuple[object, ...], title: str = "订单") -> Made:
    return lambda file: write_xlsx(file, {title: [HEADER, *rows]})


def with_number(file: Path) -> None:
    """Write the order number as a spreadsheet program keeps it after someone typed it: as a number."""
    write_xlsx(file, {"订单": [HEADER, (216045149372611482, *ROW[1:]), row(订单号="A2")]})


def with_merged_number(file: Path) -> None:
    """Merge the number of an order over its two rows: the second has none."""
    book = Workbook()
    for cells in (HEADER, row(订单号="A1"), row(订单号=""), row(订单号="A2")):
        book.active.append(list(cells))
    book.active.merge_cells("A2:A3")
    book.save(file)


def with_formula_and_hidden_row(file: Path) -> None:
    book = Workbook()
    for cells in (HEADER, row(订单号="A1", 实付金额="=88*2"), row(订单号="A2")):
        book.active.append(list(cells))
    book.active.row_dimensions[3].hidden = True
    book.save(file)


def with_dates(file: Path) -> None:
    cells = list(row(订单号="A1"))
    cells[HEADER.index("下单时间")] = datetime(2026, 3, 1, 9, 30)  # type: ignore[call-overload] # a workbook takes it
    write_xlsx(file, {"订单": [HEADER, cells]})


def cut(file: Path) -> None:
    whole = write_xlsx(
        file.parent / "whole.tmp", {"订单": [HEADER, *[row(订单号=f"A{n}") for n in range(500)]]}
    )
    damage(whole).rename(file)
    whole.unlink()


def other_archive(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")


def content(written: bytes) -> Made:
    return lambda file: file.write_bytes(written)


#: Name → the file, what its report must say, and the orders that come of it.
TAKEN: dict[str, tuple[Made, str, list[str]]] = {
    "gbk.csv": (lambda file: write_csv(file, [HEADER, row(订单号="A1")], encoding="gbk"), "", ["A1"]),
    "blank behind the header.csv": (
        lambda file: write_csv(file, [[f"{name} " for name in HEADER], row(订单号="A1")]), "", ["A1"],
    ),
    "title above.xlsx": (
        lambda file: write_xlsx(file, {"订单": [("三月团购", *[""] * 10), HEADER, row(订单号="A1")]}), "", ["A1"],
    ),
    "two sheets.xlsx": (
        lambda file: write_xlsx(file, {"说明": [("请勿修改",)], "订单": [HEADER, row(订单号="A1")]}), "没有读取:说明", ["A1"],
    ),
    "18 digits as text.xlsx": (workbook(row(订单号="216045149372611482")), "", ["216045149372611482"]),
    "dates.xlsx": (with_dates, "", ["A1"]),
    "formula.xlsx": (with_formula_and_hidden_row, "含公式", ["A1", "A2"]),
    "hidden row.xlsx": (with_formula_and_hidden_row, "隐藏的行", ["A1", "A2"]),
}  # fmt: skip
PARTLY: dict[str, tuple[Made, str, list[str]]] = {
    "18 digits as a number.xlsx": (with_number, "第 2 行:“订单号”被存成了数字", ["A2"]),
    "merged number.xlsx": (with_merged_number, "第 3 行", ["A2"]),
}
REFUSED: dict[str, tuple[Made, str]] = {
    "empty.csv": (content(b""), "0 字节"),
    "picture.csv": (content(b"\x89PNG\r\n\x1a\n\xff\xff\xff\xff"), "不是表格"),
    "old excel.xlsx": (content(OLD_EXCEL + b"\0" * 600), "旧版 Excel"),
    "password.xlsx": (content(OLD_EXCEL + "EncryptedPackage".encode("utf-16-le")), "打开密码"),
    "web page.xls": (content(b"<html><table></table></html>"), "网页"),
    "cut.xlsx": (cut, "已损坏"),
    "letter.xlsx": (other_archive, "没有工作簿"),
    "without a column.csv": (content("订单号,商品编码\r\nA1,TEA-01\r\n".encode()), "缺少“数量”列"),
    "only merged headers.xlsx": (lambda file: write_xlsx(file, {"订单": [("订单信息",), ROW]}), "订单号"),
}


@pytest.mark.parametrize("name", TAKEN)
def test_an_odd_file_is_taken_whole_and_its_report_names_what_is_odd(folder: Folder, name: str) -> None:
    made, says, orders = TAKEN[name]

    where, report, staged = report_of(folder, name, made)

    assert (where, staged, says in report) == ("accepted", orders, True)


@pytest.mark.parametrize("name", PARTLY)
def test_a_number_that_excel_has_spoilt_is_refused_by_row_and_the_others_are_taken(
    folder: Folder, name: str
) -> None:
    made, says, orders = PARTLY[name]

    where, report, staged = report_of(folder, name, made)

    assert (where, staged, says in report) == ("accepted", orders, True)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_trusted_is_refused_in_plain_words_and_stages_nothing(
    folder: Folder, name: str
) -> None:
    made, says = REFUSED[name]

    where, report, staged = report_of(folder, name, made)

    assert (where, staged) == ("rejected", [])
    assert says in report
    assert "结果:退回,没有导入任何订单" in report
