import csv
import hashlib
from datetime import timedelta
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from openpyxl import load_workbook
from pydantic import SecretStr
from sqlalchemy import text

from orderhub.clock import FixedClock
from orderhub.db.engine import Database
from orderhub.delivery.dispatch import deliver_books, deliver_pending
from orderhub.errors import EnvironmentFault, StopError
from orderhub.fulfillment import manifest_lists
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import ensure_first_start, request_extra
from orderhub.fulfillment.manifest_files import PARTS, publish
from orderhub.fulfillment.run import run_fulfillment
from orderhub.settings import Settings
from tests.builders import NOON, Line, Order, activate, put, rows, stock


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, database_url=SecretStr("x"), hash_key=SecretStr("x"))


def closed_manifest(database: Database, clock: FixedClock, *orders: Order, **shop: str) -> dict[str, str]:
    with database.engine.begin() as connection:
        config = activate(connection, **shop)
        stock(connection, hangzhou__MUG=50, hangzhou__CUP=50)
        put(connection, *orders)
    ensure_first_start(database, clock)
    run_fulfillment(database, clock, config)
    request_extra(database, clock, config, "hangzhou", "test")
    (closed,) = close_due(database, clock, config, {})
    return {"manifest_id": closed.manifest_id}


def publish_all(database: Database, clock: FixedClock, settings: Settings, payload: dict[str, str]) -> None:
    for part in PARTS.values():
        publish(database, clock, settings, payload, part)


def shelved(database: Database, **skus: tuple[str, str]) -> None:
    """Put SKUs with name and shelf in Hangzhou into the goods master."""
    with database.engine.begin() as connection:
        for sku_id, (name, location) in skus.items():
            connection.execute(
                text(
                    "insert into core.skus (sku_id, name, weight_g, is_weight_assumed, kind, locations) "
                    "values (:sku, :name, 1, false, 'goods', jsonb_build_object('hangzhou', cast(:at as text)))"
                ),
                {"sku": sku_id, "name": name, "at": location},
            )


def table(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.reader(lines))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


ONE = Order("18000000000000000001", (Line("MUG", 2), Line("CUP", 1, title="杯子")))
TWO = Order("g1", (Line("MUG", 3),), shop_id="group", platform="spreadsheet")


def test_lists_say_what_to_ship_and_what_to_pick(database: Database, clock: FixedClock, settings: Settings):
    payload = closed_manifest(database, clock, ONE, TWO)

    publish(database, clock, settings, payload)

    folder = settings.manifests / "hangzhou" / "20261123-1200"
    shipping = table(folder / "shipping_list.csv")
    assert [row[0] for row in shipping] == [
        "发货单号",
        "group/g1@1",
        f"{ONE.order_id}@1",
        f"{ONE.order_id}@1",
    ]
    assert shipping[2][3] == "18000000000000000001"
    assert table(folder / "pick_list.csv") == [
        ["波次", "库位", "商品编码", "商品名称", "数量", "单数"],
        ["单品多件", "", "MUG", "马克杯", "3", "1"],
        ["多品", "", "CUP", "杯子", "1", "1"],
        ["多品", "", "MUG", "马克杯", "2", "1"],
    ]
    assert rows(database, "select state, published_at from core.manifests") == [("published", NOON)]


def test_receivers_appear_only_as_far_as_the_shop_allows(
    database: Database, clock: FixedClock, settings: Settings
):
    payload = closed_manifest(database, clock, ONE, TWO)

    publish(database, clock, settings, payload)

    shipping = table(settings.manifests / "hangzhou" / "20261123-1200" / "shipping_list.csv")
    receivers = {row[0]: row[7:14] for row in shipping[1:]}
    assert receivers == {
        "group/g1@1": ["OAID-1", "浙江省", "杭州市", "西湖区", "张**", "138****0000", "文三路***"],
        f"{ONE.order_id}@1": ["OAID-1", "浙江省", "杭州市", "西湖区", "", "", ""],
    }


