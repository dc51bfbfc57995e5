"""The JD gateway answers a violated contract with the documented error, and shows orders in JD's own shapes."""

import json
from datetime import timedelta

import pytest

from sandbox.credentials import Credentials
from sandbox.gateway.gateway import Gateway
from sandbox.gateway.text import beijing
from sandbox.gateway.wire import Incoming
from sandbox.jd.dialect import DIALECT, OAUTH_PATH, PATH
from sandbox.jd.envelope import success_root
from sandbox.jd.methods import APPLICATIONS, DETAIL, EN_SEARCH, FIELDS, REMARKS, SEARCH, SERVICES
from sandbox.jd.oauth import refresh_token_of
from sandbox.jd.order import STATES, is_listed, vender_id
from sandbox.jd.request import sign
from sandbox.world.catalog import shops_named
from sandbox.world.model import AfterSaleKind, OrderState
from sandbox.world.world import World

SHOP = "jd_flagship"
ALL_STATES = ",".join([*dict.fromkeys(STATES.values()), "LOCKED"])
ALL_FIELDS = ",".join(sorted(FIELDS))
DEMO = {"access_token": "demojdtoken0001", "app_key": "DEMOAPPKEY0000000000000000000001", "v": "2.0"}


@pytest.fixture
def jd(now):
    world = World(7, 480, now - timedelta(minutes=5), shops=shops_named(SHOP), lives="all")
    return Gateway.of(DIALECT, world, Credentials.of(7, "jd"))


def signed(gateway, now, method, wish, /, **changes):
    form = {
        "method": method,
        "access_token": gateway.credentials.sessions[SHOP],
        "app_key": gateway.credentials.app_key,
        "timestamp": beijing(now),
        "v": "2.0",
        "360buy_param_json": json.dumps(wish, ensure_ascii=False),
        **changes,
    }
    form = {name: value for name, value in form.items() if value is not None}
    return {"sign": sign(form, gateway.credentials.app_secret), **form}


def answer(gateway, now, form):
    return json.loads(gateway.answer(Incoming.of_form(form, PATH), now).content)


def ask(gateway, now, method, wish, **changes):
    return answer(gateway, now, signed(gateway, now, method, wish, **changes))[success_root(method)]


def search_wish(end, hours=30, **changes):
    return {
        "start_date": beijing(end - timedelta(hours=hours)),
        "end_date": beijing(end),
        "order_state": ALL_STATES,
        "optional_fields": ALL_FIELDS,
        "page": "1",
        "page_size": "100",
        "sortType": 1,
        "dateType": 0,
    } | changes


def searched(gateway, now, **changes):
    return ask(gateway, now, SEARCH, search_wish(now, **changes))["searchorderinfo_result"]


