"""Exchanges and resends leave as orders of their own: once, without payment, told at the platform or by a person."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from orderhub.errors import AlreadyDone, StopError
from orderhub.fulfillment.resend import Resend, answer_goods, order_resend
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.wms.returns import ask_open_returns
from orderhub.operate.verify import verify
from orderhub.quality.decide import Choice, Decision, decide
from tests.builders import FILES, NOON, rows, shops_file
from tests.wms.conftest import House

MADE = "select order_id, of_order_id, kind, goods from core.replacements order by 1"
DOCUMENTS = (
    "select fulfillment_order_id, state from core.fulfillment_orders where order_id <> 'tb/1' order by 1"
)
LINES = "select line_id, sku_id, quantity::int, paid_fen::int from core.order_lines where order_id = '{}' order by 1"
HELD = "select order_id, evidence ->> 'proposed', holds.state from core.holds join core.anomalies using (anomaly_id, order_id) where holds.rule_id = 'which_goods'"
STOCK = "select sku_id, on_hand::int, reserved::int from core.stock where warehouse_id = 'hangzhou' order by 1"
SAME = {"shops.yaml": shops_file().replace("on_stale: wait\n", "on_stale: wait\n    exchange_goods: same\n")}


def after_sale(house: House, **given: Any) -> None:
    """What transform writes of an after-sale of order tb/1: the version of now replaces the one before."""
    values = {
        "id": "R1", "kind": "exchange", "state": "open", "line": "1", "quantity": 1, "replacement": "agreed",
        "wanted": None, **given, "now": NOON,
    }  # fmt: skip
    with house.database.engine.begin() as connection:
        connection.execute(text("delete from core.refunds where refund_id = 'tb/' || :id"), values)
        connection.execute(
            text(
                "insert into core.refunds (refund_id, platform, shop_id, platform_refund_id, order_id, platform_line_id, "
                "kind, state, is_terminal, quantity, replacement, wanted_sku, version_id, merge_key, mapping_version, "
                "_load_id, _pass_id, _seen_at) values ('tb/' || :id, 'taobao', 'tb', :id, 'tb/1', :line, :kind, :state, "
                "false, :quantity, :replacement, :wanted, 'v', 'k', 'm', 1, 1, :now)"
            ),
            values,
        )
    run(house)


def run(house: House) -> None:
    run_fulfillment(house.database, house.clock, house.active)


def shipped(house: House, **more: Any) -> None:
    """Order tb/1 of two mugs and a cup has left Hangzhou: 18 mugs and 19 cups lie there."""
    house.open(orders=1, **more)
    ship(house)


def ship(house: House) -> None:
    house.deliver()
    house.clock.move(timedelta(minutes=1))
    house.ship_all()
    house.confirm()
    house.clock.move(timedelta(minutes=1))


def come_back(house: House) -> None:
    house.deliver()
    house.clock.move(timedelta(minutes=1))
    house.wms.ledger.receive("R-tb-R1-hangzhou", "MUG", 1, 0, house.clock.now())
    ask_open_returns(house.database, house.clock, house.account)


def clean(house: House) -> list[tuple[str, ...]]:
    return [r.violations for r in verify(house.database) if r.violations]


def test_an_exchange_leaves_by_its_own_document_once_its_goods_came_back(house: House):
    shipped(house, more=SAME)
    after_sale(house)
    before = rows(house.database, MADE)
    come_back(house)
    run(house)
    run(house)
    house.clock.move(timedelta(hours=1))
    house.close()
    ship(house)

    assert before == []
    assert rows(house.database, MADE) == [("tb/HHR1", "tb/1", "exchange", "same")]
    assert rows(house.database, LINES.format("tb/HHR1")) == [("1", "MUG", 1, 0)]
    assert rows(house.database, DOCUMENTS) == [("tb/HHR1@1", "shipped")]
    assert rows(house.database, STOCK) == [("CUP", 19, 0), ("MUG", 18, 0)]
    sent = {one.code: (one.order_type, one.oaid, dict(one.left)) for one in house.wms.ledger.documents.values()}
    assert sent["tb-HHR1-1"] == ("HHCK", "OAID-1", {"MUG": 1})
    assert rows(
        house.database, "select kind, bucket, quantity::int, shipped_at is not null from mart.replacements"
    ) == [("exchange", "shipped", 1, True)]
    assert rows(house.database, "select order_id from mart.orders") == [("tb/1",)]
    assert clean(house) == []
