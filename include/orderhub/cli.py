"""The command line: whatever Airflow does, this does on the same database.

Errors that orderhub raises on purpose are one sentence on standard error and exit code 1, or 2 when a
person must act.
"""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from orderhub.clock import BEIJING, SystemClock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.errors import AlreadyDone, OrderhubError, SkipError, StopError
from orderhub.settings import Settings, load_settings

app = typer.Typer(
    name="orderhub",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="电商订单中台 / order hub. 例 / e.g.: explain 2160451543726114828 · verify",
)
config_app = typer.Typer(
    no_args_is_help=True, help="商家配置:检查、启用、导出 / check, apply, export the merchant's files"
)
stock_app = typer.Typer(no_args_is_help=True, help="库存盘点 / stock counts")
manifest_app = typer.Typer(no_args_is_help=True, help="发货清单 / shipping manifests")
golive_app = typer.Typer(no_args_is_help=True, help="上线当天未完结的旧订单 / orders open at go-live")
app.add_typer(config_app, name="config")
app.add_typer(stock_app, name="stock")
app.add_typer(manifest_app, name="manifest")
app.add_typer(golive_app, name="go-live")
bench_app = typer.Typer(no_args_is_help=True, help="测量正在运行的 demo / measure a running demo")
app.add_typer(bench_app, name="bench")
console = Console(soft_wrap=True)
clock = SystemClock()


@contextmanager
def opened() -> Iterator[tuple[Settings, Database]]:
    """Yield settings and database, checked to belong to this code."""
    from orderhub.db.migrations import check_version

    settings = load_settings()
    database = Database(settings.database_url.get_secret_value(), "orderhub-cli")
    try:
        check_version(database)
        yield settings, database
    finally:
        database.close()


def _active(database: Database) -> MerchantConfig:
    from orderhub.config.store import load_active

    return load_active(database)


def _show(title: str, values: dict[str, Any]) -> None:
    console.print(f"[bold]{title}[/bold]")
    for key, value in values.items():
        console.print(f"  {key}: {value}")


def _show_waiting(database: Database) -> None:
    """Show what the outbox still holds and why: nothing that was not sent stays unsaid."""
    from sqlalchemy import text

    with database.read() as connection:
        rows = connection.execute(
            text(
                "select outbox_id, state, not_before, last_error from ops.outbox "
                "where state <> 'sent' order by sequence limit 20"
            )
        ).all()
    for row in rows:
        again = f" → {_beijing(row.not_before)}" if row.state != "failed" else ""
        console.print(
            f"未发出 / not sent: {row.outbox_id} ({row.state}{again}) {row.last_error or ''}", style="yellow"
        )


def _table(*columns: str, key: str) -> Table:
    """Return a table that fits 80 columns: the key column stays whole, the others fold, nothing is cut."""
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column(key, no_wrap=True)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


@app.command()
def migrate() -> None:
    """升级数据库结构(只进不退)/ bring the database to this version; safe to repeat."""
    from orderhub.db.migrations import migrate as run

    settings = load_settings()
    if settings.owner_url is None:
        raise StopError("ORDERHUB_OWNER_URL is not set; migrations need the role orderhub_owner")
    database = Database(settings.owner_url.get_secret_value(), "orderhub-migrate")
    applied = run(database, clock)
    database.close()
    console.print("\n".join(applied) if applied else "已是最新 / up to date")


@config_app.command("check")
def config_check(
    directory: Annotated[Path | None, typer.Argument(help="配置目录 / directory")] = None,
) -> None:
    """检查配置文件,不启用 / check the files without applying them."""
    from orderhub.operate.configuration import check_files

    checked = check_files(directory or load_settings().config)
    console.print(f"可用 / valid: {checked.version[:12]}")


@config_app.command("apply")
def config_apply(
    directory: Annotated[
        Path | None, typer.Argument(help="默认 ORDERHUB_CONFIG / default ORDERHUB_CONFIG")
    ] = None,
    *,
    force: Annotated[
        bool, typer.Option(help="覆盖不是由这些文件改来的版本 / replace a foreign version")
    ] = False,
) -> None:
    """检查并启用;有错时上一个好版本继续生效 / check and activate; on error the last good version stays."""
    from orderhub.operate.configuration import apply_files

    with opened() as (settings, database):
        applied = apply_files(
            database, clock, directory or settings.config, settings.home, getpass.getuser(), force=force
        )
    console.print(f"已启用 / active: {applied.version[:12]}")


