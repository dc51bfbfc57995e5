import pytest
from sqlalchemy import text

from orderhub.clock import FixedClock
from orderhub.db.engine import Database
from orderhub.errors import DatabaseFault
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.run import run_fulfillment
from orderhub.operate.verify import verify
from tests.builders import NOON, Line, Order, activate, hold, put, rows, stock


@pytest.fixture
def hub(database: Database) -> Database:
    """A hub in the middle of its day: orders in every bucket that exists yet."""
    clock = FixedClock(NOON)
    with database.engine.begin() as connection:
        config = activate(connection)
        stock(connection, hangzhou__MUG=10, hangzhou__CUP=10, yiwu__MUG=1)
        put(connection, Order("listed", (Line("MUG", 2), Line("CUP"))))
    run_fulfillment(database, clock, config)
    request_extra(database, clock, config, "hangzhou", "test")
    close_due(database, clock, config, {})
    with database.engine.begin() as connection:
        put(
            connection,
            Order("allocated", (Line("MUG", 3),)),
            Order("short", (Line("MUG", 99),)),
            Order("held"),
            Order("history", lifecycle="history"),
            Order("to-confirm", lifecycle="to_confirm"),
            Order("cancelled", gate="stop"),
            Order("part", (Line("CUP"), Line("CUP", gate="wait"))),
        )
        hold(connection, "tb/held")
    run_fulfillment(database, clock, config)
    return database


def broken(database: Database) -> dict[str, tuple[str, ...]]:
    return {result.invariant: result.violations for result in verify(database) if result.violations}


def plant(owner: Database, *statements: str) -> None:
    with owner.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_a_hub_in_the_middle_of_its_day_is_clean(hub: Database):
    assert broken(hub) == {}
    assert rows(hub, "select order_id, line_id, bucket from core.order_buckets order by 1, 2") == [
        ("tb/allocated", "1", "allocated"),
        ("tb/cancelled", "1", "closed"),
        ("tb/held", "1", "held"),
        ("tb/history", "1", "history"),
        ("tb/listed", "1", "manifested"),
        ("tb/listed", "2", "manifested"),
        ("tb/part", "1", "allocated"),
        ("tb/part", "2", "waiting"),
        ("tb/short", "1", "waiting"),
        ("tb/to-confirm", "1", "to_confirm"),
    ]


def test_an_order_shows_its_least_advanced_line(hub: Database):
    assert rows(hub, "select bucket from core.order_progress where order_id = 'tb/part'") == [("waiting",)]


def test_verify_reads_and_changes_nothing(hub: Database):
    before = rows(hub, "select sum(xmin::text::bigint) from core.stock")

    verify(hub)

    assert before == rows(hub, "select sum(xmin::text::bigint) from core.stock")


