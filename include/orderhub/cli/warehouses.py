"""Commands about stock and warehouses: counts, readings, stock-takes, refused documents, recalls."""

import getpass
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from orderhub.cli.shell import active_config, clock, console, opened, show
from orderhub.cli.sources import FORMATS, utc
from orderhub.spoken import told

app = typer.Typer()
_NAMED = 20
Building = Annotated[str, typer.Argument(help="仓库,warehouses.yaml 的 id / its id in warehouses.yaml")]
Document = Annotated[str, typer.Argument(help="发货单号,见 explain / the document, see explain")]
stock_app = typer.Typer(
    no_args_is_help=True, help="库存:盘点、同步、冻结 / stock: counts, readings, stock-takes"
)
wms_app = typer.Typer(no_args_is_help=True, help="仓库系统 / warehouses' own systems (WMS)")
recall_app = typer.Typer(no_args_is_help=True, help="撤单:仓库怎么答复 / what a warehouse said to a recall")
app.add_typer(stock_app, name="stock")
app.add_typer(wms_app, name="wms")
app.add_typer(recall_app, name="recall")


@stock_app.command("import")
def stock_import(
    file: Annotated[Path, typer.Argument(help="CSV,列 / columns: warehouse_id,sku_id,on_hand")],
) -> None:
    """按盘点数更新在库 / take a count as the new on-hand; every change is a ledger row."""
    from orderhub.fulfillment.stock import import_stock

    with opened() as (_, database):
        counted = asdict(import_stock(database, clock, file, getpass.getuser()))
    counted["refused"] = [told(row) for row in counted["refused"]]
    unknown = counted.pop("unknown")
    show("库存 / stock", counted)
    if unknown:
        console.print(
            "skus.csv 里没有这些编码,照记了,是不是写错了 / taken, but not in skus.csv; mistyped, perhaps: "
            f"{', '.join(unknown[:_NAMED])}{' …' if len(unknown) > _NAMED else ''}",
            style="yellow",
        )


@stock_app.command("sync")
def stock_sync() -> None:
    """问 WMS 库存与发货,取投放的 stock.csv / read WMS stock and shipments, dropped counts; as sync_stock."""
    from orderhub.fulfillment.sync import sync_stock

    with opened() as (settings, database):
        done = sync_stock(database, clock, settings, active_config(database))
    for stock in done.synced:
        show(stock.warehouse_id, asdict(stock))
    for warehouse_id, why in done.failed.items():
        console.print(f"{warehouse_id}: 没有读到 / not read: {why}", style="yellow")
    if done.failed:
        raise typer.Exit(1)
    if not done.synced:
        console.print(
            "没有新的:没有仓库接了 WMS、也没有新投放的 stock.csv,或刚读过 / nothing new: no warehouse has "
            f"a WMS or a new stock.csv, or was just read; they go to {settings.drop}/warehouses/…/stock.csv"
        )


@stock_app.command("freeze")
def stock_freeze(warehouse: Building) -> None:
    """盘点开始:不再分单给它,已预占的照旧 / stock-take: route nothing new there, keep reservations."""
    from orderhub.fulfillment.freeze import freeze_stock

    with opened() as (_, database):
        freeze_stock(database, clock, active_config(database), warehouse, getpass.getuser())
    console.print(f"{warehouse} 已冻结 / frozen")


@stock_app.command("thaw")
def stock_thaw(warehouse: Building) -> None:
    """盘点结束,恢复分单 / the stock-take is over: route there again."""
    from orderhub.fulfillment.freeze import thaw_stock

    with opened() as (_, database):
        thaw_stock(database, clock, warehouse, getpass.getuser())
    console.print(f"{warehouse} 已恢复 / thawed")


@wms_app.command("resend")
def wms_resend(
    fulfillment_order: Annotated[str, typer.Argument(help="发货单号,或退货单号(R-…)/ document or return")],
) -> None:
    """WMS 拒收的发货单、退货单,改好后用同一单号再交 / hand what it refused over again, under its own code."""
    from orderhub.fulfillment.wms.mending import resend

    with opened() as (_, database):
        resend(database, clock, fulfillment_order, getpass.getuser())
    console.print(f"{fulfillment_order} 已排队 / queued")