@config_app.command("export")
def config_export(directory: Path) -> None:
    """把生效的版本写到目录,在那里修改后再 apply / write the active version, edit it there, apply it."""
    from orderhub.config.store import export_active

    with opened() as (settings, database):
        version = export_active(database, directory, settings.home)
    console.print(f"{directory}: {version[:12]}")


@stock_app.command("import")
def stock_import(file: Annotated[Path, typer.Argument(help="warehouse_id,sku_id,on_hand")]) -> None:
    """按盘点数更新在库 / take a count as the new on-hand; every change is a ledger row."""
    from orderhub.fulfillment.stock import import_stock

    with opened() as (_, database):
        _show("库存 / stock", asdict(import_stock(database, clock, file, getpass.getuser())))


@app.command()
def pull(
    platform: Annotated[str, typer.Argument(help="taobao, spreadsheet, …")],
    shop: Annotated[str | None, typer.Option(help="只拉一个店铺 / one shop only")] = None,
) -> None:
    """拉取到期的窗口或投放的文件 / pull what is due; the same as the DAG extract_<platform>."""
    from orderhub.platforms.pull import pull as run

    with opened() as (settings, database):
        config = _active(database)
        shops = [shop] if shop else [s.id for s in config.shops_of(platform)]
        if not shops:
            run(database, clock, settings, config, platform, "")
        for shop_id in shops:
            _show(shop_id, run(database, clock, settings, config, platform, shop_id))


@app.command()
def transform() -> None:
    """映射、合并、检查、挂起 / map, merge, check, hold; as the DAG transform_orders."""
    from orderhub.transform.run import run_transform

    with opened() as (_, database):
        _show("transform", asdict(run_transform(database, clock, _active(database))))


@app.command()
def fulfill() -> None:
    """分仓、预占、到点截单 / route, reserve, close due cut-offs; as fulfill_orders."""
    from orderhub.fulfillment.close import close_due
    from orderhub.fulfillment.run import run_fulfillment
    from orderhub.platforms.spec import visibility_lags

    with opened() as (_, database):
        config = _active(database)
        _show("fulfill", asdict(run_fulfillment(database, clock, config)))
        for closed in close_due(database, clock, config, visibility_lags(config)):
            _show(closed.manifest_id, asdict(closed))


@app.command()
def deliver() -> None:
    """发送发件箱里的清单文件与邮件 / send what the outbox holds."""
    from orderhub.delivery.dispatch import deliver_pending

    with opened() as (settings, database):
        _show("deliver", asdict(deliver_pending(database, clock, settings)))
        _show_waiting(database)


@manifest_app.command("close")
def manifest_close(
    warehouse: str,
    *,
    now: Annotated[bool, typer.Option("--now", help="立即加开一次截单 / an extra cut-off now")] = False,
) -> None:
    """为仓库加开一次截单并交付文件 / close an extra manifest and hand its files over."""
    from orderhub.delivery.dispatch import deliver_pending
    from orderhub.fulfillment.close import close_due
    from orderhub.fulfillment.cutoffs import request_extra
    from orderhub.platforms.spec import visibility_lags

    if not now:
        raise StopError("scheduled cut-offs close by themselves; add --now for an extra one")
    with opened() as (settings, database):
        config = _active(database)
        wanted = request_extra(database, clock, config, warehouse, getpass.getuser())
        for closed in close_due(database, clock, config, visibility_lags(config)):
            _show(closed.manifest_id, asdict(closed))
        deliver_pending(database, clock, settings)
        console.print(f"截单 / cut-off: {wanted}")
        _show_waiting(database)


@manifest_app.command("list")
def manifest_list() -> None:
    """列出最近 50 份清单 / the latest 50 manifests."""
    from sqlalchemy import text

    with opened() as (settings, database), database.read() as connection:
        rows = connection.execute(
            text("select * from core.manifests order by closed_at desc, manifest_id limit 50")
        ).all()
    table = _table(
        "状态\nstate", "截单\ncut-off", "单\norders", "行\nlines", "件\npieces", key="清单\nmanifest"
    )
    for row in rows:
        counts = (row.order_count, row.line_count, row.quantity_total)
        table.add_row(row.manifest_id, row.state, _beijing(row.cutoff_at), *map(str, counts))
    console.print(table)
    console.print(f"文件 / files: {settings.manifests}")


