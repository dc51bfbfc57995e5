"""Row 75 of the fault matrix: an order of a thousand lines and texts of any length goes from the wire to the lists."""

import csv
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from pydantic import SecretStr
from sqlalchemy import text

from orderhub.db.engine import Database
from orderhub.delivery.dispatch import deliver_books, deliver_pending
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import ensure_first_start, request_extra
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.sheets import CELL_LIMIT
from orderhub.quality.decide import Choice, Decision, decide, holds_of_rule
from orderhub.settings import Settings
from tests.builders import rows
from tests.platforms.shop_in_a_box import ShopInABox
from tests.platforms.test_bad_orders import plain_orders, spoil

LINES, NOTE, TITLE = 1_114, "长" * 350_000, "字" * 40_000
STAGED = """
    select jsonb_array_length(payload -> 'lines'), payload ->> 'buyer_note', payload -> 'lines' -> 0 ->> 'title'
    from staging.miniprogram_orders where record_id = '{}'"""

MESSAGE = "select buyer_message from core.orders where platform_order_id = '{}'"


def very_long(order: dict[str, Any]) -> None:
    """Give the order a thousand lines of one piece, and texts that no cell and no label holds."""
    [line] = order["lines"]
    one = {**line, "qty": 1, "paid": line["unit_price"], "discount": 0}
    order["lines"] = [{**one, "line_no": number} for number in range(1, LINES + 1)]
    order["lines"][0]["title"] = TITLE
    paid = one["paid"] * LINES
    order["amounts"] |= {"goods": paid, "paid": paid, "freight": 0, "discount": 0}
    order["buyer_note"] = NOTE
    order["receiver"]["address"] += "长" * 5_000


@pytest.fixture
def box(database: Database) -> ShopInABox:
    box = ShopInABox(database, orders=40, platform="miniprogram")
    box.gateway.behavior.churn_per_call = box.gateway.behavior.churn_place = 0
    box.pass_time(timedelta(minutes=20))
    return box


def listed(box: ShopInABox, settings: Settings) -> Path:
    """Route and close what may ship, and return the folder of its lists."""
    with box.database.engine.begin() as connection:
        connection.execute(
            text(
                "insert into core.stock (warehouse_id, sku_id, on_hand, counted_at) "
                "select distinct 'hangzhou', sku_id, 10000, cast(:now as timestamptz) from core.order_lines "
                "where sku_id is not null"
            ),
            {"now": box.clock.now()},
        )
    ensure_first_start(box.database, box.clock)
    run_fulfillment(box.database, box.clock, box.config)
    request_extra(box.database, box.clock, box.config, "hangzhou", "test")
    close_due(box.database, box.clock, box.config, {})
    deliver_pending(box.database, box.clock, settings)
    deliver_books(box.database, box.clock, settings)
    [file] = settings.manifests.rglob("shipping_list.csv")
    return file.parent


def test_an_order_of_a_thousand_lines_and_endless_texts_is_kept_whole_and_listed(
    box: ShopInABox, tmp_path: Path
):
    number = plain_orders(box)[0].order_id
    spoil(box, {number: very_long})
    box.pull()
    box.transform()

    [hold_id] = holds_of_rule(box.database, f"mp_own/{number}", "large_order")
    decide(box.database, box.clock, Decision(hold_id, Choice.RELEASE, "asked the buyer", "li"))
    folder = listed(box, Settings(home=tmp_path, database_url=SecretStr("x"), hash_key=SecretStr("x")))

    with (folder / "shipping_list.csv").open(encoding="utf-8-sig", newline="") as file:
        shipped = [row["商品名称"] for row in csv.DictReader(file) if row["平台订单号"] == number]
    book = load_workbook(folder / "manifest.xlsx", read_only=True)
    cells = [str(cell) for row in book["发货清单"].iter_rows(values_only=True) for cell in row if cell]
    assert rows(box.database, STAGED.format(number)) == [(LINES, NOTE, TITLE)]
    assert rows(box.database, MESSAGE.format(number)) == [(NOTE,)]
    assert (len(shipped), shipped[0]) == (LINES, TITLE)
    assert (cells.count(number), max(cells, key=len)) == (LINES, f"{TITLE[: CELL_LIMIT - 1]}…")
