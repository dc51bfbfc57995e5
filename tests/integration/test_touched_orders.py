"""A pass over a large hub looks at what changed since the pass before; all else is looked at once an hour.

`FEW_BYTES` is set to nothing, so that these small hubs count as large ones.
"""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, event, text

from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.sql_files import statement
from orderhub.domain.parcels import Parcel
from orderhub.fulfillment import readiness, touched
from orderhub.fulfillment.readiness import read_readiness
from orderhub.fulfillment.run import FulfillCounts, run_fulfillment
from orderhub.fulfillment.shipments import Report, record_reports
from orderhub.quality.watch import watch_holds
from tests.builders import NOON, Order, activate, hold, put, rows, stock

STOP = "update core.orders set gate = 'stop' where order_id = 'tb/1'"
STATES = "select order_id, state from core.fulfillment_orders order by fulfillment_order_id"
#: What a transform pass writes about an order that it judged.
JUDGE = """
    with judged as (
        insert into ops.passes (kind, started_at, finished_at) values ('transform', now(), now()) returning pass_id
    )
    update core.orders set _checked_pass_id = (select pass_id from judged) where order_id = 'tb/1'"""


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def config(database: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> MerchantConfig:
    """Two orders, reserved at Hangzhou by a pass that looked at all, and one minute that has gone since."""
    monkeypatch.setattr(touched, "FEW_BYTES", 0)
    with database.engine.begin() as connection:
        active = activate(connection)
        stock(connection, hangzhou__MUG=2, yiwu__MUG=0)
        put(connection, Order("1"), Order("2"))
    run_fulfillment(database, clock, active)
    clock.move(timedelta(minutes=1))
    return active


def happens(database: Database, *statements: str) -> None:
    with database.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def after(database: Database, clock: FixedClock, config: MerchantConfig, **passed: int) -> FulfillCounts:
    clock.move(timedelta(**passed))
    return run_fulfillment(database, clock, config)


def test_what_transform_judged_since_the_last_pass_is_looked_at(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    happens(database, STOP, JUDGE)

    counts = after(database, clock, config, minutes=14)

    assert (1, 1) == (counts.withdrawn_reservations, counts.cancelled_documents)
    assert [("tb/1", "cancelled"), ("tb/2", "allocated")] == rows(database, STATES)


def test_what_no_act_and_no_pass_speaks_of_is_looked_at_within_the_hour(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    happens(database, STOP)

    first = after(database, clock, config, minutes=14)
    later = after(database, clock, config, minutes=45)

    assert 0 == first.withdrawn_reservations
    assert 1 == later.withdrawn_reservations


def test_a_small_hub_looks_at_all_each_time(
    database: Database, clock: FixedClock, config: MerchantConfig, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(touched, "FEW_BYTES", 64 << 20)
    happens(database, STOP)

    assert 1 == after(database, clock, config, minutes=14).withdrawn_reservations


def test_new_files_make_a_pass_look_at_all(database: Database, clock: FixedClock, config: MerchantConfig):
    happens(database, STOP)
    with database.engine.begin() as connection:
        renewed = activate(connection, alerts="supervisors: [other@example.test]\n")

    assert 1 == after(database, clock, renewed, minutes=14).withdrawn_reservations


def test_another_day_of_the_calendar_makes_a_pass_look_at_all(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    happens(database, "update ops.passes set all_seen_at = now() + interval '1 year'", STOP)

    assert 1 == after(database, clock, config, hours=12).withdrawn_reservations


def test_a_shop_that_is_stopped_makes_a_pass_look_at_all(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    happens(
        database,
        "insert into ops.source_stops (stop_id, shop_id, rule_id, evidence, stopped_at, _pass_id) "
        f"values ('s', 'tb', 'r', '{{}}', '{clock.now().isoformat()}', 1)",
    )

    assert 2 == after(database, clock, config, minutes=14).withdrawn_reservations


def test_more_than_a_pass_looks_at_one_by_one_is_looked_at_as_all(
    database: Database, clock: FixedClock, config: MerchantConfig, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(touched, "MOST", 0)
    happens(database, STOP, JUDGE.replace("tb/1", "tb/2"))

    assert 1 == after(database, clock, config, minutes=14).withdrawn_reservations


def test_a_new_hold_takes_the_promise_and_its_end_gives_it_back(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    with database.engine.begin() as connection:
        hold(connection, "tb/1")
    held = after(database, clock, config, minutes=14)
    happens(database, f"update core.holds set state = 'released', ended_at = '{clock.now().isoformat()}'")

    released = after(database, clock, config, minutes=14)

    assert (1, 0) == (held.withdrawn_reservations, held.allocated)
    assert 1 == released.allocated


def test_an_act_that_is_committed_late_is_seen_all_the_same(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    began_at = clock.now()
    after(database, clock, config, minutes=10)
    happens(
        database,
        "insert into core.withholdings (subject_id, order_id, kind, version_id, decided_at, decided_by, reason) "
        f"values ('tb/1', 'tb/1', 'cancelled', 'v1', '{began_at.isoformat()}', 'li', 'asked')",
    )

    assert 1 == after(database, clock, config, minutes=10).withdrawn_reservations


def test_an_order_that_waits_for_stock_is_looked_at_each_time(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    with database.engine.begin() as connection:
        put(connection, Order("3"))
    happens(database, JUDGE.replace("tb/1", "tb/3"))
    short = after(database, clock, config, minutes=10)
    after(database, clock, config, minutes=35)
    happens(database, "update core.stock set on_hand = 3 where warehouse_id = 'hangzhou'")

    come = after(database, clock, config, minutes=10)

    assert (0, 1) == (short.allocated, come.allocated)


def test_an_order_whose_day_has_come_is_looked_at(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    with database.engine.begin() as connection:
        put(connection, Order("3"))
    at = (clock.now() + timedelta(minutes=20)).isoformat()
    happens(
        database, "update core.stock set on_hand = 3 where warehouse_id = 'hangzhou'",
        f"update core.orders set ship_not_before = '{at}' where order_id = 'tb/3'",
        JUDGE.replace("tb/1", "tb/3"),
    )  # fmt: skip

    before = after(database, clock, config, minutes=10)
    then = after(database, clock, config, minutes=15)

    assert (0, 1) == (before.allocated, then.allocated)


LATER = "update core.orders set ship_not_before = :then where order_id = 'tb/later'"
WAITS = "update core.orders set gate = 'wait' where order_id = 'tb/waits'"
GIVEN_BACK = "update core.reservations set state = 'voided', resolved_at = :now where order_id = 'tb/1'"


@pytest.mark.parametrize(
    ("some", "every", "table", "count"),
    [
        ("core/touched_lines", "core/candidate_lines", "candidate_lines", 2),
        ("core/touched_reservations", "core/allocated_reservations", "allocated_reservations", 1),
        ("core/touched_to_carry", "core/documents_to_carry", "documents_to_carry", 2),
    ],
)
def test_of_all_orders_the_same_is_read_by_key_and_as_a_set(
    database: Database,
    clock: FixedClock,
    config: MerchantConfig,
    some: str,
    every: str,
    table: str,
    count: int,
):
    with database.engine.begin() as connection:
        put(connection, Order("3"), Order("held"), Order("later"), Order("waits"))
        hold(connection, "tb/held")
        connection.execute(text(LATER), {"then": clock.now() + timedelta(days=1)})
        connection.execute(text(GIVEN_BACK), {"now": clock.now()})
        connection.execute(text(WAITS))
        given = {"now": clock.now(), "carriers": ["SF"], "not_today": []}
        connection.execute(text("create temporary table touched_orders as select order_id from core.orders"))
        by_key, as_set = (read_into(connection, name, table, given) for name in (some, every))
        connection.execute(text("drop table touched_orders"))

    assert by_key == as_set
    assert len(by_key) == count


def read_into(connection: Connection, name: str, table: str, given: dict[str, object]) -> list[str]:
    asked = statement(name)
    connection.execute(asked, {key: given[key] for key in asked.compile().params})
    read = connection.execute(text(f"select to_jsonb(t)::text from {table} as t order by 1")).scalars().all()
    connection.execute(text(f"drop table {table}"))
    return [str(row) for row in read]


def filled(connection: Connection, orders: int, state: str = "shipped", promise: str = "posted") -> None:
    """Many orders that have left, or whose documents are in another state, and what a pass reads of them."""
    connection.execute(
        text("""
        insert into core.orders (order_id, platform, shop_id, platform_order_id, status, status_rank, is_terminal,
            payment_state, gate, lifecycle, ship_by_at, version_id, merge_key, mapping_version, checked_version,
            _load_id, _pass_id, _checked_pass_id, _seen_at)
        select 'tb/old' || n, 'taobao', 'tb', 'old' || n, 'shipped', 50, false, 'paid', 'stop', 'live', :now, 'v1',
            'k', 'm', 'v1', 1, 1, 1, :now
        from generate_series(1, :orders) as n"""),
        {"now": NOON, "orders": orders},
    )
    connection.execute(
        text("""
        insert into core.order_lines (order_id, line_id, line_no, sku_id, kind, quantity, refund_state, gate)
        select order_id, '1', 1, 'MUG', 'goods', 1, 'none', 'ship' from core.orders where order_id like 'tb/old%'""")
    )
    connection.execute(
        text("""
        insert into core.fulfillment_orders (fulfillment_order_id, order_id, warehouse_id, state, routing_rule_id,
            version_id, config_version, is_shadow, allocated_at, _pass_id)
        select order_id || '@1', order_id, 'hangzhou', :state, 'elsewhere', 'v1', 'c', false, :now, 1
        from core.orders where order_id like 'tb/old%'"""),
        {"now": NOON, "state": state},
    )
    connection.execute(
        text("""
        insert into core.reservations (reservation_id, fulfillment_order_id, order_id, line_id, warehouse_id, sku_id,
            quantity, state, reserved_at, resolved_at)
        select fulfillment_order_id || '#1', fulfillment_order_id, order_id, '1', 'hangzhou', 'MUG', 1, :promise,
            :now, case when :promise = 'posted' then cast(:now as timestamptz) end
        from core.fulfillment_orders where order_id like 'tb/old%'"""),
        {"now": NOON, "promise": promise},
    )


#: Rows of the table and entries of its indexes.
PROMISES_READ = text("""
    select sum(pg_stat_get_xact_tuples_returned(oid)) from (
        select 'core.reservations'::regclass::oid
        union all select indexrelid from pg_index where indrelid = 'core.reservations'::regclass
    ) as read (oid)""")
READ = """
    select relname, seq_tup_read from pg_stat_user_tables
    where relname in ('orders', 'order_lines', 'fulfillment_orders', 'reservations')"""


@pytest.fixture
def large(database: Database, owner: Database, clock: FixedClock, config: MerchantConfig) -> MerchantConfig:
    """The same hub with 20,000 orders that left, a pass that has seen them, and figures of them."""
    with database.engine.begin() as connection:
        filled(connection, 20_000)
    after(database, clock, config, hours=2)
    with owner.session() as session:
        session.exec_driver_sql("analyze")
    return config


def counting(database: Database) -> dict[str, int]:
    """Return table → rows read by scanning it whole; from here on, each transaction's are counted as it ends."""
    if not event.contains(database.engine, "begin", _count_at_once):
        event.listen(database.engine, "begin", _count_at_once)
    with database.engine.begin():
        pass
    return {str(name): int(str(read)) for name, read in rows(database, READ)}


def _count_at_once(connection: Connection) -> None:
    connection.exec_driver_sql("select pg_stat_force_next_flush()")


def test_a_pass_with_one_new_order_reads_no_table_of_orders_whole(
    database: Database, clock: FixedClock, large: MerchantConfig, monkeypatch: pytest.MonkeyPatch
):
    with database.engine.begin() as connection:
        put(connection, Order("3"))
    happens(database, JUDGE.replace("tb/1", "tb/3"), "update core.stock set on_hand = on_hand + 1")
    monkeypatch.setattr(touched, "MOST", 100)
    before = counting(database)

    counts = after(database, clock, large, minutes=14)

    assert 1 == counts.allocated
    assert before == counting(database)


def test_a_parcel_that_is_recorded_reads_no_table_of_orders_whole(
    database: Database, clock: FixedClock, large: MerchantConfig
):
    before = counting(database)

    with database.engine.begin() as connection:
        parcel = Parcel("SF1", "SF", clock.now())
        recorded = record_reports(connection, clock, "hangzhou", [Report("1", "tb/1@1", (parcel,))], "hand")

    assert 1 == recorded.posted
    assert before == counting(database)


def test_near_deadlines_are_found_without_reading_what_has_left(
    database: Database, clock: FixedClock, large: MerchantConfig
):
    before = counting(database)
    clock.move(timedelta(days=2))

    watched = watch_holds(database, clock, large)

    assert 2 == watched.deadlines
    assert before == counting(database)


def test_what_keeps_a_line_is_said_the_same_of_few_orders_and_of_many(
    database: Database, config: MerchantConfig, monkeypatch: pytest.MonkeyPatch
):
    asked = text("create temporary table asked_orders on commit drop as select order_id from core.orders")
    said = []
    with database.rehearsal() as connection:
        put(connection, Order("3", gate="wait"), Order("4", lifecycle="history"))
        hold(connection, "tb/1")
        for is_few in (True, False):
            monkeypatch.setattr(readiness, "_IS_FEW", text(f"select {is_few} where :few > 0"))
            read_readiness(connection, asked)
            found = connection.execute(text("select * from readiness order by order_id, line_id")).all()
            said.append([tuple(row) for row in found])

    assert said[0] == said[1]
    assert ["order_held", None, "order_waits", "order_history"] == [row[-1] for row in said[0]]


def test_promises_are_read_by_their_documents_before_the_planner_knows_of_them(
    database: Database,
):
    with database.rehearsal() as connection:
        filled(connection, 5000, "allocated", "active")
        connection.execute(
            text("create temporary table touched_orders as select order_id from core.orders limit 100")
        )
        connection.execute(statement("core/touched_reservations"))
        read = connection.execute(PROMISES_READ).scalar_one()

    assert read <= 200


def test_documents_end_by_their_key_before_the_planner_knows_of_them(
    database: Database, owner: Database, config: MerchantConfig
):
    with owner.session() as session:
        session.exec_driver_sql("analyze")
    with database.rehearsal() as connection:
        filled(connection, 5000, "manifested", "posted")
        given = {"documents": [f"tb/old{n}@1" for n in range(1, 101)], "now": NOON}
        ended = connection.execute(statement("core/shipped_documents"), given).rowcount
        read = connection.execute(PROMISES_READ).scalar_one()

    assert 100 == ended
    assert read <= 200
