"""The demo: the hub's own DAGs make one full pass over the sandbox's shops, then an extra cut-off."""

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.config.store import load_active
from orderhub.db.engine import Database
from orderhub.errors import EnvironmentFault, LeaseTaken, RetryError
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.stock import import_stock
from orderhub.operate.demo_progress import Story, are_handed_over, has_stock
from orderhub.operate.demo_summary import show_summary
from orderhub.operate.ports import LOOPBACK
from orderhub.operate.setup import ACTOR, apply_configuration, open_database
from orderhub.operate.stack import Stack, start_stack, wait_until_healthy
from orderhub.operate.verify import verify
from orderhub.settings import load_settings

TRANSFORM, FULFILL = "transform_orders", "fulfill_orders"
MAPPING = "map_merge_and_check"
#: Nothing of the pass waits for these; they are there to be tried.
OTHERS = ("backfill_orders", "decide_hold", "reconcile_platforms", "watch_hub")
_PASS_SECONDS = 300.0
_PARSE_SECONDS = 90.0
_FIRST_RUN = timedelta(seconds=15)


def run_demo(stack: Stack) -> int:
    """Start everything, make the pass, show what happened; return 0 when all of it is as promised.

    Raises:
        EnvironmentFault: a process, a DAG or a run failed, or a stage took more than five minutes.
    """
    start_stack(stack)
    apply_configuration(stack, stack.clock)
    database = open_database(load_settings())
    try:
        config = load_active(database)
        _bring_goods(stack, database, config)
        wait_until_healthy(stack)
        stack.voice.say(
            f"Airflow 已就绪:http://{LOOPBACK}:{stack.ports.airflow}",
            f"Airflow answers: http://{LOOPBACK}:{stack.ports.airflow}",
        )
        cutoffs = _make_pass(stack, database, config)
        broken = [result for result in verify(database) if result.violations]
        show_summary(stack, database, [f"{b.invariant} {b.title}" for b in broken])
    finally:
        database.close()
    stack.home.remember(stack.home.recalled().model_copy(update={"demo_done": True}))
    return 0 if cutoffs and not broken else 1


def _bring_goods(stack: Stack, database: Database, config: MerchantConfig) -> None:
    """The first time: count the stock and drop the example order files."""
    if has_stock(database):
        return
    import_stock(database, stack.clock, load_settings().config / "stock.csv", ACTOR)
    stack.voice.say("已导入库存盘点", "the stock count is imported")
    for shop in config.shops:
        if shop.platform == "spreadsheet":
            _drop_examples(stack.root / "examples", stack.home.drop / shop.id)
            return


