"""The demo: the hub's own DAGs make one full pass over the sandbox's shops, then an extra cut-off."""

import shutil
from collections.abc import Callable
from pathlib import Path

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.config.store import load_active
from orderhub.db.engine import Database
from orderhub.errors import EnvironmentFault, LeaseTaken, RetryError
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.stock import import_stock
from orderhub.operate.demo_progress import Progress, are_handed_over, has_stock, read_progress
from orderhub.operate.demo_summary import show_summary
from orderhub.operate.ports import LOOPBACK
from orderhub.operate.setup import ACTOR, apply_configuration, open_database
from orderhub.operate.stack import Stack, start_stack, wait_until_healthy
from orderhub.operate.verify import verify
from orderhub.settings import load_settings

TRANSFORM, FULFILL = "transform_orders", "fulfill_orders"
#: Nothing of the pass waits for these; they are there to be tried.
OTHERS = ("backfill_orders", "reconcile_platforms")
_PASS_SECONDS = 300.0
_PARSE_SECONDS = 90.0


def run_demo(stack: Stack) -> int:
    """Start everything, make the pass, show what happened; return 0 when all of it is as promised.

    Raises:
        EnvironmentFault: a process, a DAG or a run failed, or nothing moved for five minutes.
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
        _make_pass(stack, database, [f"extract_{platform}" for platform in _platforms(config)])
        cutoffs = _close_extra(stack, database, config)
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


def _platforms(config: MerchantConfig) -> list[str]:
    """Return the platforms that have shops, in the order of the configuration."""
    return list(dict.fromkeys(shop.platform for shop in config.shops))


def _make_pass(stack: Stack, database: Database, sources: list[str]) -> None:
    """Unpause the DAGs, trigger the sources, and follow the orders until they are routed."""
    api = stack.api
    dags = [*sources, TRANSFORM, FULFILL, *OTHERS]
    _wait(stack, lambda: set(dags) <= api.dag_ids(), "dag-processor", _PARSE_SECONDS)
    for dag_id in dags:
        api.unpause(dag_id)
    runs = {dag_id: api.trigger(dag_id) for dag_id in sources}
    last = Progress()

    def is_done() -> bool:
        nonlocal last
        now = read_progress(database)
        if now.told() != last.told():
            stack.voice.say(now.zh(), now.en())
            last = now
        return now.is_settled and all(_is_finished(stack, *run) for run in runs.items())

    _wait(stack, is_done, "scheduler", _PASS_SECONDS)


def _close_extra(stack: Stack, database: Database, config: MerchantConfig) -> list[str]:
    """Close an extra cut-off for every warehouse and wait for its manifests; return the cut-offs."""
    cutoffs = [_request(database, stack.clock, config, warehouse.id) for warehouse in config.warehouses]
    stack.voice.say("加开一次截单,生成发货清单…", "an extra cut-off for every warehouse…")
    run_id = stack.api.trigger(FULFILL)

    def is_done() -> bool:
        finished = _is_finished(stack, FULFILL, run_id)
        return finished and are_handed_over(database, cutoffs)

    _wait(stack, is_done, "scheduler", _PASS_SECONDS)
    return cutoffs


@retry(
    retry=retry_if_exception_type((LeaseTaken, RetryError)),
    wait=wait_fixed(1),
    stop=stop_after_delay(30),
    reraise=True,
)
def _request(database: Database, clock: Clock, config: MerchantConfig, warehouse_id: str) -> str:
    return request_extra(database, clock, config, warehouse_id, ACTOR)


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
