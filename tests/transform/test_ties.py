"""Two versions of one modified second: the one that was fetched last is the later truth."""

import itertools
from datetime import timedelta
from typing import Any

import pytest

from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.platforms.payload import version_hash, written
from orderhub.platforms.staging import Record, stage_page
from orderhub.transform.run import run_transform
from tests.builders import rows
from tests.transform.payloads import NOW, StoppedClock, trade

VERSIONS = [(0, "请发顺丰"), (5, "改地址"), (9, "算了")]
TID = str(trade()["tid"])


def stage_at(database: Database, seconds: int, stream: str, value: dict[str, Any]) -> None:
    record = Record(TID, None, written(value), version_hash(value), 0)
    with hold_scope(database, "test") as lease, database.transaction(lease) as connection:
        stage_page(
            connection, StoppedClock(), platform="taobao", shop_id="tb", stream=stream, window_id=None,
            source="page 1", records=[record], asked_at=NOW + timedelta(seconds=seconds),
        )  # fmt: skip


@pytest.mark.parametrize("arrival", list(itertools.permutations(VERSIONS)))
def test_of_versions_with_one_modified_the_last_fetched_stands_whatever_arrives_first(
    database: Database, config: MerchantConfig, arrival: tuple[tuple[int, str], ...]
):
    for seconds, memo in arrival:
        stage_at(database, seconds, "orders", trade(seller_memo=memo))
        run_transform(database, StoppedClock(), config)

    assert [("算了",)] == rows(database, "select seller_memo from core.orders")


@pytest.mark.parametrize("order", [1, -1])
def test_refunds_follow_the_same_rule(database: Database, config: MerchantConfig, order: int):
    versions = [(0, "不想要了"), (5, "买错了")]
    for seconds, reason in versions[::order]:
        value = {
            "refund_id": TID, "tid": TID, "status": "WAIT_SELLER_AGREE", "reason": reason,
            "modified": "2026-11-20 10:00:00",
        }  # fmt: skip
        stage_at(database, seconds, "refunds", value)
        run_transform(database, StoppedClock(), config)

    assert [("买错了",)] == rows(database, "select reason from core.refunds")


@pytest.mark.parametrize(
    ("status", "expected"),
    [("WAIT_SELLER_STOCK_OUT", "cod_accepted"), ("FINISHED_L", "paid"), ("TRADE_CANCELED", "refunded")],
)
def test_who_pays_at_the_door_has_not_paid_before_the_end(
    database: Database, config: MerchantConfig, status: str, expected: str
):
    order = {
        "orderId": "3001", "orderState": status, "payType": "1-货到付款", "orderPayment": "10.00",
        "modified": "2026-11-20 10:00:00", "itemInfoList": [{"itemTotal": "1"}],
    }  # fmt: skip
    record = Record("3001", None, written(order), version_hash(order), 0)
    with hold_scope(database, "test") as lease, database.transaction(lease) as connection:
        stage_page(
            connection, StoppedClock(), platform="jd", shop_id="tb", stream="orders", window_id=None,
            source="page 1", records=[record],
        )  # fmt: skip
    run_transform(database, StoppedClock(), config)

    assert [(expected,)] == rows(database, "select payment_state from core.orders")
