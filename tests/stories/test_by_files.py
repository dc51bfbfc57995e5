"""A warehouse without a system of its own: a count comes in, lists go out, sheets bring the numbers that are told.

Two days are lived; each story looks at the order that shows it, from the payload to what the platform was told.
"""

import csv
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook

from orderhub.db.postgres import Server
from orderhub.delivery.dispatch import deliver_books
from orderhub.fulfillment.sync import sync_stock
from orderhub.operate.verify import verify
from tests.builders import rows
from tests.stories.day import CUTOFF, Day, own_day
from tests.stories.lived import LivedDay
from tests.stories.test_a_day import URUMQI

DAY = timedelta(days=1)
FIRST, SECOND = "20261124T020000Z", "20261125T020000Z"
FOLDER = "yiwu/20261124-1000"
HEADER = ("平台订单号", "快递公司", "运单号")
MORE = {
    "carriers.yaml": """\
carriers:
  - id: post
    name: 邮政
    codes: {wms: POSTB}
    asked_as: [邮政, 邮局]
    capabilities: [fragile]
    freight: [{first_g: 1000, first: "9.00", next_g: 1000, next: "5.00"}]
"""
}


class Lived(LivedDay):
    """Two days that are over, their orders by story, and what lay in the folders meanwhile."""

    def numbers(self, story: str) -> list[tuple[str, str]]:
        """Return carrier and number of each parcel that the platform knows of an order."""
        return [(carrier, number) for carrier, number, _ in self.day.numbers(self.orders[story])]

    def listed(self, name: str, story: str) -> dict[str, str]:
        """Return the row of an order in a list of the first day."""
        text = self.seen["files"][f"{FOLDER}/{name}"].decode("utf-8-sig")
        order_id = self.orders[story].order_id
        [row] = [row for row in csv.DictReader(text.splitlines()) if row["平台订单号"] == order_id]
        return row

    def written(self) -> str:
        """Return all that the lists of the first day say, cell by cell."""
        texts = []
        for name, content in self.seen["files"].items():
            if name.endswith(".csv"):
                texts.append(content.decode("utf-8-sig"))
            if name.endswith(".xlsx"):
                sheets = load_workbook(BytesIO(content)).worksheets
                texts += [str(cell) for sheet in sheets for row in sheet.values for cell in row]
        return "\n".join(texts)

    def dropped(self, kind: str, name: str) -> list[str]:
        """Return the reports on files of a name that are in `accepted` or `rejected`."""
        folder = self.day.settings.drop / "warehouses" / "yiwu" / kind
        return [file.read_text("utf-8-sig") for file in sorted(folder.glob(f"*{name}*.report.txt"))]


def take(day: Day) -> None:
    """Let the hub look into the folders, and tell what it found."""
    sync_stock(day.database, day.box.clock, day.settings, day.box.config)
    day.deliver()


def drop_numbers(day: Day, lived: Lived) -> None:
    """Let a person save a workbook, and a program a file in GBK that repeats a parcel and knows too many."""
    sent = {story: order.order_id for story, order in lived.orders.items()}
    by_hand = (sent["by workbook"], "邮政", "9876000000001"), (sent["in both"], "邮局", "9876000000002")
    day.drop_sheet("yiwu", "numbers.xlsx", HEADER, *by_hand)
    lines = [
        HEADER,
        (sent["by lines"], "邮政", "9876000000003"),
        (sent["in both"], "邮政", "9876000000002"),
        ("4711000000000000000", "邮政", "9876000000004"),
    ]
    text = "".join(",".join(line) + "\n" for line in lines)
    day.drop_text("yiwu", "numbers.csv", text, "gbk")


