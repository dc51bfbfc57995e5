"""The Pinduoduo gateway: published signatures, windows of 30 minutes, 成交, and receivers that come and go."""

import json
from datetime import timedelta

import pytest

from sandbox.credentials import Credentials
from sandbox.gateway.gateway import Gateway
from sandbox.gateway.wire import Incoming
from sandbox.pinduoduo.dialect import DIALECT
from sandbox.pinduoduo.methods import DETAIL, INCREMENT, LIST, REFRESH, REFUND, REFUNDS, STATUS, TIME
from sandbox.pinduoduo.signature import as_signed, sign
from sandbox.pinduoduo.tokens import refresh_token
from sandbox.world.catalog import shops_named
from sandbox.world.model import AfterSaleState, OrderState
from sandbox.world.world import World

SHOP = "pdd_main"
ALL = {"order_status": "5", "refund_status": "5", "is_lucky_flag": "0"}
DEMO_SECRET = "demo_client_secret_0001"
DEMO = {
    "access_token": "demo_access_token_0001",
    "client_id": "demo_client_id_0001",
    "data_type": "JSON",
    "timestamp": 1763604000,
}
GUIDE = {
    "access_token": "asd78172s8ds9a921j9qqwda12312w1w21211",
    "client_id": "1",
    "data_type": "XML",
    "order_status": "1",
    "page": "1",
    "page_size": "10",
    "timestamp": "1480411125",
    "type": "pdd.order.number.list.get",
}
WINDOW = {
    **DEMO,
    "end_updated_at": 1763602200,
    "is_lucky_flag": 0,
    "order_status": 5,
    "page": 1,
    "page_size": 100,
    "refund_status": 5,
    "start_updated_at": 1763600400,
    "type": INCREMENT,
    "use_has_next": True,
}
NESTED = {
    **DEMO,
    "data_list": [{"data_tag": "251120-100000000000001", "encrypted_data": "~AgAAdemo~"}],
    "type": "pdd.open.decrypt.batch",
}


@pytest.fixture
def shop(now):
    world = World(7, 240, now - timedelta(minutes=5), shops=shops_named(SHOP), lives="all")
    return Gateway.of(DIALECT, world, Credentials.of(7, "pinduoduo"))


def form_of(gateway, now, method, **parameters):
    common = {
        "type": method,
        "client_id": gateway.credentials.app_key,
        "access_token": gateway.credentials.sessions[SHOP],
        "timestamp": str(int(now.timestamp())),
    }
    form = {name: value for name, value in {**common, **parameters}.items() if value}
    return {"sign": sign(form, gateway.credentials.app_secret), **form}


def ask(gateway, now, method, **parameters):
    reply = gateway.answer(Incoming.of_form(form_of(gateway, now, method, **parameters)), now)
    ((_, body),) = json.loads(reply.content).items()
    return body


def span(end, minutes=30, **names):
    first, last = names.get("names", ("start_updated_at", "end_updated_at"))
    return {first: str(int(end.timestamp()) - 60 * minutes), last: str(int(end.timestamp()))}


def listed(gateway, end, hours=32):
    """Every order of the last hours, read window by window."""
    rows = []
    for step in range(2 * hours):
        at = end - timedelta(minutes=30 * step)
        rows += ask(gateway, end, INCREMENT, **ALL, **span(at))["order_sn_list"]
    return {row["order_sn"]: row for row in rows}


def one(gateway, wanted):
    return next(order for order in gateway.world.orders.values() if wanted(order))


@pytest.mark.parametrize(
    ("parameters", "secret", "expected"),
    [
        pytest.param(GUIDE, "testSecret", "E4DE3ED21002510DED352819E7AE6775", id="PDD-0, the guide's"),
        pytest.param(WINDOW, DEMO_SECRET, "7CA0287C6266A3C91519054F8A498427", id="PDD-1"),
        pytest.param(NESTED, DEMO_SECRET, "E6B08E4A4F9D8296BB0406C4320903A8", id="PDD-2, nested"),
    ],
)
def test_a_known_request_has_its_known_signature(parameters, secret, expected):
    assert expected == sign(as_signed(parameters), secret)


