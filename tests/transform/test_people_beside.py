"""People decide, and files are applied, while a pass is at work: nobody is ended for it, and nothing is missed."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import TextClause

from orderhub.config.models import MerchantConfig
from orderhub.config.store import apply_directory, load_active
from orderhub.db.engine import Database
from orderhub.errors import StopError
from orderhub.quality import check
from orderhub.quality.decide import Choice, Decision, decide
from orderhub.transform import judge, map_ahead
from orderhub.transform.run import is_work_pending, run_transform
from tests.builders import rows
from tests.integration.waiting import wait_until
from tests.transform.payloads import StoppedClock, stage, trade

BLACKLIST = "entry_id,kind,value,shop_id,reason,author\nbl-1,customer,open-7,*,职业索赔,李主管\n"
OTHER_WORDS = "memo: {hold: [加急], invoice: [发票], no_ship: [刷单]}\n"
SOLD = "select distinct sku_id from core.order_lines"
HELD = "select order_id, rule_id from core.holds where state = 'active' order by 1, 2"
UNFINISHED = "select count(*) from ops.passes where finished_at is null"
SOMEBODY_WAITS = """exists (
    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"""
SIZES = pytest.mark.parametrize("slice_rows", [50_000, 1], ids=["one transaction", "two"])


def before(monkeypatch: pytest.MonkeyPatch, step: str, act: Callable[[], object]) -> None:
    """Do something once, before the pass takes a step of its conclusions: the name of a statement."""
    waiting, statement = [act], check.statement

    def then(name: str) -> TextClause:
        if name == step and waiting:
            waiting.pop()()
        return statement(name)

    monkeypatch.setattr(check, "statement", then)


@SIZES
@pytest.mark.parametrize("step", ["core/failed_checks", "core/close_holds"])
def test_buyer_put_on_the_blacklist_while_his_order_is_being_checked_is_held(
    database: Database,
    config: MerchantConfig,
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
    slice_rows: int,
    step: str,
):
    monkeypatch.setattr(map_ahead, "SLICE_ROWS", slice_rows)
    stage(database, [trade("1", buyer_open_uid="open-7")], "tb")
    stage(database, [trade("2")], "tb")

    def list_him() -> None:
        (directory / "blacklist.csv").write_text(BLACKLIST, encoding="utf-8")
        apply_directory(database, StoppedClock(), directory, directory.parent, "li")

    before(monkeypatch, step, list_him)
    run_transform(database, StoppedClock(), config)
    ready = rows(database, "select order_id from core.line_readiness where blocked_by is null")
    assert is_work_pending(database)
    run_transform(database, StoppedClock(), load_active(database))

    assert rows(database, HELD) == [("tb/1", "blacklisted")]
    assert ready == [("tb/2",)]
    assert not is_work_pending(database)


@SIZES
def test_goods_that_files_call_otherwise_while_an_order_is_being_checked_are_mapped_anew(
    database: Database,
    config: MerchantConfig,
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
    slice_rows: int,
):
    monkeypatch.setattr(map_ahead, "SLICE_ROWS", slice_rows)
    stage(database, [trade("1")], "tb")
    stage(database, [trade("2")], "tb")

    def call_otherwise() -> None:
        mappings = (directory / "sku_mappings.csv").read_text(encoding="utf-8")
        (directory / "sku_mappings.csv").write_text(mappings.replace("SKU-TS001", "SHIRT"), encoding="utf-8")
        apply_directory(database, StoppedClock(), directory, directory.parent, "li")

    before(monkeypatch, "core/failed_checks", call_otherwise)
    run_transform(database, StoppedClock(), config)
    mapped = rows(database, SOLD)
    run_transform(database, StoppedClock(), load_active(database))

    assert (mapped, rows(database, SOLD)) == ([("SKU-TS001",)], [("SHIRT",)])
    assert not is_work_pending(database)


def test_files_applied_while_a_held_order_is_written_anew_end_nobody(
    database: Database, config: MerchantConfig, directory: Path, monkeypatch: pytest.MonkeyPatch
):
    stage(database, [trade("1", seller_memo="改地址到公司")], "tb")
    run_transform(database, StoppedClock(), config)
    stage(database, [trade("1", seller_memo="改地址到公司", modified="2026-11-20 09:14:00")], "tb")
    applied: list[Future[MerchantConfig]] = []
    mark_judged = judge.mark_judged

    def then(*given: Any) -> None:
        (directory / "blacklist.csv").write_text(BLACKLIST, encoding="utf-8")
        applied.append(
            beside.submit(apply_directory, database, StoppedClock(), directory, directory.parent, "li")
        )
        wait_until(database, f"(select count(*) > 1 from ops.config_versions) or {SOMEBODY_WAITS}")
        mark_judged(*given)

    monkeypatch.setattr(judge, "mark_judged", then)
    with ThreadPoolExecutor(1) as beside:
        run_transform(database, StoppedClock(), config)
        version = applied[0].result().version

    assert load_active(database).version == version
    assert rows(database, HELD) == [("tb/1", "memo_instruction")]


def test_held_order_that_somebody_had_in_hand_when_files_came_is_judged_by_them(
    database: Database, config: MerchantConfig, directory: Path
):
    stage(database, [trade("1", seller_memo="改地址到公司")], "tb")
    run_transform(database, StoppedClock(), config)
    (directory / "checks.yaml").write_text(OTHER_WORDS, encoding="utf-8")

    with database.engine.begin() as somebody:
        somebody.exec_driver_sql("select from core.orders for update")
        apply_directory(database, StoppedClock(), directory, directory.parent, "li")
    run_transform(database, StoppedClock(), load_active(database))

    assert rows(database, HELD) == []


@SIZES
@pytest.mark.parametrize("choice", [Choice.CANCEL, Choice.FALSE_ALARM, Choice.RELEASE])
def test_decision_about_a_hold_that_a_pass_is_ending_waits_for_it_and_is_told(
    database: Database,
    config: MerchantConfig,
    monkeypatch: pytest.MonkeyPatch,
    choice: Choice,
    slice_rows: int,
):
    stage(database, [trade("1", seller_memo="改地址到公司")], "tb")
    run_transform(database, StoppedClock(), config)
    [(hold_id,)] = rows(database, "select hold_id from core.holds")
    monkeypatch.setattr(map_ahead, "SLICE_ROWS", slice_rows)
    stage(database, [trade("1", seller_memo="", modified="2026-11-20 09:14:00")], "tb")
    stage(database, [trade("2")], "tb")
    said: list[Future[Any]] = []

    def say() -> None:
        said.append(
            beside.submit(decide, database, StoppedClock(), Decision(hold_id, choice, "已核对", "li"))
        )
        wait_until(database, f"exists (select from core.holds where state <> 'active') or {SOMEBODY_WAITS}")

    before(monkeypatch, "core/close_holds", say)
    with ThreadPoolExecutor(1) as beside:
        run_transform(database, StoppedClock(), config)
        error = said[0].exception()

    assert rows(database, UNFINISHED) == [(0,)]
    assert error is None or isinstance(error, StopError)
    assert rows(database, HELD) == []
