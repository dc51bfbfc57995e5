"""Commands that measure: a running demo, or the pull beside others."""

from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated

import typer

from orderhub.cli.shell import clock, console, opened, table_of
from orderhub.settings import load_settings

if TYPE_CHECKING:
    from orderhub.operate.bench_pull import Race

#: The sandbox must serve this many times what the bare loop stores, or it is what is measured.
FASTER = 2
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
def bench_tick(orders: int = 220, rounds: int = 3) -> None:
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
    orders: int = 100_000,
    rounds: int = 3,
    shop: Annotated[str, typer.Option(help="small(一单约 1.7 kB)或 large(约 5.5 kB)/ kB an order")] = "small",
    dlt_python: Annotated[
        Path | None, typer.Option(help="装有 dlt 的 Python / the Python of an environment that has dlt")
    ] = None,
) -> None:
    """拉取吞吐:与裸循环、dlt 同台比较 / pull throughput beside a bare loop and dlt, on servers of its own."""
    from orderhub.operate.bench_pull import race_pulls

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
