"""WeChat Shop from its gateway to the merged model: everything arrives, and nothing that is not owed ships."""

import copy
import json
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.errors import CredentialError
from orderhub.platforms.client import Client
from orderhub.platforms.payload import version_hash, written
from orderhub.platforms.staging import Record, stage_page
from sandbox.wechat.methods import DETAIL, LIST, REFUND, REFUNDS
from sandbox.wechat.token import STABLE_TOKEN
from sandbox.world.changes import CHANGES
from tests.builders import rows
from tests.platforms.against_truth import differences
from tests.platforms.shop_in_a_box import ShopInABox

SHAPES = Path(__file__).parent
OPEN = "select count(*) from ops.pull_windows where state = 'open'"
WAITING = "select count(*) from ops.parked_records where resolved_at is null"
LINES = "select merchant_code, kind, quantity, unit_price_fen, paid_fen, gate, gate_reason from core.order_lines order by line_no"
STEP = timedelta(minutes=15)
#: WeChat has no order that the merchant's back office holds back.
HAPPENINGS = sorted(CHANGES.keys() - {"ship_hold"})


@pytest.fixture
def box(database: Database) -> ShopInABox:
    return ShopInABox(database, orders=160, platform="wechat", lives="all")


@pytest.fixture
def empty(database: Database) -> ShopInABox:
    return ShopInABox(database, orders=0, platform="wechat")


def shape(name: str) -> Any:
    return json.loads((SHAPES / f"{name}.json").read_text(encoding="utf-8"))


def stage(box: ShopInABox, stream: str, value: dict[str, Any]) -> None:
    """Put one record into staging as a pull does."""
    record_id = value["order_id"] if stream == "orders" else value["after_sale_order_id"]
    record = Record(record_id, None, written(value), version_hash(value), 0)
    with hold_scope(box.database, "test") as lease, box.database.transaction(lease) as connection:
        stage_page(
            connection, box.clock, platform="wechat", shop_id=box.shop_id, stream=stream, window_id=None,
            source="page 1", records=[record],
        )  # fmt: skip


def untrue(box: ShopInABox) -> list[str]:
    """Let what happened become due, pull and transform; return what then differs from the truth."""
    box.pass_time(STEP)
    box.pull()
    box.transform()
    return differences(box.database, "wechat", box.orders())


def some_without_gifts(box: ShopInABox, what: str) -> list[str]:
    """Return up to three orders to which `what` can happen; a gift left alone is another story."""
    change = CHANGES[what]
    can = (o for o in box.orders() if change.can(o) and change.is_drawn(o) and o.goods == o.lines)
    return [order.order_id for order in islice(can, 3)]


def test_every_order_and_after_sale_arrives_as_it_is(box: ShopInABox):
    counts = box.pull()

    assert (0, 0, [(0,)]) == (counts.windows_left, counts.parked, rows(box.database, OPEN))
    assert [] == untrue(box)


def test_changes_while_ids_are_listed_lose_nothing(box: ShopInABox):
    box.gateway.behavior.churn_per_call = 3
    box.gateway.behavior.churn_place = 1
    for _ in range(3):
        box.pull()
        box.pass_time(STEP)

    box.gateway.behavior.churn_per_call = box.gateway.behavior.churn_place = 0

    assert [] == untrue(box)


def test_whatever_happens_to_an_order_is_seen(box: ShopInABox):
    box.pull()
    for what in HAPPENINGS:
        chosen = some_without_gifts(box, what)
        box.world.touch(0, box.platform_clock.now(), what=what, order_ids=chosen)
        box.pass_time(timedelta(minutes=4))
        if what in HAPPENINGS[::5]:
            box.pull()

    assert [] == untrue(box)


def test_repeated_ids_and_changing_fees_disturb_nothing(box: ShopInABox):
    box.gateway.behavior.noise = True
    box.gateway.behavior.duplicate_rate = 0.3
    box.pull()

    assert [] == untrue(box)


def test_one_token_serves_a_pull_and_the_next(box: ShopInABox):
    box.pull()
    box.pass_time(STEP)
    box.pull()

    assert 1 == box.gateway.calls[STABLE_TOKEN]


