"""The gateway answers a violated contract with the documented error, and tells only what was asked for."""

import json
from datetime import timedelta

import pytest

from sandbox.gateway.text import beijing
from sandbox.gateway.wire import Incoming
from sandbox.taobao.methods import DETAIL, LIST, TIME

RECEIVER = "receiver_name,receiver_address,created,receiver_mobile,receiver_phone"


def window(end, **length):
    return {"start_modified": beijing(end - timedelta(**length)), "end_modified": beijing(end)}


def test_platform_time_is_beijing_time_without_a_zone(gateway, ask, now):
    answer = ask(gateway, now, TIME)

    assert answer["time"] == "2026-11-23 12:05:00"


@pytest.mark.parametrize("method", ["md5", "hmac", "hmac-sha256"])
def test_every_documented_signature_method_is_accepted(gateway, ask, now, method):
    answer = ask(gateway, now, TIME, sign_method=method)

    assert "time" in answer


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"sign": "0" * 64}, 25, id="wrong signature"),
        pytest.param({"sign": ""}, 24, id="no signature"),
        pytest.param({"app_key": "99"}, 29, id="wrong app key"),
        pytest.param({"timestamp": ""}, 30, id="no timestamp"),
        pytest.param({"timestamp": "yesterday"}, 31, id="unreadable timestamp"),
        pytest.param({"fields": "tid"}, 25, id="a parameter added after signing"),
    ],
)
def test_a_tampered_form_is_refused(gateway, form, now, change, code):
    tampered = {**form(gateway.credentials, now, TIME), **change}

    reply = gateway.answer(Incoming.of_form(tampered), now)

    assert (200, code) == (reply.status, json.loads(reply.content)["error_response"]["code"])


@pytest.mark.parametrize(("minutes", "refused"), [(-11, True), (-10, False), (10, False), (11, True)])
def test_a_clock_may_differ_by_ten_minutes(gateway, form, now, minutes, refused):
    request = form(gateway.credentials, now + timedelta(minutes=minutes), TIME)

    answer = json.loads(gateway.answer(Incoming.of_form(request), now).content)

    assert refused == (answer.get("error_response", {}).get("code") == 31)


@pytest.mark.parametrize(("session", "code"), [("", 26), ("6100stranger", 27)])
def test_a_call_for_a_shop_needs_its_session(gateway, ask, now, session, code):
    answer = ask(gateway, now, DETAIL, fields="tid", tid="1", session=session)

    assert code == answer["code"]


def test_an_expired_session_is_refused_until_it_is_renewed(gateway, ask, now):
    gateway.expire("tb_flagship", now)
    expired = ask(gateway, now, LIST, fields="tid", **window(now, hours=1))
    gateway.expire("tb_flagship", None)
    renewed = ask(gateway, now, LIST, fields="tid", **window(now, hours=1))

    assert (expired["code"], expired["sub_code"]) == (27, "session-expired")
    assert "total_results" in renewed


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({"hours": 25}, id="longer than a day"),
        pytest.param({"hours": -1}, id="ends before it starts"),
    ],
)
def test_a_window_is_at_most_a_day(gateway, ask, now, parameters):
    answer = ask(gateway, now, LIST, fields="tid", **window(now, **parameters))

    assert (answer["code"], answer["sub_code"]) == (41, "isv.invalid-parameter")


@pytest.mark.parametrize(
    "bad", [{"page_size": "101"}, {"page_size": "0"}, {"page_no": "0"}, {"page_no": "x"}]
)
def test_paging_outside_its_limits_is_refused(gateway, ask, now, bad):
    answer = ask(gateway, now, LIST, fields="tid", **window(now, hours=24), **bad)

    assert answer["code"] == 41


def test_a_list_without_fields_is_refused(gateway, ask, now):
    answer = ask(gateway, now, LIST, **window(now, hours=24))

    assert answer["code"] == 40


def test_a_list_is_newest_first_and_forty_a_page(gateway, ask, now):
    rows = ask(gateway, now, LIST, fields="modified", **window(now, hours=24))["trades"]["trade"]

    times = [row["modified"] for row in rows]
    assert len(times) == 40
    assert sorted(times, reverse=True) == times


def test_both_ends_of_a_window_are_included(gateway, ask, now):
    order = next(order for order in gateway.world.orders.values() if order.shop_id == "tb_flagship")
    second = beijing(order.modified)

    rows = ask(gateway, now, LIST, fields="tid", start_modified=second, end_modified=second)["trades"][
        "trade"
    ]

    assert {"tid": int(order.order_id)} in rows


def test_a_list_tells_only_named_fields_and_never_the_receiver(gateway, ask, now):
    rows = ask(
        gateway,
        now,
        LIST,
        fields="tid,orders.oid,receiver_name,seller_memo,buyer_message",
        **window(now, hours=24),
    )["trades"]["trade"]

    assert {("tid", "orders")} == {tuple(row) for row in rows}
    assert {("oid",)} == {tuple(line) for row in rows for line in row["orders"]["order"]}


def test_has_next_replaces_the_total(gateway, ask, now):
    pages = [
        ask(
            gateway,
            now,
            LIST,
            fields="tid",
            use_has_next="true",
            page_size="100",
            page_no=page,
            **window(now, hours=24),
        )
        for page in ("1", "2", "3")
    ]

    assert [page["has_next"] for page in pages] == [True, False, False]
    assert not any("total_results" in page for page in pages)


def test_a_status_filter_keeps_only_that_status(gateway, ask, now):
    rows = ask(gateway, now, LIST, fields="status", status="PAID_FORBID_CONSIGN", **window(now, hours=24))[
        "trades"
    ]["trade"]

    assert {"PAID_FORBID_CONSIGN"} == {row["status"] for row in rows}


def test_an_answer_is_xml_unless_json_is_asked_for(gateway, form, now):
    reply = gateway.answer(Incoming.of_form(form(gateway.credentials, now, TIME, format="")), now)

    assert reply.content.decode().startswith(
        '<?xml version="1.0" encoding="utf-8" ?><time_get_response><time>'
    )


def test_a_detail_masks_the_receiver_and_gives_a_token(gateway, ask, now):
    order = next(order for order in gateway.world.orders.values() if order.shop_id == "tb_flagship")

    trade = ask(
        gateway, now, DETAIL, fields=f"tid,tid_str,{RECEIVER}", tid=order.order_id, include_oaid="true"
    )["trade"]

    assert f"{order.receiver.name[0]}**" == trade["receiver_name"]
    assert f"*******{order.receiver.mobile[-4:]}" == trade["receiver_mobile"]
    assert order.receiver.address not in json.dumps(trade, ensure_ascii=False)
    assert (int(order.order_id), order.order_id, "1") == (trade["tid"], trade["tid_str"], trade["oaid"][0])


def test_the_token_cannot_be_built_without_the_receiver_fields(gateway, ask, now):
    order = next(order for order in gateway.world.orders.values() if order.shop_id == "tb_flagship")

    answer = ask(gateway, now, DETAIL, fields="tid", tid=order.order_id, include_oaid="true")

    assert answer["sub_code"] == "isv.oaid-field-miss"


def test_an_order_of_another_shop_does_not_exist(gateway, ask, now):
    order = next(order for order in gateway.world.orders.values() if order.shop_id == "tb_outlet")

    answer = ask(gateway, now, DETAIL, fields="tid", tid=order.order_id)

    assert (answer["code"], answer["sub_code"]) == (15, "isv.trade-not-exist")
