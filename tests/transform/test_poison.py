"""One order, however absurd, never stops a pass: it becomes an anomaly, and its neighbors go on."""

from typing import Any

import pytest

from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.transform.run import run_transform
from tests.builders import rows
from tests.transform.payloads import StoppedClock, stage, trade

LONG = "".join(chr(0x4E00 + number * 7919 % 20000) for number in range(5000))
DEEP: Any = "end"
for _ in range(900):
    DEEP = {"a": DEEP}


def lines(count: int, **changes: Any) -> dict[str, Any]:
    line = trade()["orders"]["order"][0]
    return {"order": [{**line, "oid_str": str(number), **changes} for number in range(count)]}


ODD = {
    "key of a buyer that no index holds": {"buyer_open_uid": LONG},
    "order number that no index holds": {"tid_str": LONG},
    "line number that no index holds": {"line_oid_str": LONG},
    "note of five megabytes": {"seller_memo": "备注13912345678 " * 250_000},
    "seven hundred lines": {"orders": lines(700)},
    "nine thousand lines of all the money there is": {
        "orders": lines(9300, divide_order_fee="9999999999999.99", payment="9999999999999.99")
    },
    "a million million pieces": {"line_num": 10**12},
    "money beyond every column": {"payment": "9" * 40, "total_fee": "-9999999999999.99"},
    "objects where texts stand": {"buyer_message": DEEP, "payment": {"a": [1]}, "line_num": [[]]},
    "lists where objects stand": {"orders": [1, None, "x", []], "promotion_details": []},
    "twins that look like the hub's own marks": {
        "orders": {"order": [{"oid_str": oid} for oid in ("1", "1", "1~2", "1_2", None, "5")]}
    },
    "times out of every range": {"created": "0001-02-03 00:00:00", "modified": "9999-12-31 23:59:59"},
    "a list of fields that is none": {"disagreeing_fields": [None, {}, 1]},
}


@pytest.mark.parametrize("changes", ODD.values(), ids=ODD)
def test_absurd_order_is_kept_and_its_neighbor_ships(
    database: Database, config: MerchantConfig, changes: dict[str, Any]
):
    stage(database, [trade("1", **changes), trade("2")], "tb")

    run_transform(database, StoppedClock(), config)

    ready = "select order_id from core.line_readiness where blocked_by is null and order_id = 'tb/2'"
    assert rows(database, "select order_id from core.orders order by 1") == [("tb/1",), ("tb/2",)]
    assert rows(database, ready) == [("tb/2",)]


@pytest.mark.parametrize("field", ["buyer_open_uid", "line_oid_str"])
def test_key_that_no_index_holds_is_unreadable_and_holds_its_order(
    database: Database, config: MerchantConfig, field: str
):
    stage(database, [trade(**{field: LONG})], "tb")

    run_transform(database, StoppedClock(), config)

    assert rows(database, "select count(*) from core.holds where state = 'active'") != [(0,)]


def test_numbers_that_people_write_into_messages_never_reach_core(database: Database, config: MerchantConfig):
    said = "送到13912345678,身份证 110101199003071234,单号 20261123000012345678"
    stage(database, [trade(buyer_message=said, seller_memo=said)], "tb")

    run_transform(database, StoppedClock(), config)

    shown = "送到139****5678,身份证 110***********1234,单号 20261123000012345678"
    assert rows(database, "select buyer_message, seller_memo from core.orders") == [(shown, shown)]
