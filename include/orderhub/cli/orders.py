"""Commands about single orders and about what must always hold: confirm, explain, verify."""

import getpass
from typing import Annotated

import typer

from orderhub.cli.shell import beijing, clock, console, opened, table_of

app = typer.Typer()
golive_app = typer.Typer(no_args_is_help=True, help="上线当天未完结的旧订单 / orders open at go-live")
app.add_typer(golive_app, name="go-live")


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
        console.print(f"{row.order_id}  {row.status}  {beijing(row.placed_at)}")
    console.print(f"{len(rows)} 单 / orders")


@golive_app.command("confirm")
def golive_confirm(
    order_ids: Annotated[list[str], typer.Argument(help="店铺/单号,可写几个 / shop/number, several at once")],
) -> None:
    """确认由本系统发货 / let these orders be shipped by the hub."""
    from orderhub.fulfillment.golive import confirm

    with opened() as (_, database):
        console.print(f"{confirm(database, clock, order_ids, getpass.getuser())} 单已确认 / confirmed")


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
    table = table_of("步骤 / step", "说明 / what", "依据 / ids", key="时间 / time")
    for step in story.steps:
        ids = " ".join(f"{key}={value}" for key, value in step.ids.items())
        table.add_row(beijing(step.at), step.what, step.text_en if is_english else step.text, ids)
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