def test_a_json_body_may_send_numbers_that_are_signed_as_text(shop, now):
    common = {"type": TIME, "client_id": shop.credentials.app_key, "timestamp": int(now.timestamp())}
    signed = {**common, "sign": sign(as_signed(common), shop.credentials.app_secret)}

    reply = shop.answer(Incoming.of_json(signed), now)

    assert "2026-11-23 12:05:00" == json.loads(reply.content)["time_get_response"]["time"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"sign": "0" * 32}, 20004, id="wrong signature"),
        pytest.param({"sign": ""}, 20007, id="no signature"),
        pytest.param({"client_id": "99"}, 10016, id="wrong client"),
        pytest.param({"timestamp": "yesterday"}, 10001, id="unreadable time"),
        pytest.param({"page": "1"}, 20004, id="a parameter added after signing"),
        pytest.param({"data_type": "XML"}, 10001, id="another form than JSON"),
    ],
)
def test_a_tampered_request_is_refused(shop, now, change, code):
    tampered = {**form_of(shop, now, TIME), **change}

    reply = shop.answer(Incoming.of_form(tampered), now)

    assert (200, code) == (reply.status, json.loads(reply.content)["error_response"]["error_code"])


def test_only_post_is_spoken(shop, now):
    reply = shop.answer(Incoming(verb="GET", query=form_of(shop, now, TIME)), now)

    assert 10002 == json.loads(reply.content)["error_response"]["error_code"]


@pytest.mark.parametrize(("minutes", "refused"), [(-11, True), (-10, False), (10, False), (11, True)])
def test_a_clock_may_differ_by_ten_minutes(shop, now, minutes, refused):
    late = form_of(shop, now + timedelta(minutes=minutes), TIME)

    answer = json.loads(shop.answer(Incoming.of_form(late), now).content)

    assert refused == (answer.get("error_response", {}).get("error_code") == 10001)


@pytest.mark.parametrize(("token", "code"), [("", 10001), ("stranger", 20032)])
def test_a_call_for_a_shop_needs_its_token(shop, now, token, code):
    assert code == ask(shop, now, DETAIL, order_sn="1", access_token=token)["error_code"]


def test_a_refresh_token_buys_a_new_token_and_ends_the_old_one(shop, now):
    old, given = shop.credentials.sessions[SHOP], refresh_token(shop.credentials, SHOP)

    answer = ask(shop, now, REFRESH, access_token="", refresh_token=given)

    window = span(now) | ALL
    assert (86_400, given) == (answer["expires_in"], answer["refresh_token"])
    assert "total_count" in ask(shop, now, INCREMENT, access_token=answer["access_token"], **window)
    assert 10019 == ask(shop, now, INCREMENT, access_token=old, **window)["error_code"]


def test_a_shop_that_took_its_authorisation_back_gets_no_token(shop, now):
    shop.tokens.revoke(SHOP)
    given = refresh_token(shop.credentials, SHOP)

    refused = ask(shop, now, REFRESH, access_token="", refresh_token=given)
    stranger = ask(shop, now, REFRESH, access_token="", refresh_token="stranger")

    assert (10014, 20032) == (refused["error_code"], stranger["error_code"])


@pytest.mark.parametrize(
    ("method", "window", "code"),
    [
        pytest.param(INCREMENT, {"minutes": 31}, 10000, id="increment longer than 30 minutes"),
        pytest.param(INCREMENT, {"minutes": -1}, 10000, id="ends before it starts"),
        pytest.param(REFUNDS, {"minutes": 31}, 10000, id="refunds longer than 30 minutes"),
        pytest.param(
            LIST, {"minutes": 24 * 60 + 1, "names": ("start_confirm_at", "end_confirm_at")}, 10000, id="a day"
        ),
    ],
)
def test_a_window_has_its_longest_length(shop, now, method, window, code):
    answer = ask(shop, now, method, after_sales_type="1", **ALL, **span(now, **window))

    assert code == answer["error_code"]


@pytest.mark.parametrize(
    "bad", [{"page_size": "101"}, {"page": "0"}, {"order_status": ""}, {"refund_status": "9"}]
)
def test_parameters_outside_their_limits_are_refused(shop, now, bad):
    assert 10001 == ask(shop, now, INCREMENT, **{**ALL, **span(now), **bad})["error_code"]