def every_order(gateway, now, **changes):
    total = searched(gateway, now, **changes)["orderTotal"]
    pages = range(1, -(-total // 100) + 1)
    return [row for page in pages for row in searched(gateway, now, page=page, **changes)["orderInfoList"]]


def true_orders(gateway):
    return [order for order in gateway.world.orders.values() if is_listed(order)]


@pytest.mark.parametrize(
    ("parameters", "secret", "expected"),
    [
        pytest.param(
            {
                "360buy_param_json": '{"end_date":null,"optional_fields":null,"order_state":"WAIT_SELLER_STOCK_OUT",'
                '"page":"1","page_size":"200","start_date":null}',
                "access_token": "yourtoken",
                "app_key": "yourappkey",
                "method": "jingdong.pop.order.search",
                "timestamp": "2021-05-07 09:20:39.683+0800",
                "v": "2.0",
                "format": "json",
                "sign_method": "md5",
            },
            "yourappSecret",
            "D70825340F4084360B9362B60DFD7930",
            id="JD-0, the official example: format and sign_method are sent and not signed",
        ),
        pytest.param(
            DEMO
            | {
                "360buy_param_json": '{"dateType":0,"end_date":"2025-11-20 10:00:00","optional_fields":"orderId,orderState,'
                'modified","order_state":"WAIT_SELLER_STOCK_OUT","page":"1","page_size":"20","sortType":1,'
                '"start_date":"2025-11-20 09:30:00"}',
                "method": "jingdong.pop.order.search",
                "timestamp": "2025-11-20 10:00:05",
            },
            "demojdsecret0001",
            "B392C143462707582F99DDE263201D6A",
            id="JD-1",
        ),
        pytest.param(
            DEMO
            | {
                "360buy_param_json": '{"flag":"1","order_id":"296001230001","remark":"请发顺丰"}',
                "method": "jingdong.pop.order.modifyVenderRemark",
                "timestamp": "2025-11-20 10:00:05",
            },
            "demojdsecret0001",
            "03BCEDAC7C37EA0162F6CF45EF998607",
            id="JD-2, Chinese",
        ),
    ],
)
def test_a_known_form_has_its_known_signature(parameters, secret, expected):
    assert expected == sign(parameters, secret)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"sign": "0" * 32}, "12", id="wrong signature"),
        pytest.param({"sign": ""}, "11", id="no signature"),
        pytest.param({"app_key": ""}, "20", id="no app key"),
        pytest.param({"app_key": "99"}, "21", id="wrong app key"),
        pytest.param({"v": ""}, "4", id="no version"),
        pytest.param({"v": "1.0"}, "5", id="wrong version"),
        pytest.param({"timestamp": ""}, "7", id="no timestamp"),
        pytest.param({"timestamp": "yesterday"}, "8", id="unreadable timestamp"),
        pytest.param({"method": ""}, "14", id="no method"),
        pytest.param({"360buy_param_json": "{}"}, "12", id="parameters changed after signing"),
    ],
)
def test_a_tampered_form_is_refused(jd, now, change, code):
    form = signed(jd, now, SEARCH, search_wish(now)) | change

    assert code == answer(jd, now, form)["error_response"]["code"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"method": "jingdong.nothing.get"}, "15"),
        ({"access_token": None}, "18"),
        ({"access_token": "stranger"}, "19"),
        ({"360buy_param_json": "[1"}, "63"),
    ],
)
def test_a_signed_call_that_means_nothing_is_refused(jd, now, changes, code):
    form = signed(jd, now, SEARCH, search_wish(now), **changes)

    assert code == answer(jd, now, form)["error_response"]["code"]


@pytest.mark.parametrize(("minutes", "refused"), [(-7, True), (-6, False), (6, False), (7, True)])
def test_a_clock_may_differ_by_six_minutes(jd, now, minutes, refused):
    sent = beijing(now + timedelta(minutes=minutes)) + ".000+0800"

    found = answer(jd, now, signed(jd, now, SEARCH, search_wish(now), timestamp=sent))

    assert refused == (found.get("error_response", {}).get("code") == "8")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"hours": 24 * 32}, "61", id="more than a month"),
        pytest.param({"hours": -1}, "61", id="ends before it starts"),
        pytest.param({"page_size": "101"}, "61", id="page too large"),
        pytest.param({"page": "0"}, "61", id="page zero"),
        pytest.param({"start_date": ""}, "60", id="no start"),
        pytest.param({"start_date": "today"}, "61", id="unreadable start"),
        pytest.param({"order_state": ""}, "60", id="no states"),
        pytest.param({"optional_fields": ""}, "68", id="no fields"),
        pytest.param({"optional_fields": "orderId,telephone"}, "68", id="an unknown field"),
    ],
)
def test_a_search_outside_its_limits_is_refused(jd, now, changes, code):
    form = signed(jd, now, SEARCH, search_wish(now, **changes))

    assert code == answer(jd, now, form)["error_response"]["code"]


def test_the_root_is_misspelled_and_the_search_says_twice_that_it_succeeded(jd, now):
    found = answer(jd, now, signed(jd, now, SEARCH, search_wish(now)))["jingdong_pop_order_search_responce"]

    assert ("0", True) == (found["code"], found["searchorderinfo_result"]["apiResult"]["success"])


def test_only_orders_that_reached_production_exist(jd, now):
    listed = {row["orderId"] for row in every_order(jd, now)}

    expected = {order.order_id for order in true_orders(jd)}
    assert (expected, True) == (listed, len(expected) < len(jd.world.orders))


def test_every_state_of_the_world_has_its_word(jd, now):
    words = {row["orderState"] for row in every_order(jd, now)}

    assert words == {*STATES.values(), "LOCKED", "WAIT_SELLER_PACK"}


def test_a_search_is_newest_first_or_oldest_first(jd, now):
    newest, oldest = (
        [row["modified"] for row in searched(jd, now, sortType=kind)["orderInfoList"]] for kind in (1, 0)
    )

    assert (sorted(newest, reverse=True), sorted(oldest)) == (newest, oldest)


