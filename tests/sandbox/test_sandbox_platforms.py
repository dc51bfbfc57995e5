"""One world for the shops of every platform, and what any platform's gateway gets without writing it."""

import json
import re
from datetime import timedelta

import pytest

from sandbox.credentials import Credentials
from sandbox.dialects import connections
from sandbox.gateway.call import START
from sandbox.gateway.dialect import Cost, Dialect, Method, Subject
from sandbox.gateway.gateway import Gateway
from sandbox.gateway.limits import Limit
from sandbox.gateway.wire import Incoming, RefusalError, Reply
from sandbox.state import open_world
from sandbox.world.catalog import SHOPS, TAOBAO_SHOPS, shops_named
from sandbox.world.model import OrderState
from sandbox.world.platforms import PLATFORMS
from sandbox.world.story import DEFECTS
from sandbox.world.truth import truth_of, truth_of_after_sale
from sandbox.world.world import World

ORDER_NUMBERS = {
    "taobao": r"\d{19}",
    "jd": r"\d{12}",
    "pinduoduo": r"\d{6}-\d{15}",
    "douyin": r"\d{19}",
    "wechat": r"\d{19}",
    "miniprogram": r"MP\d{15}",
}


def list_orders(call):
    wish = call.incoming.json
    cursor = tuple(wish.get("cursor", START))
    page = call.orders_by_cursor((wish["from"], wish["to"]), cursor, wish["size"])
    ids = [order.order_id for order in page.rows]
    return {"ids": ids, "total": page.total, "more": page.has_next, "cursor": page.cursor}


TOY = Dialect(
    name="jd",
    title="玩具",
    paths=("/toy",),
    subject=lambda incoming: Subject(incoming.query["method"], incoming.query.get("token", "")),
    check=lambda _incoming, _credentials, _now: None,
    methods={"list": Method(list_orders, Cost.LIST)},
    refuse_token=lambda standing: RefusalError(standing.value, {"error": standing.value}, 401),
    refuse_throttled=lambda seconds: RefusalError("throttled", {"error": "slow down", "wait": seconds}, 429),
    refuse_planned=lambda fault: RefusalError("planned", {"error": fault.msg}, 500),
    unknown_method=lambda: RefusalError("unknown", {"error": "unknown"}, 404),
    encode=lambda _incoming, _method, body, _number: Reply.of_json(body),
    encode_error=lambda _incoming, refused, _number: Reply.of_json(refused.body, refused.status),
    connection=lambda _credentials, _shop, base: {"conn_type": "http", "host": f"{base}/toy"},
)


@pytest.fixture
def world(now):
    return World(7, 960, now - timedelta(minutes=5), shops=SHOPS, lives="all")


@pytest.fixture
def toy(world):
    return Gateway.of(TOY, world, Credentials.of(7, "jd"))


def call_toy(gateway, now, **wish):
    query = {"method": "list", "token": gateway.credentials.sessions["jd_flagship"]}
    window = {"from": 0, "to": int(now.timestamp()), "size": 50}
    reply = gateway.answer(Incoming.of_json({**window, **wish}, "/toy", query), now)
    return reply.status, json.loads(reply.content)


def test_every_shop_has_orders_in_its_platforms_numbering(world):
    found = {order.shop_id for order in world.orders.values()}

    assert {shop.shop_id for shop in SHOPS} == found
    for order in world.orders.values():
        assert re.fullmatch(ORDER_NUMBERS[order.platform], order.order_id)


def test_every_number_is_given_once(now):
    orders = World(7, 6000, now, shops=SHOPS, lives="all").orders.values()
    after_sales = [one.after_sale_id for order in orders for one in order.after_sales]
    lines = [(order.shop_id, line.line_id) for order in orders for line in order.lines]

    assert len(orders) == 6000
    assert len(after_sales) == len(set(after_sales))
    assert len(lines) == len(set(lines))


