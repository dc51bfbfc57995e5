"""Reading: encodings, header aliases, odd workbooks; what cannot be trusted is refused with a clear sentence."""

import json
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from pydantic import SecretStr

from orderhub.config.models import Shop
from orderhub.errors import FileRejected
from orderhub.platforms.spec import load_platform
from orderhub.platforms.spreadsheet import workbook
from orderhub.platforms.spreadsheet.columns import resolve
from orderhub.platforms.spreadsheet.extract import read_orders
from orderhub.platforms.spreadsheet.orders import Grouped, group_rows, to_records
from orderhub.platforms.spreadsheet.sheet import NumberedRow, Sheet, normalise_header
from tests.platforms.spreadsheet.workbooks import HEADER, ROW, damage, row, write_csv, write_xlsx

SHOP = Shop(
    id="s",
    platform="spreadsheet",
    name="s",
    go_live_at="2026-01-01T00:00:00+08:00",
    address_source="free_text",
)


def read(file: Path) -> Grouped:
    return read_orders(file, load_platform("spreadsheet").field_map).grouped


def remarks(file: Path) -> str:
    return " ".join(remark.zh for remark in read_orders(file, load_platform("spreadsheet").field_map).remarks)


def refusal(file: Path) -> str:
    with pytest.raises(FileRejected) as rejection:
        read(file)
    return rejection.value.zh


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_every_usual_encoding_is_recognised(tmp_path: Path, encoding: str) -> None:
    file = write_csv(tmp_path / "a.csv", [HEADER, row(商品名称="𠮷庆龙井")], encoding=encoding)

    assert ["G20260301001"] == list(read(file).orders)


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_the_separator_is_recognised(tmp_path: Path, separator: str) -> None:
    file = write_csv(tmp_path / "a.txt", [HEADER, ROW], separator=separator)

    assert ["G20260301001"] == list(read(file).orders)


@pytest.mark.parametrize(
    "written", ["收货地址 ", " 收货地址", "*收货地址", "收货地址:", "收货地址(必填)", "收货\n地址"]
)
def test_decoration_of_a_header_makes_no_difference(written: str) -> None:
    assert "收货地址" == normalise_header(written)


def test_headers_match_whatever_their_case_and_width() -> None:
    columns = resolve(("ｏｒｄｅｒ　ＮＯ", "sku", "QTY"), load_platform("spreadsheet").field_map)

    assert ("Order No", "SKU", "Qty") == columns.names