def test_a_search_by_creation_keeps_an_order_where_it_was_placed(jd, now):
    order = next(order for order in true_orders(jd) if order.modified > order.created + timedelta(minutes=5))
    second = beijing(order.created)

    rows = searched(jd, now, dateType=1, start_date=second, end_date=second)["orderInfoList"]

    assert [order.order_id] == [row["orderId"] for row in rows]


def test_pages_beyond_the_hundredth_are_empty_though_the_total_says_more(jd, now):
    found = searched(jd, now, page="101", page_size="1")

    assert ([], True) == (found["orderInfoList"], found["orderTotal"] > 101)


def test_the_encrypted_search_has_the_same_shape(jd, now):
    found = ask(jd, now, EN_SEARCH, search_wish(now))["searchorderinfo_result"]

    assert searched(jd, now)["orderTotal"] == found["orderTotal"]


def test_an_order_of_nobody_fails_in_the_inner_layer(jd, now):
    wish = {"order_id": "399999999999", "optional_fields": "orderId"}

    found = answer(jd, now, signed(jd, now, DETAIL, wish))[success_root(DETAIL)]

    assert ("0", False) == (found["code"], found["orderDetailInfo"]["apiResult"]["success"])


@pytest.mark.parametrize("method", [SEARCH, DETAIL, REMARKS, APPLICATIONS, SERVICES])
def test_a_planned_failure_of_the_inner_layer_has_no_error_response(jd, now, method):
    jd.faults.replace([{"kind": "error", "code": 0, "sub_code": "10100001", "msg": "查询失败"}])

    found = answer(jd, now, signed(jd, now, method, {}))

    assert [success_root(method)] == list(found)
    assert "查询失败" in json.dumps(found, ensure_ascii=False)


def test_amounts_add_up_and_the_shop_bears_no_beans(jd, now):
    for row in every_order(jd, now):
        order = jd.world.orders[row["orderId"]]
        fen = {
            name: round(float(row[name]) * 100)
            for name in ("orderTotalPrice", "orderSellerPrice", "orderPayment")
        }
        fen |= {name: round(float(row[name]) * 100) for name in ("sellerDiscount", "freightPrice")}
        beans = sum(
            round(float(coupon["couponPrice"]) * 100)
            for coupon in row["couponDetailList"]
            if coupon["couponType"].startswith("39-")
        )
        paid = fen["orderSellerPrice"] - beans + fen["freightPrice"] + order.payment_error_fen
        assert fen["orderTotalPrice"] - fen["sellerDiscount"] == fen["orderSellerPrice"]
        assert paid == fen["orderPayment"] == order.payment_fen


def test_receivers_are_ciphers_masks_and_tokens_under_clear_regions(jd, now):
    row = searched(jd, now)["orderInfoList"][0]
    receiver = jd.world.orders[row["orderId"]].receiver

    text = json.dumps(row, ensure_ascii=False)
    assert not any(secret in text for secret in (receiver.name, receiver.mobile, receiver.address))
    assert receiver.mobile[:3] + "*******" + receiver.mobile[-1] == row["consigneeInfo"]["mobile"]
    assert receiver.state.startswith(row["consigneeInfo"]["province"])


def test_cash_on_delivery_is_a_composite_text_and_was_never_paid(jd, now):
    row = next(row for row in every_order(jd, now) if row["payType"] == "1-货到付款")

    assert "0001-01-01 00:00:00" == row["paymentConfirmTime"]


def test_a_note_moves_no_order_and_shows_in_the_list_of_notes(jd, now):
    order = next(order for order in true_orders(jd) if order.is_shippable and not order.intents)
    before = order.modified
    jd.world.touch(0, now, what="memo", order_ids=[order.order_id])

    window = {"startTime": beijing(now), "endTime": beijing(now), "page": 1}
    found = ask(jd, now, REMARKS, window)["getremarkbymodifytime_result"]

    assert before == order.modified
    assert [(order.order_id, order.seller_memo)] == [
        (row["orderId"], row["remark"]) for row in found["remarkList"]
    ]


def applications(gateway, now, name, hours=31):
    wish = {
        f"{name}Start": beijing(now - timedelta(hours=hours)),
        f"{name}End": beijing(now),
        "pageIndex": 1,
        "pageSize": 50,
    }
    return ask(gateway, now, APPLICATIONS, wish)["queryResult"]["result"]


