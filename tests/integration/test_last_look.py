"""The last look before a manifest closes, against the sandbox's platforms as they are at that moment."""

from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from orderhub.db.engine import Database
from orderhub.errors import ConfigError
from orderhub.fulfillment import last_look
from orderhub.fulfillment.close import ClosedManifest
from orderhub.fulfillment.cutoffs import ensure_first_start, request_extra
from orderhub.fulfillment.due import hand_over_due
from orderhub.fulfillment.run import run_fulfillment
from orderhub.platforms import rereading
from orderhub.settings import Settings
from tests.builders import rows
from tests.platforms.shop_in_a_box import DETAIL, KEY, ShopInABox, merchant_files

#: Taobao has a detail call, Pinduoduo one that only the last look uses; the others are like one of them.
EVERY_PLATFORM = (
    "taobao",
    "pinduoduo",
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("jd", "douyin", "wechat", "miniprogram")),
)
CUTOFF = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
LISTED = "select distinct split_part(order_id, '/', 2) from core.manifest_lines order by 1"
ALLOCATED = """
    select split_part(order_id, '/', 2) from core.fulfillment_orders
    where warehouse_id = 'hangzhou' and state = 'allocated' order by 1"""

ONE_LINE = """
    select split_part(order_id, '/', 2) from core.reservations
    where warehouse_id = 'hangzhou' group by order_id having count(*) = 1 order by 1 limit 1"""


def allocated_shop(
    database: Database,
    platform: str,
    on_stale: str = "wait",
    before: Callable[[ShopInABox], None] | None = None,
) -> ShopInABox:
    """A shop whose good orders of the past are pulled, checked and promised; nothing is handed over yet."""
    box = ShopInABox(database, orders=60, platform=platform)
    if before:
        before(box)
    shops = merchant_files(platform)["shops.yaml"]
    box.own_files = {"shops.yaml": shops.replace("on_stale: wait", f"on_stale: {on_stale}")}
    box.pull()
    box.transform()
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "insert into core.stock select distinct 'hangzhou', sku_id, 9999, 0, now() from core.order_lines "
                "where sku_id is not null"
            )
        )
    ensure_first_start(database, box.clock)
    run_fulfillment(database, box.clock, box.config)
    return box


def hand_over(box: ShopInABox) -> list[ClosedManifest]:
    """Close an extra manifest of Hangzhou as the DAG and the command do."""
    request_extra(box.database, box.clock, box.config, "hangzhou", "test")
    return hand_over_what_is_due(box)


def hand_over_what_is_due(box: ShopInABox, takes: timedelta = timedelta()) -> list[ClosedManifest]:
    """Close what is due, and amend what closed; a last look takes so long."""

    @contextmanager
    def opened(_):
        client = box.client()
        yield client
        client.close()
        box.pass_time(takes)

    settings = Settings(database_url="postgresql://unused", hash_key=KEY)
    closed = hand_over_due(box.database, box.clock, settings, box.config, opened, box.wait)
    return [manifest for manifest in closed if not manifest.is_shadow]


@pytest.mark.parametrize("platform", EVERY_PLATFORM)
def test_an_order_refunded_a_minute_before_the_cutoff_is_not_on_the_list(database: Database, platform: str):
    box = allocated_shop(database, platform)
    promised = [order_id for (order_id,) in rows(database, ALLOCATED)]
    ((refunded,),) = rows(database, ONE_LINE)
    box.pass_time(timedelta(minutes=5))
    box.world.touch(1, box.platform_clock.now(), box.shop_id, "refund", [refunded])
    box.pass_time(timedelta(minutes=1))

    (closed,) = hand_over(box)

    assert (closed.order_count, sum(closed.left_out.values())) == (len(promised) - 1, 0)
    assert [order_id for (order_id,) in rows(database, LISTED)] == [
        one for one in promised if one != refunded
    ]
    assert rows(database, "select state from core.fulfillment_orders where state = 'cancelled'") == [
        ("cancelled",)
    ]


def test_nothing_is_asked_for_twice_and_nothing_is_staged_when_nothing_changed(database: Database):
    box = allocated_shop(database, "taobao")
    staged = rows(database, "select count(*) from staging.taobao_orders")
    hand_over(box)
    asked = sum(box.gateway.calls.values())

    again = hand_over(box)

    assert staged == rows(database, "select count(*) from staging.taobao_orders")
    assert (again, asked) == ([], sum(box.gateway.calls.values()))


def test_an_order_that_the_platform_does_not_give_and_was_long_not_seen_is_left_out_with_an_alert(
    database: Database,
):
    box = allocated_shop(database, "taobao", on_stale="ship")
    promised = [order_id for (order_id,) in rows(database, ALLOCATED)]
    box.pass_time(timedelta(minutes=31))
    box.gateway.faults.replace([{"kind": "status", "status": 502, "times": 100_000}])

    (closed,) = hand_over(box)

    assert (closed.order_count, closed.left_out) == (0, {"status_unconfirmed": len(promised)})
    assert rows(
        database, "select rule_id, subject, closed_at from ops.alerts where rule_id like 'status%'"
    ) == [("status_unconfirmed", "hangzhou", None)]


OPEN_ALERTS = "select fingerprint from ops.alerts where rule_id = 'status_unconfirmed' and closed_at is null"


