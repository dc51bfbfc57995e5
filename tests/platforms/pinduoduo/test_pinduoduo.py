"""Pinduoduo from its gateway to core: deals only, half-hour windows, receivers that come and go."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.errors import CredentialError
from orderhub.platforms.payload import version_hash, written
from orderhub.platforms.staging import Record, stage_page
from sandbox.pinduoduo.methods import INCREMENT, REFRESH, REFUNDS
from sandbox.world.model import Order
from tests.builders import rows
from tests.platforms.against_truth import differences
from tests.platforms.shop_in_a_box import ShopInABox

HERE = Path(__file__).parent
OPEN = "select count(*) from ops.pull_windows where state = 'open'"
SETTLED = timedelta(minutes=20)
RECEIVER = (
    "select receiver_state, city, name_masked, token from core.receivers where order_id = 'pdd_main/{}'"
)
STANDING = "select status, payment_state, gate, gate_reason from core.orders where order_id = 'pdd_main/{}'"
REOPEN = "update ops.pull_windows set state = 'open'"


@pytest.fixture
def box(database: Database) -> ShopInABox:
    return ShopInABox(database, orders=300, platform="pinduoduo", lives="all")


def wrong(box: ShopInABox) -> list[str]:
    """Return how core differs from the truth, once every change is due and was pulled."""
    box.gateway.behavior.churn_per_call = box.gateway.behavior.churn_place = 0
    settle(box)
    return differences(box.database, "pinduoduo", box.orders())


def settle(box: ShopInABox) -> None:
    box.pass_time(SETTLED)
    box.pull()
    box.transform()


def happen(box: ShopInABox, lives: Iterable[tuple[Order, Sequence[str]]]) -> None:
    """Let changes happen to orders, a round each; every round is pulled before the next."""
    lives = list(lives)
    for number in range(max(len(changes) for _, changes in lives)):
        for order, changes in lives:
            if number < len(changes):
                now = box.platform_clock.now()
                box.world.touch(0, now, what=changes[number], order_ids=[order.order_id])
        settle(box)


def plain(box: ShopInABox, pieces: int = 1) -> Iterator[Order]:
    return (
        order
        for order in box.orders()
        if order.is_shippable and not order.intents and not order.after_sales
        if order.receiver.city and order.goods[0].quantity >= pieces
    )  # fmt: skip


def asked_again(box: ShopInABox) -> None:
    with box.database.engine.begin() as connection:
        connection.exec_driver_sql(REOPEN)


def test_core_tells_the_truth_about_every_life_and_after_sale(box: ShopInABox):
    counts = box.pull()

    assert (0, 0) == (counts.windows_left, counts.parked)
    assert [] == wrong(box)
    assert [(0,)] == rows(box.database, OPEN)


def test_published_budgets_and_windows_are_kept_without_being_refused(box: ShopInABox):
    box.pull()
    box.pass_time(timedelta(hours=26))
    box.pull()

    longest = "select max(end_at - start_at) <= interval '30 minutes' from ops.pull_windows"
    assert [(True,)] == rows(box.database, longest)
    assert ({}, True) == (dict(box.gateway.errors), bool(box.waited))


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_orders_that_change_between_two_pages_are_not_lost(database: Database, seed: int):
    box = ShopInABox(database, orders=600, seed=seed, platform="pinduoduo", lives="all")
    box.gateway.behavior.churn_per_call = 3
    box.gateway.behavior.churn_place = 1
    for _ in range(3):
        box.pull()
        box.transform()
        box.pass_time(SETTLED)

    assert [] == wrong(box)


def test_a_crowded_window_has_several_pages_and_loses_nothing_while_they_are_read(box: ShopInABox):
    box.pull()
    box.world.place(350, box.platform_clock.now())
    box.pass_time(timedelta(minutes=10))
    box.gateway.behavior.churn_per_call = 3
    box.pull()

    pages = (
        "select max(p) from (select count(*) as p from ops.loads where row_count > 0 group by window_id) as t"
    )
    assert [(4,)] == rows(box.database, pages)
    assert [] == wrong(box)


def test_everything_that_happens_to_orders_arrives(box: ShopInABox):
    box.pull()
    box.transform()
    for what in (
        "ship",
        "refund",
        "refund_piece",
        "refund_money",
        "close",
        "hold",
        "ship_hold",
        "memo",
        "invoice",
    ):
        box.world.touch(4, box.platform_clock.now(), what=what)
    assert [] == wrong(box)

    for what in (
        "release",
        "advance",
        "reject",
        "withdraw",
        "pay_final",
        "fail_group",
        "finish",
        "return",
        "pay",
    ):
        box.world.touch(4, box.platform_clock.now(), what=what)
    assert [] == wrong(box)

    for what in ("reopen", "advance", "exchange", "reship", "cancel", "address"):
        box.world.touch(4, box.platform_clock.now(), what=what)
    assert [] == wrong(box)


def test_an_order_appears_once_its_group_is_formed(box: ShopInABox):
    order = next(order for order in box.orders() if order.hold == "group")
    settle(box)
    before = rows(box.database, STANDING.format(order.order_id))

    happen(box, [(order, ["release"])])

    assert [] == before
    assert [("to_ship", "paid", "ship", "1 待发货")] == rows(box.database, STANDING.format(order.order_id))


LIVES = {
    ("hold",): ("paid_hold", "paid", "wait", "risk-review 风控审核中"),
    ("hold", "release"): ("to_ship", "paid", "ship", "1 待发货"),
    ("ship_hold",): ("to_ship", "paid", "wait", "ship-hold 平台暂停发货"),
    ("refund",): ("to_ship", "paid", "wait", "refund-open 售后处理中"),
    ("refund", "withdraw"): ("to_ship", "paid", "ship", "1 待发货"),
    ("refund", "advance", "advance"): ("closed", "refunded", "stop", "refunded 已全额退款"),
    ("ship",): ("shipped", "paid", "stop", "2 已发货"),
    ("ship", "finish", "return"): ("done", "paid", "stop", "3 已签收"),
    ("ship", "close"): ("closed", "refunded", "stop", "refunded 已全额退款"),
}


def test_what_happens_to_an_order_decides_whether_it_ships(box: ShopInABox):
    lives = list(zip(plain(box), LIVES, strict=False))

    happen(box, lives)

    found = {changes: rows(box.database, STANDING.format(order.order_id))[0] for order, changes in lives}
    assert LIVES == found


def test_a_part_that_was_refunded_keeps_the_rest_waiting_for_a_person(box: ShopInABox):
    order = next(plain(box, pieces=2))

    happen(box, [(order, ["refund_piece", "advance", "advance"])])

    blocked = f"select blocked_by from core.line_readiness where order_id = 'pdd_main/{order.order_id}'"
    assert ("line_waits",) == rows(box.database, blocked)[0]


def test_ciphertext_that_perishes_on_the_platform_stays_known(box: ShopInABox):
    lives = list(zip(plain(box), [["hold"], ["ship"], ["close"]], strict=False))
    settle(box)
    known = [rows(box.database, RECEIVER.format(order.order_id))[0] for order, _ in lives]

    happen(box, lives)

    assert known == [rows(box.database, RECEIVER.format(order.order_id))[0] for order, _ in lives]
    assert [("token", order.receiver.city) for order, _ in lives] == [row[:2] for row in known]
    assert all(str(row[3]).startswith("~") for row in known)
    assert {""} == {staged(box, order)[-1]["receiver_address"] for order, _ in lives}


def test_an_address_that_changed_replaces_the_known_one(box: ShopInABox):
    order = next(plain(box))
    settle(box)
    before = rows(box.database, RECEIVER.format(order.order_id))

    happen(box, [(order, ["address"])])

    after = rows(box.database, RECEIVER.format(order.order_id))
    assert before[0][3] != after[0][3] == staged(box, order)[-1]["receiver_address"]


def test_an_order_seen_first_under_review_has_its_region_and_gets_its_person_later(box: ShopInABox):
    order = next(order for order in box.orders() if order.hold == "risk" and order.receiver.city)
    settle(box)
    before = rows(box.database, RECEIVER.format(order.order_id))

    happen(box, [(order, ["release"])])

    after = rows(box.database, RECEIVER.format(order.order_id))
    assert [("masked", order.receiver.city, None, None)] == before
    assert ("token", order.receiver.city, f"{order.receiver.name[0]}**") == after[0][:3]


def staged(box: ShopInABox, order: Order) -> list[dict[str, Any]]:
    query = f"select payload from staging.pinduoduo_orders where record_id = '{order.order_id}' order by staging_id"
    return [row[0] for row in rows(box.database, query)]  # type: ignore[misc]


@pytest.mark.slow
def test_second_pull_stages_nothing_also_when_buyers_urge(box: ShopInABox):
    box.pull()
    asked_again(box)
    box.gateway.behavior.noise = True

    counts = box.pull()

    assert 0 == counts.staged
    assert 300 < counts.rows


@pytest.mark.slow
def test_a_token_that_expires_between_two_calls_is_renewed_once(box: ShopInABox):
    box.gateway.faults.replace([{"kind": "expire_token", "method": INCREMENT, "nth": 9}])

    counts = box.pull()

    assert (0, 1) == (counts.windows_left, box.gateway.calls[REFRESH])
    assert [] == wrong(box)


@pytest.mark.slow
def test_a_shop_that_took_its_authorisation_back_stops_and_heals_without_a_gap(box: ShopInABox):
    box.pull()
    box.gateway.expire(box.shop_id, box.platform_clock.now())
    box.gateway.tokens.revoke(box.shop_id)
    box.pass_time(SETTLED)
    with pytest.raises(CredentialError, match="10014"):
        box.pull()

    box.pass_time(timedelta(hours=26))
    box.world.touch(5, box.platform_clock.now(), what="memo")
    box.gateway.expire(box.shop_id, None)
    box.pass_time(SETTLED)
    box.pull()

    assert [] == wrong(box)


def test_a_short_throttle_is_waited_for_and_a_long_one_is_left_to_later_pulls(box: ShopInABox):
    box.gateway.faults.replace([{"kind": "throttle", "method": INCREMENT, "nth": 3, "seconds": 8}])
    assert 0 == box.pull().windows_left
    assert any(10 <= seconds < 11 for seconds in box.waited)

    box.pass_time(timedelta(hours=1))
    box.gateway.faults.replace([{"kind": "throttle", "method": INCREMENT, "nth": 2, "seconds": 600}])
    first = box.pull()
    box.pass_time(timedelta(minutes=11))

    assert first.waits_until is not None
    assert (0, []) == (box.pull().windows_left, wrong(box))


@pytest.mark.slow
def test_a_burst_of_faults_costs_nothing_but_time(box: ShopInABox):
    kinds = [
        {"kind": "status", "method": INCREMENT, "nth": 2, "times": 2},
        {"kind": "error", "method": INCREMENT, "nth": 4},
        {"kind": "cut", "method": INCREMENT, "nth": 5},
        {"kind": "gbk", "method": INCREMENT, "nth": 7},
        {"kind": "html", "method": REFUNDS, "nth": 2},
        {"kind": "body", "method": REFUNDS, "nth": 3},
    ]
    box.gateway.faults.replace(kinds)

    box.pull()

    assert [] == wrong(box)


@pytest.mark.slow
@pytest.mark.parametrize("late", [timedelta(seconds=-700), timedelta(seconds=700)])
def test_a_clock_that_is_wrong_is_corrected_by_the_platforms(database: Database, late: timedelta):
    box = ShopInABox(database, orders=100, late=late, platform="pinduoduo")

    counts = box.pull()

    assert 0 == counts.windows_left
    assert [] == wrong(box)


@pytest.mark.slow
def test_orders_that_become_visible_late_are_found(box: ShopInABox):
    box.pull()
    box.gateway.set_lag(150)
    box.world.touch(9, box.platform_clock.now(), what="memo")
    box.world.place(3, box.platform_clock.now())
    box.pass_time(timedelta(seconds=200))
    box.pull()

    box.gateway.set_lag(0)
    assert [] == wrong(box)


def record(name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    return value


def test_recorded_shapes_are_mapped_field_by_field(box: ShopInABox):
    order, refund = record("order"), record("refund")
    for stream, key, value in (("orders", "order_sn", order), ("refunds", "id", refund)):
        one = Record(str(value[key]), None, written(value), version_hash(value), 0)
        with hold_scope(box.database, "test") as lease, box.database.transaction(lease) as connection:
            stage_page(
                connection, box.clock, platform="pinduoduo", shop_id=box.shop_id, stream=stream, window_id=None,
                source="page 1", records=[one],
            )  # fmt: skip
    box.transform()

    assert rows(
        box.database,
        "select status, payment_state, gate, total_fen, discount_fen, freight_fen, paid_fen, customer_id, "
        "buyer_message, placed_at::text, ship_by_at::text, unreadable_fields from core.orders",
    ) == [
        ("to_ship", "paid", "ship", 7980, 1500, 0, 6480, None, "尽快发货", "2026-11-20 01:02:10+00",
         "2026-11-22 01:05:00+00", [])
    ]  # fmt: skip
    assert rows(
        box.database,
        "select line_id, kind, merchant_code, quantity, unit_price_fen, refund_state from core.order_lines order by line_no",
    ) == [
        ("501000000001", "goods", "TS-001-BLK-M", 2, 3990, "none"),
        ("501000000009", "gift", "GIFT-SOCK", 1, 0, "none"),
    ]
    assert rows(
        box.database, "select province, city, district, town, name_masked, phone_masked, token from core.receivers"
    ) == [
        ("江苏省", "苏州市", "吴中区", None, "王**", "138****5678", "~AgAAAADEMO8IdemoAddr0001AAAAAAAAAAAAAAAA=~0~")
    ]  # fmt: skip
    assert rows(
        box.database,
        "select platform_refund_id, order_id, platform_line_id, kind, state, quantity, refund_fen from core.refunds",
    ) == [("87654321012", "pdd_main/261120-100000000000001", "501000000001", "refund", "open", 2, 6480)]
