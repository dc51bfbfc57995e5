"""Commands for the clerk who edits a field map: what it reads, what it leaves out, what would change."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orderhub.cli.shell import active_config, console, opened, table_of
from orderhub.errors import ShopError, StopError

if TYPE_CHECKING:
    from orderhub.db.engine import Database
    from orderhub.platforms.spec import Platform

app = typer.Typer()
mapping_app = typer.Typer(
    no_args_is_help=True, help="字段映射:检查、预览、比较 / field maps: check, preview, compare"
)
app.add_typer(mapping_app, name="mapping")


@mapping_app.command("check")
def mapping_check(
    platform: Annotated[
        str | None, typer.Argument(help="平台;不写就是所有用到的 / one platform; else all in use")
    ] = None,
) -> None:
    """检查 fields.csv,用最近 100 条原始数据预览,列出漏读的字段 / check, preview, list what is left out."""
    from orderhub.platforms.spec import load_platform

    with opened() as (_, database):
        config = active_config(database)
        names = [platform] if platform else sorted({shop.platform for shop in config.shops})
        waiting: list[ShopError] = []
        for name in names:
            try:
                _show_platform(database, load_platform(name, config))
            except ShopError as error:  # The others are shown all the same.
                waiting.append(error)
                console.print(str(error), style="yellow")
    if waiting:
        raise waiting[0]


@mapping_app.command("diff")
def mapping_diff(
    platform: Annotated[str, typer.Argument(help="平台 / platform")],
    file: Annotated[Path, typer.Argument(help="改好的 fields.csv / the edited file")],
) -> None:
    """换成这个文件,哪些订单会变、怎么变;什么都不写 / what FILE would change; writes nothing."""
    from orderhub.transform.mapping_diff import diff_mapping

    if not file.is_file():
        raise StopError(f"{file}: no such file; give the edited fields.csv")
    with opened() as (_, database):
        found = diff_mapping(
            database, active_config(database), platform, file.read_text(encoding="utf-8-sig")
        )
    for field, count in found.by_field.items():
        console.print(f"  {field}: {count}")
    table = table_of("字段 / field", "现在 / now", "之后 / then", key="订单 / order")
    for change in found.examples:
        table.add_row(change.key, f"{change.record} {change.field}", change.before or "", change.after or "")
    if found.examples:
        console.print(table)
    console.print(f"比较 / compared {found.compared} 单,会变 / would change {found.changed_orders} 单")


def _show_platform(database: "Database", platform: "Platform") -> None:
    from orderhub.db.staging_tables import refuse_absent
    from orderhub.transform.mapping_gaps import unmapped_codes, unmapped_paths
    from orderhub.transform.mapping_preview import preview

    with database.read() as connection:
        refuse_absent(connection, platform.spec.name)
        fields = preview(connection, platform)
        paths = unmapped_paths(connection, platform)
        codes = unmapped_codes(connection, platform)
    console.print(f"[bold]{platform.spec.title}[/bold] {platform.field_map.file}: 可用 / valid")
    table = table_of(
        "来源 / path", "有值 / filled", "读不懂 / unreadable", "例 / example", key="字段 / field"
    )
    for one in fields:
        shares = (f"{one.filled}/{one.records}", str(one.unreadable))
        table.add_row(f"{one.record} {one.field}", one.paths, *shares, one.example)
    console.print(table)
    table = table_of("次数 / payloads", "可能是 / may be", key="没人读的字段 / read by nobody")
    for path in paths:
        table.add_row(f"{path.stream} {path.path}", str(path.payloads), path.proposal or "")
    console.print(table)
    for code in codes:
        hint = f"{code.suggestion.sku_id} ({code.suggestion.how})" if code.suggestion else "—"
        console.print(
            f"  没有映射 / unmapped: {code.shop_id} {code.code} ×{code.lines} → {hint}", style="yellow"
        )
