"""The Douyin gateway: published signature vectors, limits, the tokens' state machine, and what it shows."""

import json
from datetime import timedelta

import pytest

from sandbox.credentials import Credentials
from sandbox.douyin.after_sale import TYPES
from sandbox.douyin.dialect import DIALECT
from sandbox.douyin.grants import ACCESS_LASTS, refresh_token_of
from sandbox.douyin.request import path_of
from sandbox.douyin.signature import sign
from sandbox.douyin.state import AGREED, STATUS, UNKNOWN_STATUS
from sandbox.gateway.gateway import Gateway
from sandbox.gateway.text import beijing
from sandbox.gateway.wire import Incoming
from sandbox.world.catalog import SHOP_BY_ID, shops_named
from sandbox.world.model import AfterSaleKind, AfterSaleState, OrderState, PaymentKind
from sandbox.world.world import World

LIST, DETAIL, AFTER_SALES = "order.searchList", "order.orderDetail", "afterSale.List"
REFRESH, CREATE = "token.refresh", "token.create"
SECRET = "3c5e7a90-1b2d-4f6e-8a9c-0d1e2f3a4b5c"
VECTORS = [
    (
        LIST,
        (
            '{"order_asc":true,"order_by":"update_time","page":0,"size":100,'
            '"update_time_end":1735661700,"update_time_start":1735660800}'
        ),
        "4ca882e88f96276419e40c2002dc1f24b839c19aeb889f81a9c0f4cc84f78161",
        "5024063b9605819255d0ce57aea1c4b4",
    ),
    (
        "order.logisticsAdd",
        (
            '{"company":"中通快递","company_code":"zhongtong","is_reject_refund":false,'
            '"logistics_code":"78500012345678","order_id":"6920123456789012345"}'
        ),
        "cf7ae3754ab3be7ddf0c3787132118ffd1b7452b6243628fcf974fda22824101",
        "23f43ece099547ce7af061815a188cb8",
    ),
    (
        CREATE,
        '{"code":"","grant_type":"authorization_self","shop_id":"4463798"}',
        "8fc978611ac94f55aeb204eee639f7e5a07afc41b629e7cc75a49e7f7cd57436",
        None,
    ),
]


@pytest.fixture
def douyin(now):
    world = World(7, 240, now - timedelta(minutes=5), shops=shops_named("dy_live"), lives="all")
    return Gateway.of(DIALECT, world, Credentials.of(7, "douyin"))


def request(gateway, now, method, wish, *, escape=False, **changes):
    """Return a signed call; `changes` replace query parameters before the signature, "" leaves one out."""
    body = json.dumps(wish, ensure_ascii=escape, separators=(",", ":"), sort_keys=True)
    query = {
        "app_key": gateway.credentials.app_key,
        "method": method,
        "access_token": gateway.credentials.sessions["dy_live"],
        "timestamp": str(int(now.timestamp())),
        "v": "2",
        "sign_method": "hmac-sha256",
        **changes,
    }
    signed = sign(
        {**query, "param_json": body}, gateway.credentials.app_secret, query["sign_method"] or "md5"
    )
    query = {name: value for name, value in {"sign": signed, **query}.items() if value}
    headers = {"x-open-no-old-err-code": "1"}
    return Incoming(path_of(method), query=query, headers=headers, body=body.encode())


def ask(gateway, now, method, wish=None, **changes):
    reply = gateway.answer(request(gateway, now, method, wish or {}, **changes), now)
    assert reply.status == 200
    return json.loads(reply.content)


def window(now, **length):
    end = int(now.timestamp())
    start = int((now - timedelta(**length)).timestamp())
    return {"update_time_start": start, "update_time_end": end, "order_by": "update_time"}


def listed(gateway, now, **wish):
    wish = {**window(now, hours=48), "page": 0, "size": 100, **wish}
    return ask(gateway, now, LIST, wish)["data"]


def every_order(gateway, now):
    return [row for page in range(3) for row in listed(gateway, now, page=page)["shop_order_list"]]


def shown(gateway, now, is_wanted):
    order = next(order for order in gateway.world.orders.values() if is_wanted(order))
    return order, ask(gateway, now, DETAIL, {"shop_order_id": order.order_id})["data"]["shop_order_detail"]


@pytest.mark.parametrize(("method", "param_json", "hmac", "md5"), VECTORS)
def test_published_vectors_are_reproduced(method, param_json, hmac, md5):
    values = {
        "app_key": "7012345678901234567",
        "method": method,
        "param_json": param_json,
        "timestamp": "1735661760",
        "v": "2",
    }

    assert hmac == sign(values, SECRET, "hmac-sha256")
    assert md5 in {None, sign(values, SECRET, "md5")}


