"""The own shop's backend: signed REST, lists by cursor, plain receivers, errors with an HTTP status."""

import json
import secrets
import time
from datetime import timedelta

import pytest

from sandbox.credentials import Credentials
from sandbox.gateway.gateway import Gateway
from sandbox.gateway.wire import Incoming
from sandbox.miniprogram.dialect import DIALECT
from sandbox.miniprogram.methods import ORDERS, PREFIX
from sandbox.miniprogram.signature import canonical_query, sign
from sandbox.world.catalog import shops_named
from sandbox.world.model import AfterSaleState, OrderState, PaymentKind
from sandbox.world.world import World

SHOP_ID = "mp_own"


@pytest.fixture
def gateway(now):
    world = World(7, 960, now - timedelta(minutes=5), shops=shops_named(SHOP_ID), lives="all")
    return Gateway.of(DIALECT, world, Credentials.of(7, "miniprogram"))


def request(gateway, now, path, query=None, verb="GET", **changed):
    """Return a signed request; `changed` replaces headers after signing."""
    query = {name: str(value) for name, value in (query or {}).items()}
    credentials, timestamp = gateway.credentials, str(int(now.timestamp()))
    nonce = secrets.token_hex(8)
    headers = {
        "x-shop-key": credentials.shop_keys[SHOP_ID],
        "x-shop-timestamp": timestamp,
        "x-shop-nonce": nonce,
        "x-shop-signature": sign(
            credentials.shop_secrets[SHOP_ID], verb, PREFIX + path, query, timestamp, nonce
        ),
    }
    changed = {name.replace("_", "-"): value for name, value in changed.items()}
    return Incoming(PREFIX + path, verb, query, {**headers, **changed})


def ask(gateway, now, path, query=None, **changed):
    reply = gateway.answer(request(gateway, now, path, query, **changed), now)
    return reply.status, json.loads(reply.content)


def window(now, **length):
    end = int(now.timestamp())
    return {"updated_from": end - int(timedelta(**length).total_seconds()), "updated_to": end}


def pages(gateway, now, path, query):
    """Yield the items of every page of a list."""
    cursor = ""
    while True:
        _, answer = ask(gateway, now, path, {**query, **({"cursor": cursor} if cursor else {})})
        yield answer["items"]
        cursor = answer["next_cursor"]
        if not answer["has_more"]:
            return


def test_the_signature_of_the_documented_example_comes_out():
    query = {"updated_to": "1735661700", "limit": "100", "updated_from": "1735660800"}

    signature = sign("shopsecret-2f9d", "GET", "/openapi/v1/orders", query, "1735661760", "a1b2c3d4")

    assert "2ca7eb05ebe0d49bd6cda2b652049d755f7a520451cb62675bb663a450250376" == signature


def test_the_signed_query_is_sorted_and_percent_encoded():
    assert "a=%E5%8D%95%20%2F1&b=~-._" == canonical_query({"b": "~-._", "a": "单 /1"})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"x_shop_signature": "0" * 64}, "invalid_signature", id="wrong signature"),
        pytest.param({"x_shop_signature": ""}, "missing_header", id="no signature"),
        pytest.param({"x_shop_nonce": "other"}, "invalid_signature", id="nonce changed after signing"),
        pytest.param({"x_shop_key": "stranger"}, "unknown_key", id="unknown key"),
        pytest.param({"x_shop_timestamp": "yesterday"}, "stale_timestamp", id="unreadable time"),
        pytest.param({"x_shop_timestamp": "1" * 40}, "stale_timestamp", id="absurd time"),
    ],
)
def test_a_tampered_request_is_refused(gateway, now, change, code):
    status, answer = ask(gateway, now, "/orders", window(now, days=1), **change)

    assert (401, code) == (status, answer["error"]["code"])
    assert answer["error"]["request_id"]


@pytest.mark.parametrize(("seconds", "refused"), [(-301, True), (-300, False), (300, False), (301, True)])
def test_a_clock_may_differ_by_five_minutes(gateway, now, seconds, refused):
    sent = request(gateway, now + timedelta(seconds=seconds), "/orders", window(now, days=1))

    assert refused == (gateway.answer(sent, now).status == 401)


