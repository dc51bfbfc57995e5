from collections import Counter
from datetime import UTC, datetime

import pytest

from sandbox import state_page
from sandbox.world.catalog import SHOPS
from sandbox.world.doubts import DOUBTS
from sandbox.world.world import World

AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> World:
    return World(7, 3000, AT, shops=SHOPS, lives="labelled")


def test_every_doubt_and_every_look_alike_is_dealt(world: World):
    labels = Counter(intent.label for order in world.orders.values() for intent in order.intents)

    assert set(DOUBTS) <= set(labels)


def test_doubts_are_few(world: World):
    doubtful = [
        order
        for order in world.orders.values()
        if any(not intent.label.startswith("fair_") for intent in order.intents)
    ]

    assert 0.01 < len(doubtful) / len(world.orders) < 0.06


def test_doubts_about_receivers_are_dealt_only_where_receivers_are_shown(world: World):
    shown = {"vague_address", "fair_address", "no_phone", "no_name", "ring", "fair_family"}
    platforms = {
        order.platform for order in world.orders.values() for intent in order.intents if intent.label in shown
    }

    assert {"miniprogram"} == platforms


def test_a_refund_before_shipping_is_a_doubt_only_where_it_names_no_goods(world: World):
    platforms = {
        order.platform
        for order in world.orders.values()
        for intent in order.intents
        if intent.label == "nameless_refund"
    }

    assert {"jd"} == platforms


def test_what_happened_lies_before_the_start(world: World):
    assert max(order.modified for order in world.orders.values()) <= AT


def test_the_same_seed_deals_the_same_labels(world: World):
    again = World(7, 3000, AT, shops=SHOPS, lives="labelled")

    assert [(o.order_id, o.intents) for o in world.orders.values()] == [
        (o.order_id, o.intents) for o in again.orders.values()
    ]


def test_the_state_page_has_a_word_for_every_label():
    assert set(DOUBTS) == set(state_page.DOUBTS)