@wms_app.command("settle")
def wms_settle(
    subject: Annotated[str, typer.Argument(help="单号,见 core.shipment_doubts / what the doubt is about")],
    *,
    reason: Annotated[str, typer.Option(help="为什么 / why")],
    rest: Annotated[
        Literal["ship", "cancel"] | None,
        typer.Option(help="少发的:ship 再发,cancel 不发了 / what was not sent: ship it after all, or cancel"),
    ] = None,
) -> None:
    """对不上的发货回传已与仓库核对 / a doubt about parcels was cleared with the warehouse.

    少发(short_shipped)的要说清剩下的怎么办:`--rest ship` 没发的行重新分仓,发了一部分的行缺的件数开补发单;
    `--rest cancel` 都不发了。Of one sent short, say what becomes of the rest: ship it, or cancel.

    例 / e.g.: ./hub wms settle tb-1001-1 --rest ship --reason 仓库找到了
    """
    from orderhub.fulfillment.wms.mending import settle_doubts
    from orderhub.fulfillment.wms.short import Rest

    with opened() as (_, database):
        wanted = Rest(rest) if rest else None
        settled = settle_doubts(database, clock, subject, getpass.getuser(), reason, wanted)
    show("已了结 / settled", asdict(settled))
    for gift in settled.gifts:
        order, _, line = gift.partition("#")
        console.print(
            f"赠品 {line} 只跟着商品走,商品都发了的就留下;留下的 / this gift leaves beside goods only; if it "
            f"stays behind: ./hub resend {order} --line '{line}' --reason …",
            style="yellow",
        )


@recall_app.command("agree")
def recall_agree(
    fulfillment_order: Document, *, reason: Annotated[str, typer.Option(help="为什么 / why")]
) -> None:
    """仓库答应不发:预占退回,其余重新分仓 / it keeps the goods: the rest is routed anew.

    没有 WMS 的仓库没发、也不会发的单,系统没要求撤的也行 / also of one that the hub did not ask back.
    """
    from orderhub.fulfillment.recalls import end_hand_recall

    with opened() as (_, database):
        end_hand_recall(database, clock, fulfillment_order, "agreed", getpass.getuser(), reason)
    console.print(f"{fulfillment_order} 已撤回 / called back")


@recall_app.command("refuse")
def recall_refuse(
    fulfillment_order: Document, *, reason: Annotated[str, typer.Option(help="为什么 / why")]
) -> None:
    """仓库说已拣货或已发出 / the warehouse says that it is picked or gone."""
    from orderhub.fulfillment.recalls import end_hand_recall

    with opened() as (_, database):
        end_hand_recall(database, clock, fulfillment_order, "refused", getpass.getuser(), reason)
    console.print(f"{fulfillment_order} 照旧发出 / it leaves as it is")


@recall_app.command("left")
def recall_left(
    document: Annotated[
        str, typer.Argument(help="发货单号,或它在 WMS 的单号 / document, or its code at the WMS")
    ],
    *,
    reason: Annotated[str, typer.Option(help="谁、怎么说的 / who said so, and what")],
    carrier: Annotated[str, typer.Option(help="快递 / by whom")] = "",
    number: Annotated[str, typer.Option(help="运单号;不知道就不写 / leave out where nobody knows")] = "",
    at: Annotated[
        datetime | None, typer.Option(formats=FORMATS, help="何时发的,北京时间;默认现在 / when it left")
    ] = None,
) -> None:
    """问了仓库:已经发出,只是一直没有回传 / asked there: it has left, and no report ever came.

    预占过账一次,运单号照常告诉平台;没有运单号的列在 `./hub tracking list`,人去平台上填。
    Posted once, told as any number is; without one a person tells the platform.

    例 / e.g.: ./hub recall left tb/1001@1 --carrier 中通 --number 78500000000001 --reason 王主管查到已交快递
    """
    from orderhub.fulfillment.fates import Departure, end_as_left

    with opened() as (_, database):
        departure = Departure(carrier, number.strip(), utc(at) if at else None)
        ended = end_as_left(database, clock, document, departure, getpass.getuser(), reason)
    console.print(f"{ended} 张发货单已发出 / left")


@recall_app.command("stayed")
def recall_stayed(
    document: Annotated[
        str, typer.Argument(help="发货单号,或它在 WMS 的单号 / document, or its code at the WMS")
    ],
    *,
    reason: Annotated[str, typer.Option(help="谁、怎么说的 / who said so, and what")],
) -> None:
    """问了仓库:不肯撤的其实没有发,也不会发 / asked there: what it kept has not left, and will not.

    预占退回一次;还该发的下一批重新分仓,用新的发货单。WMS 里那张单系统撤不掉,请仓库作废,单号会写出来。
    Given back once; what may still ship is routed anew. Have them void it in the WMS, by the number shown.

    例 / e.g.: ./hub recall stayed tb/1001@1 --reason 王主管在架上找到了货
    """
    from orderhub.fulfillment.fates import end_as_stayed

    with opened() as (_, database):
        stayed = end_as_stayed(database, clock, document, getpass.getuser(), reason)
    console.print(f"{stayed.documents} 张发货单已撤回 / called back")
    for code in stayed.codes:
        console.print(
            f"请仓库在 WMS 里作废单据 {code},系统撤不掉它 / have the warehouse void {code} in its WMS: "
            "the hub cannot",
            style="yellow",
        )
