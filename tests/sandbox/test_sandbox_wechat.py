"""The gateway lists ids only, hands out stable tokens, and answers every violated rule with HTTP 200."""

import json
from datetime import timedelta

import pytest

from sandbox.credentials import Credentials
from sandbox.gateway.gateway import Gateway
from sandbox.gateway.wire import Incoming
from sandbox.wechat.dialect import DIALECT
from sandbox.wechat.methods import DETAIL, LIST, REFUND, REFUNDS
from sandbox.wechat.token import STABLE_TOKEN, appid_of
from sandbox.world.catalog import shops_named
from sandbox.world.model import AfterSaleState, OrderState
from sandbox.world.world import World

SHOP = "wx_store"
HISTORY = timedelta(hours=40)


@pytest.fixture
def shop(now) -> Gateway:
    world = World(7, 480, now - timedelta(minutes=5), shops=shops_named(SHOP), lives="all")
    return Gateway.of(DIALECT, world, Credentials.of(7, "wechat"))


def answered(gateway, now, method, body, token=None):
    query = {} if token is None else {"access_token": token}
    reply = gateway.answer(Incoming.of_json(body, f"/wechat/{method}", query), now)
    assert 200 == reply.status
    return json.loads(reply.content)


def ask(gateway, now, method, body=None, token=None):
    return answered(gateway, now, method, body or {}, token or gateway.credentials.sessions[SHOP])


def token_asked(gateway, now, **changed):
    credentials = gateway.credentials
    body = {
        "grant_type": "client_credential",
        "appid": appid_of(credentials, SHOP),
        "secret": credentials.shop_secrets[SHOP],
    }
    return answered(gateway, now, STABLE_TOKEN, {**body, **changed})


def updated(now, **length):
    start = now - (timedelta(**length) if length else HISTORY)
    return {"update_time_range": {"start_time": int(start.timestamp()), "end_time": int(now.timestamp())}}


def all_ids(gateway, now, size=100):
    ids, key = [], ""
    while True:
        page = ask(gateway, now, LIST, {**updated(now), "page_size": size, "next_key": key})
        ids += page["order_id_list"]
        key = page["next_key"]
        if not page["has_more"]:
            return ids


def refunds_asked(gateway, now, **changed):
    window = {
        "begin_update_time": int((now - timedelta(hours=24)).timestamp()),
        "end_update_time": int(now.timestamp()),
    }
    return ask(gateway, now, REFUNDS, {**window, "next_key": "", **changed})


def order_with(gateway, condition):
    return next(order for order in gateway.world.orders.values() if condition(order))


def shown(gateway, now, order):
    return ask(gateway, now, DETAIL, {"order_id": order.order_id})["order"]


def test_a_stable_token_stays_the_same_until_five_minutes_before_its_end(shop, now):
    first = token_asked(shop, now)
    same = token_asked(shop, now + timedelta(minutes=115))
    next_one = token_asked(shop, now + timedelta(minutes=115, seconds=1))

    assert {"access_token", "expires_in"} == set(first)
    assert (7200, 300, 7200) == (first["expires_in"], same["expires_in"], next_one["expires_in"])
    assert first["access_token"] == same["access_token"] != next_one["access_token"]


def test_both_tokens_are_good_during_the_last_five_minutes(shop, now):
    old = token_asked(shop, now)["access_token"]
    late = now + timedelta(minutes=117)
    new = token_asked(shop, late)["access_token"]
    body = {**updated(late), "page_size": 1}

    codes = [ask(shop, late, LIST, body, token)["errcode"] for token in (old, new)]
    over = ask(shop, now + timedelta(minutes=120), LIST, body, old)["errcode"]

    assert ([0, 0], 42001) == (codes, over)


def test_a_forced_refresh_ends_the_old_token_at_once(shop, now):
    old = token_asked(shop, now)["access_token"]

    token_asked(shop, now, force_refresh=True)

    assert 42001 == ask(shop, now, LIST, {**updated(now), "page_size": 1}, old)["errcode"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        pytest.param({"grant_type": "refresh_token"}, 40002, id="another grant"),
        pytest.param({"appid": "wx0"}, 40013, id="unknown appid"),
        pytest.param({"secret": "guess"}, 40125, id="wrong secret"),
    ],
)
def test_a_token_needs_grant_appid_and_secret(shop, now, changed, code):
    assert code == token_asked(shop, now, **changed)["errcode"]


def test_a_frozen_shop_gets_no_token(shop, now):
    shop.tokens.revoke(SHOP)

    assert 40243 == token_asked(shop, now)["errcode"]
    assert 42001 == ask(shop, now, LIST, {**updated(now), "page_size": 1})["errcode"]


