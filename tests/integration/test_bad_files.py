"""Groups G and H of the fault matrix by file, to the end: the mail that people get, the list that a warehouse gets."""

import csv
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from openpyxl import load_workbook

from orderhub import paths
from orderhub.alerts.watch import look_around
from orderhub.config.store import apply_directory
from orderhub.db.engine import Database
from orderhub.db.postgres import free_port
from orderhub.delivery.dispatch import deliver_pending
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import ensure_first_start, request_extra
from orderhub.fulfillment.manifest_files import publish
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.stock import import_stock
from sandbox.mailbox import Mailbox
from tests.builders import rows
from tests.integration.test_alerts import settings_of
from tests.integration.test_bad_business_data import FOUND, SHIPPABLE, drop
from tests.integration.test_drop_folder import Folder

MAILS = "select count(*) from ops.outbox where target = 'mail'"
TOLD = "select count(*) from ops.alerts where topic = 'held'"
SECOND = """
  - id: second
    platform: spreadsheet
    name: 另一张表格
    go_live_at: "2026-01-01T00:00:00+08:00"
"""
DOLLARS = {"币种": "USD"}
ODD = {
    "emoji and characters of four bytes": "谢谢😀𠮷👨‍👩‍👧",
    "right to left and a mark in the middle": "\u202e谢谢\ufeff老板",
    "a flood of combining marks": "谢" + "\u0301" * 200,
    "what a workbook would calculate": "=1+1",
    "control characters": "谢\x07谢\x0b老板",
    "quotes, commas and line ends": '谢谢","\r\n老板',
}


def someone(number: int) -> dict[str, str]:
    """An order of another buyer, who lives elsewhere."""
    return {
        "订单号": f"S{number}", "客户编号": f"s-{number}", "手机": f"139000000{number:02}",
        "收货地址": f"浙江省杭州市西湖区文三路{number}号甲",
    }  # fmt: skip


@pytest.fixture
def folder(database: Database, tmp_path: Path) -> Folder:
    return Folder(database, tmp_path / "home")


def test_anomalies_of_a_day_without_a_mail_server_all_arrive_once(folder: Folder, tmp_path: Path) -> None:
    mailbox, settings = Mailbox(folder.clock.now), settings_of(tmp_path, port := free_port())
    for hour in range(24):
        drop(folder, {"订单号": f"D{hour}", "客户编号": f"d-{hour}", **DOLLARS}, name=f"{hour}.csv")
        deliver_pending(folder.database, folder.clock, settings)
        folder.clock.move(timedelta(hours=1))

    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    mailbox.drop_after_data = 1
    for _ in range(3):
        deliver_pending(folder.database, folder.clock, settings)
        folder.clock.move(timedelta(hours=1))
    controller.stop()

    told = "".join(mail.text for mail in mailbox.mails)
    assert [mail.subject for mail in mailbox.mails].index("[orderhub] 迟到的提醒:至少 5 封随后送到") == 0
    assert "自 03-02 10:00 起的提醒没能送出" in mailbox.mails[0].text
    assert [] == [hour for hour in range(24) if f"group_orders/D{hour}" not in told]
    assert [(len({mail.message_id for mail in mailbox.mails}),)] == folder.query(MAILS)
    assert len(mailbox.mails) == len({mail.message_id for mail in mailbox.mails}) + 1


def test_an_anomaly_comes_back_and_is_told_again_only_after_it_was_put_right(folder: Folder) -> None:
    seen = []
    for number, currency in enumerate(("USD", "USD", "CNY", "USD")):
        drop(folder, {"币种": currency, "买家留言": f"第{number}次"}, name=f"{number}.csv")
        folder.clock.move(timedelta(minutes=15))
        look_around(folder.database, folder.clock, folder.config)
        seen += folder.query(f"select state, ({TOLD}) from core.anomalies")

    assert seen == [("open", 1), ("open", 1), ("closed", 1), ("open", 2)]


