"""Commands about the checks: sources that they stopped, and the report of what they found."""

import getpass
from typing import Annotated

import typer

from orderhub.cli.shell import active_config, beijing, clock, console, opened

app = typer.Typer()
source_app = typer.Typer(no_args_is_help=True, help="被熔断的店铺 / sources that a check stopped")
checks_app = typer.Typer(no_args_is_help=True, help="检查结果 / what the checks found")
app.add_typer(source_app, name="source")
app.add_typer(checks_app, name="checks")


@source_app.command("list")
def source_list() -> None:
    """列出被暂停的店铺和原因 / the shops that are stopped, and why."""
    from orderhub.quality.sources import stopped_sources

    with opened() as (_, database):
        stops = stopped_sources(database)
    for stop in stops:
        console.print(f"{stop.shop_id}  {stop.rule_id}  {beijing(stop.stopped_at)}  {stop.evidence}")
    console.print(f"{len(stops)} 条 / stops")


@source_app.command("resume")
def source_resume(
    shop: Annotated[str, typer.Argument(help="店铺 / shop id")],
    reason: Annotated[str, typer.Option(help="为什么可以恢复;会记下来 / why; it is kept")],
) -> None:
    """恢复被暂停的店铺 / let a stopped shop go on; what a check holds stays held."""
    from orderhub.quality.sources import resume_source

    with opened() as (_, database):
        rules = resume_source(database, clock, shop, reason, getpass.getuser())
    console.print(f"{shop} 已恢复 / resumed: {', '.join(rules)}")


@checks_app.command("report")
def checks_report() -> None:
    """写出检查报告(一个网页文件)/ write what the checks found as one page, <home>/reports/checks.html."""
    from orderhub.quality.report import write_report

    with opened() as (settings, database):
        folder = settings.home / "reports"
        file = write_report(database, clock, active_config(database), folder, settings.language)
    console.print(str(file))