@pytest.fixture
def left_out(database: Database) -> ShopInABox:
    """A shop whose orders were all left out of a list, as it could not be read; now it can be."""
    box = allocated_shop(database, "taobao", on_stale="ship")
    box.pass_time(timedelta(minutes=31))
    box.gateway.faults.replace([{"kind": "status", "status": 502, "times": 100_000}])
    hand_over(box)
    box.gateway.faults.replace([])
    return box


def test_the_alert_is_over_once_the_amendment_has_taken_all_that_was_left_out(
    database: Database, left_out: ShopInABox
):
    before = rows(database, OPEN_ALERTS)

    (amendment,) = hand_over_what_is_due(left_out)

    assert (len(before), amendment.order_count > 0, amendment.left_out) == (1, True, {})
    assert rows(database, OPEN_ALERTS) == []


def test_what_the_amendment_has_to_leave_out_again_keeps_the_alert(database: Database, left_out: ShopInABox):
    (refused,) = rows(database, ALLOCATED + " limit 1")
    left_out.gateway.faults.replace(
        [{"kind": "error", "method": DETAIL, "id_mod": [10**9, int(str(refused[0])) % 10**9], "times": 0}]
    )

    (amendment,) = hand_over_what_is_due(left_out)

    assert amendment.left_out == {"status_unconfirmed": 1}
    assert len(rows(database, OPEN_ALERTS)) == 1


def test_an_amendment_ends_the_alert_of_its_own_cutoff_only(database: Database, left_out: ShopInABox):
    with database.engine.begin() as connection:
        connection.execute(text("update ops.alerts set fingerprint = 'hangzhou/later'"))

    hand_over_what_is_due(left_out)

    assert rows(database, OPEN_ALERTS) == [("hangzhou/later",)]


def test_an_order_that_was_seen_lately_goes_though_the_platform_is_down(database: Database):
    box = allocated_shop(database, "taobao")
    promised = [order_id for (order_id,) in rows(database, ALLOCATED)]
    box.pass_time(timedelta(minutes=5))
    box.gateway.faults.replace([{"kind": "status", "status": 502, "times": 100_000}])

    (closed,) = hand_over(box)

    assert (closed.order_count, closed.left_out) == (len(promised), {})


def test_one_order_that_is_refused_while_others_are_given_is_left_out(database: Database):
    box = allocated_shop(database, "taobao")
    promised = [order_id for (order_id,) in rows(database, ALLOCATED)]
    box.pass_time(timedelta(minutes=31))
    box.pull()
    box.transform()
    refused = {"kind": "error", "method": DETAIL, "id_mod": [10**9, int(promised[0]) % 10**9], "times": 0}
    box.gateway.faults.replace([refused])

    (closed,) = hand_over(box)

    assert (closed.order_count, closed.left_out) == (len(promised) - 1, {"status_unconfirmed": 1})


def test_no_time_left_reads_those_longest_unseen_and_ships_what_the_list_of_changes_confirms(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    box = allocated_shop(database, "taobao")
    promised = [order_id for (order_id,) in rows(database, ALLOCATED)]
    monkeypatch.setattr(last_look, "BUDGET", timedelta(seconds=-1))

    (closed,) = hand_over(box)

    assert (closed.order_count, closed.left_out) == (len(promised), {})
    assert rows(database, "select count(*) filter (where is_reread) from ops.last_looks") == [(0,)]


def test_what_rings_during_a_last_look_closes_after_one_of_its_own(database: Database):
    box = allocated_shop(database, "taobao", on_stale="ship")
    ((refunded,),) = rows(database, ONE_LINE)
    with database.engine.begin() as connection:
        connection.execute(text("insert into core.stock select 'yiwu', sku_id, 99, 9, now() from core.stock"))
        for table in ("fulfillment_orders", "reservations"):
            moved = text(f"update core.{table} set warehouse_id = 'yiwu' where order_id like '%/' || :id")
            connection.execute(moved, {"id": refunded})
    box.pass_time(CUTOFF - timedelta(seconds=10) - box.clock.now())
    box.world.touch(1, box.platform_clock.now(), box.shop_id, "refund", [refunded])
    request_extra(database, box.clock, box.config, "hangzhou", "test")

    closed = hand_over_what_is_due(box, takes=timedelta(seconds=20))

    assert {(one.warehouse_id, one.manifest_id[-16:]) for one in closed} == {
        ("hangzhou", "20261124T015950Z"),
        ("hangzhou", "20261124T020000Z"),
        ("yiwu", "20261124T020000Z"),
    }
    assert (refunded,) not in rows(database, LISTED)


def test_orders_of_a_platform_whose_spec_is_broken_are_left_out_when_they_were_long_not_seen(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: object):
        raise ConfigError("include/platforms/taobao/platform.yaml: unknown key 'enpoint'")

    box = allocated_shop(database, "taobao", on_stale="ship")
    promised = rows(database, ALLOCATED)
    box.pass_time(timedelta(minutes=31))
    monkeypatch.setattr(last_look, "load_platform", broken)

    (closed,) = hand_over(box)

    assert (closed.order_count, closed.left_out) == (0, {"status_unconfirmed": len(promised)})


def test_a_list_of_changes_that_has_a_long_gap_confirms_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    box = allocated_shop(database, "taobao", on_stale="ship")
    promised = rows(database, ALLOCATED)
    monkeypatch.setattr(rereading, "asked_by_id", lambda _: None)
    box.pass_time(timedelta(hours=7))

    (closed,) = hand_over(box)

    assert (closed.order_count, closed.left_out) == (0, {"status_unconfirmed": len(promised)})
