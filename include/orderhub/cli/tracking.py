"""Commands about tracking numbers: which the platforms have not taken, and what a person did about them."""

import getpass
from typing import Annotated

import typer

from orderhub.cli.shell import active_config, beijing, clock, console, opened, show

app = typer.Typer()
Parcel = Annotated[str, typer.Argument(help="包裹号,见 tracking list / the parcel, see tracking list")]
tracking_app = typer.Typer(no_args_is_help=True, help="运单号回传 / tracking numbers told to the platforms")
app.add_typer(tracking_app, name="tracking")


@tracking_app.command("list")
def tracking_list(
    shop: Annotated[str | None, typer.Option(help="只看这个店铺 / this shop only")] = None,
) -> None:
    """还没告诉平台的运单号:在等的、平台不收的、要人填的 / numbers that the platforms do not have."""
    from orderhub.fulfillment.tracking_mending import open_writes
    from orderhub.fulfillment.tracking_words import said

    with opened() as (_, database):
        rows = open_writes(database, shop)
    for row in rows:
        zh, en = said(row.state, row.reason)
        console.print(f"[bold]{row.shipment_id}[/bold]  {row.carrier_code}  {beijing(row.recorded_at)}")
        console.print(f"  {zh} / {en}" + (f"\n  {row.answer}" if row.answer else ""))
    console.print(f"共 {len(rows)} 个 / in all" if rows else "没有 / none")


@tracking_app.command("settle")
def tracking_settle(parcel: Parcel, *, reason: Annotated[str, typer.Option(help="为什么 / why")]) -> None:
    """一个包裹的运单号已由人处理:在平台填好、或已拦截 / a person dealt with a parcel's number."""
    from orderhub.fulfillment.tracking_mending import settle_write

    with opened() as (_, database):
        settled = settle_write(database, clock, parcel, getpass.getuser(), reason)
    console.print(f"{settled} 条已了结 / settled")


@tracking_app.command("resend")
def tracking_resend(parcel: Parcel) -> None:
    """再告诉平台一次:先问它知不知道,同一编号 / tell again under the same id; the platform is asked first."""
    from orderhub.fulfillment.tracking_mending import resend_write

    with opened() as (_, database):
        queued = resend_write(database, clock, parcel, getpass.getuser())
    console.print(f"{queued} 条已排队 / queued")


@tracking_app.command("trace")
def tracking_trace() -> None:
    """问快递揽收了没有(alerts.yaml 的 traces) / ask whether carriers collected parcels; as sync_stock."""
    from dataclasses import asdict

    from orderhub.fulfillment.traces import trace_parcels

    with opened() as (settings, database):
        show("揽收 / scans", asdict(trace_parcels(database, clock, settings, active_config(database))))
