"""Gift rules: who gets what, once, and what is taken back."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from orderhub.config.models import MerchantConfig
from orderhub.config.store import apply_directory
from orderhub.db.engine import Database
from orderhub.quality.correct import Correction, correct
from orderhub.transform.run import run_transform
from tests.builders import rows
from tests.transform.payloads import StoppedClock, stage, trade
from tests.transform.test_refunds import refund, stage_refunds

CLOCK = StoppedClock()
SKUS = "sku_id,name,kind\nSKU-TS001,T恤,goods\nSKU-BAG,帆布袋,gift\n"
HEAD = "rule_id,gift_sku_id,quantity,shop_id,sku_id,min_amount,since,until,first\n"
GIFTS = "select order_id, line_id, sku_id, quantity from core.order_lines where gift_rule_id is not null order by 1, 2"
LATER = {"modified": "2026-11-20 10:30:00"}


def applied(database: Database, directory: Path, *rules: str) -> MerchantConfig:
    (directory / "skus.csv").write_text(SKUS, encoding="utf-8")
    (directory / "gifts.csv").write_text(HEAD + "\n".join(rules) + "\n", encoding="utf-8")
    return apply_directory(database, CLOCK, directory, directory.parent, "test")


def passed(database: Database, config: MerchantConfig, *trades: dict[str, Any]) -> list[tuple[object, ...]]:
    stage(database, list(trades), "tb")
    run_transform(database, CLOCK, config)
    return rows(database, GIFTS)


@pytest.mark.parametrize(
    ("rule", "gets"),
    [
        ("g,SKU-BAG,,,,228.00,,,", True),
        ("g,SKU-BAG,,,,228.01,,,", False),
        ("g,SKU-BAG,,tb,sku-ts001,,,,", True),
        ("g,SKU-BAG,,,SKU-BAG,,,,", False),
        ("g,SKU-BAG,,group,,,,,", False),
        ("g,SKU-BAG,,,,,2026-11-20,2026-11-20,", True),
        ("g,SKU-BAG,,,,,2026-11-21,,", False),
        ("g,SKU-BAG,,,,,,2026-11-19,", False),
    ],
)
def test_every_condition_that_is_given_must_hold(
    database: Database, directory: Path, rule: str, *, gets: bool
):
    found = passed(database, applied(database, directory, rule), trade("1"))

    assert found == ([("tb/1", "~gift:g", "SKU-BAG", 1)] if gets else [])


def test_gift_is_given_once_however_often_the_order_comes_and_prices_do_not_judge_it(
    database: Database, directory: Path
):
    config = applied(database, directory, "g,SKU-BAG,2,,,100,,,")
    passed(database, config, trade("1"))

    found = passed(database, config, trade("1", seller_memo="谢谢", **LATER))

    assert found == [("tb/1", "~gift:g", "SKU-BAG", 2)]
    assert rows(database, "select rule_id from core.anomalies") == []
    assert rows(database, "select blocked_by from core.line_readiness") == [(None,), (None,)]


def test_gift_waits_and_goes_with_the_line_that_earned_it(database: Database, directory: Path):
    config = applied(database, directory, "g,SKU-BAG,,,SKU-TS001,,,,")
    passed(database, config, trade("1"))

    stage_refunds(database, refund(tid=1, oid=1))
    run_transform(database, CLOCK, config)
    waiting = rows(database, "select blocked_by from core.line_readiness")
    stage_refunds(database, refund(tid=1, oid=1, status="SUCCESS", modified="2026-11-20 10:30:00"))
    run_transform(database, CLOCK, config)

    assert waiting == [("line_waits",), ("line_waits",)]
    assert rows(database, GIFTS) == []


def test_gift_by_amount_goes_when_a_refund_leaves_too_little(database: Database, directory: Path):
    config = applied(database, directory, "g,SKU-BAG,,,,300,,,")
    line = trade("1")["orders"]["order"][0]
    two = {"orders": {"order": [line, {**line, "oid": 9, "oid_str": "9"}]}, "payment": "456.00"}
    given = passed(database, config, trade("1", **two))

    stage_refunds(database, refund(tid=1, oid=9, status="SUCCESS"))
    run_transform(database, CLOCK, config)

    assert (len(given), rows(database, GIFTS)) == (1, [])


def test_first_orders_are_told_by_payment_time_and_keep_their_places(database: Database, directory: Path):
    config = applied(database, directory, "g,SKU-BAG,,,,,,,2")
    at = "2026-11-20 09:{:02d}:00".format
    first = passed(
        database,
        config,
        trade("1", pay_time=at(30)),
        trade("2", pay_time=at(20)),
        trade("3", pay_time=at(10)),
    )

    then = passed(
        database,
        config,
        trade("4", pay_time=at(1)),
        trade("2", pay_time=at(20), status="TRADE_CLOSED", **LATER),
    )

    assert [row[0] for row in first] == ["tb/2", "tb/3"]
    assert [row[0] for row in then] == ["tb/3"]


@pytest.mark.parametrize(
    "later_rules", [(), ("g,SKU-BAG,,,SKU-TS001,900,,,",), ("g,SKU-BAG,,group,SKU-BAG,,2027-01-01,,",)]
)
def test_gift_that_was_promised_stays_whatever_becomes_of_its_rule_and_goes_with_its_line(
    database: Database, directory: Path, later_rules: tuple[str, ...]
):
    given = passed(database, applied(database, directory, "g,SKU-BAG,,,SKU-TS001,,,,"), trade("1"))

    config = applied(database, directory, *later_rules)
    later = passed(database, config, trade("1", seller_memo="谢谢", **LATER), trade("2", **LATER))
    stage_refunds(database, refund(tid=1, oid=1, status="SUCCESS"))
    run_transform(database, CLOCK, config)

    assert (later, rows(database, GIFTS)) == (given, [])


def test_gift_by_amount_that_was_promised_keeps_its_amount(database: Database, directory: Path):
    given = passed(database, applied(database, directory, "g,SKU-BAG,,,,200,,,"), trade("1"))

    config = applied(database, directory)
    dearer = passed(database, config, trade("1", seller_memo="谢谢", **LATER))
    line = {**trade("1")["orders"]["order"][0], "divide_order_fee": "150.00"}
    cheaper = passed(database, config, trade("1", modified="2026-11-20 11:00:00", orders={"order": [line]}))

    assert (dearer, cheaper) == (given, [])


def test_gift_that_a_person_corrected_stands_when_a_refund_writes_it_anew(
    database: Database, directory: Path
):
    config = applied(database, directory, "g,SKU-BAG,2,,,100,,,")
    passed(database, config, trade("1"))
    given = Correction("tb/1", "多送", "li", "~gift:g", quantity=3)
    correct(database, CLOCK, config, SecretStr("k"), given)
    corrected = passed(database, config)

    stage_refunds(database, refund(tid=1, oid=1))

    assert (corrected, passed(database, config)) == ([("tb/1", "~gift:g", "SKU-BAG", 3)],) * 2


PART_TOLD = """
    insert into core.fulfillment_orders (fulfillment_order_id, order_id, warehouse_id, state, routing_rule_id, version_id,
        config_version, is_shadow, allocated_at, _pass_id)
    values ('d1', 'tb/1', 'hangzhou', 'shipped', 'all', 'v1', 'c', false, '2026-11-20T03:00Z', 1);
    insert into core.shipments values
        ('s', 'd1', 'tb/1', 'hangzhou', 'ZTO', '1', 100, 'wms', '2026-11-20T03:00Z', '2026-11-20T03:00Z');
    insert into core.tracking_writes (shipment_id, order_id, shop_id, is_part, state, recorded_at)
    values ('s', 'tb/1', 'tb', true, 'told', '2026-11-20T03:00Z')"""


def test_gift_of_what_is_left_stays_when_the_platform_calls_the_order_shipped(
    database: Database, directory: Path
):
    config = applied(database, directory, "g,SKU-BAG,,,,100,,,")
    given = passed(database, config, trade("1"))
    with database.engine.begin() as connection:
        connection.exec_driver_sql(PART_TOLD)

    found = passed(database, config, trade("1", status="WAIT_BUYER_CONFIRM_GOODS", **LATER))

    assert (len(given), found) == (1, given)