@pytest.mark.parametrize("changes", [{"sign_method": "md5"}, {"sign_method": ""}, {}])
def test_both_digests_are_taken_and_md5_is_meant_when_none_is_named(douyin, now, changes):
    answer = ask(douyin, now, LIST, {**window(now, hours=1), "page": 0, "size": 1}, **changes)

    assert (10000, "success") == (answer["code"], answer["msg"])


@pytest.mark.parametrize("escape", [True, False])
def test_signature_is_over_the_body_as_it_was_sent(douyin, now, escape):
    wish = {**window(now, hours=1), "page": 0, "size": 1, "product": "纯棉短袖"}

    assert ask(douyin, now, LIST, wish, escape=escape)["code"] == 10000


def test_body_changed_after_signing_is_refused(douyin, now):
    sent = request(douyin, now, LIST, {**window(now, hours=1), "page": 0, "size": 1})
    changed = Incoming(sent.path, query=sent.query, body=sent.body.replace(b'"size":1', b'"size": 1'))

    answer = json.loads(douyin.answer(changed, now).content)

    assert (40003, "isv.signature-invalid") == (answer["code"], answer["sub_code"])


def test_old_envelope_comes_along_unless_the_header_asks_for_the_new_one(douyin, now):
    sent = request(douyin, now, LIST, {**window(now, hours=1), "page": 0, "size": 1})
    old = Incoming(sent.path, query=sent.query, body=sent.body)

    assert json.loads(douyin.answer(old, now).content)["err_no"] == 0
    assert "err_no" not in json.loads(douyin.answer(sent, now).content)


@pytest.mark.parametrize(
    ("changes", "code", "sub_code"),
    [
        ({"app_key": "99"}, 40003, "isv.app-id-invalid"),
        ({"v": "1"}, 40003, "isv.parameter-format-invalid"),
        ({"timestamp": "yesterday"}, 40003, "isv.timestamp-format-error"),
        ({"sign_method": "md5", "access_token": "stranger"}, 40003, "isv.access-token-no-existed"),
        ({"access_token": ""}, 40001, "isv.access-token-missing"),
    ],
)
def test_violated_protocol_has_its_documented_error(douyin, now, changes, code, sub_code):
    answer = ask(douyin, now, LIST, {}, **changes)

    assert (code, sub_code) == (answer["code"], answer["sub_code"])


@pytest.mark.parametrize(("minutes", "code"), [(-11, 40003), (-10, 10000), (10, 10000), (11, 40003)])
@pytest.mark.parametrize("written", [lambda at: str(int(at.timestamp())), beijing])
def test_clock_may_differ_by_ten_minutes_in_either_form_of_time(douyin, now, minutes, code, written):
    sent_at = written(now + timedelta(minutes=minutes))

    answer = ask(douyin, now, LIST, {**window(now, hours=1), "page": 0, "size": 1}, timestamp=sent_at)

    assert code == answer["code"]


@pytest.mark.parametrize(
    ("change", "number"),
    [
        ({"size": 101}, "20008"),
        ({"size": 0}, "20008"),
        ({"page": -1}, "10035"),
        ({"page": 500, "size": 100}, "20013"),
        ({"combine_status": [{"order_status": "2"}, {"order_status": "101"}]}, "20012"),
        ({"update_time_start": None}, "20011"),
        ({"update_time_start": 1}, "20022"),
    ],
)
def test_limits_of_the_order_list_have_their_numbers(douyin, now, change, number):
    wish = {**window(now, hours=1), "page": 0, "size": 100, **change}

    answer = ask(douyin, now, LIST, wish)

    assert (40004, f"isv.parameter-invalid:{number}") == (answer["code"], answer["sub_code"])


def test_pages_start_at_zero_and_hold_every_order_once(douyin, now):
    rows = every_order(douyin, now)

    assert sorted(douyin.world.orders) == sorted(row["order_id"] for row in rows)
    assert listed(douyin, now)["total"] == 240


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("sort_by", ["update_time", "create_time"])
def test_list_is_sorted_as_asked(douyin, now, sort_by, ascending):
    rows = listed(douyin, now, order_by=sort_by, order_asc=ascending)["shop_order_list"]

    times = [row[sort_by] for row in rows]
    assert times == sorted(times, reverse=not ascending)


def test_list_is_by_creation_and_newest_first_when_nothing_is_asked(douyin, now):
    wish = {"create_time_start": int((now - timedelta(days=2)).timestamp()), "page": 0, "size": 100}

    times = [row["create_time"] for row in ask(douyin, now, LIST, wish)["data"]["shop_order_list"]]

    assert times == sorted(times, reverse=True)