def test_a_token_that_ends_mid_pull_is_renewed_and_nothing_is_lost(box: ShopInABox):
    box.gateway.faults.replace([{"kind": "expire_token", "method": DETAIL, "nth": 20}])

    counts = box.pull()

    assert (0, 0) == (counts.windows_left, counts.parked)
    assert box.gateway.errors["42001"] >= 1
    assert [] == untrue(box)


def test_tokens_are_renewed_in_their_last_minutes(box: ShopInABox):
    box.pull()
    box.pass_time(timedelta(minutes=117))

    box.pull()

    assert (2, 0) == (box.gateway.calls[STABLE_TOKEN], box.gateway.errors["42001"])


def test_a_frozen_shop_stops_and_heals_without_a_gap(box: ShopInABox):
    box.pull()
    box.gateway.tokens.revoke(box.shop_id)
    box.world.touch(5, box.platform_clock.now(), what="memo")
    box.pass_time(STEP)
    with pytest.raises(CredentialError, match="40243"):
        box.pull()

    box.gateway.tokens.expire(box.shop_id, None)

    assert [] == untrue(box)


def test_a_minutes_quota_is_waited_for_in_place(box: ShopInABox, monkeypatch: pytest.MonkeyPatch):
    # One call at a time: whoever waits moves this clock for all, as no clock of a hub does.
    monkeypatch.setattr(Client, "concurrency", 1)
    box.gateway.faults.replace([{"kind": "throttle", "method": DETAIL, "nth": 5, "seconds": 20}])

    counts = box.pull()

    assert (None, 0, 0) == (counts.waits_until, counts.windows_left, counts.parked)
    assert 25.1 in box.waited


def test_a_days_quota_ends_the_pull_quietly(box: ShopInABox):
    box.gateway.faults.replace([{"kind": "throttle", "method": DETAIL, "nth": 5, "seconds": 600}])

    assert box.pull().waits_until is not None
    box.pass_time(timedelta(minutes=31))
    assert [] == untrue(box)


@pytest.mark.parametrize("method", [DETAIL, REFUND])
def test_an_id_that_fails_is_parked_and_blocks_no_window(box: ShopInABox, method: str):
    box.gateway.faults.replace([{"kind": "error", "method": method, "id_mod": [11, 3], "times": 0}])

    counts = box.pull()

    assert counts.parked > 0
    assert ([(0,)], [(counts.parked,)]) == (rows(box.database, OPEN), rows(box.database, WAITING))
    box.gateway.faults.replace([])
    assert ([], [(0,)]) == (untrue(box), rows(box.database, WAITING))


def test_the_detail_of_another_order_is_never_taken(box: ShopInABox):
    other = '{"errcode":0,"errmsg":"ok","order":{"order_id":"1","update_time":1795314588}}'
    box.gateway.faults.replace(
        [{"kind": "body", "method": DETAIL, "id_mod": [11, 3], "times": 0, "body": other}]
    )

    counts = box.pull()

    assert [(counts.parked,)] == rows(
        box.database, "select count(*) from ops.parked_records where reason like '%is record 1'"
    )
    assert [(0,)] == rows(
        box.database, "select count(*) from staging.wechat_orders where payload ->> 'order_id' = '1'"
    )


def test_a_busy_platform_is_asked_again(box: ShopInABox):
    box.gateway.faults.replace(
        [{"kind": "error", "method": method, "nth": 2, "code": -1} for method in (LIST, REFUNDS)]
        + [{"kind": "error", "method": DETAIL, "nth": 3, "code": 100003, "times": 2}]
    )

    counts = box.pull()

    assert (0, 0) == (counts.windows_left, counts.parked)


