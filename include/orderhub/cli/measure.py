"""Commands that measure: a running demo, or the pull beside others."""

from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated

import typer

from orderhub.cli.shell import clock, console, opened, saying_when_stopped, table_of
from orderhub.settings import load_settings

if TYPE_CHECKING:
    from orderhub.operate.bench_pull import Race

#: The sandbox must serve this many times what the bare loop stores, or it is what is measured.
FASTER = 2
MOST_EXAMPLES = 10
STOPPED = (
    "已停止,没有结果;测量用的数据库已删除,您的数据没有动过 / stopped without a result; the database that was "
    "measured is deleted, your data was not touched"
)
Orders = Annotated[int, typer.Option(help="多少单 / how many orders")]
Rounds = Annotated[int, typer.Option(help="跑几遍 / how many times")]
bench_app = typer.Typer(no_args_is_help=True, help="测量 / measure")
app = typer.Typer()
app.add_typer(bench_app, name="bench")


@bench_app.command("idle")
def bench_idle(seconds: Annotated[float, typer.Option(help="观察多久 / how long to watch")] = 60) -> None:
    """空闲开销:正在运行的 demo 的内存(PSS)与 CPU / what a running demo costs while nothing happens."""
    from orderhub.operate.bench import measure_idle
    from orderhub.operate.home import Home

    cost = measure_idle(Home(load_settings().home), seconds)
    for kind, mib in sorted(cost.pss_mib.items()):
        console.print(f"  {kind}: {mib:.0f} MiB")
    console.print(
        f"PSS {cost.total_mib:.0f} MiB · {cost.processes} 进程 / processes · "
        f"{cost.core_share:.1%} 单核 / of one core · {cost.seconds:.0f} s"
    )


@bench_app.command("tick")
def bench_tick(orders: Orders = 220, rounds: Rounds = 3) -> None:
    """一次节拍:新订单从第一页到预占 / new orders, first page to reserved, by the real scheduler."""
    from orderhub.operate.bench import measure_ticks, median_seconds
    from orderhub.operate.home import Home

    with opened() as (settings, database):
        ticks = measure_ticks(Home(settings.home), database, clock, orders, rounds, console.print)
    for tick in ticks:
        console.print(
            f"  {tick.orders} 单 / orders: {tick.first_page_to_reserved:.1f} s "
            f"(触发起 / from trigger {tick.trigger_to_reserved:.1f} s)"
        )
    console.print(f"中位数 / median {median_seconds(ticks):.1f} s")


@bench_app.command("pull")
def bench_pull(
    orders: Orders = 100_000,
    rounds: Rounds = 3,
    shop: Annotated[str, typer.Option(help="small(一单约 1.7 kB)或 large(约 5.5 kB)/ kB an order")] = "small",
    dlt_python: Annotated[
        Path | None, typer.Option(help="装有 dlt 的 Python / the Python of an environment that has dlt")
    ] = None,
) -> None:
    """拉取吞吐:与裸循环、dlt 同台比较 / pull throughput beside a bare loop and dlt, on servers of its own."""
    from orderhub.operate.bench_pull import race_pulls

    with saying_when_stopped(STOPPED):
        race = race_pulls(clock, shop, orders, rounds, dlt_python, console.print)
    table = table_of("orders/s", "peak MiB", "÷ bare_loop", "laps", key="racer")
    for racer in race.laps:
        ratios = race.ratios(racer, "bare_loop")
        each = " ".join(f"{ratio:.2f}" for ratio in ratios)
        memory = f"{race.peak_mib(racer):.0f}"
        table.add_row(racer, f"{race.rate(racer):,.0f}", memory, f"{median(ratios):.2f}", each)
    console.print(table)
    _say_goals(race)


def _say_goals(race: "Race") -> None:
    """Print what design section 8 asks of a pull; a race on a sandbox that is too slow says nothing."""
    served = median(race.ratios("drain", "bare_loop"))
    console.print(f"drain ÷ bare_loop {served:.2f} (≥ 2 {'valid' if served >= FASTER else 'NOT VALID'})")
    console.print(f"hub ÷ bare_loop {median(race.ratios('hub_pull', 'bare_loop')):.2f} (≥ 0.8)")
    if "dlt_source" in race.laps:
        console.print(f"hub ÷ dlt {median(race.ratios('hub_pull', 'dlt_source')):.2f} (≥ 1.8)")
    staged = sum(lap.again_staged for lap in race.laps["hub_pull"])
    console.print(f"again ÷ first {median(race.again('hub_pull')):.2f} (≤ 0.70), {staged} rows staged (0)")


