"""The own mini-program shop from its backend to core: nothing lost, nothing plain."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.errors import CredentialError
from orderhub.platforms.plain import Door
from orderhub.platforms.records import record_of
from orderhub.platforms.staging import stage_page
from sandbox.miniprogram.methods import ORDERS, REFUNDS
from sandbox.world.changes import CHANGES
from tests.builders import rows
from tests.platforms.against_truth import differences
from tests.platforms.shop_in_a_box import KEY, ShopInABox

OPEN = "select count(*) from ops.pull_windows where state = 'open'"
SETTLED = timedelta(minutes=20)
LINES = "select line_no, kind, merchant_code, quantity, paid_fen, gate from core.order_lines order by line_no"
READY = "select line_id, blocked_by from core.line_readiness order by line_id"
NUMBER = "MP261122453846304"


@pytest.fixture
def box(database: Database) -> ShopInABox:
    return ShopInABox(database, orders=600, platform="miniprogram", lives="all")


@pytest.fixture
def empty(database: Database) -> ShopInABox:
    return ShopInABox(database, orders=0, platform="miniprogram")


def shape(name: str, **changes: Any) -> dict[str, Any]:
    """Return one whole record as the backend sends it."""
    file = Path(__file__).with_name(f"{name}.json")
    return {**json.loads(file.read_text(encoding="utf-8")), **changes}


def stage(box: ShopInABox, stream_name: str, value: dict[str, Any]) -> None:
    """Put one record into staging as a pull does."""
    stream = box.platform.spec.streams[stream_name]  # type: ignore[index] # a stream's name
    record = record_of(stream, value, 0, door=Door(box.config.shop(box.shop_id), KEY))
    with hold_scope(box.database, "test") as lease, box.database.transaction(lease) as connection:
        stage_page(
            connection, box.clock, platform="miniprogram", shop_id=box.shop_id, stream=stream_name,
            window_id=None, source="page 1", records=[record],
        )  # fmt: skip


def wrong(box: ShopInABox) -> list[str]:
    """Return how core differs from the truth, once every change is due and was pulled."""
    box.gateway.behavior.churn_per_call = box.gateway.behavior.churn_place = 0
    box.pass_time(SETTLED)
    box.pull()
    box.transform()
    return differences(box.database, "miniprogram", box.orders())


def test_core_tells_the_truth_about_every_life_and_after_sale(box: ShopInABox):
    counts = box.pull()

    assert (0, 0) == (counts.windows_left, counts.parked)
    assert [] == wrong(box)
    assert [(0,)] == rows(box.database, OPEN)


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_orders_that_change_between_two_pages_are_not_lost(database: Database, seed: int):
    box = ShopInABox(database, orders=600, seed=seed, platform="miniprogram", lives="all")
    box.gateway.behavior.churn_per_call = 4
    box.gateway.behavior.churn_place = 2
    for _ in range(3):
        box.pull()
        box.transform()
        box.pass_time(SETTLED)

    assert [] == wrong(box)


def test_everything_that_happens_to_orders_arrives(box: ShopInABox):
    box.pull()
    box.transform()
    box.pass_time(timedelta(minutes=5))
    for what in CHANGES:
        box.world.touch(6, box.platform_clock.now(), what=what)

    assert [] == wrong(box)


def test_second_pull_stages_nothing(box: ShopInABox):
    box.pull()
    with box.database.engine.begin() as connection:
        connection.exec_driver_sql("update ops.pull_windows set state = 'open'")

    counts = box.pull()

    assert 0 == counts.staged
    assert 500 < counts.rows


def test_a_counter_of_views_makes_no_new_version(box: ShopInABox):
    box.pull()
    box.gateway.behavior.noise = True
    with box.database.engine.begin() as connection:
        connection.exec_driver_sql("update ops.pull_windows set state = 'open'")

    assert 0 == box.pull().staged


def test_a_short_throttle_is_waited_for_and_a_long_one_is_left_to_the_next_pull(box: ShopInABox):
    box.gateway.faults.replace([{"kind": "throttle", "method": ORDERS, "nth": 3, "seconds": 7}])
    assert 0 == box.pull().windows_left
    assert any(7 <= seconds < 8 for seconds in box.waited)

    box.pass_time(timedelta(hours=1))
    box.gateway.faults.replace([{"kind": "throttle", "method": ORDERS, "nth": 2, "seconds": 600}])
    counts = box.pull()

    assert counts.waits_until is not None
    box.pass_time(timedelta(seconds=601))
    assert (0, 0) == (box.pull().windows_left, box.gateway.faults.calls_while_banned)


@pytest.mark.slow
def test_a_burst_of_faults_costs_nothing_but_time(box: ShopInABox):
    kinds = [
        {"kind": "status", "method": ORDERS, "nth": 2, "times": 2},
        {"kind": "error", "method": ORDERS, "nth": 4},
        {"kind": "cut", "method": ORDERS, "nth": 5},
        {"kind": "html", "method": REFUNDS, "nth": 2},
        {"kind": "body", "method": REFUNDS, "nth": 3},
    ]
    box.gateway.faults.replace(kinds)

    box.pull()

    assert [] == wrong(box)


def test_a_disabled_key_stops_the_shop_and_heals_without_a_gap(box: ShopInABox):
    box.pull()
    box.pass_time(SETTLED)
    box.gateway.faults.replace([{"kind": "expire_token", "method": ORDERS, "nth": 2}])
    with pytest.raises(CredentialError, match="key_disabled"):
        box.pull()

    box.pass_time(timedelta(hours=26))
    box.gateway.expire(box.shop_id, None)
    box.world.touch(5, box.platform_clock.now(), what="memo")
    box.pass_time(SETTLED)
    box.pull()

    assert [] == wrong(box)


@pytest.mark.parametrize("late", [timedelta(seconds=-700), timedelta(seconds=700)])
def test_a_clock_that_is_wrong_is_corrected_by_the_backends(database: Database, late: timedelta):
    box = ShopInABox(database, orders=120, late=late, platform="miniprogram")

    assert 0 == box.pull().windows_left


def test_no_name_phone_or_address_in_clear_is_stored(box: ShopInABox):
    order = next(box.orders())
    order.buyer_message = f"打 {order.receiver.mobile},{order.receiver.name} 收"
    box.pull()
    box.transform()

    tables = "staging.miniprogram_orders", "staging.miniprogram_refunds", "core.receivers", "core.orders"
    stored = "\n".join(
        str(row) for table in tables for row in rows(box.database, f"select t::text from {table} t")
    )

    assert 100 < stored.count("138") + stored.count("***")
    said = {
        what
        for one in box.orders()
        for what in (
            one.receiver.mobile,
            one.receiver.address,
            f'"{one.receiver.name}"',
            f"{one.receiver.name} 收",
        )
        if what in stored
    }
    assert set() == said


def test_a_receiver_is_judged_by_its_plain_address_and_recognised_by_hashes(box: ShopInABox):
    box.pull()
    box.transform()

    known = (
        "select count(*), count(phone_hash), count(address_hash), count(address_verdict) from core.receivers"
    )
    orders, phones, addresses, verdicts = rows(box.database, known)[0]

    assert (orders, orders) == (phones, addresses)
    assert orders == verdicts
    vague = rows(box.database, "select distinct address_verdict from core.receivers where province is null")
    assert [("missing_province",)] == vague


def test_a_recorded_order_becomes_our_order(empty: ShopInABox):
    stage(empty, "orders", shape("order"))
    empty.transform()

    order = "status, gate, payment_state, total_fen, discount_fen, freight_fen, paid_fen, buyer_message"
    assert [("to_ship", "ship", "paid", 50600, 3000, 0, 46410, "送人的,到了打 138****8000")] == rows(
        empty.database, f"select {order} from core.orders"
    )
    assert [
        (1, "goods", "TS-001-GRY-XL", 3, 36351, "ship"),
        (2, "goods", "PJ-015-GRY-XL", 1, 10059, "ship"),
        (3, "gift", "GIFT-SOCK", 1, 0, "ship"),
    ] == rows(empty.database, LINES)


@pytest.mark.parametrize(
    "changes, gate, reason",
    [
        ({"ship_hold": True}, "wait", "ship-hold"),
        ({"address_change": {"status": "pending"}}, "wait", "address-change"),
        ({"address_change": {"status": "accepted"}}, "ship", "paid"),
        ({"group": {"status": "forming"}}, "wait", "group-forming"),
        ({"group": {"status": "failed"}}, "stop", "group-failed"),
        ({"group": {"status": "formed"}}, "ship", "paid"),
        ({"status": "accepted"}, "ship", "accepted"),
        ({"status": "on_hold"}, "wait", "on_hold"),
        ({"status": "shipped", "ship_hold": True}, "stop", "shipped"),
        ({"status": "in_the_post"}, "wait", "status in_the_post"),
    ],
)
def test_what_the_shop_says_of_an_order_decides_whether_it_ships(
    empty: ShopInABox, changes: dict[str, Any], gate: str, reason: str
):
    stage(empty, "orders", shape("order", **changes))
    empty.transform()

    found_gate, found_reason = rows(empty.database, "select gate, gate_reason from core.orders")[0]
    assert gate == found_gate
    assert found_reason.startswith(reason)


@pytest.mark.parametrize(
    "changes, blocked",
    [
        ({"status": "fulfilled_elsewhere"}, "line_stopped"),
        ({"status": "shipped"}, "line_stopped"),
        ({"status": "partially_shipped", "shipped_qty": 1}, "line_waits"),
        ({"refund_status": "applied"}, "line_waits"),
        ({"refund_status": "partly_refunded"}, "line_waits"),
        ({"refund_status": "refunded", "status": "refunded"}, "line_stopped"),
        ({"refund_status": "compensated"}, None),
        ({"refund_status": "rejected"}, None),
        ({"refund_status": "nobody_knows"}, "line_held"),
    ],
)
def test_what_the_shop_says_of_a_line_decides_whether_it_ships(
    empty: ShopInABox, changes: dict[str, Any], blocked: str | None
):
    order = shape("order")
    order["lines"][0] |= changes
    stage(empty, "orders", order)
    empty.transform()

    assert [(f"{NUMBER}-1", blocked), (f"{NUMBER}-2", None), (f"{NUMBER}-3", None)] == rows(
        empty.database, READY
    )


@pytest.mark.parametrize(
    "changes, blocked",
    [
        ({}, ["line_waits", None, None]),
        ({"status": "refunded"}, ["line_stopped", None, None]),
        ({"status": "refunded", "qty": 1, "amount": 12117}, ["line_waits", None, None]),
        ({"status": "refunded", "type": "compensation", "qty": 0, "amount": 500}, [None, None, None]),
        ({"status": "rejected"}, [None, None, None]),
        ({"status": "withdrawn"}, [None, None, None]),
        ({"line_no": None, "qty": 5, "amount": 46410}, ["line_waits"] * 3),
        ({"line_no": None, "qty": 5, "amount": 46410, "status": "refunded"}, ["line_stopped"] * 3),
    ],
)
def test_a_recorded_refund_reaches_the_lines_that_it_names(
    empty: ShopInABox, changes: dict[str, Any], blocked: list[str | None]
):
    stage(empty, "refunds", shape("refund", **changes))
    stage(empty, "orders", shape("order"))
    empty.transform()

    assert blocked == [row[1] for row in rows(empty.database, READY)]