def test_orders_are_listed_newest_first_and_both_ends_count(shop, now):
    order = one(shop, lambda order: order.paid_at and not order.group)
    second = str(int(order.modified.timestamp()))

    exact = ask(shop, now, INCREMENT, **ALL, start_updated_at=second, end_updated_at=second)
    times = [row["updated_at"] for row in ask(shop, now, INCREMENT, **ALL, **span(now))["order_sn_list"]]

    assert order.order_id in {row["order_sn"] for row in exact["order_sn_list"]}
    assert sorted(times, reverse=True) == times


def test_has_next_replaces_the_total_and_a_page_beyond_the_end_is_empty(shop, now):
    pages = [
        ask(shop, now, INCREMENT, **ALL, **span(now - timedelta(hours=1)), use_has_next="true", page_size="2", page=page)
        for page in ("1", "90")
    ]  # fmt: skip

    assert [True, False] == [page["has_next"] for page in pages]
    assert ([], False) == (pages[1]["order_sn_list"], any("total_count" in page for page in pages))


def test_only_orders_that_became_deals_are_listed(shop, now):
    rows = listed(shop, now)

    hidden = [order for order in shop.world.orders.values() if order.order_id not in rows]
    unpaid = {OrderState.UNPAID, OrderState.CLOSED_UNPAID}
    assert hidden
    assert all(order.state in unpaid or not order.group.is_formed for order in hidden)


def test_an_order_appears_when_its_group_is_formed(shop, now):
    order = one(shop, lambda order: order.group and not order.group.is_formed and order.hold)
    before = ask(shop, now, DETAIL, order_sn=order.order_id)

    shop.world.touch(0, now, what="release", order_ids=[order.order_id])

    row = ask(shop, now, DETAIL, order_sn=order.order_id)["order_info"]
    assert (50001, 1) == (before["error_code"], row["group_status"])
    assert order.order_id in {
        row["order_sn"] for row in ask(shop, now, INCREMENT, **ALL, **span(now))["order_sn_list"]
    }


@pytest.mark.parametrize("what", ["hold", "ship", "close"])
def test_the_receiver_is_told_only_while_the_order_may_be_shipped(shop, now, what):
    order = one(shop, lambda order: order.is_shippable and not order.after_sales and order.receiver.city)
    before = ask(shop, now, DETAIL, order_sn=order.order_id)["order_info"]

    shop.world.touch(0, now, what=what, order_ids=[order.order_id])

    after = ask(shop, now, DETAIL, order_sn=order.order_id)["order_info"]
    assert before["receiver_phone"].startswith("$")
    assert ("", "", "") == (after["receiver_phone"], after["receiver_name"], after["receiver_name_mask"])
    assert order.receiver.city == before["city"] == after["city"]


def test_ciphertext_has_both_documented_forms_and_never_the_plain_text(shop, now):
    rows = [row for row in listed(shop, now).values() if row["receiver_name"]]

    forms = {row["receiver_name"].endswith("~~") for row in rows}
    text = json.dumps(rows, ensure_ascii=False)
    assert {True, False} == forms
    assert not [order for order in shop.world.orders.values() if order.receiver.mobile in text]


def test_pay_amount_is_goods_less_discount_plus_postage(shop, now):
    def fen(yuan):
        return round(100 * yuan)

    wrong = {
        row["order_sn"]
        for row in listed(shop, now).values()
        if fen(row["pay_amount"]) != fen(row["goods_amount"]) - fen(row["discount_amount"]) + fen(row["postage"])
    }  # fmt: skip

    planted = {order.order_id for order in shop.world.orders.values() if order.payment_error_fen}
    assert planted == wrong


def test_the_first_parcel_makes_an_order_shipped_and_more_are_extra_numbers(shop, now):
    order = one(
        shop, lambda order: order.is_shippable and order.goods[0].quantity > 1 and not order.after_sales
    )

    for what in ("part_ship", "ship"):
        shop.world.touch(0, now, what=what, order_ids=[order.order_id])

    row = ask(shop, now, DETAIL, order_sn=order.order_id)["order_info"]
    first, second = order.parcels
    assert (2, 85, first.number) == (row["order_status"], row["logistics_id"], row["tracking_number"])
    assert [{"logistics_id": 85, "tracking_number": second.number}] == row["extra_delivery_list"]