@bench_app.command("checks")
def bench_checks(
    orders: Annotated[int, typer.Option(help="约多少单 / about so many orders")] = 6000,
    seed: Annotated[int, typer.Option(help="另一个种子,另一批订单 / another seed, another stream")] = 7,
) -> None:
    """检查的准确率与召回率:沙箱按意图贴了标签的订单 / precision and recall on orders labelled by intent."""
    from orderhub.operate.bench_checks import score_stream

    with saying_when_stopped(STOPPED):
        result = score_stream(clock, orders, seed, console.print)
    table = table_of("labelled", "found", "recall", "precision", key="rule")
    for rule in result.rules:
        counts = str(rule.labelled), str(rule.found)
        table.add_row(rule.rule_id, *counts, f"{rule.recall:.3f}", f"{rule.precision:.3f}")
    console.print(table)
    for rule in result.rules:
        for what, examples in (("误报 / wrong", rule.wrong_orders), ("漏报 / missed", rule.missed_orders)):
            if examples:
                console.print(f"  {rule.rule_id} {what}: {', '.join(examples[:MOST_EXAMPLES])}")
    console.print(
        f"{result.orders} 单 / orders: 挂起 / held {result.held_share:.2%}; 无疑点而被挂起 / clean but held "
        f"{result.clean_held_share:.2%}"
    )
    for order_id, why in list(result.clean_held.items())[:MOST_EXAMPLES]:
        console.print(f"  {order_id}: {'; '.join(why)}", markup=False)


@bench_app.command("transform")
def bench_transform(
    orders: Orders = 1_000_000,
) -> None:
    """映射、合并、检查,与纯 SQL 的下限比 / map, merge and all checks beside the floor of plain SQL."""
    from orderhub.operate.bench_transform import FEW, measure_transform

    with saying_when_stopped(STOPPED):
        times = measure_transform(clock, orders, console.print)
    floor = sum(times.floor.values())
    console.print(
        f"{times.orders:,} 单 / orders: {times.passed:.1f} s, 下限 / floor {floor:.1f} s, "
        f"÷ {times.ratio:.1f}; 再来一次 / again {times.again:.1f} s, {times.changed} 行变化 / rows changed; "
        f"其上 {FEW} 新单 / {FEW} new on top {times.few:.1f} s; PSS ≤ {times.peak_mib:,.0f} MiB"
    )


@bench_app.command("fulfill")
def bench_fulfill(
    orders: Orders = 1_000_000,
    demand: Annotated[
        str, typer.Option(help="zipf | uniform | hot(每单都有同一个 SKU / one SKU in every order)")
    ] = "zipf",
) -> None:
    """分仓、预占、截单:五个仓、两万个 SKU / route, reserve, close manifests: 5 warehouses, 20,000 SKUs."""
    from orderhub.operate.bench_fulfill import EXPLAINED, measure_fulfill

    with saying_when_stopped(STOPPED):
        times = measure_fulfill(clock, orders, demand, console.print)
    console.print(
        f"{times.orders:,} 单 / orders ({demand}): {times.seconds:.1f} s = 分仓、快递、预占 / "
        f"route + carriers + reserve {times.routed:.1f} s + 截单 / close {times.closed:.1f} s + CSV "
        f"{times.written:.1f} s ({times.files_mib:,.0f} MiB); 再来一次 / again {times.again:.1f} s"
    )
    console.print(
        f"{times.allocated:,} 单 / orders, {times.lines:,} 行 / lines, 有快递 / with a carrier "
        f"{times.carried:,}; 拆单 / split {times.split:,}, "
        f"合单 / merged {times.merged:,}; 可解释 / explained {times.explained}/{EXPLAINED}; "
        f"PSS ≤ {times.peak_mib:,.0f} MiB; 下限(一个会话写同样的行)/ "
        f"floor (one session writes the same rows) {sum(times.floor.values()):.1f} s, ÷ {times.ratio:.1f}"
    )