@pytest.mark.parametrize("shop", [shop.shop_id for shop in SHOPS])
def test_a_shop_alone_lives_all_its_lives_and_carries_every_defect(now, shop):
    alone = World(3, 240, now, shops=shops_named(shop), lives="all")

    labels = {intent.label for order in alone.orders.values() for intent in order.intents}
    assert (240, set(DEFECTS)) == (len(alone.orders), labels)
    assert max(order.modified for order in alone.orders.values()) <= now
    assert alone.after_sales


def test_a_world_is_two_taobao_shops_without_the_other_lives_unless_told(gateway):
    assert TAOBAO_SHOPS == gateway.world.shops
    assert not any(order.group or order.service_tags for order in gateway.world.orders.values())


def test_every_state_exists_somewhere(world):
    assert set(OrderState) == {order.state for order in world.orders.values()}


def test_a_pinduoduo_order_has_one_bought_line(world):
    assert {1} == {len(order.goods) for order in world.orders.values() if order.platform == "pinduoduo"}


def test_a_note_does_not_move_an_order_where_the_platform_says_so(world, now):
    order = next(o for o in world.orders.values() if o.platform == "jd" and o.is_shippable)
    before = order.modified

    world.touch(0, now, what="memo", order_ids=[order.order_id])

    assert "memo_changed" in PLATFORMS["jd"].quiet_events
    assert before == order.modified


def test_a_world_of_many_platforms_survives_a_restart(tmp_path, now):
    shops = shops_named("jd_flagship,pdd_main,wx_store")
    first = open_world(5, 120, now, tmp_path, shops, "all")
    for what in ("memo", "advance", "release", "ship"):
        first.touch(2, now + timedelta(minutes=1), what=what)
    first.churn_after_sales("pdd_main", (0, int(now.timestamp())), 2, now + timedelta(minutes=2))

    again = open_world(5, 120, now, tmp_path, shops, "all")

    assert [truth_of(o) for o in first.orders.values()] == [truth_of(o) for o in again.orders.values()]
    assert [truth_of_after_sale(a) for a in first.after_sales.values()] == [
        truth_of_after_sale(a) for a in again.after_sales.values()
    ]


def test_an_unknown_shop_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"shop\(s\) nowhere are unknown; known: tb_flagship"):
        shops_named("tb_outlet,nowhere")


def test_a_shop_without_a_gateway_has_no_connection():
    with pytest.raises(ValueError, match="no gateway speaks nothing"):
        connections(7, [TAOBAO_SHOPS[0].__class__("x", "x", "x", 1.0, "nothing")], 1, 2)


def test_a_cursor_reads_every_order_once(toy, now):
    seen, answer = [], {"more": True, "cursor": START}

    while answer["more"]:
        _, answer = call_toy(toy, now, cursor=answer["cursor"])
        seen += answer["ids"]

    expected = {order.order_id for order in toy.world.orders.values() if order.shop_id == "jd_flagship"}
    assert (len(expected), expected) == (len(seen), set(seen))


def test_a_budget_refuses_the_call_that_is_too_many_until_its_seconds_are_over(toy, now):
    toy.budget.limits = (Limit("list", 2, 10),)

    answers = [call_toy(toy, now + timedelta(seconds=second))[0] for second in (0, 1, 2, 10)]

    assert [200, 200, 429, 200] == answers


def test_a_new_token_ends_the_old_one_and_a_revoked_shop_has_none(toy, now):
    old = toy.credentials.sessions["jd_flagship"]
    new = toy.tokens.issue("jd_flagship", now, timedelta(hours=2), overlap=timedelta(minutes=5))

    standings = [toy.tokens.look(token, now + timedelta(minutes=6))[0].value for token in (old, new)]
    toy.tokens.revoke("jd_flagship")

    assert ["expired", "valid"] == standings
    assert "expired" == toy.tokens.look(new, now)[0].value


def test_a_fault_can_name_a_shop(toy, now):
    toy.faults.replace([{"kind": "error", "shop": "someone_else"}, {"kind": "status", "shop": "jd_flagship"}])

    reply = toy.answer(
        Incoming.of_json(
            {"from": 0, "to": 1, "size": 5},
            "/toy",
            {"method": "list", "token": toy.credentials.sessions["jd_flagship"]},
        ),
        now,
    )

    assert 503 == reply.status
