"""A large pass commits what it merged and judges it in two sessions: nothing of it ships before it is finished."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.errors import DatabaseFault
from orderhub.fulfillment.close import GRACE, close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.run import run_fulfillment
from orderhub.operate.explain import explain
from orderhub.quality import audit as audit_module
from orderhub.quality import scan as scan_module
from orderhub.quality.suites import load_suites
from orderhub.transform import judge as judge_module
from orderhub.transform import map_ahead
from orderhub.transform import run as transform_run
from orderhub.transform.run import is_work_pending, run_transform
from tests.builders import rows, stock
from tests.transform.payloads import StoppedClock, stage, trade
from tests.transform.test_map_ahead import LEFT
from tests.transform.test_merge import VERSIONS, forget, tables

CLOCK = StoppedClock()
DOUBTFUL = {"payment": "0.00"}
BLOCKED = "select order_id, blocked_by from core.line_readiness order by order_id"
ALLOCATED = "select order_id from core.fulfillment_orders where state = 'allocated' order by 1"
LISTED = "select distinct order_id from core.manifest_lines order by 1"
HELD = "select order_id, rule_id from core.holds where state = 'active' order by 1, 2"
UNFINISHED = "select count(*) from ops.passes where kind = 'transform' and finished_at is null"
VERDICTS = """
    select rule_id, judged_count, evaluated_count, failed_count from ops.check_verdicts
    where pass_id = (select max(pass_id) from ops.passes) order by rule_id"""
TOLD = "select rule_id, subject from ops.alerts order by 1, 2"

Staged = Callable[..., None]


@pytest.fixture
def is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_ahead, "SLICE_ROWS", 1)


@pytest.fixture
def staged(database: Database, config: MerchantConfig) -> Staged:
    """Stage a load per order; stock is there for all."""
    with database.engine.begin() as connection:
        stock(connection, **{"hangzhou__SKU-TS001": 100, "yiwu__SKU-TS001": 100})

    def put(*orders: dict[str, Any]) -> None:
        for order in orders:
            stage(database, [order], shop_id="tb")

    return put


def dies(monkeypatch: pytest.MonkeyPatch, where: object, name: str) -> None:
    def die(*_given: object, **_named: object) -> None:
        raise DatabaseFault("the server is gone")

    monkeypatch.setattr(where, name, die)


def test_two_sessions_say_what_one_says(
    database: Database, owner: Database, config: MerchantConfig, monkeypatch: pytest.MonkeyPatch
):
    def judged() -> list[Any]:
        for version in VERSIONS:
            stage(database, [version], "tb")
        run_transform(database, CLOCK, config)
        return [tables(database), *(rows(database, query) for query in (HELD, VERDICTS, TOLD))]

    whole = judged()
    forget(owner)
    with owner.engine.begin() as connection:
        connection.exec_driver_sql("truncate core.anomalies, core.holds, ops.alerts cascade")
    monkeypatch.setattr(map_ahead, "SLICE_ROWS", 1)

    assert judged() == whole
    assert whole[1] != []
    assert rows(database, LEFT) == []


@pytest.mark.usefixtures("is_large")
def test_buyer_of_three_doubtful_orders_is_at_high_risk_in_a_large_pass_too(
    database: Database, config: MerchantConfig, staged: Staged
):
    staged(*(trade(str(tid), buyer_open_uid="AAH-one", **DOUBTFUL) for tid in (1, 2, 3)))

    run_transform(database, CLOCK, config)

    assert rows(database, "select order_id from core.holds where rule_id = 'high_risk_buyer' order by 1") == [
        ("tb/1",),
        ("tb/2",),
        ("tb/3",),
    ]


@pytest.mark.usefixtures("is_large")
def test_no_order_ships_before_the_pass_is_finished(
    database: Database, config: MerchantConfig, staged: Staged, monkeypatch: pytest.MonkeyPatch
):
    staged(trade("1"), trade("2", **DOUBTFUL))
    real, seen = judge_module.scan_beside, []

    def look(*given: Any) -> Any:
        run_fulfillment(database, CLOCK, config)
        said = [step.text for step in explain(database, "tb/2").steps if step.what == "checked"]
        seen.extend([rows(database, BLOCKED), rows(database, ALLOCATED), said])
        return real(*given)

    monkeypatch.setattr(judge_module, "scan_beside", look)
    run_transform(database, CLOCK, config)
    run_fulfillment(database, CLOCK, config)

    assert seen == [[("tb/1", "order_unchecked"), ("tb/2", "order_unchecked")], [], ["已合并,正在检查"]]
    assert rows(database, BLOCKED) == [("tb/1", None), ("tb/2", "order_held")]
    assert rows(database, ALLOCATED) == [("tb/1",)]


@pytest.mark.parametrize(("late", "listed"), [(timedelta(), []), (GRACE, [("tb/2",)])])
def test_cut_off_waits_for_the_judgement_of_what_is_due_and_not_for_ever(
    database: Database,
    config: MerchantConfig,
    staged: Staged,
    monkeypatch: pytest.MonkeyPatch,
    late: timedelta,
    listed: list[tuple[str]],
):
    clock = FixedClock(CLOCK.now())
    staged(trade("1"), trade("2"))
    run_transform(database, clock, config)
    run_fulfillment(database, clock, config)
    monkeypatch.setattr(map_ahead, "SLICE_ROWS", 1)
    staged(trade("1", modified="2026-11-20 10:00:00", seller_memo="老客户"), trade("3"))
    real, seen = judge_module.scan_beside, []

    def close(*given: Any) -> Any:
        for warehouse in config.warehouses:
            request_extra(database, clock, config, warehouse.id, "test")
        clock.move(late)
        close_due(database, clock, config, {})
        seen.extend(rows(database, LISTED))
        return real(*given)

    monkeypatch.setattr(judge_module, "scan_beside", close)
    run_transform(database, clock, config)
    close_due(database, clock, config, {})

    assert seen == listed
    assert rows(database, LISTED) == (listed or [("tb/1",), ("tb/2",)])


@pytest.mark.usefixtures("is_large")
@pytest.mark.parametrize(
    ("where", "name"),
    [
        (scan_module, "_read_rows"),
        (scan_module, "_ask"),
        (judge_module, "show_failures"),
        (judge_module, "finish_pass"),
    ],
)
def test_pass_that_died_after_its_merge_is_judged_by_the_next(
    database: Database,
    config: MerchantConfig,
    staged: Staged,
    monkeypatch: pytest.MonkeyPatch,
    where: object,
    name: str,
):
    staged(trade("1"), trade("2", **DOUBTFUL))
    with monkeypatch.context() as dying:
        dies(dying, where, name)
        with pytest.raises(DatabaseFault, match="the server is gone"):
            run_transform(database, CLOCK, config)
    run_fulfillment(database, CLOCK, config)
    after_death = [rows(database, query) for query in (UNFINISHED, ALLOCATED, HELD)]
    was_pending = is_work_pending(database)

    counts = run_transform(database, CLOCK, config)
    run_fulfillment(database, CLOCK, config)

    assert (after_death, was_pending) == ([[(1,)], [], []], True)
    assert (counts.loads, counts.versions, counts.checks.judged_orders) == (0, 0, 0)
    assert [rows(database, query) for query in (UNFINISHED, ALLOCATED)] == [[(0,)], [("tb/1",)]]
    assert {order_id for order_id, _ in rows(database, HELD)} == {"tb/2"}
    assert rows(database, LEFT) == []


@pytest.mark.usefixtures("is_large")
def test_what_arrives_after_a_death_is_merged_on_top_of_it(
    database: Database, config: MerchantConfig, staged: Staged, monkeypatch: pytest.MonkeyPatch
):
    staged(trade("1"), trade("2", **DOUBTFUL))
    with monkeypatch.context() as dying:
        dies(dying, judge_module, "scan_beside")
        with pytest.raises(DatabaseFault):
            run_transform(database, CLOCK, config)
    staged(trade("2", modified="2026-11-20 10:00:00"), trade("3", modified="2026-11-20 10:00:00"))

    counts = run_transform(database, CLOCK, config)
    run_fulfillment(database, CLOCK, config)

    assert (counts.loads, counts.checks.holds_closed) == (2, 2)
    assert rows(database, ALLOCATED) == [("tb/1",), ("tb/2",), ("tb/3",)]
    assert rows(database, HELD) == []


@pytest.mark.usefixtures("is_large")
def test_pass_that_died_after_its_merge_is_audited_once_it_is_judged(
    database: Database, config: MerchantConfig, staged: Staged, monkeypatch: pytest.MonkeyPatch
):
    checks = load_suites(config).checks()
    monkeypatch.setattr(audit_module, "_count", lambda *_: dict.fromkeys(checks, 0))
    staged(trade("1"), trade("2"))
    with monkeypatch.context() as dying:
        dies(dying, judge_module, "scan_beside")
        with pytest.raises(DatabaseFault):
            run_transform(database, CLOCK, config)
    while_dead = audit_module.audit_passes(database, CLOCK, config)

    counts = run_transform(database, CLOCK, config)
    audited = audit_module.audit_passes(database, CLOCK, config)

    assert while_dead == []
    assert [(report.pass_id == counts.pass_id, len(report.rules) > 0) for report in audited] == [
        (False, True),
        (True, False),
    ]


@pytest.mark.usefixtures("is_large")
def test_pass_that_other_code_merged_is_judged_all_the_same(
    database: Database, config: MerchantConfig, staged: Staged, monkeypatch: pytest.MonkeyPatch
):
    staged(trade("1"), trade("2", **DOUBTFUL))
    with monkeypatch.context() as dying:
        dies(dying, judge_module, "scan_beside")
        with pytest.raises(DatabaseFault):
            run_transform(database, CLOCK, config)
    with database.engine.begin() as connection:
        connection.exec_driver_sql(
            """update ops.passes set counts = counts - 'gift_lines' || '{"counted_no_more": 1}'"""
        )

    run_transform(database, CLOCK, config)

    assert rows(database, UNFINISHED) == [(0,)]
    assert {order_id for order_id, _ in rows(database, HELD)} == {"tb/2"}


def test_other_checks_that_came_after_a_death_are_those_an_order_is_said_to_be_judged_by(
    database: Database, config: MerchantConfig, staged: Staged, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as dying:
        dying.setattr(map_ahead, "SLICE_ROWS", 1)
        dies(dying, judge_module, "scan_beside")
        staged(trade("1"), trade("2"))
        with pytest.raises(DatabaseFault):
            run_transform(database, CLOCK, config)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("update core.orders set checks_version = 'of yesterday'")

    run_transform(database, CLOCK, config)

    stamped = rows(database, "select distinct checks_version from core.orders")
    assert stamped == rows(database, "select suites_version from ops.suite_versions where is_active")


@pytest.mark.parametrize("slice_rows", [50_000, 1], ids=["one transaction", "two"])
def test_pass_beside_somebody_who_vacuums_its_tables_is_finished(
    database: Database, config: MerchantConfig, monkeypatch: pytest.MonkeyPatch, slice_rows: int
):
    monkeypatch.setattr(map_ahead, "SLICE_ROWS", slice_rows)
    monkeypatch.setattr(transform_run, "_LARGE_PASS_ROWS", 1)
    stage(database, [trade("1")], "tb")
    stage(database, [trade("2")], "tb")

    with database.engine.begin() as vacuuming:
        vacuuming.exec_driver_sql("lock table core.orders in share update exclusive mode")
        counts = run_transform(database, StoppedClock(), config)

    assert counts.orders_changed == 2
    assert rows(database, UNFINISHED) == [(0,)]