@pytest.mark.parametrize(("token", "code"), [("", 41001), ("stranger", 40001)])
def test_a_call_needs_a_token_of_the_shop(shop, now, token, code):
    answer = answered(shop, now, LIST, {**updated(now), "page_size": 1}, token)

    assert code == answer["errcode"]
    assert " rid: " in answer["errmsg"]


def test_a_body_must_be_a_json_object_and_be_posted(shop, now):
    path, query = f"/wechat/{LIST}", {"access_token": shop.credentials.sessions[SHOP]}
    bodies = [Incoming(path, "POST", query, body=b"page_size=1"), Incoming(path, "GET", query)]

    codes = [json.loads(shop.answer(incoming, now).content)["errcode"] for incoming in bodies]

    assert [47001, 43002] == codes


def test_an_unknown_address_is_refused(shop, now):
    assert 40066 == ask(shop, now, "channels/ec/order/search")["errcode"]


def test_a_list_gives_every_id_once_and_nothing_else(shop, now):
    ids = all_ids(shop, now, size=7)

    assert sorted(shop.world.orders) == sorted(ids)
    page = ask(shop, now, LIST, {**updated(now), "page_size": 1})
    assert {"errcode", "errmsg", "order_id_list", "next_key", "has_more"} == set(page)


def test_no_id_is_lost_while_orders_change_between_pages(shop, now):
    before = set(shop.world.orders)
    shop.behavior.churn_per_call = 3
    late = now + timedelta(minutes=1)

    ids, key = set(), ""
    while True:
        body = {**updated(now), "page_size": 10, "next_key": key}
        page = ask(shop, late, LIST, body)
        ids |= set(page["order_id_list"])
        key = page["next_key"]
        if not page["has_more"]:
            break

    moved = {order_id for order_id in before if shop.world.orders[order_id].modified > now}
    assert moved
    assert before <= ids | moved


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param({"page_size": 10}, 40097, id="no window"),
        pytest.param(
            {"page_size": 101, "update_time_range": {"start_time": 1, "end_time": 2}}, 40097, id="page"
        ),
        pytest.param(
            {"page_size": 1, "update_time_range": {"start_time": 2, "end_time": 1}}, 40097, id="order"
        ),
        pytest.param(
            {"page_size": 1, "update_time_range": {"start_time": 0, "end_time": 7 * 86400 + 1}},
            40097,
            id="span",
        ),
        pytest.param(
            {"page_size": 1, "update_time_range": {"start_time": "1", "end_time": "2"}}, 47001, id="texts"
        ),
        pytest.param(
            {"page_size": 1, "next_key": "mine", "update_time_range": {"start_time": 1, "end_time": 2}},
            40097,
            id="cursor",
        ),
    ],
)
def test_a_list_outside_its_limits_is_refused(shop, now, body, code):
    assert code == ask(shop, now, LIST, body)["errcode"]


def test_a_list_by_creation_and_status_is_filtered(shop, now):
    created = {"start_time": int((now - HISTORY).timestamp()), "end_time": int(now.timestamp())}
    page = ask(shop, now, LIST, {"create_time_range": created, "status": 30, "page_size": 100})

    expected = {o.order_id for o in shop.world.orders.values() if o.state is OrderState.SHIPPED}
    assert expected == set(page["order_id_list"])


def test_a_detail_masks_the_receiver_and_names_him_by_a_hash(shop, now):
    order = order_with(shop, lambda o: o.receiver.city and not o.intents)

    row = shown(shop, now, order)
    address = row["order_detail"]["delivery_info"]["address_info"]

    assert (order.order_id, int(order.modified.timestamp())) == (row["order_id"], row["update_time"])
    assert order.receiver.name[0] == address["user_name"].rstrip("*")
    assert f"{order.receiver.mobile[:3]}****{order.receiver.mobile[-4:]}" == address["tel_number"]
    assert (order.receiver.state, order.receiver.city) == (address["province_name"], address["city_name"])
    assert order.receiver.address not in json.dumps(row, ensure_ascii=False)
    assert 32 == len(address["hash_code"])


def test_amounts_are_fen_and_add_up(shop, now):
    for order in shop.world.orders.values():
        row = shown(shop, now, order)["order_detail"]
        price = row["price_info"]
        paid = sum(line["real_price"] for line in row["product_infos"]) + price["freight"]
        less = (
            "discounted_price",
            "deduction_price",
            "change_down_price",
            "limited_discount_discounted_price",
        )

        assert order.payment_fen == price["order_price"]
        assert price["original_order_price"] == price["product_price"] + price["freight"]
        assert paid == price["original_order_price"] - sum(price[name] for name in less)