def test_titles_above_the_header_are_skipped(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", [("三月团购",), ("导出时间 2026-03-01",), HEADER, ROW])

    assert ["G20260301001"] == list(read(file).orders)


def test_rows_of_an_order_need_not_stand_together(tmp_path: Path) -> None:
    rows = [HEADER, row(订单号="A"), row(订单号="B"), row(订单号="A", 商品编码="TEA-02")]

    orders = read(write_csv(tmp_path / "a.csv", rows)).orders

    assert {"A": [2, 4], "B": [3]} == {
        name: [number for number, _ in cells] for name, cells in orders.items()
    }


def test_an_id_of_a_csv_stays_text_to_the_last_digit(tmp_path: Path) -> None:
    rows = [
        HEADER,
        row(订单号="163288460521882636"),
        row(订单号="000123"),
        row(订单号='"=""163288460521882637"""'),
    ]

    assert ["163288460521882636", "000123", "163288460521882637"] == list(
        read(write_csv(tmp_path / "a.csv", rows)).orders
    )


def test_an_id_that_excel_stored_as_a_number_is_refused_by_row(tmp_path: Path) -> None:
    cells = list(ROW)
    cells[0] = 163288460521882636
    grouped = read(write_xlsx(tmp_path / "a.xlsx", {"订单": [HEADER, cells, row(订单号="B")]}))

    assert (["B"], [2]) == (list(grouped.orders), [problem.row for problem in grouped.problems])
    assert "超过 15 位" in grouped.problems[0].why.zh


def test_an_id_in_scientific_notation_is_refused(tmp_path: Path) -> None:
    grouped = read(write_csv(tmp_path / "a.csv", [HEADER, row(订单号="1.63288E+17")]))

    assert [2] == [problem.row for problem in grouped.problems]


def test_a_code_that_merely_looks_like_a_number_is_kept(tmp_path: Path) -> None:
    grouped = read(write_csv(tmp_path / "a.csv", [HEADER, row(商品编码="84029E6")]))

    assert [] == grouped.problems


def test_one_bad_row_takes_its_whole_order_along(tmp_path: Path) -> None:
    rows = [HEADER, row(订单号="A"), row(订单号="A", 商品编码="1.5E+16"), row(订单号="B")]

    grouped = read(write_csv(tmp_path / "a.csv", rows))

    assert (["B"], [2, 3]) == (list(grouped.orders), [problem.row for problem in grouped.problems])


def test_a_merged_order_number_leaves_no_half_order(tmp_path: Path) -> None:
    rows = [HEADER, row(订单号="A"), row(订单号="", 商品编码="TEA-02"), row(订单号="B")]

    grouped = read(write_csv(tmp_path / "a.csv", rows))

    assert (["B"], [2, 3]) == (list(grouped.orders), [problem.row for problem in grouped.problems])


@pytest.mark.parametrize("first", ["合计", ""])
def test_a_total_at_the_bottom_costs_no_order(tmp_path: Path, first: str) -> None:
    rows = [HEADER, ROW, (first, "", "", "2", "", "176.00", "", "", "", "", "")]

    grouped = read(write_csv(tmp_path / "a.csv", rows))

    assert (["G20260301001"], [3]) == (list(grouped.orders), [problem.row for problem in grouped.problems])


def test_a_row_with_an_unquoted_comma_is_refused(tmp_path: Path) -> None:
    rows = [HEADER, row(商品名称="茶,绿茶"), row(订单号="B")]

    grouped = read(write_csv(tmp_path / "a.csv", rows))

    assert (["B"], [2]) == (list(grouped.orders), [problem.row for problem in grouped.problems])


def test_a_missing_column_names_the_nearest_header(tmp_path: Path) -> None:
    header = tuple("订单好" if name == "订单号" else name for name in HEADER)

    assert "最接近的列是“订单好”" in refusal(write_csv(tmp_path / "a.csv", [header, ROW]))


def test_a_column_given_twice_is_refused(tmp_path: Path) -> None:
    assert "出现了 2 次" in refusal(write_csv(tmp_path / "a.csv", [(*HEADER, "数量"), (*ROW, "3")]))


def test_the_sheet_with_orders_is_found_and_the_others_are_named(tmp_path: Path) -> None:
    file = write_xlsx(
        tmp_path / "a.xlsx", {"说明": [("请勿修改",)], "订单": [HEADER, ROW], "旧": [HEADER, row(订单号="X")]}
    )

    assert (["G20260301001"], True) == (list(read(file).orders), "没有读取:说明、旧" in remarks(file))


def test_leading_blank_rows_keep_the_row_numbers_of_the_program(tmp_path: Path) -> None:
    file = write_xlsx(tmp_path / "a.xlsx", {"订单": [(), (), HEADER, (), ROW]})

    assert [5] == [number for number, _ in read(file).orders["G20260301001"]]


def test_formulas_and_hidden_rows_are_mentioned(tmp_path: Path) -> None:
    workbook = Workbook()
    for cells in (HEADER, ROW, row(买家留言="=1+1")):
        workbook.active.append(cells)
    workbook.active.row_dimensions[2].hidden = True
    workbook.save(tmp_path / "a.xlsx")

    said = remarks(tmp_path / "a.xlsx")

    assert (True, True) == ("公式" in said, "隐藏" in said)


def test_numbers_and_dates_of_a_workbook_become_plain_text(tmp_path: Path) -> None:
    cells = list(ROW)
    cells[3], cells[4], cells[6] = 2, 19.9, datetime(2026, 3, 1, 9, 30)
    grouped = read(write_xlsx(tmp_path / "a.xlsx", {"订单": [HEADER, cells]}))

    stored = grouped.orders["G20260301001"][0][1]
    assert ("2", "19.9", "2026-03-01 09:30:00") == (stored[3], stored[4], stored[6])


def test_a_workbook_named_csv_is_still_read(tmp_path: Path) -> None:
    file = write_xlsx(tmp_path / "a.xlsx", {"订单": [HEADER, ROW]}).rename(tmp_path / "a.csv")

    assert ["G20260301001"] == list(read(file).orders)


@pytest.mark.parametrize(
    "name, content, sentence",
    [
        ("empty.csv", b"", "0 字节"),
        ("blank.csv", b"\r\n \r\n", "没有数据"),
        ("image.csv", b"\x89PNG\r\n\x1a\n\xff\xff\xff\xff", "不是表格"),
        ("old.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "旧版 Excel"),
        (
            "locked.xlsx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "打开密码",
        ),
        ("page.xls", b"<html><table></table></html>", "网页"),
        ("cut.xlsx", b"PK\x03\x04half an archive", "已损坏"),
        (
            "swallowed.csv",
            '订单号,标题,SKU,数量\r\nA1,"5寸 蛋糕,S,1\r\nA2,杯子,S,2\r\nA3,"碗",S,3\r\n'.encode(),
            "引号未闭合",
        ),
        ("open.csv", '订单号,标题,SKU,数量\r\nA1,"5寸 蛋糕,S,1\r\nA2,杯子,S,2\r\n'.encode(), "引号未闭合"),
        ("last.csv", '订单号,SKU,数量,标题\r\nA1,S,1,"5寸'.encode(), "引号未闭合"),
        ("quote.csv", '订单号,数量,SKU\r\n"A,1,B\r\n'.encode() + b"x" * (5 << 20), "引号未闭合"),
    ],
)
def test_what_is_no_order_file_is_refused_in_plain_words(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)

    assert sentence in refusal(file)


def test_a_workbook_cut_in_the_middle_is_refused(tmp_path: Path) -> None:
    file = write_xlsx(tmp_path / "a.xlsx", {"订单": [HEADER, *[row(订单号=f"A{n}") for n in range(500)]]})

    assert "已损坏" in refusal(damage(file))


def test_another_archive_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("word/document.xml", "<x/>")

    assert "没有工作簿" in refusal(tmp_path / "a.xlsx")


def test_a_workbook_with_foreign_entities_is_refused(tmp_path: Path) -> None:
    source = write_xlsx(tmp_path / "good.xlsx", {"订单": [HEADER, ROW]})
    with zipfile.ZipFile(source) as good, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as bad:
        for part in good.namelist():
            prefix = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' if part.endswith("sheet1.xml") else b""
            bad.writestr(part, prefix + good.read(part))

    assert "已损坏" in refusal(tmp_path / "a.xlsx")


def test_rows_beyond_the_size_that_a_workbook_states_are_read(tmp_path: Path) -> None:
    source = write_xlsx(tmp_path / "good.xlsx", {"订单": [HEADER, ROW, row(订单号="A2"), row(订单号="A3")]})
    stated = re.compile(rb'<dimension ref="[^"]+"')
    with zipfile.ZipFile(source) as good, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as bad:
        for part in good.namelist():
            bad.writestr(part, stated.sub(b'<dimension ref="A1:K2"', good.read(part)))

    assert ["G20260301001", "A2", "A3"] == list(read(tmp_path / "a.xlsx").orders)


def test_a_workbook_that_unpacks_to_more_than_a_disk_has_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "UNPACKED_LIMIT", 10_000)
    file = write_xlsx(tmp_path / "a.xlsx", {"订单": [HEADER, *[row(订单号=f"A{n}") for n in range(500)]]})

    assert "解压后超过" in refusal(file)


def test_a_note_of_a_megabyte_is_read_whole(tmp_path: Path) -> None:
    grouped = read(write_csv(tmp_path / "a.csv", [HEADER, row(买家留言="长" * 350_000)]))

    assert 350_000 == len(grouped.orders["G20260301001"][0][1][10])


def test_a_text_that_excel_has_probably_cut_is_mentioned(tmp_path: Path) -> None:
    file = write_xlsx(tmp_path / "a.xlsx", {"订单": [HEADER, row(买家留言="长" * 40_000)]})

    assert "截断" in remarks(file)


ODD = st.text(st.characters(codec="utf-8", exclude_characters='"\r\n,\x00'), min_size=1, max_size=20)


@settings(deadline=None)  # The first example reads the table of divisions.
@given(title=ODD, message=ODD)
def test_any_text_in_a_free_column_keeps_the_order(title: str, message: str) -> None:
    columns = resolve(HEADER, load_platform("spreadsheet").field_map)
    sheet = Sheet(HEADER, iter([NumberedRow(2, row(商品名称=title, 买家留言=message))]))

    grouped = group_rows(sheet, columns)
    record = next(to_records(grouped, columns, SHOP, SecretStr("key"), datetime(2026, 3, 1, tzinfo=UTC)))

    assert title == json.loads(record.payload)["rows"][0]["商品名称"]


def test_characters_that_the_database_refuses_are_replaced(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", [HEADER, row(商品名称="龙\x00井")])

    assert "龙\ufffd井" == read(file).orders["G20260301001"][0][1][2]
