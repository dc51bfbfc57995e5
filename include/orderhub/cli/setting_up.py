"""Commands that bring a hub into shape: migrations, the merchant's files, reference pages."""

import getpass
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from orderhub.cli.shell import STOPPED, clock, console, opened, saying_when_stopped
from orderhub.db.engine import Database
from orderhub.errors import StopError
from orderhub.settings import load_settings

app = typer.Typer()
config_app = typer.Typer(
    no_args_is_help=True, help="商家配置:检查、启用、导出 / check, apply, export the merchant's files"
)
app.add_typer(config_app, name="config")


@app.command()
def migrate() -> None:
    """升级数据库结构(只进不退)/ bring the database to this version; safe to repeat."""
    from orderhub.db.migrations import migrate as run

    settings = load_settings()
    if settings.owner_url is None:
        raise StopError("ORDERHUB_OWNER_URL is not set; migrations need the role orderhub_owner")
    database = Database(settings.owner_url.get_secret_value(), "orderhub-migrate")
    with saying_when_stopped(STOPPED):
        applied = run(database, clock)
    database.close()
    console.print("\n".join(applied) if applied else "已是最新 / up to date")


@config_app.command("check")
def config_check(
    directory: Annotated[
        Path | None, typer.Argument(help="配置目录;默认 ORDERHUB_CONFIG / default ORDERHUB_CONFIG")
    ] = None,
) -> None:
    """检查配置文件,不启用 / check the files without applying them."""
    from orderhub.operate.configuration import check_files, warnings_of

    directory = directory or load_settings().config
    checked = check_files(directory)
    _print_warnings(warnings_of(checked, directory))
    console.print(f"可用 / valid: {checked.version[:12]}")


@config_app.command("apply")
def config_apply(
    directory: Annotated[
        Path | None, typer.Argument(help="配置目录;默认 ORDERHUB_CONFIG / default ORDERHUB_CONFIG")
    ] = None,
    *,
    force: Annotated[
        bool, typer.Option(help="覆盖不是由这些文件改来的版本 / replace a foreign version")
    ] = False,
) -> None:
    """检查并启用;有错时上一个好版本继续生效 / check and activate; on error the last good version stays."""
    from orderhub.operate.configuration import apply_files, late_lists, warnings_of

    with opened() as (settings, database):
        begun_at = clock.now()
        applied = apply_files(database, clock, settings, getpass.getuser(), directory, force=force)
        late = late_lists(database, applied, begun_at)
    _print_warnings([*warnings_of(applied, directory or settings.config), *late])
    console.print(f"已启用 / active: {applied.version[:12]}")


def _print_warnings(warnings: Iterable[str]) -> None:
    for warning in warnings:
        console.print(f"注意 / warning: {warning}", style="yellow", markup=False, highlight=False)


@config_app.command("export")
def config_export(
    directory: Annotated[
        Path, typer.Argument(help="写到哪个目录;没有就新建 / where to; made if it is not there")
    ],
) -> None:
    """把生效的版本写到目录,在那里修改后再 apply / write the active version, edit it there, apply it."""
    from orderhub.config.store import export_active

    with opened() as (settings, database):
        version = export_active(database, directory, settings.home)
    console.print(f"{directory}: {version[:12]}")


@app.command()
def reference(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(help="写到哪里 / where to")] = Path("docs/reference"),
) -> None:
    """由代码生成参考文档 / write the reference pages from the code."""
    from orderhub.operate.reference import write_reference

    with opened() as (_, database):
        for file in write_reference(database, directory, context.find_root().command):
            console.print(str(file))