def test_every_state_of_an_order_has_its_number(shop, now):
    numbers = {}
    for order in shop.world.orders.values():
        numbers.setdefault(shown(shop, now, order)["status"], set()).add(order.state.value)

    assert {"unpaid"} == numbers[10]
    assert {"paid_hold"} == numbers[12] == numbers[13]
    assert [{"to_ship"}, {"part_shipped"}, {"shipped"}, {"done"}] == [numbers[n] for n in (20, 21, 30, 100)]
    assert [{"closed_refunded"}, {"closed_unpaid"}] == [numbers[n] for n in (200, 250)]
    assert 29 in numbers


def test_an_asked_for_address_is_shown_until_it_is_decided(shop, now):
    order = order_with(shop, lambda o: o.address_request is not None)

    asked = shown(shop, now, order)["order_detail"]["delivery_info"]
    shop.world.touch(0, now, what="allow_address", order_ids=[order.order_id])
    decided = shown(shop, now, order)["order_detail"]["delivery_info"]

    assert asked["address_under_review"]["hash_code"] == decided["address_info"]["hash_code"]
    assert asked["address_info"]["hash_code"] != decided["address_info"]["hash_code"]
    assert "address_under_review" not in decided


def test_gifts_parcels_and_goods_of_a_supplier_are_marked(shop, now):
    gift = shown(shop, now, order_with(shop, lambda o: any(line.is_gift for line in o.lines)))
    sent = shown(shop, now, order_with(shop, lambda o: o.state is OrderState.PART_SHIPPED))
    supplied = shown(shop, now, order_with(shop, lambda o: any(x.is_fulfilled_by_platform for x in o.lines)))

    assert [1] == [
        row["is_free_gift"] for row in gift["order_detail"]["product_infos"] if "is_free_gift" in row
    ]
    assert 1 == len(sent["order_detail"]["delivery_info"]["delivery_product_info"])
    assert 2 == supplied["order_detail"]["delivery_info"]["dropship_flag"]
    assert any("dropship_info" in row for row in supplied["order_detail"]["product_infos"])


def test_an_unknown_order_and_a_numeric_id_are_refused(shop, now):
    unknown = ask(shop, now, DETAIL, {"order_id": "3700000000000000000"})
    number = ask(shop, now, DETAIL, {"order_id": 3700000000000000000})

    assert (100002, 47001) == (unknown["errcode"], number["errcode"])


def test_after_sales_are_listed_by_id_within_a_day(shop, now):
    expected = {
        one.after_sale_id
        for one in shop.world.after_sales.values()
        if one.modified >= now - timedelta(hours=24)
    }
    listed, key = set(), ""
    while True:
        page = refunds_asked(shop, now, next_key=key)
        listed |= set(page["after_sale_order_id_list"])
        key = page["next_key"]
        if not page["has_more"]:
            break

    assert expected == listed
    begin = int((now - timedelta(hours=24, seconds=1)).timestamp())
    assert 10020004 == refunds_asked(shop, now, begin_update_time=begin)["errcode"]


def test_every_after_sale_is_shown_with_its_kind_state_and_product(shop, now):
    said = {}
    for one in shop.world.after_sales.values():
        row = ask(shop, now, REFUND, {"after_sale_order_id": one.after_sale_id})["after_sale_order"]
        said.setdefault((one.kind.value, one.state), set()).add((row["type"], row["status"]))
        assert (one.order_id, one.claims[0].refund_fen) == (row["order_id"], row["refund_info"]["amount"])

    assert all(len(words) == 1 for words in said.values())
    assert {("REFUND", "MERCHANT_REFUND_SUCCESS")} == said["refund_only", AfterSaleState.REFUNDED]
    assert {("RETURN", "MERCHANT_RETURN_SUCCESS")} == said["return_refund", AfterSaleState.REFUNDED]
    assert {("EXCHANGE", "MERCHANT_EXCHANGE_SUCCESS")} == said["exchange", AfterSaleState.RESENT]
    assert {("REFUND", "USER_CANCELD")} == said["refund_only", AfterSaleState.WITHDRAWN]


def test_an_unknown_after_sale_is_refused(shop, now):
    assert 10021050 == ask(shop, now, REFUND, {"after_sale_order_id": "20"})["errcode"]


@pytest.mark.parametrize(("seconds", "code"), [(20, 45011), (600, 45009)])
def test_a_throttled_call_is_told_no_time(shop, now, seconds, code):
    shop.faults.replace([{"kind": "throttle", "method": LIST, "seconds": seconds}])

    assert code == ask(shop, now, LIST, {**updated(now), "page_size": 1})["errcode"]


def test_a_planned_failure_is_busy_unless_the_plan_names_a_code(shop, now):
    shop.faults.replace(
        [{"kind": "error", "method": LIST}, {"kind": "error", "method": DETAIL, "code": 100003}]
    )

    busy = ask(shop, now, LIST, {**updated(now), "page_size": 1})["errcode"]
    named = ask(shop, now, DETAIL, {"order_id": "1"})["errcode"]

    assert (-1, 100003) == (busy, named)