PLANTED = [
    (
        "I5 sources",
        "tb/lost: was received and is no order",
        (
            "insert into staging.taobao_orders (load_id, shop_id, record_id, payload, payload_sha256, position, fetched_at) "
            "select load_id, 'tb', 'lost', '{}', 'v1', 0, now() from ops.loads limit 1"
        ),
    ),
    (
        "I5 sources",
        "tb/history: is an order that was never received",
        "delete from staging.taobao_orders where record_id = 'history'",
    ),
    (
        "I6",
        "hangzhou MUG: reserved 6, active reservations 5",
        "update core.stock set reserved = reserved + 1 where warehouse_id = 'hangzhou' and sku_id = 'MUG'",
    ),
    (
        "I6",
        "yiwu MUG: on hand 2, ledger 1",
        "update core.stock set on_hand = 2 where warehouse_id = 'yiwu'",
    ),
    (
        "I6",
        "yiwu GHOST: has no stock row, ledger 7, promised 0",
        (
            "insert into core.stock_ledger (warehouse_id, sku_id, delta, reason, source_id, recorded_at) "
            "values ('yiwu', 'GHOST', 7, 'opening', 'x', now())"
        ),
    ),
    (
        "I7",
        "tb/allocated@1: is cancelled with 1 active and 0 posted reservations",
        "update core.fulfillment_orders set state = 'cancelled' where order_id = 'tb/allocated'",
    ),
    (
        "I7",
        "tb/part@1#1: is voided with a resolution",
        "update core.reservations set state = 'voided', resolved_at = now() where order_id = 'tb/part'",
    ),
    (
        "I8",
        "tb/allocated@1: is manifested and in no manifest",
        "update core.fulfillment_orders set state = 'manifested' where order_id = 'tb/allocated'",
    ),
    (
        "I8",
        "hangzhou/20261123T040000Z: says 1/2/4 orders/lines/pieces, holds 1/2/3",
        "update core.manifests set quantity_total = 4",
    ),
    (
        "I8",
        "tb/allocated@1#1: is posted and in no manifest",
        (
            "update core.reservations set state = 'posted', resolved_at = now(), resolution = 'x' "
            "where order_id = 'tb/allocated'"
        ),
    ),
    (
        "I8",
        "hangzhou/20261123T040000Z tb/listed#1: is in the manifest, but its reservation is voided for 2 pieces",
        (
            "update core.reservations set state = 'voided', resolved_at = now(), resolution = 'x' "
            "where reservation_id = 'tb/listed@1#1'"
        ),
    ),
    (
        "I8",
        "yiwu/x: is closed and has no manifest",
        (
            "insert into ops.cutoffs (cutoff_id, warehouse_id, cutoff_at, kind, state) "
            "values ('yiwu/x', 'yiwu', now(), 'extra', 'closed')"
        ),
    ),
    (
        "orphans",
        "tb/nowhere#1: is a line of no order",
        "update core.order_lines set order_id = 'tb/nowhere' where order_id = 'tb/history' and line_id = '1'",
    ),
    (
        "orphans",
        "tb/nowhere: is a receiver of no order",
        "update core.receivers set order_id = 'tb/nowhere' where order_id = 'tb/history'",
    ),
    (
        "orphans",
        "tb/listed@1: is a document of no order",
        "update core.fulfillment_orders set order_id = 'tb/nowhere' where fulfillment_order_id = 'tb/listed@1'",
    ),
    (
        "orphans",
        "tb/nowhere: is a decision about no order",
        "update core.routing_decisions set order_id = 'tb/nowhere' where order_id = 'tb/listed'",
    ),
    (
        "orphans",
        "tb/nowhere@1#1: is a reservation of no document",
        (
            "update core.reservations set reservation_id = 'tb/nowhere@1#1', fulfillment_order_id = 'tb/nowhere@1' "
            "where reservation_id = 'tb/listed@1#1'"
        ),
    ),
    (
        "orphans",
        "hangzhou/nowhere tb/listed#1: is a line of no manifest, or of no document",
        "update core.manifest_lines set manifest_id = 'hangzhou/nowhere' where order_id = 'tb/listed'",
    ),
    (
        "claims",
        "stuck: claimed since 2026-01-01 00:00 UTC",
        (
            "insert into ops.outbox (outbox_id, target, subject, payload, state, created_at, claimed_at) "
            "values ('stuck', 'mail', 's', '{}', 'claimed', now(), '2026-01-01 00:00+00')"
        ),
    ),
    (
        "windows",
        "window 901: is called covered with before 5, after 5, distinct ids 4, rejected 0",
        (
            "insert into ops.pull_windows (window_id, platform, shop_id, stream, kind, "
            "start_at, end_at, state, total_before, total_after, distinct_read, created_at) overriding system value values "
            "(901, 'taobao', 'tb', 'orders', 'gap', '2026-01-01', '2026-01-02', 'covered', 5, 5, 4, now())"
        ),
    ),
    (
        "windows",
        "window 903: overlaps the window before it",
        (
            "insert into ops.pull_windows (window_id, platform, shop_id, stream, kind, "
            "start_at, end_at, state, total_before, total_after, distinct_read, created_at) overriding system value values "
            "(902, 'taobao', 'tb', 'orders', 'gap', '2026-01-01', '2026-01-03', 'open', null, null, null, now()), "
            "(903, 'taobao', 'tb', 'orders', 'gap', '2026-01-02', '2026-01-04', 'open', null, null, null, now())"
        ),
    ),
]