def services(gateway, now, **changes):
    wish = {
        "buId": vender_id(SHOP),
        "operatePin": "hub",
        "operateNick": "hub",
        "updateTimeBegin": beijing(now - timedelta(hours=31)),
        "updateTimeEnd": beijing(now),
        "pageNumber": 1,
        "pageSize": 50,
    } | changes
    return answer(gateway, now, signed(gateway, now, SERVICES, wish))


def test_money_back_before_shipping_and_services_after_it_stand_in_two_lists(jd, now):
    before = {str(row["id"]) for row in applications(jd, now, "applyTime")}
    after = {
        str(row["serviceId"])
        for row in services(jd, now)["jingdong_asc_sync_list_responce"]["pageResult"]["data"]
    }

    assert not before & after
    assert set(jd.world.after_sales) == before | after


def test_only_judged_applications_are_listed_by_the_time_of_judging(jd, now):
    judged = applications(jd, now, "checkTime")
    all_of_them = applications(jd, now, "applyTime")

    waiting = [row for row in all_of_them if row["status"] == 0]
    assert waiting
    assert not any("checkTime" in row for row in waiting)
    assert {row["id"] for row in all_of_them} - {row["id"] for row in waiting} == {
        row["id"] for row in judged
    }


def test_a_service_names_a_sku_and_an_application_names_no_goods(jd, now):
    row = services(jd, now)["jingdong_asc_sync_list_responce"]["pageResult"]["data"][0]
    line_skus = {sku for order in true_orders(jd) for sku in [line.platform_sku_id for line in order.lines]}

    assert "skuId" not in applications(jd, now, "applyTime")[0]
    assert str(row["skuId"]) in line_skus or str(row["skuId"]).startswith("10")


def test_an_exchange_never_asks_for_money(jd, now):
    rows = services(jd, now)["jingdong_asc_sync_list_responce"]["pageResult"]["data"]

    expected = [one for one in jd.world.after_sales.values() if one.kind is AfterSaleKind.EXCHANGE]
    found = [row for row in rows if row["customerExpect"] == 20]
    assert (len(expected), {0}) == (len(found), {row["applyRefundSum"] for row in found})


@pytest.mark.parametrize(
    ("changes", "code"), [({"buId": "1"}, "71"), ({"buId": ""}, "60"), ({"pageSize": 51}, "61")]
)
def test_services_want_the_number_of_the_shop_and_small_pages(jd, now, changes, code):
    assert code == services(jd, now, **changes)["error_response"]["code"]


def refresh(gateway, now, **changes):
    form = {
        "grant_type": "refresh_token",
        "client_id": gateway.credentials.app_key,
        "client_secret": gateway.credentials.app_secret,
        "refresh_token": refresh_token_of(gateway.credentials, SHOP),
    } | changes
    return json.loads(gateway.answer(Incoming.of_form(form, OAUTH_PATH), now).content)


def test_a_renewed_token_is_the_same_text_and_lives_on(jd, now):
    jd.expire(SHOP, now)
    expired = answer(jd, now, signed(jd, now, SEARCH, search_wish(now)))

    renewed = refresh(jd, now)

    assert "19" == expired["error_response"]["code"]
    assert (jd.credentials.sessions[SHOP], 0) == (renewed["access_token"], renewed["code"])
    assert searched(jd, now)["orderTotal"] > 0


@pytest.mark.parametrize("changes", [{"refresh_token": "x"}, {"client_secret": "x"}, {"grant_type": "code"}])
def test_a_wrong_renewal_is_refused(jd, now, changes):
    assert 405 == refresh(jd, now, **changes)["code"]


def test_a_shop_that_took_its_authorisation_back_gets_no_token(jd, now):
    jd.tokens.revoke(SHOP)

    assert 405 == refresh(jd, now)["code"]


def test_a_parcel_makes_an_order_shipped_though_more_will_follow(jd, now):
    order = next(order for order in true_orders(jd) if order.state is OrderState.PART_SHIPPED)
    second = beijing(order.modified)

    rows = searched(jd, now, start_date=second, end_date=second)["orderInfoList"]

    row = next(row for row in rows if row["orderId"] == order.order_id)
    assert ("WAIT_GOODS_RECEIVE_CONFIRM", order.parcels[0].number) == (row["orderState"], row["waybill"])