def test_writing_again_gives_the_same_bytes(database: Database, clock: FixedClock, settings: Settings):
    payload = closed_manifest(database, clock, ONE, TWO)
    publish_all(database, clock, settings, payload)
    first = contents(settings.manifests)
    for name in first:
        (settings.manifests / name).unlink()
    clock.move(timedelta(hours=1))

    publish_all(database, clock, settings, payload)

    assert first == contents(settings.manifests)
    assert rows(database, "select file_name, file_sha256 from core.manifest_files order by 1") == [
        (name, hashlib.sha256(content).hexdigest()) for name, content in first.items()
    ]


def test_files_are_for_their_owner_only(database: Database, clock: FixedClock, settings: Settings):
    payload = closed_manifest(database, clock, ONE)

    publish_all(database, clock, settings, payload)

    assert {f.stat().st_mode & 0o777 for f in settings.manifests.rglob("*.*")} == {0o600}


def test_an_empty_manifest_is_a_file_that_says_zero(
    database: Database, clock: FixedClock, settings: Settings
):
    payload = closed_manifest(database, clock)

    publish_all(database, clock, settings, payload)

    folder = settings.manifests / "hangzhou" / "20261123-1200"
    book = load_workbook(folder / "manifest.xlsx")
    assert book.sheetnames == ["发货清单", "拣货单", "快递交接单"]
    assert book["发货清单"]["A1"].value == "杭州仓 2026-11-23 12:00 截单:0 单,0 行,0 件"
    assert len(table(folder / "shipping_list.csv")) == 1