def test_combined_status_filters_by_several_states(douyin, now):
    rows = listed(douyin, now, combine_status=[{"order_status": "3,101"}])["shop_order_list"]

    assert {3, 101} == {row["order_status"] for row in rows}


def test_every_state_and_every_kind_has_a_number():
    assert set(STATUS) == set(OrderState)
    assert {*TYPES, AfterSaleKind.REFUND_ONLY} == set(AGREED) == set(AfterSaleKind)


def test_money_is_fen_and_adds_up_on_orders_and_lines(douyin, now):
    for row in every_order(douyin, now):
        lines = row["sku_order_list"]
        platform = [line["promotion_platform_amount"] for line in lines]
        assert row["order_amount"] == row["pay_amount"] + row["promotion_amount"]
        assert row["promotion_platform_amount"] == sum(platform)
        for line in lines:
            assert line["order_amount"] == line["pay_amount"] + line["promotion_amount"]
            assert line["sum_amount"] == line["origin_amount"] * line["item_num"]


def test_first_product_order_carries_the_number_of_its_shop_order(douyin, now):
    rows = every_order(douyin, now)

    assert all(row["order_id"] == row["sku_order_list"][0]["order_id"] for row in rows)
    assert {row["order_id"] for row in rows} == {
        line["parent_order_id"] for row in rows for line in row["sku_order_list"]
    }


def test_receiver_is_masked_and_encrypted_and_its_region_is_clear(douyin, now):
    order, row = shown(douyin, now, lambda order: order.receiver.district)

    text = json.dumps(row, ensure_ascii=False)
    receiver = order.receiver
    assert not any(plain in text for plain in (receiver.name, receiver.mobile, receiver.address))
    assert receiver.district == row["post_addr"]["town"]["name"]
    assert ("", "") == (row["post_receiver"], row["post_addr"]["detail"])
    assert row["encrypt_post_tel"].startswith("$$")
    assert row["encrypt_post_tel"].endswith("$1$$")


def test_deposit_is_a_part_payment_and_a_risky_order_waits(douyin, now):
    _, deposit = shown(douyin, now, lambda order: order.state is OrderState.DEPOSIT_PAID)
    _, risky = shown(douyin, now, lambda order: order.state is OrderState.PAID_HOLD)

    assert (1, 103, 0) == (deposit["order_status"], deposit["main_status"], deposit["pay_time"])
    assert [True, False] == [phase["pay_success"] for phase in deposit["order_phase_list"]]
    assert risky["order_status"] == 105


@pytest.mark.parametrize(
    ("what", "key"), [("ship_hold", "ship_hold"), ("request_address", "address_change_apply")]
)
def test_tag_says_why_an_order_waits(douyin, now, what, key):
    order = douyin.world.touch(1, now, what=what)[0]

    _, row = shown(douyin, now, lambda one: one is order)

    assert key in {tag["key"] for tag in row["shop_order_tag_ui"]}


def test_refunded_orders_say_whether_goods_were_sent(douyin, now):
    _, before = shown(douyin, now, lambda one: one.state is OrderState.CLOSED_REFUNDED and not one.parcels)
    _, never_paid = shown(douyin, now, lambda one: one.state is OrderState.CLOSED_UNPAID)

    assert (4, 21) == (before["order_status"], before["main_status"])
    assert (4, 4) == (never_paid["order_status"], never_paid["main_status"])


def test_gifts_bundles_cloud_lines_and_cash_on_delivery_are_shown(douyin, now):
    orders = every_order(douyin, now)
    lines = [line for row in orders for line in row["sku_order_list"]]

    assert any(line["given_product_type"] == "FREE" for line in lines)
    assert any(line["bundle_sku_info"] for line in lines)
    assert any(line["inventory_list"][0]["warehouse_type"] == 2 for line in lines)
    _, cash = shown(douyin, now, lambda one: one.payment_kind is PaymentKind.COD)
    assert (0, 2, 0) == (cash["pay_type"], cash["order_status"], cash["pay_time"])


def test_unknown_state_is_a_number_that_no_document_has(douyin, now):
    _, row = shown(douyin, now, lambda order: order.has_unknown_status)

    assert UNKNOWN_STATUS == row["order_status"]


def test_order_of_nobody_is_not_found(douyin, now):
    answer = ask(douyin, now, DETAIL, {"shop_order_id": "6900000000000000000"})

    assert (40004, "isv.parameter-invalid:20014") == (answer["code"], answer["sub_code"])


