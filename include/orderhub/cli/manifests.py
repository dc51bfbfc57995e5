"""Commands about shipping manifests: an extra one, the list, one in detail, its files again, void."""

import getpass
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orderhub.cli.shell import active_config, beijing, clock, console, opened, show, show_waiting, table_of
from orderhub.errors import StopError

if TYPE_CHECKING:
    from rich.table import Table

    from orderhub.fulfillment.manifest_desk import Described

app = typer.Typer()
manifest_app = typer.Typer(no_args_is_help=True, help="发货清单 / shipping manifests")
app.add_typer(manifest_app, name="manifest")
Meant = Annotated[
    str, typer.Argument(help="清单号或它的目录,见 manifest list / its id or folder, see manifest list")
]
_STATES = {"closed": "已截单 / closed", "published": "已交付 / handed over", "void": "作废 / void"}


@manifest_app.command("close")
def manifest_close(
    warehouse: Annotated[str, typer.Argument(help="仓库,warehouses.yaml 的 id / its id in warehouses.yaml")],
    *,
    now: Annotated[
        bool, typer.Option("--now", help="立即加开一次截单;必须写 / an extra cut-off now; must be given")
    ] = False,
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
        closed = hand_over_due(database, clock, settings, config)
        for manifest in closed:
            show(manifest.manifest_id, asdict(manifest))
        deliver_pending(database, clock, settings)
        deliver_books(database, clock, settings)
        say_cutoff(wanted, [manifest.manifest_id for manifest in closed])
        show_waiting(database)


def say_cutoff(cutoff_id: str, closed: Sequence[str]) -> None:
    """Say which cut-off was asked for, and what it waits for when no manifest that closed is its own."""
    console.print(f"截单 / cut-off: {cutoff_id}")
    if not any(manifest_id.startswith(cutoff_id) for manifest_id in closed):
        console.print(
            "还没截:在等晚到的拉取或正在做的检查,最多十分钟,之后自动截 / not closed yet: it waits for a late "
            "pull or for checks that run now, ten minutes at most, and closes by itself",
            style="yellow",
        )


@manifest_app.command("list")
def manifest_list(
    warehouse: Annotated[str | None, typer.Option(help="只看这个仓 / this warehouse only")] = None,
) -> None:
    """列出最近 50 份清单,没带上的订单和原因 / the latest 50 manifests, what was left out and why."""
    from orderhub.fulfillment.cutoffs import refuse_unknown_warehouse
    from orderhub.fulfillment.manifest_desk import list_manifests

    with opened() as (settings, database):
        rows = list_manifests(database, warehouse)
        if warehouse is not None and not rows:
            refuse_unknown_warehouse(active_config(database), warehouse)
    table = table_of(
        "状态\nstate", "截单\ncut-off", "单\norders", "行\nlines", "件\npieces", "没带上\nleft out",
        key="清单\nmanifest",
    )  # fmt: skip
    for row in rows:
        counts = (row.order_count, row.line_count, row.quantity_total)
        left_out = "\n".join(f"{reason} {count}" for reason, count in row.left_out.items())
        table.add_row(
            row.manifest_id,
            _STATES[row.state].replace(" / ", "\n"),
            beijing(row.cutoff_at),
            *map(str, counts),
            left_out,
        )
    console.print(table)
    console.print(f"文件 / files: {settings.manifests}")


@manifest_app.command("show")
def manifest_show(manifest: Meant) -> None:
    """一份清单:波次、文件与哈希、订单、谁 / one manifest: waves, files with hashes, orders, who."""
    from orderhub.fulfillment.manifest_desk import describe_manifest, find_manifest

    with opened() as (_, database):
        found = describe_manifest(database, find_manifest(database, manifest))
    show(found.row.manifest_id, _facts(found))
    table = table_of("字节\nbytes", "SHA-256", key="文件\nfile")
    for file in found.files:
        table.add_row(file.file_name, str(file.byte_count), file.file_sha256[:16])
    console.print(table)
    console.print(_documents(found))
    if found.row.order_count > len(found.documents):
        console.print(f"只列前 {len(found.documents)} 单,全部在文件里 / the first; all are in the files")


def _documents(found: "Described") -> "Table":
    """Return the table of documents; parcels only where orders leave together: the numbers need the room."""
    merged = ("合单包裹\nmerged parcel",) if any(one.parcel_id for one in found.documents) else ()
    table = table_of(
        "平台单号\norder", "件\npieces", "快递\ncarrier", "状态\nstate", *merged,
        key="发货单\nfulfillment order",
    )  # fmt: skip
    for one in found.documents:
        facts = (one.platform_order_id, str(one.pieces), one.carrier_id or "-", one.state)
        table.add_row(one.fulfillment_order_id, *facts, *((one.parcel_id or "-",) if merged else ()))
    return table


def _facts(found: "Described") -> dict[str, Any]:
    from orderhub.fulfillment.labels import LABELS

    row = found.row
    facts: dict[str, Any] = {
        "仓库 / warehouse": row.warehouse_id,
        "截单 / cut-off": f"{beijing(row.cutoff_at)} ({row.kind})",
        "状态 / state": _STATES[row.state],
        "关闭、交付 / closed, handed over": f"{beijing(row.closed_at)}, {beijing(row.published_at) or '-'}",
        "单、行、件 / orders, lines, pieces": f"{row.order_count}, {row.line_count}, {row.quantity_total}",
        "没带上 / left out": row.left_out or "-",
        "波次(单/件) / waves (parcels/pieces)": ", ".join(
            f"{LABELS['zh'].waves[one.wave]} {one.wave} {one.documents}/{one.pieces}" for one in found.waves
        )
        or "-",
    }
    if row.requested_by:
        facts["谁要的 / asked for by"] = row.requested_by
    if row.state == "void":
        facts["作废 / void"] = f"{beijing(row.voided_at)} {row.voided_by}: {row.void_reason}"
    return facts


@manifest_app.command("reprint")
def manifest_reprint(manifest: Meant) -> None:
    """把交出去的文件原样再写一遍;之后改过的订单会列出 / write the files again as they were handed over."""
    from orderhub.fulfillment.manifest_desk import find_manifest, reprint

    with opened() as (settings, database):
        done = reprint(database, clock, settings, find_manifest(database, manifest), getpass.getuser())
    for name, sha256 in done.files.items():
        console.print(f"{settings.manifests / name}  {sha256[:16]}")
    for order_id, fields in done.changed.items():
        console.print(f"{order_id} 之后改过 / changed since: {fields}", style="yellow")
    if done.changed:
        console.print("文件还是当时的内容 / the files say what was handed over then", style="yellow")


@manifest_app.command("void")
def manifest_void(manifest: Meant, *, reason: Annotated[str, typer.Option(help="为什么 / why")]) -> None:
    """整份作废:货还没发、仓库系统也没收的,行放出来重新分仓 / take a whole list back, nothing of it left."""
    from orderhub.fulfillment.manifest_desk import find_manifest, void_manifest

    with opened() as (settings, database):
        manifest = find_manifest(database, manifest)
        done = void_manifest(database, clock, settings, manifest, getpass.getuser(), reason)
    if done.is_old:
        console.print(f"{manifest} 早已作废,理由仍是当时的 / was void already: {done.said}", style="yellow")
        return
    console.print(f"{manifest} 已作废 / is void; {len(done.files)} 个文件已标 VOID / files are marked")
    console.print(
        "告诉仓库别再用它;下一次分仓重新安排这些订单 / tell the warehouse; the next pass routes anew"
    )
