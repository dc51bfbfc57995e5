"""Commands of the order's way through the hub: transform, fulfil, deliver."""

from dataclasses import asdict

import typer

from orderhub.cli.shell import active_config, clock, opened, show, show_waiting

app = typer.Typer()


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
