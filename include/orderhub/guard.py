"""Leaves no process behind: a tiny process watches us and ends what we started once we are gone.

A process that dies of SIGKILL cannot clean up. So the owner of long-lived children keeps a pipe to this
file run as a script, tells it every child, and the script acts when the pipe closes for whatever reason.
Each child leads its own session: Airflow moves tasks to process groups of their own, but the session stays.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

#: How long a child may take to end by itself: services first, then databases, which write a checkpoint.
_SECONDS = {signal.SIGTERM: 6.0, signal.SIGINT: 30.0}


class Guard:
    """Ends the registered children and all they started when this process ends, however it ends."""

    def __init__(self, held: tuple[int, ...] = ()) -> None:
        """Start the watcher.

        Args:
            held: descriptors, of locks, that stay open until everything has ended.
        """
        self._children: dict[int, tuple[subprocess.Popen[bytes], signal.Signals]] = {}
        self._watcher = subprocess.Popen(  # noqa: S603 - this very file
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            start_new_session=True,
            pass_fds=held,
            cwd="/",
        )

    def watch(self, child: subprocess.Popen[bytes], polite: signal.Signals = signal.SIGTERM) -> None:
        """Register a child that leads its own session.

        Args:
            child: started with `start_new_session=True`.
            polite: SIGTERM for a service; SIGINT for PostgreSQL, which is ended after all services.
        """
        self._children[child.pid] = (child, polite)
        self._tell()

    def forget(self, child: subprocess.Popen[bytes]) -> None:
        """Take back a child that ended, so that a later owner of its number is never hit."""
        self._children.pop(child.pid, None)
        self._tell()

    def close(self) -> None:
        """End every child still registered, with all it started, and wait until that is done."""
        if self._watcher.stdin is not None and not self._watcher.stdin.closed:
            self._watcher.stdin.close()
        while self._watcher.poll() is None:
            for child, _ in self._children.values():
                child.poll()
            time.sleep(0.02)
        for child, _ in self._children.values():
            child.wait()
        self._children.clear()

    def __enter__(self) -> Self:
        """Return the guard itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the guard."""
        self.close()

    def _tell(self) -> None:
        if self._watcher.stdin is None or self._watcher.stdin.closed:
            return
        line = " ".join(f"{pid}:{int(polite)}" for pid, (_, polite) in self._children.items())
        self._watcher.stdin.write(f"{line}\n".encode())
        self._watcher.stdin.flush()


def end_sessions(leaders: Iterable[int], polite: signal.Signals, seconds: float) -> None:
    """Ask each leader to end, wait up to `seconds`, then kill what is left of their sessions."""
    sessions = set(leaders)
    for leader in sessions:
        _send(leader, polite)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(_members(sessions)):
            return
        time.sleep(0.05)
    for member in list(_members(sessions)):
        _send(member, signal.SIGKILL)


def _members(sessions: set[int]) -> Iterator[int]:
    """Yield the living processes of these sessions."""
    for pid in _all_processes():
        try:
            if os.getsid(pid) in sessions and not _is_zombie(pid):
                yield pid
        except (ProcessLookupError, PermissionError):
            continue


def _all_processes() -> list[int]:
    if Path("/proc/self").exists():
        return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]  # noqa: PTH208 - names only
    listed = subprocess.run(["ps", "-A", "-o", "pid="], capture_output=True, text=True, check=True)  # noqa: S607 - the machine's own ps
    return [int(pid) for pid in listed.stdout.split()]


def _is_zombie(pid: int) -> bool:
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def _send(pid: int, what: signal.Signals) -> None:
    try:
        os.kill(pid, what)
    except (ProcessLookupError, PermissionError):
        return


def _watch_pipe() -> None:
    """Read `pid:signal pid:signal …` lines until the owner is gone; the last line counts."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    last = ""
    for line in sys.stdin:
        last = line
    children = [
        (int(pid), signal.Signals(int(polite))) for pid, polite in (e.split(":") for e in last.split())
    ]
    for polite, seconds in _SECONDS.items():
        end_sessions([pid for pid, how in children if how == polite], polite, seconds)


if __name__ == "__main__":
    _watch_pipe()
