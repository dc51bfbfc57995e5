"""Reads a backfill in this process and draws how far it is; imported only by the command that does it."""

from datetime import timedelta

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from orderhub.cli.shell import beijing, console
from orderhub.db.interrupts import Ended
from orderhub.db.windows import Progress as Windows
from orderhub.db.windows import Request, progress_of
from orderhub.platforms.backfill import Access, work_backfill
from orderhub.stopped import INTERRUPTED

#: Windows that could not be proven complete are read again this often before the command gives up.
ROUNDS = 3
_FOR_AS_LONG_AS_IT_TAKES = timedelta(days=30)


def read_with_bar(access: Access, asked: list[Request]) -> int:
    """Read `asked` and return how many windows are not covered.

    Raises:
        Exit: Ctrl-C was pressed; what is left is said, and waits for the next pulls or the next time.
    """
    at = progress_of(access.database, asked)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        line = bar.add_task(access.shop.id, total=at.windows, completed=at.windows - at.left)

        def draw(now: Windows) -> None:
            bar.update(line, total=now.windows, completed=now.windows - now.left)

        try:
            for _ in range(ROUNDS):
                if at.left and not at.waits_until:
                    at = work_backfill(access, asked, draw, _FOR_AS_LONG_AS_IT_TAKES)
        except (KeyboardInterrupt, Ended) as stop:
            bar.stop()
            _say_what_is_left(access, progress_of(access.database, asked))
            raise typer.Exit(stop.code if isinstance(stop, Ended) else INTERRUPTED) from None
    _say_what_is_left(access, at)
    return at.left + at.refused


def _say_what_is_left(access: Access, at: Windows) -> None:
    if at.waits_until:
        console.print(f"平台要求等到 / the platform bans until {beijing(at.waits_until)}")
    if at.refused:
        console.print(
            f"{access.shop.id}: 平台不给其中 {at.refused} 个窗口,其余照读 / "
            f"the platform does not give {at.refused} of the windows, the rest is read ({at.last_error})"
        )
    if at.left:
        console.print(
            f"{access.shop.id}: 还有 {at.left} 个窗口,已读的不会丢;再执行一次,或等日常拉取接着读 / "
            f"{at.left} windows left; repeat the command, or let the next pulls go on "
            f"({at.last_error or 'stopped'})"
        )
