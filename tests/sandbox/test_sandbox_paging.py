"""The pagination trap: orders that move while pages are read."""

from datetime import timedelta

import pytest

from sandbox.credentials import Credentials
from sandbox.gateway.gateway import Gateway
from sandbox.gateway.text import beijing
from sandbox.taobao.dialect import DIALECT
from sandbox.taobao.methods import LIST
from sandbox.world.world import World

SIZE = 20


@pytest.fixture
def churning(now):
    gateway = Gateway.of(DIALECT, World(11, 1200, now - timedelta(minutes=5)), Credentials.of(11))
    gateway.behavior.churn_per_call = 3
    return gateway


def read(gateway, ask, now, page):
    answer = ask(
        gateway,
        now,
        LIST,
        fields="tid",
        start_modified=beijing(now - timedelta(hours=24)),
        end_modified=beijing(now - timedelta(minutes=10)),
        page_size=str(SIZE),
        page_no=str(page),
    )
    return {row["tid"] for row in answer.get("trades", {}).get("trade", [])}, answer["total_results"]


def still_inside(gateway, now):
    start, end = now - timedelta(hours=24), now - timedelta(minutes=10)
    return {
        int(order.order_id)
        for order in gateway.world.orders.values()
        if order.shop_id == "tb_flagship" and start <= order.modified <= end
    }


def test_reading_forward_loses_orders_while_others_move(churning, ask, now):
    _, total = read(churning, ask, now, 1)
    pages = range(1, -(-total // SIZE) + 1)

    seen = set().union(*(read(churning, ask, now, page)[0] for page in pages))

    assert still_inside(churning, now) - seen


def test_reading_from_the_last_page_loses_none(churning, ask, now):
    _, total = read(churning, ask, now, 1)
    pages = range(-(-total // SIZE), 0, -1)

    seen = set().union(*(read(churning, ask, now, page)[0] for page in pages))

    assert set() == still_inside(churning, now) - seen


def test_an_order_that_moved_is_found_in_a_later_window(churning, ask, now):
    read(churning, ask, now, 1)

    later = ask(churning, now, LIST, fields="tid", start_modified=beijing(now), end_modified=beijing(now))

    assert later["total_results"] >= 3


def test_a_change_shows_only_after_the_lag(gateway, ask, now):
    gateway.set_lag(180)
    (order,) = gateway.world.place(1, now, "tb_flagship")

    def listed(at):
        moment = beijing(now)
        answer = ask(gateway, at, LIST, fields="tid", start_modified=moment, end_modified=moment)
        return [row["tid"] for row in answer.get("trades", {}).get("trade", [])]

    assert listed(now + timedelta(seconds=179)) == []
    assert [int(order.order_id)] == listed(now + timedelta(seconds=180))