def test_amounts_a_hundred_times_too_large_stop_the_source(folder: Folder) -> None:
    drop(folder, *(someone(n) for n in range(25)))
    folder.clock.move(timedelta(days=1))
    swapped = {"单价": "6000.00", "商品实付": "12000.00", "实付金额": "12000.00"}

    drop(folder, *({**someone(n), **swapped} for n in range(30, 55)), name="swapped.csv")

    assert folder.query("select rule_id from ops.source_stops") == [("source_amounts_swapped",)]
    assert folder.query(SHIPPABLE) == []
    [(subject,)] = folder.query(
        "select payload ->> 'subject' from ops.outbox where subject like 'alert:source_amounts_swapped:%'"
    )
    assert "group_orders" in str(subject)


def test_an_order_of_seven_hundred_lines_with_a_note_of_a_megabyte_is_kept_whole(folder: Folder) -> None:
    drop(
        folder, *({"商品名称": f"第{n}件", "买家留言": "长" * 350_000 if n == 0 else ""} for n in range(705))
    )

    lines, note = "select count(*) from core.order_lines", "select length(buyer_message) from core.orders"
    assert (folder.query(lines), folder.query(note)) == ([(705,)], [(350_000,)])


def test_what_was_closed_is_never_paid_again(folder: Folder) -> None:
    drop(folder, {}, name="1.csv")
    state = "select status, is_terminal from core.orders"
    drop(folder, {"订单状态": "已关闭"}, name="2.csv")
    closed = folder.query(state)
    folder.clock.move(timedelta(hours=1))

    drop(folder, {"订单状态": "已付款", "买家留言": "还要"}, name="3.csv")

    assert [("closed", True)] == closed == folder.query(state)
    assert folder.query(SHIPPABLE) == []


def test_a_status_that_nobody_knows_is_held(folder: Folder) -> None:
    drop(folder, {"订单状态": "量子态"})

    assert folder.query(FOUND) == [("unknown_status", "B1")]


def test_letters_of_every_kind_go_through_to_the_lists_of_the_warehouse(folder: Folder) -> None:
    drop(folder, *({**someone(n), "商品名称": odd} for n, odd in enumerate(ODD.values())))
    stock = paths.shipped_config_directory() / "stock.csv"
    import_stock(folder.database, folder.clock, stock, "test")
    ensure_first_start(folder.database, folder.clock)
    folder.clock.move(timedelta(minutes=1))
    run_fulfillment(folder.database, folder.clock, folder.config)
    request_extra(folder.database, folder.clock, folder.config, "hangzhou", "test")
    *_, closed = close_due(folder.database, folder.clock, folder.config, {})

    payload = {"manifest_id": closed.manifest_id}
    written = publish(folder.database, folder.clock, folder.settings, payload)["files"]
    written |= publish(folder.database, folder.clock, folder.settings, payload, "books")["files"]

    files = {Path(name).name: folder.settings.manifests / name for name in written}
    with files["shipping_list.csv"].open(encoding="utf-8-sig", newline="") as lines:
        listed = list(csv.reader(lines))
    book = load_workbook(files["manifest.xlsx"]).worksheets[0]
    cells = [cell for row in book.iter_rows() for cell in row]
    assert {len(listed[0])} == {len(row) for row in listed}
    assert len(ODD) == len(listed) - 1
    assert "f" not in {cell.data_type for cell in cells}


def test_a_number_in_two_shops_is_two_orders(folder: Folder, tmp_path: Path) -> None:
    files = tmp_path / "config"
    shutil.copytree(paths.shipped_config_directory(), files)
    with (files / "shops.yaml").open("a", encoding="utf-8") as shops:
        shops.write(SECOND)
    home = folder.settings.home
    folder.config = apply_directory(folder.database, folder.clock, files, home, "test")
    drop(folder, {})
    folder.path = folder.settings.drop / "second"
    folder.path.mkdir()
    folder.shop_id = "second"

    drop(folder, {"买家留言": "另一家"})

    assert folder.query("select order_id from core.orders order by 1") == [
        ("group_orders/B1",),
        ("second/B1",),
    ]
    assert folder.query(FOUND) == []


def test_a_day_without_a_single_time_is_a_report_with_blanks(folder: Folder, analyst: Database) -> None:
    drop(folder, {"下单时间": "", "付款时间": "", "订单状态": "已取消"})

    shown = "select placed_date, paid_date, placed_to_allocated_minutes from mart.orders"
    assert rows(analyst, shown) == [(None, None, None)]
    assert rows(analyst, "select count(*) from mart.fulfillment_daily") == [(0,)]