def test_a_request_sent_twice_is_refused_until_its_time_is_too_old_anyway(gateway, now):
    sent = request(gateway, now, "/orders", window(now, days=1))
    gateway.answer(sent, now)

    again = json.loads(gateway.answer(sent, now + timedelta(minutes=5)).content)

    assert "replayed_nonce" == again["error"]["code"]
    gateway.answer(request(gateway, now + timedelta(minutes=11), "/orders"), now + timedelta(minutes=11))
    assert 1 == len(gateway.seen_words)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"updated_from": 5}, "missing_parameter"),
        ({"updated_from": "x", "updated_to": 5}, "invalid_parameter"),
        ({"updated_from": 0, "updated_to": 31 * 86400 + 1}, "window_too_long"),
        ({"updated_from": 5, "updated_to": 4}, "window_too_long"),
        ({"updated_from": 0, "updated_to": 5, "limit": 201}, "invalid_parameter"),
        ({"updated_from": 0, "updated_to": 5, "limit": 0}, "invalid_parameter"),
        ({"updated_from": 0, "updated_to": 5, "cursor": "§"}, "invalid_cursor"),
        ({"updated_from": 0, "updated_to": 5, "cursor": "YQ"}, "invalid_cursor"),
    ],
)
def test_a_parameter_outside_its_limits_is_refused(gateway, now, query, code):
    assert (400, code) == (
        (answer := ask(gateway, now, "/orders", query))[0],
        answer[1]["error"]["code"],
    )


@pytest.mark.parametrize(
    ("verb", "path"), [("GET", "/stock"), ("POST", "/orders"), ("GET", "/orders/MP1/lines"), ("GET", "/")]
)
def test_what_is_no_resource_is_not_found(gateway, now, verb, path):
    assert 404 == ask(gateway, now, path, verb=verb)[0]


def test_pages_by_cursor_give_every_order_once_oldest_update_first(gateway, now):
    found = [
        row for page in pages(gateway, now, "/orders", {**window(now, days=3), "limit": 100}) for row in page
    ]

    keys = [(row["updated_at"], row["order_no"]) for row in found]
    assert sorted(keys) == keys
    assert sorted(gateway.world.orders) == sorted(row["order_no"] for row in found)


def test_the_end_of_a_window_is_outside(gateway, now):
    order = next(iter(gateway.world.orders.values()))
    second = int(order.modified.timestamp())

    before = ask(gateway, now, "/orders", {"updated_from": second - 9, "updated_to": second})[1]["items"]
    within = ask(gateway, now, "/orders", {"updated_from": second, "updated_to": second + 1})[1]["items"]

    assert order.order_id not in [row["order_no"] for row in before]
    assert order.order_id in [row["order_no"] for row in within]


def test_an_order_changed_between_two_pages_leaves_a_closed_window_and_no_other_is_lost(gateway, now):
    query = {**window(now, days=3), "limit": 50}
    gateway.behavior.churn_per_call, gateway.behavior.churn_place = 3, 1
    later = now + timedelta(seconds=2)

    found = {row["order_no"] for page in pages(gateway, later, "/orders", query) for row in page}

    moved = {key for key, order in gateway.world.orders.items() if order.modified >= now}
    assert set(gateway.world.orders) - moved <= found


def test_one_record_is_the_same_as_in_its_list(gateway, now):
    orders = ask(gateway, now, "/orders", {**window(now, days=3), "limit": 1})[1]["items"]
    refunds = ask(gateway, now, "/refunds", {**window(now, days=3), "limit": 1})[1]["items"]

    assert orders[0] == ask(gateway, now, f"/orders/{orders[0]['order_no']}")[1]
    assert refunds[0] == ask(gateway, now, f"/refunds/{refunds[0]['refund_no']}")[1]


@pytest.mark.parametrize("path", ["/orders/MP0", "/refunds/RF0"])
def test_a_record_that_does_not_exist_is_not_found(gateway, now, path):
    status, answer = ask(gateway, now, path)

    assert (404, True) == (status, answer["error"]["code"].endswith("_not_found"))


def test_the_receiver_is_clear_and_amounts_add_up_in_fen(gateway, now):
    order = next(o for o in gateway.world.orders.values() if not o.intents and o.state is OrderState.TO_SHIP)

    row = ask(gateway, now, f"/orders/{order.order_id}")[1]

    assert (order.receiver.name, order.receiver.mobile) == (row["receiver"]["name"], row["receiver"]["phone"])
    paid = sum(line["paid"] for line in row["lines"]) + row["amounts"]["freight"]
    assert (order.payment_fen, order.payment_fen) == (row["amounts"]["paid"], paid)
    assert order.order_id == row["payment"]["out_trade_no"]