def test_a_publisher_killed_between_two_files_is_completed_by_the_next(
    database: Database, clock: FixedClock, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    payload = closed_manifest(database, clock, ONE)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(manifest_lists, "_picking", die)
        with pytest.raises(KeyboardInterrupt):
            publish(database, clock, settings, payload)
    state = rows(database, "select state from core.manifests")

    answer = publish(database, clock, settings, payload)

    assert state == [("closed",)]
    assert sorted(answer["files"]) == sorted(contents(settings.manifests))
    assert len(answer["files"]) == 2


def test_an_unwritable_folder_leaves_nothing_half_visible(
    database: Database, clock: FixedClock, settings: Settings
):
    payload = closed_manifest(database, clock, ONE)
    settings.manifests.mkdir()
    (settings.manifests / "hangzhou").write_text("a file where the folder should be")

    with pytest.raises(EnvironmentFault, match="cannot be written"):
        publish(database, clock, settings, payload)

    assert rows(database, "select state from core.manifests") == [("closed",)]


def test_a_handed_over_list_is_written_again_as_it_was_though_an_order_changed(
    database: Database, clock: FixedClock, settings: Settings
):
    payload = closed_manifest(database, clock, ONE)
    publish_all(database, clock, settings, payload)
    first = contents(settings.manifests)
    for name in first:
        (settings.manifests / name).unlink()
    with database.engine.begin() as connection:
        connection.execute(text("update core.receivers set city = '宁波市'"))

    publish_all(database, clock, settings, payload)

    assert first == contents(settings.manifests)


def test_a_list_from_before_copies_were_kept_is_never_rewritten_differently(
    database: Database, clock: FixedClock, settings: Settings
):
    payload = closed_manifest(database, clock, ONE)
    publish(database, clock, settings, payload)
    listed = settings.manifests / "hangzhou" / "20261123-1200" / "shipping_list.csv"
    listed.unlink()
    with database.engine.begin() as connection:
        connection.execute(text("update core.receivers set city = '宁波市'"))
        connection.execute(text("delete from core.manifest_copies"))

    with pytest.raises(StopError, match="changed after"):
        publish(database, clock, settings, payload)

    assert not listed.exists()


def test_each_document_is_in_the_wave_that_it_is_picked_in(database: Database, clock: FixedClock):
    hot = [Order(f"hot{number}") for number in range(20)]
    closed_manifest(
        database, clock, *hot, Order("single", (Line("CUP"),)), Order("several", (Line("CUP", 2),)),
        Order("split", (Line("CUP"), Line("CUP"))), Order("mixed", (Line("CUP"), Line())),
    )  # fmt: skip

    assert rows(
        database,
        "select wave, count(*), min(parcel_id) from core.manifest_waves group by wave order by 1",
    ) == [
        ("hot", 20, "tb/hot0@1"),
        ("mixed", 1, "tb/mixed@1"),
        ("several", 2, "tb/several@1"),
        ("single", 1, "tb/single@1"),
    ]


def test_picking_goes_by_shelf_and_by_the_names_of_the_goods_master(
    database: Database, clock: FixedClock, settings: Settings
):
    payload = closed_manifest(database, clock, Order("1"), Order("2", (Line("CUP"),)))
    shelved(database, MUG=("白瓷马克杯", "B-02"), CUP=("玻璃杯", "A-01"))

    publish(database, clock, settings, payload)

    assert table(settings.manifests / "hangzhou" / "20261123-1200" / "pick_list.csv")[1:] == [
        ["单品单件", "A-01", "CUP", "玻璃杯", "1", "1"],
        ["单品单件", "B-02", "MUG", "白瓷马克杯", "1", "1"],
    ]


def test_the_hand_over_list_is_by_carrier_and_says_where_none_was_chosen(
    database: Database, clock: FixedClock, settings: Settings
):
    payload = closed_manifest(database, clock, Order("1"), Order("2"))
    with database.engine.begin() as connection:
        connection.execute(
            text("update core.fulfillment_orders set carrier_id = 'zto' where order_id = 'tb/2'")
        )

    publish(database, clock, settings, payload, "labels")

    assert table(settings.manifests / "hangzhou" / "20261123-1200" / "handover_list.csv") == [
        ["快递", "发货单号", "店铺", "平台订单号", "数量", "波次"],
        ["zto", "tb/2@1", "tb", "2", "1", "单品单件"],
        ["未指定", "tb/1@1", "tb", "1", "1", "单品单件"],
    ]


def test_the_file_for_label_software_has_a_token_what_is_collected_and_no_receiver_where_the_policy_says_so(
    database: Database, clock: FixedClock, settings: Settings
):
    payload = closed_manifest(database, clock, ONE, TWO)
    with database.engine.begin() as connection:
        connection.execute(text("update core.orders set buyer_message = '=打给13812345678'"))
        connection.execute(
            text("update core.fulfillment_orders set cod_fen = 10650 where order_id = :order"),
            {"order": ONE.order_id},
        )

    publish(database, clock, settings, payload, "labels")

    group, tb = table(settings.manifests / "hangzhou" / "20261123-1200" / "label_import.csv")[1:]
    assert group == [
        "group/g1@1", "g1", "group", "张**", "138****0000", "浙江省", "杭州市", "西湖区", "文三路***", "马克杯×3", "3",
        "OAID-1", "", "", "'=打给138****5678",
    ]  # fmt: skip
    assert tb == [
        f"{ONE.order_id}@1", ONE.number, "tb", "", "", "", "", "", "", "杯子×1;马克杯×2", "3", "OAID-1", "", "106.50", "",
    ]  # fmt: skip


def test_the_pick_book_has_a_barcode_per_document_that_reads_as_its_number_and_its_font_inside(
    database: Database, clock: FixedClock, settings: Settings
):
    payload = closed_manifest(database, clock, ONE, Order("2"), Order("3"))

    publish(database, clock, settings, payload, "books")

    book = (settings.manifests / "hangzhou" / "20261123-1200" / "pick_list.pdf").read_bytes()
    codes = zxingcpp.read_barcodes(pypdfium2.PdfDocument(book)[0].render(scale=3).to_pil())
    assert {code.text for code in codes} == {f"{ONE.order_id}@1", "tb/2@1", "tb/3@1"}
    assert {code.format for code in codes} == {zxingcpp.BarcodeFormat.Code128}
    assert (b"/FontFile3" in book, book.count(b"/Type /Font\n"), b"Helvetica" in book) == (True, 2, False)


def test_two_lines_of_one_sku_are_picked_and_labelled_as_one(
    database: Database, clock: FixedClock, settings: Settings
):
    payload = closed_manifest(database, clock, Order("1", (Line("MUG", 2), Line("CUP"), Line("MUG", 3))))

    publish_all(database, clock, settings, payload)

    folder = settings.manifests / "hangzhou" / "20261123-1200"
    page = pypdfium2.PdfDocument(folder / "pick_list.pdf")[0].get_textpage().get_text_range()
    assert table(folder / "label_import.csv")[1][9:11] == ["马克杯×1;马克杯×5", "6"]
    assert page.partition("tb/1@1")[2].split() == ["CUP", "马克杯", "×1", "MUG", "马克杯", "×5"]
    assert len(table(folder / "shipping_list.csv")) == 4


def test_a_line_that_was_given_back_before_the_files_were_written_is_in_none_of_them(
    database: Database, clock: FixedClock, settings: Settings
):
    payload = closed_manifest(database, clock, ONE, Order("2", (Line("MUG"),)))
    with database.engine.begin() as connection:
        connection.execute(text("update core.manifest_lines set is_void = true where sku_id = 'CUP'"))

    publish_all(database, clock, settings, payload)

    folder = settings.manifests / "hangzhou" / "20261123-1200"
    page = pypdfium2.PdfDocument(folder / "pick_list.pdf")[0].get_textpage().get_text_range()
    cells = [cell for name in ("shipping_list", "pick_list", "label_import") for row in table(folder / f"{name}.csv")
             for cell in row]  # fmt: skip
    sheets = load_workbook(folder / "manifest.xlsx")
    cells += [str(cell.value) for sheet in sheets for row in sheet.iter_rows() for cell in row]
    assert [cell for cell in cells if "CUP" in cell or "杯子" in cell] == []
    assert ("CUP" in page, "MUG" in page) == (False, True)


def test_a_slow_book_keeps_no_list_and_no_label_waiting(
    database: Database, clock: FixedClock, settings: Settings
):
    closed_manifest(database, clock, ONE)

    deliver_pending(database, clock, settings)

    assert sorted(file.name for file in settings.manifests.rglob("*.*")) == [
        "handover_list.csv", "label_import.csv", "pick_list.csv", "shipping_list.csv",
    ]  # fmt: skip
    deliver_books(database, clock, settings)
    assert sorted(file.name for file in settings.manifests.rglob("*.*") if file.suffix != ".csv") == [
        "manifest.xlsx",
        "pick_list.pdf",
    ]


def test_long_addresses_emoji_names_and_formulas_arrive_as_text_in_every_file(
    database: Database, clock: FixedClock, settings: Settings
):
    odd = Order(
        "=1+1", (Line(title="=HYPERLINK(1) 👨‍👩‍👧 限量马克杯" + "长" * 200),), shop_id="group", platform="spreadsheet",
        receiver={"name_masked": "👩‍🎤**", "address_masked": "内蒙古自治区呼伦贝尔市" + "很长的路" * 60 + "***"},
    )  # fmt: skip
    payload = closed_manifest(database, clock, odd)

    publish_all(database, clock, settings, payload)

    folder = settings.manifests / "hangzhou" / "20261123-1200"
    shipping = table(folder / "shipping_list.csv")[1]
    assert (shipping[3], shipping[11], len(shipping[13])) == ("'=1+1", "👩‍🎤**", 254)
    sheets = load_workbook(folder / "manifest.xlsx")
    kinds = {cell.data_type for sheet in sheets for line in sheet.iter_rows() for cell in line if cell.value}
    assert kinds == {"s", "n"}
    page = pypdfium2.PdfDocument(folder / "pick_list.pdf")[0].get_textpage().get_text_range()
    assert "=HYPERLINK(1) □ 限量马克杯长长" in page
    assert "…" in page


def test_lines_beyond_the_limit_go_into_further_workbooks(
    database: Database, clock: FixedClock, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(manifest_lists, "WORKBOOK_LINES", 2)
    payload = closed_manifest(database, clock, ONE, TWO)

    answer = publish(database, clock, settings, payload, "books")

    books = [load_workbook(settings.manifests / name) for name in sorted(answer["files"]) if "xlsx" in name]
    assert sorted(tuple(book.sheetnames) for book in books) == [
        ("发货清单", "拣货单"),
        ("发货清单", "拣货单", "快递交接单"),
    ]
    assert sorted(book["发货清单"].max_row for book in books) == [3, 4]
    assert sorted(name.partition("/2026")[2] for name in answer["files"] if "pdf" in name) == [
        "1123-1200/pick_list-2.pdf",
        "1123-1200/pick_list.pdf",
    ]
