"""Planned failures strike the calls that they name, as often as they say."""

import json
from datetime import timedelta

import pytest

from sandbox.faults import Fault
from sandbox.gateway.text import beijing
from sandbox.gateway.wire import Incoming
from sandbox.taobao.methods import DETAIL, LIST, TIME


def listing(now, page=1):
    return {
        "fields": "tid",
        "start_modified": beijing(now - timedelta(hours=24)),
        "end_modified": beijing(now),
        "page_no": str(page),
    }


def test_a_throttle_bans_until_its_seconds_are_over(gateway, ask, now):
    gateway.faults.replace([{"kind": "throttle", "method": TIME, "seconds": 3}])

    banned = [ask(gateway, now + timedelta(seconds=s), TIME).get("sub_msg") for s in (0, 1, 3)]

    assert banned == ["This ban will last for 3 more seconds", "This ban will last for 2 more seconds", None]
    assert gateway.faults.calls_while_banned == 1


def test_a_fault_waits_for_its_call_and_is_then_spent(gateway, ask, now):
    gateway.faults.replace([{"kind": "error", "method": TIME, "nth": 2}])

    codes = [ask(gateway, now, TIME).get("sub_code") for _ in range(3)]

    assert codes == [None, "isp.top-remote-connection-timeout", None]


def test_a_fault_can_name_a_page(gateway, form, now):
    gateway.faults.replace([{"kind": "status", "method": LIST, "page": 2, "status": 502}])

    replies = [
        gateway.answer(
            Incoming.of_form(form(gateway.credentials, now, LIST, **listing(now, page))), now
        ).status
        for page in (1, 2, 2)
    ]

    assert replies == [200, 502, 200]


def test_a_fault_can_name_some_orders(gateway, ask, now):
    gateway.faults.replace([{"kind": "error", "method": DETAIL, "id_mod": [2, 1], "times": 0}])
    tids = [int(order.order_id) for order in gateway.world.orders.values() if order.shop_id == "tb_flagship"][
        :20
    ]

    failed = {tid for tid in tids if "code" in ask(gateway, now, DETAIL, fields="tid", tid=str(tid))}

    assert {tid for tid in tids if tid % 2 == 1} == failed


@pytest.mark.parametrize(
    ("kind", "broken"), [("html", "<!DOCTYPE html>"), ("body", ""), ("status", "<html>")]
)
def test_an_answer_can_be_something_else(gateway, form, now, kind, broken):
    gateway.faults.replace([{"kind": kind}])

    reply = gateway.answer(Incoming.of_form(form(gateway.credentials, now, TIME)), now)

    assert reply.content.decode().startswith(broken)
    assert b"time_get_response" not in reply.content


def test_totals_and_has_next_can_lie(gateway, ask, now):
    honest = ask(gateway, now, LIST, **listing(now))["total_results"]
    gateway.faults.replace([{"kind": "lying_total", "delta": 5}, {"kind": "endless_has_next"}])

    lied = ask(gateway, now, LIST, **listing(now))["total_results"]
    gateway.faults.replace([{"kind": "endless_has_next"}])
    endless = ask(gateway, now, LIST, **listing(now, 99), use_has_next="true")["has_next"]

    assert (honest + 5, True) == (lied, endless)


def test_a_token_can_expire_between_two_pages(gateway, ask, now):
    gateway.faults.replace([{"kind": "expire_token", "method": LIST, "nth": 2}])

    codes = [ask(gateway, now, LIST, **listing(now, page)).get("code") for page in (3, 2, 1)]

    assert codes == [None, 27, 27]


def test_noise_repeats_rows_and_changes_a_meaningless_field(gateway, ask, now):
    gateway.behavior.noise, gateway.behavior.duplicate_rate = True, 1.0
    tid = str(next(o.order_id for o in gateway.world.orders.values() if o.shop_id == "tb_flagship"))

    rows = ask(gateway, now, LIST, **listing(now))["trades"]["trade"]
    fees = {
        ask(gateway, now, DETAIL, fields="available_confirm_fee", tid=tid)["trade"]["available_confirm_fee"]
        for _ in range(5)
    }

    assert (len(rows), len({row["tid"] for row in rows})) == (80, 40)
    assert len(fees) > 1


def test_an_unknown_kind_is_refused_with_the_known_ones(gateway):
    with pytest.raises(ValueError, match="'typo' is unknown; known: throttle"):
        gateway.faults.replace([{"kind": "typo"}])


def test_gbk_is_not_utf_8(gateway, ask, now):
    gateway.faults.replace([{"kind": "gbk"}])
    form = {"method": "nothing", "format": "json"}

    reply = gateway.answer(Incoming.of_form(form), now)

    assert "error_response" in json.loads(reply.content.decode("gbk"))
    assert Fault.of({"kind": "gbk"}).kind == "gbk"
