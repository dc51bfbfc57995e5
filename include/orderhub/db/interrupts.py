"""Lets Ctrl-C, `kill` and a time limit end the statement that the server runs for us.

The driver waits for the server in C, where no handler of Python runs: a signal would wait for the statement.
So a thread is woken by the signal itself and asks the server to cancel; then the handler runs. The driver's
own remedy, a wait callback, costs the same per statement and refuses COPY.

A process that is killed outright is noticed by the server: see `client_connection_check_interval` in
`orderhub.db.engine`.
"""

import os
import select
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any, NoReturn

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_ACTIVE
from sqlalchemy.pool import ConnectionPoolEntry

Handler = Callable[[int, FrameType | None], Any]
_AGAIN_SECONDS = 0.1
#: What our own side writes into the pipe of signals, after whatever came before.
_HEARD, _OVER = 254, 255


class Ended(SystemExit):
    """A signal that would have ended the process: files close and transactions roll back on the way out."""

    code: int


@dataclass(frozen=True)
class _Use:
    driver: Any
    thread: int


#: Every connection that is in use, and by whom; what waits in a pool is not here.
_IN_USE: dict[ConnectionPoolEntry, _Use] = {}
_RAISED: list[BaseException] = []


def note_use(record: ConnectionPoolEntry, driver: object) -> None:
    """Remember that this thread uses a connection now."""
    _IN_USE[record] = _Use(driver, threading.get_ident())


def forget_use(record: ConnectionPoolEntry) -> None:
    """Forget it again."""
    _IN_USE.pop(record, None)


@contextmanager
def ending_statements(*numbers: signal.Signals) -> Iterator[None]:
    """While the block runs, these signals end our statements on the server, then do what they did before.

    One that would have ended the process, or whose handler lets us go on, raises `Ended`. One that is ignored
    stays so. Python hears signals in the main thread only: in another one, the block just runs.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {n: h for n in numbers if (h := signal.getsignal(n)) not in (signal.SIG_IGN, None)}
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    earlier = signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    watcher = threading.Thread(target=_watch, args=(read_end, {int(n) for n in numbers}), daemon=True)
    watcher.start()
    try:
        for number, handler in before.items():
            signal.signal(number, _hearing(write_end, handler if callable(handler) else _end))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(earlier)
        os.write(write_end, bytes([_OVER]))
        watcher.join()
        os.close(write_end)
        os.close(read_end)


def _hearing(write_end: int, then: Handler) -> Handler:
    ours = os.getpid()

    def heard(number: int, frame: FrameType | None) -> None:
        if os.getpid() == ours:  # A process that was forked from us shares the pipe.
            os.write(write_end, bytes([_HEARD]))
        try:
            then(number, frame)
            _end(number, frame)
        except BaseException as raised:
            _RAISED.append(raised)
            raise

    return heard


def raised_by_signals() -> Sequence[BaseException]:
    """Return what signals have raised in this process: for where the driver swallows it, inside COPY."""
    return _RAISED


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    raise Ended(128 + number)


def _watch(read_end: int, numbers: set[int]) -> None:
    """Cancel statements from the first signal on: the main thread's until it heard, others' until the end.

    What the main thread does after it heard is putting away, which must get through. Another thread would
    begin its next statement, and the main thread would wait for it.
    """
    is_deaf = is_ending = False
    while True:
        ready, _, _ = select.select([read_end], [], [], _AGAIN_SECONDS if is_ending else None)
        for byte in os.read(read_end, 64) if ready else b"":
            if byte == _OVER:
                return
            if byte in numbers or byte == _HEARD:
                is_deaf = byte != _HEARD
                is_ending = True
        if is_ending:
            _cancel(with_main=is_deaf)


def _cancel(*, with_main: bool) -> None:
    """Ask the server to end what it runs for us now; a connection that just closed has nothing to end."""
    main = threading.main_thread().ident
    for use in list(_IN_USE.values()):
        with suppress(psycopg2.Error):
            is_busy = use.driver.info.transaction_status == TRANSACTION_STATUS_ACTIVE
            if is_busy and (with_main or use.thread != main):
                use.driver.cancel()