@pytest.mark.parametrize(("invariant", "violation", "statement"), PLANTED, ids=[p[1] for p in PLANTED])
def test_a_planted_violation_is_named(
    hub: Database, owner: Database, invariant: str, violation: str, statement: str
):
    plant(owner, statement)

    assert violation in broken(hub)[invariant]


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ('["wrong@example.test"]', []),
        ('["other@example.test"]', ["first: nobody was told, mail: every recipient is refused (code 550)"]),
    ],
)
def test_a_message_that_was_given_up_is_named_until_one_reaches_the_same_people(
    hub: Database, owner: Database, later: str, expected: list[str]
):
    insert = (
        "insert into ops.outbox (outbox_id, target, subject, payload, state, created_at, last_error) "
        "values ('{}', 'mail', 's', '{{\"to\": {}}}', '{}', now(), {})"
    )
    error = "'mail: every recipient is refused (code 550)'"
    plant(owner, insert.format("first", '["wrong@example.test"]', "failed", error))
    plant(owner, insert.format("second", later, "sent", "null"))

    assert list(broken(hub).get("claims", ())) == expected


def test_a_line_in_two_manifests_is_named_once_the_constraint_is_gone(hub: Database, owner: Database):
    plant(
        owner,
        "drop index core.manifest_lines_ship_once",
        "insert into ops.cutoffs (cutoff_id, warehouse_id, cutoff_at, kind) values ('c', 'yiwu', now(), 'extra')",
        "insert into core.manifests select 'second', warehouse_id, 'c', cutoff_at, 0, false, 'closed', 1, 2, 3, '{}', "
        "config_version, closed_at from core.manifests",
        "insert into core.manifest_lines select 'second', fulfillment_order_id, order_id, line_id, sku_id, quantity "
        "from core.manifest_lines",
    )

    assert "tb/listed#1: stands in 2 manifests: hangzhou/20261123T040000Z, second" in broken(hub)["I8"]


def test_two_active_reservations_of_a_line_are_named_once_the_constraint_is_gone(
    hub: Database, owner: Database
):
    plant(
        owner,
        "drop index core.reservations_one_active",
        "insert into core.reservations select reservation_id || 'x', fulfillment_order_id, order_id, line_id, "
        "warehouse_id, sku_id, quantity, state, reserved_at from core.reservations where order_id = 'tb/allocated'",
    )

    violations = broken(hub)

    assert violations["I7"] == ("tb/allocated#1: 2 active and 0 posted reservations",)
    assert violations["I6"] == ("hangzhou MUG: reserved 5, active reservations 8",)


def test_a_line_in_two_buckets_is_named(hub: Database, owner: Database):
    plant(
        owner,
        "create or replace view core.order_buckets as select order_id, line_id, 'held'::text as bucket, "
        "1 as bucket_rank, null::text as blocked_by from core.order_lines union all "
        "select order_id, line_id, 'closed'::text, 2, null::text from core.order_lines where order_id = 'tb/held'",
    )

    assert broken(hub)["I5"] == ("tb/held#1: stands in 2 buckets",)


def test_index_that_is_gone_or_that_the_server_does_not_use_is_named(hub: Database, owner: Database):
    plant(owner, "drop index core.receivers_by_phone")
    with pytest.raises(DatabaseFault), owner.session() as session:
        session.exec_driver_sql("create unique index concurrently by_hand on core.orders (shop_id)")

    assert broken(hub) == {
        "indexes": (
            "core.by_hand: is invalid: the server does not use it; drop it, or reindex it",
            "core.receivers_by_phone: is missing: select ops.build_indexes() as orderhub_owner",
        )
    }
