"""What every command shares: the opened hub, the clock, and how results are shown."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from orderhub.clock import BEIJING, SystemClock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.interrupts import Ended
from orderhub.settings import Settings, load_settings
from orderhub.stopped import WORD

console = Console(soft_wrap=True)
clock = SystemClock()
#: What was said of a command that was stopped: the short word is for where nothing was.
_SAID: list[str] = []
STOPPED = (
    "已停止:没做完的那一步已撤销,之前做完的都在;同样的命令再执行一次就接着做 / stopped: the step that was "
    "going on is undone, what was finished is kept; repeat the command to go on"
)


@contextmanager
def opened() -> Iterator[tuple[Settings, Database]]:
    """Yield settings and database, checked to belong to this code."""
    from orderhub.db.migrations import check_version

    settings = load_settings()
    database = Database(settings.database_url.get_secret_value(), "orderhub-cli")
    try:
        with saying_when_stopped(STOPPED):
            check_version(database)
            yield settings, database
    finally:
        database.close()


@contextmanager
def saying_when_stopped(words: str) -> Iterator[None]:
    """Say what is kept and how to go on when the block is stopped, by Ctrl-C say."""
    try:
        yield
    except (KeyboardInterrupt, Ended):
        say_stopped(words)
        raise


def say_stopped(words: str = WORD) -> None:
    """Say that the command was stopped, once."""
    if not _SAID:
        _SAID.append(words)
        print(f"\n{words}", file=sys.stderr)


@contextmanager
def asking() -> Iterator[None]:
    """Let Ctrl-C at a question stop the command as anywhere else: it is no answer."""
    try:
        yield
    except typer.Abort as refused:
        if isinstance(refused.__context__, KeyboardInterrupt):
            raise refused.__context__ from None
        raise


def active_config(database: Database) -> MerchantConfig:
    """Return the configuration in force."""
    from orderhub.config.store import load_active

    return load_active(database)


def show(title: str, values: dict[str, Any]) -> None:
    """Print `values` under a title, one a line."""
    console.print(f"[bold]{title}[/bold]")
    for key, value in values.items():
        console.print(f"  {key}: {_said(value)}")


def _said(value: object) -> object:
    """Return a value as people read it: nothing is a dash, a list is its items."""
    if value is None or value in ((), [], {}, ""):
        return "-"
    if isinstance(value, bool):
        return "是 / yes" if value else "否 / no"
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else value


def show_waiting(database: Database) -> None:
    """Show what the outbox still holds and why: nothing that was not sent stays unsaid."""
    from sqlalchemy import text

    with database.read() as connection:
        rows = connection.execute(
            text(
                "select outbox_id, state, not_before, last_error from ops.outbox "
                "where state <> 'sent' order by sequence limit 20"
            )
        ).all()
    for row in rows:
        again = f" → {beijing(row.not_before)}" if row.state != "failed" else ""
        console.print(
            f"未发出 / not sent: {row.outbox_id} ({row.state}{again}) {row.last_error or ''}", style="yellow"
        )


def table_of(*columns: str, key: str) -> Table:
    """Return a table that fits 80 columns: the key column stays whole, the others fold, nothing is cut."""
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column(key, no_wrap=True)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def beijing(instant: datetime | None) -> str:
    """Return an instant as people in the office read it; empty when there is none."""
    return "" if instant is None else instant.astimezone(BEIJING).strftime("%m-%d %H:%M:%S")
