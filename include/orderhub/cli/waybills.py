"""Commands about waybills: which a manifest has, what the packing desk prints, which nobody took back."""

import getpass
import json
from typing import Annotated, Literal

import typer
from rich.table import Table

from orderhub.cli.shell import clock, console, opened

app = typer.Typer()
waybill_app = typer.Typer(no_args_is_help=True, help="面单 / waybills")
app.add_typer(waybill_app, name="waybill")
_Manifest = Annotated[str, typer.Argument(help="清单编号 / the manifest's id")]


@waybill_app.command("list")
def waybill_list(manifest: _Manifest) -> None:
    """一份清单的面单:状态、单号、服务拒绝的原因 / the waybills of a manifest."""
    from orderhub.fulfillment.waybill.listing import waybills_of

    with opened() as (_, database):
        found = waybills_of(database, manifest)
    table = Table("发货单 / document", "快递 / carrier", "状态 / state", "单号 / number", "说明 / answer")
    for one in found:
        table.add_row(
            one.fulfillment_order_id,
            one.carrier_id,
            one.state,
            one.tracking_number or "-",
            one.answer or "",
        )
    console.print(table)


@waybill_app.command("tasks")
def waybill_tasks(manifest: _Manifest) -> None:
    """打印任务,一行一张(JSON),交给打包台的打印组件 / one line per label for the packing desk's printer."""
    from orderhub.fulfillment.waybill.listing import print_tasks_of

    with opened() as (_, database):
        tasks = print_tasks_of(database, manifest)
    for task in tasks:
        typer.echo(json.dumps(task, ensure_ascii=False))


@waybill_app.command("settle")
def waybill_settle(
    document: Annotated[str, typer.Argument(help="发货单号 / the document")],
    state: Annotated[
        Literal["void", "used"],
        typer.Argument(help="void 已在快递后台作废,used 已用掉 / void there, or used"),
    ],
    *,
    reason: Annotated[str, typer.Option(help="为什么 / why")],
) -> None:
    """要作废却一直没作废成的面单,由人了结,不再去问 / a label that was never taken back: what became of it.

    例 / e.g.: ./hub waybill settle tb/1001@1 void --reason 已在快递后台作废
    """
    from orderhub.fulfillment.waybill.mending import settle_label

    with opened() as (_, database):
        settle_label(database, clock, document, state, getpass.getuser(), reason)
    console.print(f"{document}: {state}")
