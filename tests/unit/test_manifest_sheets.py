import csv
import errno
import io
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from xlsxwriter.exceptions import FileCreateError

from orderhub.db.copy import copy_text
from orderhub.fulfillment.sheets import (
    CELL_LIMIT,
    Sheet,
    guard_text,
    write_csv,
    write_csv_blocks,
    write_workbook,
)

CREATED = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ATTACKS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\x00=1", "＝1+1", "＋1", " =1", "'=1", '"=1', "\n=cmd|' /C calc'!A0",
]  # fmt: skip
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def sheet(*rows: tuple[str | None, ...]) -> Sheet:
    return Sheet("发货清单", "标题", ["甲", "乙"], rows)


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_cell_of_a_csv_begins_like_a_formula(attack: str):
    assert guard_text(attack).startswith("'")


@pytest.mark.parametrize("plain", ["马克杯", "18000000000000000001", "138****0000", "a=b", "", "👨‍👩‍👧 𠮷"])
def test_plain_text_stays_as_it_is(plain: str):
    assert plain == guard_text(plain)


@given(texts, texts)
def test_any_text_survives_csv_quoting(first: str, second: str):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "list.csv"

        write_csv(file, ["甲", "乙"], [(first, second)])

        with file.open(encoding="utf-8-sig", newline="") as lines:
            assert [["甲", "乙"], [guard_text(first), guard_text(second)]] == list(csv.reader(lines))


@given(
    st.lists(st.one_of(texts, st.sampled_from([*ATTACKS, "", "_", '"', '","', "a,b"]), st.none()), min_size=1)
)
def test_a_row_that_asks_for_nothing_is_written_as_any_other(row: list[str | None]):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "list.csv"
        expected = io.StringIO(newline="")
        csv.writer(expected, quoting=csv.QUOTE_ALL).writerows([["甲"], [guard_text(value) for value in row]])

        write_csv(file, ["甲"], [row])

        assert expected.getvalue() == file.read_bytes().decode("utf-8-sig")


cells = st.one_of(
    texts, st.sampled_from([*ATTACKS, "", "_", '"', "\\", "a\tb", "a\nb", "a\u3000b", "马克杯"])
)


@given(st.lists(st.tuples(cells, cells), min_size=1))
def test_rows_of_a_block_are_written_as_any_other(rows: list[tuple[str, str]]):
    with tempfile.TemporaryDirectory() as folder:
        one, other = Path(folder) / "rows.csv", Path(folder) / "blocks.csv"

        write_csv(one, ["甲", "乙"], rows)
        write_csv_blocks(other, ["甲", "乙"], [block.decode() for block in copy_text(rows).blocks])

        assert one.read_bytes() == other.read_bytes()


@given(st.lists(st.tuples(texts, texts), max_size=4))
def test_a_workbook_holds_text_only(rows: list[tuple[str, str]]):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "list.xlsx"

        write_workbook(file, CREATED, [sheet(*rows)])

        cells = [cell for line in load_workbook(file)["发货清单"].iter_rows() for cell in line]
        assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}


def test_formulas_and_long_ids_are_text_in_a_workbook(tmp_path: Path):
    file = tmp_path / "list.xlsx"

    write_workbook(file, CREATED, [sheet(("=1+1", "18000000000000000001"))])

    assert [cell.value for cell in load_workbook(file)["发货清单"][3]] == ["=1+1", "18000000000000000001"]


def test_the_same_rows_give_the_same_bytes(tmp_path: Path):
    for name in ("one.xlsx", "two.xlsx"):
        write_workbook(tmp_path / name, CREATED, [sheet(("a", "b"))])

    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def test_a_text_beyond_the_limit_of_a_cell_is_cut_visibly(tmp_path: Path):
    file = tmp_path / "list.xlsx"

    write_workbook(file, CREATED, [sheet(("字" * 40_000, None))])

    value = load_workbook(file)["发货清单"]["A3"].value
    assert (len(value), value[-1]) == (CELL_LIMIT, "…")


def test_counts_are_numbers_and_ids_stay_text(tmp_path: Path):
    file = tmp_path / "pick.xlsx"
    sheet = Sheet("拣货单", "", ("商品编码", "数量"), [("0012", "7"), ("=1+1", "x")], frozenset({"数量"}))

    write_workbook(file, datetime(2026, 11, 23, tzinfo=UTC), [sheet])

    page = load_workbook(file).active
    assert [("0012", 7), ("=1+1", "x")] == [
        tuple(cell.value for cell in row) for row in page.iter_rows(min_row=3)
    ]
    assert "f" not in {cell.data_type for row in page.iter_rows() for cell in row}


def test_a_text_that_is_too_wide_for_its_column_goes_on_in_further_lines(tmp_path: Path):
    file = tmp_path / "list.xlsx"

    write_workbook(file, CREATED, [sheet(("很长的路" * 20, "短"))])

    page = load_workbook(file)["发货清单"]
    assert [cell.alignment.wrap_text for cell in page[3]] == [True, None]
    assert page.column_dimensions["A"].width < 50


def test_ids_that_are_text_have_no_warning_at_their_corner_and_a_sheet_prints_on_a4(tmp_path: Path):
    file = tmp_path / "list.xlsx"

    write_workbook(file, CREATED, [sheet(("18000000000000000001", "1"))])

    with zipfile.ZipFile(file) as parts:
        written = parts.read("xl/worksheets/sheet1.xml").decode()
    assert '<ignoredError sqref="A1:XFD1048576" numberStoredAsText="1"/>' in written
    assert 'paperSize="9"' in written


def test_a_disk_that_is_full_is_an_error_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_: object):
        raise FileCreateError(OSError(errno.ENOSPC, "No space left on device"))

    monkeypatch.setattr("xlsxwriter.Workbook.close", full)

    with pytest.raises(OSError, match="No space left"):
        write_workbook(tmp_path / "x.xlsx", CREATED, [])
