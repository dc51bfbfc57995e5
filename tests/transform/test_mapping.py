from datetime import UTC, datetime
from typing import Any

import pytest

from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.transform.run import run_transform
from tests.builders import rows
from tests.transform.payloads import StoppedClock, stage, trade

TID = "2160451543726114828"


def mapped(
    database: Database, config: MerchantConfig, query: str, **changes: Any
) -> list[tuple[object, ...]]:
    """Map one trade with `changes` and return what `query` finds."""
    stage(database, [trade(**changes)], "tb")
    run_transform(database, StoppedClock(), config)
    return rows(database, query)


def test_order_has_our_names_types_and_units(database: Database, config: MerchantConfig):
    query = (
        "select order_id, platform_order_id, customer_id, status, payment_state, gate, lifecycle, currency, total_fen, "
        "discount_fen, freight_fen, paid_fen, seller_flag, placed_at, modified_at, unreadable_fields from core.orders"
    )

    assert mapped(database, config, query) == [
        (
            f"tb/{TID}", TID, f"open-{TID}", "to_ship", "paid", "ship", "live", "CNY", 25800, 3000, 0, 22800, "1",
            datetime(2026, 11, 20, 1, 12, 31, tzinfo=UTC), datetime(2026, 11, 20, 1, 13, tzinfo=UTC), [],
        )
    ]  # fmt: skip


def test_line_has_our_sku_and_the_mapping_that_decided_it(database: Database, config: MerchantConfig):
    query = (
        "select order_id, line_id, line_no, merchant_code, sku_id, sku_mapping_id, kind, quantity, unit_price_fen, "
        "paid_fen, refund_state, gate from core.order_lines"
    )

    assert mapped(database, config, query) == [
        (f"tb/{TID}", TID, 1, "TS-001-BLK-M", "SKU-TS001", "m1", "goods", 2, 12900, 22800, "none", "ship")
    ]


def test_receiver_keeps_masks_and_token(database: Database, config: MerchantConfig):
    query = "select receiver_state, name_masked, phone_masked, province, city, district, token from core.receivers"

    assert mapped(database, config, query) == [
        ("token", "李**", "*******1234", "浙江省", "杭州市", "西湖区", f"1oaid{TID}")
    ]


def test_a_former_name_of_a_city_or_district_is_todays_and_the_payload_has_what_the_platform_said(
    database: Database, config: MerchantConfig
):
    said = {"receiver_state": "湖北省", "receiver_city": "襄樊市", "receiver_district": "襄阳区"}
    query = "select province, city, district, payload ->> 'receiver_city' from core.receivers, staging.taobao_orders"

    assert mapped(database, config, query, **said) == [("湖北省", "襄阳市", "襄州区", "襄樊市")]


@pytest.mark.parametrize(
    "field, written, named",
    [
        ("payment", "228.005", "paid"),
        ("total_fee", "NaN", "total"),
        ("created", "0001-02-03 00:00:00", "placed_at"),
        ("pay_time", "0001-01-01 00:00:00", None),
        ("pay_time", "soon", "paid_at"),
        ("modified", "", None),
        ("payment", "", None),
    ],
)
def test_unreadable_value_is_null_and_named_and_the_order_goes_on(
    database: Database, config: MerchantConfig, field: str, written: str, named: str | None
):
    found = mapped(database, config, "select unreadable_fields from core.orders", **{field: written})

    assert found == [([named] if named else [],)]


@pytest.mark.parametrize(
    "changes, gate, payment, reason",
    [
        ({"status": "WAIT_BUYER_PAY"}, "wait", "unpaid", "WAIT_BUYER_PAY 待付款"),
        ({"status": "TRADE_CLOSED"}, "stop", "refunded", "TRADE_CLOSED 退款关闭"),
        ({"status": "SURPRISE"}, "wait", "unknown", "status SURPRISE 未知"),
        (
            {"step_trade_status": "FRONT_PAID_FINAL_NOPAID"}, "wait", "deposit_paid",
            "presale-deposit 预售只付了定金",
        ),
        ({"top_hold": 1}, "wait", "paid", "platform-hold 平台暂停发货"),
        ({"no_shipping": True}, "stop", "paid", "no-shipping 无需物流"),
        ({"no_shipping": True, "top_hold": 1}, "stop", "paid", "no-shipping 无需物流"),
        ({"status": "TRADE_CLOSED", "top_hold": 1}, "stop", "refunded", "TRADE_CLOSED 退款关闭"),
    ],
)  # fmt: skip
def test_gate_follows_status_and_flags(
    database: Database, config: MerchantConfig, changes: dict[str, Any], gate: str, payment: str, reason: str
):
    found = mapped(database, config, "select gate, payment_state, gate_reason from core.orders", **changes)

    assert found == [(gate, payment, reason)]


@pytest.mark.parametrize(
    "refund, state, gate",
    [
        ("NO_REFUND", "none", "ship"),
        ("CLOSED", "none", "ship"),
        ("WAIT_SELLER_AGREE", "pending", "wait"),
        ("SUCCESS", "pending", "wait"),
        ("SURPRISE", "unknown", "wait"),
        ("", "none", "ship"),
    ],
)
def test_refund_stops_its_line(
    database: Database, config: MerchantConfig, refund: str, state: str, gate: str
):
    found = mapped(
        database, config, "select refund_state, gate from core.order_lines", line_refund_status=refund
    )

    assert found == [(state, gate)]


def test_gift_is_a_gift(database: Database, config: MerchantConfig):
    assert mapped(database, config, "select kind from core.order_lines", line_is_free_gift=True) == [
        ("gift",)
    ]


@pytest.mark.parametrize("orders", [{}, None, {"order": None}, {"order": "text"}, {"order": []}, [], "odd"])
def test_order_without_readable_lines_stands_without_lines(
    database: Database, config: MerchantConfig, orders: Any
):
    found = mapped(
        database, config, "select count(o.*), count(l.*) from core.orders o left join core.order_lines l using (order_id)",
        orders=orders,
    )  # fmt: skip

    assert found == [(1, 0)]


def test_lines_with_one_id_are_kept_apart(database: Database, config: MerchantConfig):
    line = trade()["orders"]["order"][0]

    found = mapped(
        database,
        config,
        "select line_id, line_no from core.order_lines order by 2",
        orders={"order": [line, line]},
    )

    assert found == [(TID, 1), (f"{TID}~2", 2)]


def test_single_line_may_come_without_its_list(database: Database, config: MerchantConfig):
    line = trade()["orders"]["order"][0]

    assert mapped(database, config, "select line_id from core.order_lines", orders={"order": line}) == [
        (TID,)
    ]