@golive_app.command("list")
def golive_list() -> None:
    """列出等待确认的订单 / the orders that wait for confirmation."""
    from sqlalchemy import text

    with opened() as (_, database), database.read() as connection:
        rows = connection.execute(
            text(
                "select order_id, status, placed_at from core.orders "
                "where lifecycle = 'to_confirm' order by order_id"
            )
        ).all()
    for row in rows:
        console.print(f"{row.order_id}  {row.status}  {_beijing(row.placed_at)}")
    console.print(f"{len(rows)} 单 / orders")


@golive_app.command("confirm")
def golive_confirm(order_ids: list[str]) -> None:
    """确认由本系统发货 / let these orders be shipped by the hub."""
    from orderhub.fulfillment.golive import confirm

    with opened() as (_, database):
        console.print(f"{confirm(database, clock, order_ids, getpass.getuser())} 单已确认 / confirmed")


@app.command()
def release(
    order: Annotated[str, typer.Argument(help="店铺/单号 / shop/number")],
    rule: Annotated[str, typer.Argument(help="挂起它的规则 / the rule that holds it")],
    reason: Annotated[str, typer.Option(help="为什么可以发;会记下来 / why; it is kept")],
) -> None:
    """人工放行一条挂起 / end one hold by hand; the same evidence does not hold the order again."""
    from orderhub.quality.release import release as run

    with opened() as (_, database):
        ended = run(database, clock, order, rule, reason, getpass.getuser())
    console.print(f"{ended} 条挂起已放行 / holds released")


@app.command()
def explain(
    order: Annotated[str, typer.Argument(help="平台单号或 店铺/单号 / number or shop/number")],
) -> None:
    """说明一个订单的每一步和决定它的规则 / every step of one order, with the ids that decided it."""
    from orderhub.operate.explain import explain as run

    with opened() as (settings, database):
        story = run(database, order)
    is_english = settings.language == "en"
    console.print(f"[bold]{story.order_id}[/bold]  {story.headline_en if is_english else story.headline}")
    table = _table("步骤 / step", "说明 / what", "依据 / ids", key="时间 / time")
    for step in story.steps:
        ids = " ".join(f"{key}={value}" for key, value in step.ids.items())
        table.add_row(_beijing(step.at), step.what, step.text_en if is_english else step.text, ids)
    console.print(table)


@app.command()
def verify() -> None:
    """检查全部不变量,只读;有违反时退出码 1 / check every invariant; exit code 1 when broken."""
    from orderhub.operate.verify import verify as run

    with opened() as (_, database):
        results = run(database)
    for result in results:
        mark = "[green]✓[/green]" if not result.violations else "[red]✗[/red]"
        console.print(f"{mark} {result.invariant} {result.title}")
        for violation in result.violations[:20]:
            console.print(f"    {violation}")
    if any(result.violations for result in results):
        raise typer.Exit(1)


@app.command()
def reference(directory: Annotated[Path, typer.Argument()] = Path("docs/reference")) -> None:
    """由代码生成参考文档 / write the reference pages from the code."""
    from orderhub.operate.reference import write_reference

    with opened() as (_, database):
        for file in write_reference(database, directory, typer.main.get_command(app)):
            console.print(str(file))


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


def _beijing(instant: datetime | None) -> str:
    return "" if instant is None else instant.astimezone(BEIJING).strftime("%m-%d %H:%M:%S")


def main() -> None:
    """Run a command; our own errors become one sentence, logs go to standard error."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    installed = Path(sys.argv[0]).name == "orderhub"
    try:
        app(prog_name="orderhub" if installed else "./hub")
    except AlreadyDone as error:
        print(error)
    except SkipError as error:
        print(error, file=sys.stderr)
        raise SystemExit(75) from None
    except OrderhubError as error:
        print(f"orderhub: {error}", file=sys.stderr)
        raise SystemExit(2 if isinstance(error, StopError) else 1) from None


if __name__ == "__main__":
    main()
