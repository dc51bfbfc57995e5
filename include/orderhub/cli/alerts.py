"""Commands about alerts: what is open, a look by hand, and whether everybody can be reached."""

from dataclasses import asdict

import typer

from orderhub.cli.shell import active_config, beijing, clock, console, opened, show, show_waiting, table_of

app = typer.Typer()
alerts_app = typer.Typer(no_args_is_help=True, help="提醒:未了的、试发 / alerts: open ones, a test")
app.add_typer(alerts_app, name="alerts")
_SHOWN = 100
_SEVERITIES = {"critical": "紧急 / critical", "warning": "警告 / warning", "info": "提示 / info"}


@alerts_app.command("list")
def alerts_list() -> None:
    """列出未了的提醒,紧急的在前 / the open alerts, critical ones first."""
    from orderhub.db.sql_files import statement

    with opened() as (settings, database), database.read() as connection:
        rows = connection.execute(statement("ops/open_alerts"), {"most": _SHOWN}).all()
    table = table_of(
        "程度\nseverity", "规则\nrule", "对象\nsubject", "说明\nwhat", "已告知\ntold", key="起\nsince"
    )
    for row in rows:
        title = row.title_en if settings.language == "en" else row.title_zh
        told = beijing(row.told_at) or "等 / waits"
        table.add_row(
            beijing(row.raised_at), _SEVERITIES[row.severity], row.rule_id, row.subject, title, told
        )
    console.print(table)
    in_all = rows[0].in_all if rows else 0
    console.print(f"{in_all} 条未了 / open" + (f",只列前 {_SHOWN} / shown" if in_all > _SHOWN else ""))


@alerts_app.command("test")
def alerts_test() -> None:
    """给每个收件人和机器人各发一条样例,逐个报结果 / send everybody a sample; exit code 1 when one fails."""
    from orderhub.delivery.samples import read_recipients, send_samples
    from orderhub.settings import load_settings

    settings = load_settings()
    alerts = read_recipients(settings)
    results = send_samples(alerts, settings, clock)
    for result in results:
        mark = "[green]✓[/green]" if result.error is None else "[red]✗[/red]"
        console.print(f"{mark} {result.reached}  {result.error or result.answer}", highlight=False)
    failed = sum(result.error is not None for result in results)
    console.print(f"{len(results) - failed}/{len(results)} 送到 / reached")
    if failed:
        raise typer.Exit(1)


@app.command()
def watch() -> None:
    """看护一遍并发送:迟到、缺货、静默后的提醒、每日汇总 / look at the hub once and send; as watch_hub."""
    from orderhub.alerts.watch import look_around
    from orderhub.delivery.dispatch import deliver_pending
    from orderhub.fulfillment.manifest_copies import remove_old_copies

    with opened() as (settings, database):
        config = active_config(database)
        removed = {"removed_copies": remove_old_copies(database, clock, config)}
        show("watch", asdict(look_around(database, clock, config)) | removed)
        show("deliver", asdict(deliver_pending(database, clock, settings)))
        show_waiting(database)
