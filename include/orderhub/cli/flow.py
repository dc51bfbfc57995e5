"""Commands of the order's way through the hub: transform, fulfil, close, deliver."""

import getpass
from dataclasses import asdict
from typing import Annotated

import typer

from orderhub.cli.shell import active_config, beijing, clock, console, opened, show, show_waiting, table_of
from orderhub.errors import StopError

app = typer.Typer()
manifest_app = typer.Typer(no_args_is_help=True, help="发货清单 / shipping manifests")
app.add_typer(manifest_app, name="manifest")


@app.command()
def transform() -> None:
    """映射、合并、检查、挂起 / map, merge, check, hold; as the DAG transform_orders."""
    from orderhub.transform.run import run_transform

    with opened() as (_, database):
        show("transform", asdict(run_transform(database, clock, active_config(database))))


@app.command()
def fulfill() -> None:
    """分仓、预占、到点截单 / route, reserve, close due cut-offs; as fulfill_orders."""
    from orderhub.fulfillment.due import hand_over_due
    from orderhub.fulfillment.run import run_fulfillment

    with opened() as (settings, database):
        config = active_config(database)
        show("fulfill", asdict(run_fulfillment(database, clock, config)))
        for closed in hand_over_due(database, clock, settings, config):
            show(closed.manifest_id, asdict(closed))


@app.command()
def deliver() -> None:
    """发送发件箱里的清单文件与邮件 / send what the outbox holds."""
    from orderhub.delivery.dispatch import deliver_books, deliver_pending

    with opened() as (settings, database):
        show("deliver", asdict(deliver_pending(database, clock, settings)))
        show("deliver books", asdict(deliver_books(database, clock, settings)))
        show_waiting(database)


@manifest_app.command("close")
def manifest_close(
    warehouse: str,
    *,
    now: Annotated[bool, typer.Option("--now", help="立即加开一次截单 / an extra cut-off now")] = False,
) -> None:
    """为仓库加开一次截单并交付文件 / close an extra manifest and hand its files over."""
    from orderhub.delivery.dispatch import deliver_books, deliver_pending
    from orderhub.fulfillment.cutoffs import request_extra
    from orderhub.fulfillment.due import hand_over_due

    if not now:
        raise StopError("scheduled cut-offs close by themselves; add --now for an extra one")
    with opened() as (settings, database):
        config = active_config(database)
        wanted = request_extra(database, clock, config, warehouse, getpass.getuser())
        for closed in hand_over_due(database, clock, settings, config):
            show(closed.manifest_id, asdict(closed))
        deliver_pending(database, clock, settings)
        deliver_books(database, clock, settings)
        console.print(f"截单 / cut-off: {wanted}")
        show_waiting(database)


@manifest_app.command("list")
def manifest_list() -> None:
    """列出最近 50 份清单 / the latest 50 manifests."""
    from sqlalchemy import text

    with opened() as (settings, database), database.read() as connection:
        rows = connection.execute(
            text("select * from core.manifests order by closed_at desc, manifest_id limit 50")
        ).all()
    table = table_of(
        "状态\nstate", "截单\ncut-off", "单\norders", "行\nlines", "件\npieces", key="清单\nmanifest"
    )
    for row in rows:
        counts = (row.order_count, row.line_count, row.quantity_total)
        table.add_row(row.manifest_id, row.state, beijing(row.cutoff_at), *map(str, counts))
    console.print(table)
    console.print(f"文件 / files: {settings.manifests}")
