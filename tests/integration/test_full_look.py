"""What a look at many orders reads grows with the orders, not with their square."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from orderhub import paths
from orderhub.clock import FixedClock
from orderhub.config.store import apply_directory
from orderhub.db.engine import Database
from orderhub.db.sql_files import statement
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import ensure_first_start, request_extra
from orderhub.fulfillment.plans import WITHOUT_FIGURES
from orderhub.fulfillment.run import run_fulfillment
from tests.builders import NOON, rows

MILLION = paths.project_root() / "examples" / "million_orders"
ORDERS = 2_000
READ = text(
    "select seq_tup_read from pg_stat_xact_user_tables where relid = 'core.fulfillment_orders'::regclass"
)
FETCHED = text("select idx_tup_fetch from pg_stat_xact_user_tables where relid = 'core.orders'::regclass")
#: A pass has judged all of them, and holds each; of its number the planner knows nothing yet.
HELD = text("""
    with judged as (
        update core.orders set _checked_pass_id = 999 returning order_id
    ),
    found as (
        insert into core.anomalies (
            anomaly_id, rule_id, severity, action, subject_type, subject_id, order_id, version_id, evidence,
            checks_version, state, first_seen_at, _pass_id
        )
        select order_id, 'vague_address', 'warning', 'hold', 'order', order_id, order_id, 'v', '{}', 'c', 'open', :now, 999
        from judged
    )
    insert into core.holds (hold_id, anomaly_id, rule_id, subject_type, subject_id, order_id, placed_at)
    select 'hold:' || order_id, order_id, 'vague_address', 'order', order_id, order_id, :now from judged""")


@pytest.fixture
def closed(database: Database, owner: Database, tmp_path: Path) -> FixedClock:
    """Two thousand orders of a shop that drops files, most of them on manifests."""
    clock = FixedClock(NOON)
    config = apply_directory(database, clock, MILLION / "merchant", tmp_path, "test")
    ensure_first_start(owner, clock)
    with owner.session() as session:
        given = {"orders": ORDERS, "demand": "zipf", "now": clock.now().isoformat()}
        session.execute(text((MILLION / "checked.sql").read_text(encoding="utf-8")), given)
        session.execute(text("update core.shops set is_pulled = false"))
    run_fulfillment(database, clock, config)
    clock.move(timedelta(hours=1))
    for warehouse in config.warehouses:
        request_extra(database, clock, config, warehouse.id, "test")
    close_due(database, clock, config, {})
    with owner.session() as session:
        session.exec_driver_sql("vacuum (analyze)")
    return clock


def test_documents_of_file_orders_are_read_by_key(database: Database, closed: FixedClock):
    assert rows(database, "select count(*) > 1500 from core.manifest_lines") == [(True,)]

    with database.rehearsal() as connection:
        connection.execute(WITHOUT_FIGURES)
        connection.execute(
            text("set local max_parallel_workers_per_gather = 0")
        )  # Workers count for themselves.
        connection.execute(statement("core/candidate_lines"), {"now": closed.now()})
        read = connection.execute(READ).scalar_one()

    assert read < 10 * ORDERS


def test_orders_of_many_new_holds_are_read_by_key(database: Database, closed: FixedClock):
    given = {"pass_id": 999, "placed_at": closed.now(), "now": closed.now()}
    rule = {
        "rule_ids": ["vague_address"],
        "severities": ["warning"],
        "messages_zh": [""],
        "messages_en": [""],
    }

    with database.rehearsal() as connection:
        connection.execute(HELD, given)
        before = connection.execute(FETCHED).scalar_one()
        alerts = connection.execute(statement("ops/held_alerts"), {**given, **rule}).scalar_one()
        fetched = connection.execute(FETCHED).scalar_one() - before

    assert (ORDERS, True) == (alerts, fetched < 10 * ORDERS)