def test_after_sales_are_listed_by_update_with_the_product_order_they_are_about(douyin, now):
    wish = {
        "page": 0,
        "size": 100,
        "update_start_time": int((now - timedelta(days=2)).timestamp()),
        "update_end_time": int(now.timestamp()),
        "order_by": ["update_time asc"],
    }

    data = ask(douyin, now, AFTER_SALES, wish)["data"]

    times = [item["aftersale_info"]["update_time"] for item in data["items"]]
    assert (sorted(times), False) == (times, data["has_more"])
    assert {item["aftersale_info"]["aftersale_id"] for item in data["items"]} == set(douyin.world.after_sales)
    for item in data["items"]:
        (line,) = item["order_info"]["related_order_info"]
        assert item["aftersale_info"]["related_id"] == line["sku_order_id"]


def test_rejected_after_a_return_is_a_second_refusal(douyin, now):
    sale = next(
        one
        for one in douyin.world.after_sales.values()
        if one.kind is AfterSaleKind.RETURN_REFUND and one.state is AfterSaleState.AGREED
    )
    for what in ("advance", "reject"):
        douyin.world.touch(0, now, what=what, order_ids=[sale.order_id])

    items = ask(douyin, now, AFTER_SALES, {"page": 0, "size": 10, "order_id": sale.order_id})["data"]["items"]

    assert [29] == [item["aftersale_info"]["aftersale_status"] for item in items]


def pair(gateway):
    access = gateway.credentials.sessions["dy_live"]
    return access, refresh_token_of(access)


def renew(gateway, now, refresh_token):
    return ask(
        gateway,
        now,
        REFRESH,
        {"grant_type": "refresh_token", "refresh_token": refresh_token},
        access_token="",
    )


def is_good(gateway, now, token):
    wish = {**window(now, hours=1), "page": 0, "size": 1}
    return ask(gateway, now, LIST, wish, access_token=token)["code"] == 10000


def test_young_pair_comes_back_unchanged_with_the_time_it_has_left(douyin, now):
    access, refresh_token = pair(douyin)
    douyin.expire("dy_live", now + timedelta(hours=2))

    data = renew(douyin, now, refresh_token)["data"]

    assert (access, refresh_token, 7200) == (data["access_token"], data["refresh_token"], data["expires_in"])


def test_in_the_last_hour_a_new_pair_comes_and_the_old_one_is_good_for_another_hour(douyin, now):
    access, refresh_token = pair(douyin)
    douyin.expire("dy_live", now + timedelta(minutes=20))

    data = renew(douyin, now, refresh_token)["data"]

    assert (access != data["access_token"], 604_800) == (True, data["expires_in"])
    soon, late = now + timedelta(minutes=59), now + timedelta(minutes=61)
    assert [is_good(douyin, soon, access), is_good(douyin, late, access)] == [True, False]
    assert is_good(douyin, late, data["access_token"])


def test_after_its_end_a_new_pair_comes_and_the_old_one_is_dead(douyin, now):
    access, refresh_token = pair(douyin)
    douyin.expire("dy_live", now - timedelta(minutes=1))

    data = renew(douyin, now, refresh_token)["data"]
    again = renew(douyin, now, refresh_token)

    assert [False, True] == [is_good(douyin, now, access), is_good(douyin, now, data["access_token"])]
    assert (50001, "dop.token-generate-failed:token-invalid") == (again["code"], again["sub_code"])


def test_refresh_token_ends_a_week_after_its_access_token(douyin, now):
    _, refresh_token = pair(douyin)
    douyin.expire("dy_live", now - ACCESS_LASTS)

    answer = renew(douyin, now, refresh_token)

    assert (50001, "dop.token-generate-failed:token-expired") == (answer["code"], answer["sub_code"])


def test_revoked_shop_gets_no_pair(douyin, now):
    access, refresh_token = pair(douyin)
    douyin.tokens.revoke("dy_live")

    answer = renew(douyin, now, refresh_token)

    assert (50001, "dop.token-generate-failed:no-authorization") == (answer["code"], answer["sub_code"])
    assert not is_good(douyin, now, access)


def test_own_application_creates_its_pair_with_the_shops_number(douyin, now):
    extra = DIALECT.connection(douyin.credentials, SHOP_BY_ID["dy_live"], "http://x")["extra"]
    wish = {"grant_type": "authorization_self", "code": "", "shop_id": extra["shop_id"]}

    data = ask(douyin, now, CREATE, wish, access_token="")["data"]

    assert extra["access_token"] == data["access_token"]


def test_meaningless_change_moves_only_the_user_tags(douyin, now):
    order_id = next(iter(douyin.world.orders))
    douyin.behavior.noise = True
    first, second = (
        ask(douyin, now, DETAIL, {"shop_order_id": order_id})["data"]["shop_order_detail"] for _ in range(2)
    )

    assert {"user_tag_ui"} == {name for name in first if first[name] != second[name]}
