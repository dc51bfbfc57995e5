"""Commands that read the platforms."""

from typing import Annotated

import typer

from orderhub.cli.shell import active_config, clock, opened, show

app = typer.Typer()


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
        for shop_id in shops:
            show(shop_id, run(database, clock, settings, config, platform, shop_id))