def test_every_state_of_orders_and_after_sales_has_a_word(gateway, now):
    order = next(iter(gateway.world.orders.values()))
    words = set()
    for state in OrderState:
        order.state = state
        order.events.append(order.events[0])
        words.add(ask(gateway, now, f"/orders/{order.order_id}")[1]["status"])
    order.state, order.payment_kind = OrderState.TO_SHIP, PaymentKind.COD
    order.events.append(order.events[0])

    assert len(OrderState) == len(words)
    assert "accepted" == ask(gateway, now, f"/orders/{order.order_id}")[1]["status"]
    listed = [row for page in pages(gateway, now, "/refunds", window(now, days=3)) for row in page]
    assert set(AfterSaleState) - {AfterSaleState.GOODS_RETURNED} == {row["status"] for row in listed}


def test_an_unchanged_order_is_encoded_once_and_a_change_within_the_same_second_shows(gateway, now):
    order = next(o for o in gateway.world.orders.values() if o.is_shippable and not o.intents)
    ask(gateway, now, f"/orders/{order.order_id}")
    first = gateway.encoded[order.order_id][1]
    ask(gateway, now, f"/orders/{order.order_id}")
    assert first is gateway.encoded[order.order_id][1]

    for flag in (order.seller_flag + 1, order.seller_flag + 2):
        gateway.world.touch(1, now, what="memo", order_ids=[order.order_id])
        assert flag == ask(gateway, now, f"/orders/{order.order_id}")[1]["seller_flag"]


def test_noise_changes_a_number_that_means_nothing(gateway, now):
    order_id = next(iter(gateway.world.orders))
    quiet = ask(gateway, now, f"/orders/{order_id}")[1]
    gateway.behavior.noise = True

    noisy = ask(gateway, now, f"/orders/{order_id}")[1]

    assert 0 < noisy.pop("views")
    assert quiet == noisy


def test_a_throttle_says_in_header_and_body_how_long_to_wait(gateway, now):
    gateway.faults.replace([{"kind": "throttle", "method": ORDERS, "seconds": 30}])

    reply = gateway.answer(request(gateway, now, "/orders", window(now, days=1)), now)

    assert (429, "30") == (reply.status, reply.headers["Retry-After"])
    assert 30 == json.loads(reply.content)["error"]["retry_after"]


def test_a_planned_error_is_an_http_error(gateway, now):
    named = {"kind": "error", "code": 503, "sub_code": "unavailable", "msg": "down"}
    answers = []
    for fault in ({"kind": "error"}, named):
        gateway.faults.replace([fault])
        status, answer = ask(gateway, now, "/orders", window(now, days=1))
        answers.append((status, answer["error"]["code"]))

    assert [(500, "internal_error"), (503, "unavailable")] == answers


def test_a_disabled_key_is_refused_until_it_is_enabled(gateway, now):
    gateway.expire(SHOP_ID, now)
    refused = ask(gateway, now, "/orders", window(now, days=1))
    gateway.expire(SHOP_ID, None)

    assert (401, "key_disabled") == (refused[0], refused[1]["error"]["code"])
    assert 200 == ask(gateway, now, "/orders", window(now, days=1))[0]


def test_the_connection_of_the_shop_signs_for_it(gateway):
    connection = DIALECT.connection(gateway.credentials, shops_named(SHOP_ID)[0], "http://127.0.0.1:1")

    assert f"http://127.0.0.1:1{PREFIX}" == connection["host"]
    assert (
        gateway.credentials.shop_keys[SHOP_ID],
        gateway.credentials.shop_secrets[SHOP_ID],
    ) == (connection["login"], connection["password"])


def test_a_page_of_a_hundred_known_orders_costs_the_server_little(gateway, now):
    query = {**window(now, days=3), "limit": 100}
    ask(gateway, now, "/orders", query)
    requests = [request(gateway, now, "/orders", query) for _ in range(20)]

    costs = []
    for sent in requests:
        start = time.process_time()
        gateway.answer(sent, now)
        costs.append(time.process_time() - start)

    assert min(costs) < 0.002