def live(day: Day) -> Lived:
    lived = Lived(day)
    day.lay_in("yiwu", MG_012=3)
    day.work()
    day.drop_text("yiwu", "stock.csv", "sku_id,on_hand\nSKU-MG012,三十\n")
    day.work()
    for story in ("by workbook", "by lines", "in both", "over the count"):
        lived.orders[story] = day.buy("MG-012", to=URUMQI)
        day.work()
    lived.seen["over the count"] = lived.said("over the count")
    day.cut_off(CUTOFF)
    deliver_books(day.database, day.box.clock, day.settings)
    lived.seen["files"] = day.files()
    lived.seen["modes"] = {
        file.stat().st_mode & 0o777 for file in day.settings.manifests.rglob("*") if file.is_file()
    }
    lived.seen["told at the list"] = [lived.numbers(story) for story in lived.orders]
    day.box.pass_time(timedelta(hours=2))
    drop_numbers(day, lived)
    take(day)
    lived.seen["told"] = [lived.numbers(story) for story in lived.orders]
    day.box.pass_time(timedelta(hours=2))
    day.lay_in("yiwu", MG_012=1)
    day.work()
    day.through(CUTOFF + DAY)
    return lived


@pytest.fixture(scope="module")
def lived(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    with own_day(server, tmp_path_factory, "by_files", "taobao", MORE) as day:
        yield live(day)


def test_no_more_is_promised_than_was_counted_and_the_next_count_sends_the_rest(lived: Lived):
    assert "SKU-MG012 需 1 可承诺 0" in lived.seen["over the count"]
    assert lived.left("over the count") == [("yiwu", "shipped", SECOND)]
    assert len(lived.numbers("over the count")) == 1


def test_a_count_that_cannot_be_read_is_put_aside_with_a_reason_and_the_one_before_counts(lived: Lived):
    [report] = lived.dropped("rejected", "stock")

    assert "三十" in report
    assert lived.left("in both") == [("yiwu", "shipped", FIRST)]


def test_the_lists_of_a_closing_lie_in_its_folder_for_nobody_else_to_read(lived: Lived):
    names = ("handover_list.csv", "label_import.csv", "manifest.xlsx", "pick_list.csv", "pick_list.pdf")

    assert {f"{FOLDER}/{name}" for name in (*names, "shipping_list.csv")} <= set(lived.seen["files"])
    assert lived.seen["modes"] == {0o600}


def test_a_shop_that_gives_tokens_only_has_order_and_token_in_the_file_for_labels_and_no_receiver(
    lived: Lived,
):
    row = lived.listed("label_import.csv", "by workbook")
    [(token,)] = rows(
        lived.day.database,
        f"select token from core.receivers where order_id = '{lived.order_id('by workbook')}'",
    )

    assert row["面单令牌"].removeprefix("'") == token
    assert row["快递公司"] == "邮政"
    assert [row[part] for part in ("收件人", "手机", "省", "市", "区", "详细地址", "备注")] == [""] * 7


def test_no_list_holds_anything_of_who_gets_the_parcels(lived: Lived):
    written = lived.written()
    receivers = [order.receiver for order in lived.orders.values()]
    told = [part for each in receivers for part in (each.name, each.mobile, each.address)]

    assert lived.orders["by workbook"].order_id in written
    assert [part for part in told if part in written] == []


@pytest.mark.parametrize(
    ("story", "number"), [("by workbook", "9876000000001"), ("by lines", "9876000000003")]
)
def test_a_number_comes_back_in_a_workbook_or_in_lines_and_is_told_after_that(
    lived: Lived, story: str, number: str
):
    assert lived.seen["told at the list"] == [[], [], [], []]
    assert lived.left(story) == [("yiwu", "shipped", FIRST)]
    assert lived.numbers(story) == [("POSTB", number)]


def test_a_parcel_that_is_in_two_sheets_is_told_once(lived: Lived):
    assert lived.seen["told"][2] == lived.numbers("in both") == [("POSTB", "9876000000002")]


def test_a_row_of_an_order_that_nobody_knows_is_told_to_people_and_sends_nothing(lived: Lived):
    doubts = rows(lived.day.database, "select warehouse_id, subject, reason from core.shipment_doubts")
    sent = rows(lived.day.database, "select tracking_number from core.shipments")

    assert doubts == [("yiwu", "4711000000000000000", "unknown_order")]
    assert ("9876000000004",) not in sent


def test_a_warehouse_of_files_breaks_no_invariant(lived: Lived):
    assert [result.violations for result in verify(lived.day.database) if result.violations] == []
