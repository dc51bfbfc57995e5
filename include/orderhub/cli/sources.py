"""Commands that read the platforms."""

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer

from orderhub.cli.shell import active_config, clock, console, opened, show
from orderhub.clock import BEIJING
from orderhub.errors import ShopError

app = typer.Typer()
#: How an instant is written on the command line.
FORMATS = [
    "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S%z",
]  # fmt: skip
Instant = Annotated[datetime, typer.Option(formats=FORMATS, help="北京时间,除非写明时区 / Beijing time")]


@app.command()
def pull(
    platform: Annotated[str, typer.Argument(help="taobao, spreadsheet, …")],
    shop: Annotated[str | None, typer.Option(help="只拉一个店铺 / one shop only")] = None,
) -> None:
    """拉取到期的窗口或投放的文件 / pull what is due; the same as the DAG extract_<platform>."""
    from orderhub.platforms.pull import pull as run

    with opened() as (settings, database):
        config = active_config(database)
        shops = [shop] if shop else [s.id for s in config.shops_of(platform)]
        if not shops:
            run(database, clock, settings, config, platform, "")
        stopped: list[ShopError] = []
        for shop_id in shops:
            try:
                show(shop_id, run(database, clock, settings, config, platform, shop_id))
            except ShopError as error:  # The others are pulled all the same.
                stopped.append(error)
                console.print(f"{shop_id}: 需要人处理 / waits for a person: {error}", style="yellow")
    if stopped:
        raise stopped[0]


@app.command()
def backfill(
    platform: Annotated[str, typer.Argument(help="taobao, jd, …")],
    since: Instant,
    until: Instant,
    *,
    shop: Annotated[str | None, typer.Option(help="只补一个店铺 / one shop only")] = None,
    stream: Annotated[list[str] | None, typer.Option(help="orders, refunds;默认全部 / default all")] = None,
    now: Annotated[
        bool, typer.Option("--now", help="现在就读,显示进度 / read it here; else the next pulls do")
    ] = False,
) -> None:
    """补拉一段历史,随时可停,再执行一次就继续 / read a range again; stop at any time, repeat to go on."""
    from orderhub.cli.reading_bar import read_with_bar
    from orderhub.db.windows import progress_of
    from orderhub.platforms.backfill import access_to, request_backfill

    left = 0
    with opened() as (settings, database):
        config = active_config(database)
        for shop_id in [shop] if shop else [s.id for s in config.shops_of(platform)] or [""]:
            access = access_to(database, clock, settings, config, platform, shop_id)
            asked = request_backfill(access, stream or [], utc(since), utc(until), getpass.getuser())
            at = progress_of(database, asked)
            console.print(f"{shop_id}: {at.windows} 个窗口 / windows, {at.left} 未读 / left")
            left += read_with_bar(access, asked) if now else 0
    if left:
        raise typer.Exit(1)


def utc(given: datetime) -> datetime:
    """Return what was given on the command line as UTC; without a zone it is Beijing time."""
    return (given if given.tzinfo else given.replace(tzinfo=BEIJING)).astimezone(UTC)


@app.command()
def reconcile(
    platform: Annotated[str, typer.Argument(help="taobao, jd, …")],
    *,
    shop: Annotated[str | None, typer.Option(help="只比一个店铺 / one shop only")] = None,
    days: Annotated[int | None, typer.Option(help="比几天;默认 reconcile_days / how many days back")] = None,
) -> None:
    """与平台对单号,缺的当场补拉 / compare ids with the platform, read again what is missing."""
    from orderhub.platforms.backfill import access_to
    from orderhub.platforms.reconcile import reconcile_shop

    with opened() as (settings, database):
        config = active_config(database)
        for shop_id in [shop] if shop else [s.id for s in config.shops_of(platform)] or [""]:
            access = access_to(database, clock, settings, config, platform, shop_id)
            for stream, found in reconcile_shop(access, days).items():
                show(f"{shop_id} {stream}", found)