def _drop_examples(examples: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for example in sorted(examples.glob("orders-*.*")):
        draft = folder / f".{example.name}"
        shutil.copyfile(example, draft)
        draft.rename(folder / example.name)


def _make_pass(stack: Stack, database: Database, config: MerchantConfig) -> list[str]:
    """Let the orders flow, one stage after the other, so that each DAG runs once; return the cut-offs.

    Else transform would wake for the first shop, and again for the rest. An event for a paused DAG is not
    kept, hence the triggers; from then on the DAGs wake each other.
    """
    api, sources = stack.api, [f"extract_{platform}" for platform in _platforms(config)]
    wanted = {*sources, TRANSFORM, FULFILL, *OTHERS}
    _wait(stack, lambda: wanted <= api.dag_ids(), "dag-processor", _PARSE_SECONDS)
    story = Story(stack.voice, database)
    api.pause(TRANSFORM)
    api.pause(FULFILL)
    pulls = _start_sources(stack, sources)
    _wait(stack, lambda: bool(story.told().windows) & _are_over(stack, pulls), "scheduler", _PASS_SECONDS)
    pulled_at = stack.clock.now()
    rest = {TRANSFORM: _start(stack, TRANSFORM)}
    is_announced = partial(_has_announced, stack, rest[TRANSFORM], pulled_at)
    _wait(
        stack, lambda: story.told().has_transformed(pulled_at) and is_announced(), "scheduler", _PASS_SECONDS
    )
    cutoffs = [_request(database, stack.clock, config, warehouse.id) for warehouse in config.warehouses]
    stack.voice.say("加开一次截单,生成发货清单…", "an extra cut-off for every warehouse…")
    api.unpause(FULFILL)
    rest[FULFILL] = api.trigger(FULFILL)
    for dag_id in OTHERS:
        api.unpause(dag_id)

    def is_over() -> bool:
        story.told()
        return _are_over(stack, rest) and are_handed_over(database, cutoffs)

    _wait(stack, is_over, "scheduler", _PASS_SECONDS)
    return cutoffs


def _platforms(config: MerchantConfig) -> list[str]:
    """Return the platforms that have shops, in the order of the configuration."""
    return list(dict.fromkeys(shop.platform for shop in config.shops))


def _start_sources(stack: Stack, sources: list[str]) -> dict[str, str]:
    """Return a run of each source: unpaused for the first time, Airflow runs its latest interval at once."""
    api = stack.api
    new = [dag_id for dag_id in sources if api.is_paused(dag_id)]
    for dag_id in new:
        api.unpause(dag_id)
    deadline = stack.clock.now() + _FIRST_RUN
    while stack.clock.now() < deadline and not all(api.newest_run(dag_id) for dag_id in new):
        stack.supervisor.tick(0.4)
    return {dag_id: _start(stack, dag_id, accept_ended=dag_id in new) for dag_id in sources}


def _start(stack: Stack, dag_id: str, *, accept_ended: bool = False) -> str:
    """Return the run that goes on (or has ended, where that is accepted), else one that starts now."""
    stack.api.unpause(dag_id)
    run_id, state = stack.api.newest_run(dag_id) or ("", "")
    follow = state in ("queued", "running") or (accept_ended and run_id)
    return run_id if follow else stack.api.trigger(dag_id)


def _has_announced(stack: Stack, run_id: str, pulled_at: datetime) -> bool:
    """Tell whether a run of transform has told its orders to fulfilment, or ours has none to tell.

    Fulfilment is paused until then: the event would start a second run, behind the one that is triggered.
    """
    return (
        stack.api.has_announced(TRANSFORM, pulled_at)
        or stack.api.task_state(TRANSFORM, run_id, MAPPING) == "skipped"
    )


@retry(
    retry=retry_if_exception_type((LeaseTaken, RetryError)),
    wait=wait_fixed(1),
    stop=stop_after_delay(30),
    reraise=True,
)
def _request(database: Database, clock: Clock, config: MerchantConfig, warehouse_id: str) -> str:
    return request_extra(database, clock, config, warehouse_id, ACTOR)


def _are_over(stack: Stack, runs: dict[str, str]) -> bool:
    """Forget the runs that succeeded, up to the first that goes on, and tell whether none is left."""
    while runs and _is_finished(stack, *next(iter(runs.items()))):
        del runs[next(iter(runs))]
    return not runs


def _is_finished(stack: Stack, dag_id: str, run_id: str) -> bool:
    """Tell whether a run succeeded.

    Raises:
        EnvironmentFault: it failed.
    """
    state = stack.api.run_state(dag_id, run_id)
    if state == "failed":
        raise EnvironmentFault(
            f"the run {run_id} of {dag_id} failed; its task logs are in {stack.home.airflow}/logs, "
            "and `./hub demo` tries again with the same data"
        )
    return state == "success"


def _wait(stack: Stack, is_done: Callable[[], bool], service: str, seconds: float) -> None:
    """Wait for `is_done`, half a second between looks; a DAG that does not parse ends the wait."""

    def looked() -> bool:
        stack.supervisor.tick(0.4)
        if is_done():
            return True
        errors = stack.api.import_errors()
        if errors:
            raise EnvironmentFault(f"a DAG cannot be loaded: {errors[0]}")
        return False

    stack.supervisor.wait_for(looked, service, seconds)
