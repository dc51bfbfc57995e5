"""The pick list as the people read it who walk with it: nothing that tells what to take is cut or lost."""

from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp

from orderhub.fulfillment.labels import LABELS
from orderhub.fulfillment.pick_book import Document, Pick, write_pick_book

CREATED = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LONG = "SKU-ULTRA-LONG-CODE-0123456789-BLACK-XX"
#: Dots in a millimetre, and where nothing may be between the columns: millimetres from the left.
DOTS = 4
GUTTERS = ((36.5, 37.0, 37.5), (90.5, 91.0, 91.5), (182.5, 183.0, 183.5), (200.5, 203.0, 206.0))


def pick(sku_id: str = "MUG", location: str = "A-01", title: str = "马克杯", quantity: str = "1") -> Pick:
    return Pick("mixed", location, sku_id, title, quantity)


def book(path: Path, *documents: Document, walk: tuple[Pick, ...] = (), language: str = "zh") -> list[str]:
    """Write a pick list and return the text of each page."""
    write_pick_book(path, CREATED, "杭州仓 2026-11-23 10:00", LABELS[language], walk, documents)
    return [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(path)]


def joined(page: str) -> str:
    return page.replace("\r\n", "")


def test_codes_that_differ_in_their_last_letter_are_told_apart(tmp_path: Path):
    [page] = book(tmp_path / "b.pdf", Document("tb/1@1", "mixed", (pick(f"{LONG}L"), pick(f"{LONG}S"))))

    assert f"{LONG}L" in joined(page)
    assert f"{LONG}S" in joined(page)


def test_a_long_shelf_and_a_large_number_of_pieces_are_written_out(tmp_path: Path):
    line = pick(location="二号楼三层A区-01-02-03-04", quantity="12345678901234")
    [page] = book(tmp_path / "b.pdf", Document("tb/1@1", "mixed", (line,)))

    assert "二号楼三层A区-01-02-03-04" in joined(page)
    assert "×12345678901234" in joined(page)


def test_a_title_takes_two_lines_and_says_where_it_was_cut(tmp_path: Path):
    [page] = book(tmp_path / "b.pdf", Document("tb/1@1", "mixed", (pick(title="长" * 60 + "尾"),)))

    assert "…" in page
    assert "尾" not in page
    assert joined(page).count("长") > 50


@pytest.mark.parametrize("letter", ["W", "杯", "1", "…"])
def test_no_column_runs_into_the_next_however_wide_its_letters(tmp_path: Path, letter: str):
    wide = pick(letter * 40, letter * 20, letter * 90, "1" * 8)
    book(tmp_path / "b.pdf", Document(letter * 45 + "@1", "mixed", ()), walk=(wide,))

    page = pypdfium2.PdfDocument(tmp_path / "b.pdf")[0].render(scale=DOTS * 25.4 / 72).to_pil().convert("L")
    goods = page.crop((0, 40 * DOTS, page.width, 51 * DOTS))
    ink = [goods.crop((left, 0, left + 1, goods.height)).getextrema()[0] < 128 for left in range(goods.width)]
    assert sum(ink) > 50 * DOTS
    assert [between for between in GUTTERS if any(ink[int(at * DOTS)] for at in between)] == []


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "接上页:多品 tb/1@1"), ("en", "continued: Mixed tb/1@1")]
)
def test_a_page_says_which_document_goes_on_there(tmp_path: Path, language: str, words: str):
    lines = tuple(pick(f"SKU-{number}") for number in range(60))
    first, second = book(tmp_path / "b.pdf", Document("tb/1@1", "mixed", lines), language=language)

    assert words not in first
    assert words in second


def test_a_page_that_begins_with_a_document_of_its_own_continues_none(tmp_path: Path):
    documents = [Document(f"tb/{number}@1", "mixed", (pick(),)) for number in range(30)]

    pages = book(tmp_path / "b.pdf", *documents)

    assert [page.count("tb/") for page in pages[1:]] == [page.count("@1") for page in pages[1:]]
    assert not any("接上页:多品 tb" in page for page in pages)


def test_each_page_names_its_columns(tmp_path: Path):
    lines = tuple(pick(f"SKU-{number}") for number in range(60))

    pages = book(tmp_path / "b.pdf", Document("tb/1@1", "mixed", lines))

    assert all(word in page for page in pages for word in ("库位", "商品编码", "商品名称", "数量"))


@pytest.mark.parametrize("length", [10, 30, 45, 57])
def test_a_barcode_reads_as_the_number_however_long(tmp_path: Path, length: int):
    number = ("tb/" + "1234567890" * 6)[: length - 2] + "@1"
    book(tmp_path / "b.pdf", Document(number, "mixed", (pick(),)))

    image = pypdfium2.PdfDocument(tmp_path / "b.pdf")[0].render(scale=3).to_pil()
    assert [code.text for code in zxingcpp.read_barcodes(image)] == [number]


def test_a_number_that_no_barcode_can_say_readably_has_none_and_is_written_out(tmp_path: Path):
    number = "tb/" + "ABCDEFGHIJ" * 7 + "@1"
    [page] = book(tmp_path / "b.pdf", Document(number, "mixed", (pick(),)))

    text = pypdfium2.PdfDocument(tmp_path / "b.pdf")[0].get_textpage()
    left, *_ = text.get_charbox(text.get_text_range().index("tb/"))
    assert number in joined(page)
    assert left / 72 * 25.4 < 15  # At the margin: nothing is drawn before it.