def test_a_deposit_is_a_deal_of_its_own_kind(shop, now):
    order = one(shop, lambda order: order.state is OrderState.DEPOSIT_PAID)
    before = ask(shop, now, DETAIL, order_sn=order.order_id)["order_info"]

    shop.world.touch(0, now, what="pay_final", order_ids=[order.order_id])

    after = ask(shop, now, DETAIL, order_sn=order.order_id)["order_info"]
    steps = [row["step_order_info"]["step_trade_status"] for row in (before, after)]
    assert ([1, 2], "", 1) == (steps, before["pay_time"], before["trade_type"])


def test_gifts_stand_apart_and_bundles_tell_their_parts(shop, now):
    rows = listed(shop, now)
    gifted = one(shop, lambda order: any(line.is_gift for line in order.lines) and order.order_id in rows)
    bundle = one(shop, lambda order: order.lines[0].parts and order.order_id in rows)

    gift = rows[gifted.order_id]["gift_list"][0]
    parts = rows[bundle.order_id]["order_depot_info"]["ware_sub_info_list"]
    assert (1, 0.0) == (len(rows[gifted.order_id]["item_list"]), gift["goods_price"])
    assert [part.code for part in bundle.lines[0].parts] == [part["ware_sn"] for part in parts]


def test_an_order_is_refunded_only_when_all_of_it_was(shop, now):
    order = one(
        shop, lambda order: order.is_shippable and order.goods[0].quantity > 1 and not order.after_sales
    )
    said = []

    for what in ("refund_piece", "advance", "advance", "close"):
        shop.world.touch(0, now, what=what, order_ids=[order.order_id])
        row = ask(shop, now, DETAIL, order_sn=order.order_id)["order_info"]
        said.append((row["refund_status"], row["after_sales_status"]))

    assert [(2, 2), (3, 4), (1, 10), (4, 10)] == said


def test_the_refund_list_tells_every_after_sale_of_a_deal(shop, now):
    told = {}
    for step in range(64):
        at = now - timedelta(minutes=30 * step)
        for row in ask(shop, now, REFUNDS, after_sales_type="1", **span(at))["refund_list"]:
            told[str(row["id"])] = row

    deals = listed(shop, now)
    expected = {key for key, one in shop.world.after_sales.items() if one.order_id in deals}
    assert expected == set(told)
    known = {
        state
        for state in AfterSaleState
        if any(one.state is state for one in shop.world.after_sales.values())
    }
    assert len(known) > 4


def test_a_refund_can_be_read_by_its_number_and_order_only(shop, now):
    known = next(one for one in shop.world.after_sales.values() if one.order_id in listed(shop, now))
    own = {"order_sn": known.order_id, "after_sales_id": known.after_sale_id}

    found = ask(shop, now, REFUND, **own)
    foreign = ask(shop, now, REFUND, **own | {"order_sn": "261123-000000000000000"})

    assert (int(known.after_sale_id), 50001) == (found["id"], foreign["error_code"])


def test_a_list_by_confirmation_and_the_states_tell_the_same_orders(shop, now):
    confirmed = span(now, 24 * 60, names=("start_confirm_at", "end_confirm_at"))
    answer = ask(shop, now, LIST, **ALL, **confirmed)
    numbers = [row["order_sn"] for row in answer["order_list"]]

    states = ask(shop, now, STATUS, order_sns=",".join(numbers))["order_status_list"]

    assert numbers == [state["orderSn"] for state in states]
    assert len(numbers) == 100 < answer["total_count"]


def test_the_published_budget_of_refunds_is_kept(shop, now):
    answers = [ask(shop, now, REFUNDS, after_sales_type="1", **span(now)) for _ in range(101)]

    assert [70031] == [answer["error_code"] for answer in answers if "error_code" in answer]


def test_an_unknown_type_is_refused(shop, now):
    assert 10017 == ask(shop, now, "pdd.order.everything.get")["error_code"]


def test_noise_changes_only_what_means_nothing(shop, now):
    order = one(shop, lambda order: order.is_shippable)
    quiet = ask(shop, now, DETAIL, order_sn=order.order_id)["order_info"]
    shop.behavior.noise = True

    noisy = ask(shop, now, DETAIL, order_sn=order.order_id)["order_info"]

    assert {"urge_shipping_time"} == {name for name in quiet if quiet[name] != noisy[name]}
