"""A large pass has its slices mapped ahead by another session; what it leaves is what one slice would leave."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from orderhub.config.models import MerchantConfig
from orderhub.db import mapped
from orderhub.db.engine import Database
from orderhub.errors import DatabaseFault
from orderhub.platforms.spec import load_platform
from orderhub.transform import map_ahead
from orderhub.transform import run as transform_run
from orderhub.transform.map_ahead import WaitingLoad, cut
from orderhub.transform.run import run_transform
from tests.builders import rows
from tests.transform.payloads import StoppedClock, stage, trade
from tests.transform.test_merge import VERSIONS, forget, merged, some_batches, tables

LEFT = "select tablename from pg_tables where schemaname = 'mapped'"


@pytest.fixture
def slices_of_one_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_ahead, "SLICE_ROWS", 1)


def merged_at_once(
    database: Database, config: MerchantConfig, batches: Sequence[list[dict[str, Any]]]
) -> Any:
    """Stage a load per batch, and run one pass over all of them."""
    for batch in batches:
        stage(database, batch, "tb")
    counts = run_transform(database, StoppedClock(), config)
    assert counts.loads == len(batches)
    return tables(database)


@pytest.mark.usefixtures("slices_of_one_load")
def test_slices_leave_the_same_rows_as_one_pass_over_everything(
    database: Database, owner: Database, config: MerchantConfig
):
    whole = merged(database, config, VERSIONS)

    different = []
    for seed in range(6):
        forget(owner)
        if merged_at_once(database, config, some_batches(seed)) != whole:
            different.append(seed)

    assert different == []
    assert rows(database, LEFT) == []


@pytest.mark.usefixtures("slices_of_one_load")
def test_changes_of_several_slices_are_told_as_one(database: Database, config: MerchantConfig):
    merged(database, config, [trade("1", payment="228.00", seller_flag=1)])

    merged_at_once(
        database,
        config,
        [
            [trade("1", modified="2026-11-20 10:00:00", payment="200.00", seller_flag=3)],
            [trade("1", modified="2026-11-20 11:00:00", payment="190.00", seller_flag=1)],
        ],
    )

    told = rows(
        database, "select field, before_value, after_value from core.order_changes where line_id = ''"
    )
    assert told == [("paid", "22800", "19000")]


@pytest.mark.usefixtures("slices_of_one_load")
def test_session_that_fails_takes_the_pass_with_it_and_the_next_one_cleans_up(
    database: Database, owner: Database, config: MerchantConfig, monkeypatch: pytest.MonkeyPatch
):
    whole = merged(database, config, VERSIONS)
    forget(owner)
    real, mapped = map_ahead.map_slice, []

    def fails_at_the_third(*given: Any) -> int:
        mapped.append(given)
        if len(mapped) == 3:
            raise DatabaseFault("no space left")
        return real(*given)

    monkeypatch.setattr(map_ahead, "map_slice", fails_at_the_third)
    with pytest.raises(DatabaseFault, match="no space left"):
        merged_at_once(database, config, [VERSIONS[:6], VERSIONS[6:12], VERSIONS[12:]])

    assert rows(database, "select count(*) from core.orders") == [(0,)]
    assert rows(database, LEFT) != []

    run_transform(database, StoppedClock(), config)

    assert tables(database) == whole
    assert rows(database, LEFT) == []


@pytest.mark.usefixtures("slices_of_one_load")
def test_pass_that_would_wait_for_a_slice_maps_the_next_one_itself(
    database: Database, owner: Database, config: MerchantConfig, monkeypatch: pytest.MonkeyPatch
):
    whole = merged(database, config, VERSIONS)
    forget(owner)
    monkeypatch.setattr(map_ahead, "_TIMES_LEFT", 2)
    real, helped, mapped_by_pass = map_ahead.map_slice, threading.Event(), []

    def slow_in_the_other_session(*given: Any) -> int:
        if threading.current_thread() is threading.main_thread():
            mapped_by_pass.append([load.load_id for load in given[2]])
            helped.set()
        assert helped.wait(timeout=20)
        return real(*given)

    monkeypatch.setattr(map_ahead, "map_slice", slow_in_the_other_session)
    left = merged_at_once(database, config, [VERSIONS[:4], VERSIONS[4:8], VERSIONS[8:12], VERSIONS[12:]])

    first = rows(database, "select max(load_id) - 3 from ops.loads")[0][0]
    assert mapped_by_pass[0] == [first + 1]
    assert [first + 3] not in mapped_by_pass
    assert left == whole


@pytest.mark.usefixtures("slices_of_one_load")
def test_pass_whose_other_session_has_not_begun_maps_the_first_slice_itself(
    database: Database, owner: Database, config: MerchantConfig, monkeypatch: pytest.MonkeyPatch
):
    whole = merged(database, config, VERSIONS)
    forget(owner)
    queued: list[Future[Any]] = []

    class NotBegun(ThreadPoolExecutor):
        def submit(self, work: Any, /, *given: Any, **named: Any) -> Future[Any]:
            if given[0] == 0:
                queued.append(Future())
                return queued[-1]
            return super().submit(work, *given, **named)

    monkeypatch.setattr(map_ahead, "ThreadPoolExecutor", NotBegun)
    left = merged_at_once(database, config, [VERSIONS[:6], VERSIONS[6:12], VERSIONS[12:]])

    assert [one.cancelled() for one in queued] == [True]
    assert left == whole


def test_loads_are_cut_by_rows_and_never_divided(config: MerchantConfig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(map_ahead, "SLICE_ROWS", 100)
    platform = load_platform("taobao", config)
    loads = [
        WaitingLoad(number, platform, count)
        for number, count in ((3, 50), (1, 60), (2, 40), (4, 900), (5, 1))
    ]

    assert [[load.load_id for load in one] for one in cut(loads)] == [[1, 2], [3], [4], [5]]
    assert list(cut([])) == [[]]


def test_last_slices_are_smaller_and_a_small_pass_is_one(
    config: MerchantConfig, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(map_ahead, "SLICE_ROWS", 100)
    platform = load_platform("taobao", config)
    loads = [WaitingLoad(number, platform, 10) for number in range(40)]

    assert [len(one) for one in cut(loads)] == [10, 10, 6, 5, 5, 4]
    assert [len(one) for one in cut(loads[:10])] == [10]


def test_waiting_pass_tells_the_server_that_it_is_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mapped, "_QUIET_SECONDS", 0.01)
    slow: Future[int] = Future()
    said = []

    class Listening:
        def execute(self, statement: object) -> None:
            said.append(str(statement))
            slow.set_result(7)

    assert mapped.wait_for(Listening(), slow) == 7  # type: ignore[arg-type]
    assert said == ["select 1"]


@pytest.mark.usefixtures("slices_of_one_load")
def test_pass_that_fails_lets_no_session_map_on(
    database: Database, config: MerchantConfig, monkeypatch: pytest.MonkeyPatch
):
    def fail(_connection: object) -> int:
        raise DatabaseFault("no space left")

    monkeypatch.setattr(transform_run, "replace_lines", fail)

    with pytest.raises(DatabaseFault, match="no space left"):
        merged_at_once(database, config, [VERSIONS[:6], VERSIONS[6:12], VERSIONS[12:]])

    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("map")] == []


def test_after_a_large_pass_the_planner_knows_how_many_orders_there_are(
    database: Database, config: MerchantConfig, monkeypatch: pytest.MonkeyPatch
):
    counted = "select reltuples::int from pg_class where oid = 'core.orders'::regclass"
    merged(database, config, [trade("1"), trade("2")])
    assert rows(database, counted) == [(-1,)]

    monkeypatch.setattr(transform_run, "_LARGE_PASS_ROWS", 0)
    merged(database, config, [trade("3")])

    assert rows(database, counted) == [(3,)]


@pytest.mark.usefixtures("slices_of_one_load")
def test_nothing_more_is_mapped_for_a_merge_that_failed(
    database: Database, config: MerchantConfig, monkeypatch: pytest.MonkeyPatch
):
    for number in range(6):
        stage(database, [trade(str(number))], "tb")

    def die(_connection: object) -> int:
        raise DatabaseFault("the server is gone")

    monkeypatch.setattr(transform_run, "replace_lines", die)
    with pytest.raises(DatabaseFault) as _fault:
        run_transform(database, StoppedClock(), config)

    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("map_")] == []