def test_a_recorded_order_becomes_our_order(empty: ShopInABox):
    stage(empty, "orders", shape("order"))
    empty.transform()

    query = (
        "select order_id, customer_id, status, payment_state, gate, total_fen, discount_fen, freight_fen, paid_fen, "
        "buyer_message, seller_memo, placed_at, paid_at, modified_at, ship_by_at, unreadable_fields from core.orders"
    )
    assert rows(empty.database, query) == [
        (
            "wx_store/3721604595945664664", "AAH05deb042e125cfd72712b0d7b2c96", "part_shipped", "paid", "ship",
            36800, 3000, 0, 33800, "麻烦尽快发货,谢谢", "老客 优先发",
            datetime(2026, 11, 22, 2, 16, 14, tzinfo=UTC), datetime(2026, 11, 22, 2, 23, 48, tzinfo=UTC),
            datetime(2026, 11, 22, 2, 29, 48, tzinfo=UTC), datetime(2026, 11, 24, 2, 23, 48, tzinfo=UTC), [],
        )
    ]  # fmt: skip


def test_a_recorded_receiver_keeps_masks_hash_and_token(empty: ShopInABox):
    stage(empty, "orders", shape("order"))
    empty.transform()

    query = "select receiver_state, name_masked, phone_masked, address_masked, province, city, district, address_hash, token from core.receivers"
    assert rows(empty.database, query) == [
        (
            "token", "唐*", "156****5636", "****", "江苏省", "苏州市", "昆山市",
            "02c27251962179be0e05699d2549ae52", "of279055f8dfb9a6ae8fb33697",
        )
    ]  # fmt: skip


def test_a_recorded_line_that_left_or_is_claimed_does_not_ship(empty: ShopInABox):
    stage(empty, "orders", shape("order"))
    empty.transform()

    assert rows(empty.database, LINES) == [
        ("PL-003-NVY-M", "goods", 1, 16900, 15523, "stop", "1 件已发货"),
        ("HD-004-BLK-XL", "goods", 1, 19900, 18277, "wait", "refund 1"),
        ("GIFT-BAG", "gift", 1, 0, 0, "ship", None),
    ]


def test_pieces_that_left_count_for_the_first_line_of_their_sku(empty: ShopInABox):
    order = shape("order")
    detail = order["order_detail"]
    first = detail["product_infos"][0] | {"sku_cnt": 2}
    second = copy.deepcopy(first) | {"product_unique_id": f"{order['order_id']}_002"}
    detail["product_infos"] = [first, second]
    for pieces, expected in ((1, ["wait", "ship"]), (2, ["stop", "ship"]), (3, ["stop", "wait"])):
        detail["delivery_info"]["delivery_product_info"][0]["product_infos"][0]["product_cnt"] = pieces
        order["update_time"] += 1
        stage(empty, "orders", order)
        empty.transform()

        assert expected == [row[5] for row in rows(empty.database, LINES)]


@pytest.mark.parametrize(
    ("where", "value", "gate"),
    [
        ("deliver_method", 3, "stop"),
        ("dropship_flag", 3, "stop"),
        ("quality_inspect_type", 1, "wait"),
        ("address_under_review", {"user_name": "唐*"}, "wait"),
        ("address_under_review", {}, "ship"),
    ],
)
def test_what_stands_beside_the_status_closes_the_gate(empty: ShopInABox, where: str, value: Any, gate: str):
    order = shape("order")
    order["order_detail"]["delivery_info"][where] = value
    stage(empty, "orders", order)
    empty.transform()

    assert [(gate,)] == rows(empty.database, "select gate from core.orders")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("refund", "open")),
        ({"sub_type": "REFUND_PRICE_DIFF"}, ("money", "open")),
        (
            {"type": "RETURN", "sub_type": "新类型", "status": "MERCHANT_RETURN_SUCCESS"},
            ("return", "refunded"),
        ),
        ({"type": "EXCHANGE", "status": "USER_CANCELD"}, ("exchange", "withdrawn")),
        ({"type": "新售后", "status": "新状态"}, ("other", "unknown")),
    ],
)
def test_a_recorded_after_sale_becomes_our_refund(
    empty: ShopInABox, changes: dict[str, Any], expected: tuple[str, str]
):
    stage(empty, "refunds", shape("refund") | changes)
    empty.transform()

    query = "select order_id, platform_sku_id, quantity, refund_fen, reason, kind, state from core.refunds"
    assert rows(empty.database, query) == [
        ("wx_store/3721604595945664664", "4600000000027", 1, 18277, "不想要了", *expected)
    ]
