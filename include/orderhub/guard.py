"""Leaves no process behind: a tiny shell watches us and ends what we started once we are gone.

A process that dies of SIGKILL cannot clean up. So each owner of long-lived children keeps a pipe to one
`sh`, tells it every process group it started, and the shell acts when the pipe closes for whatever reason.
Works wherever there is a POSIX shell; needs neither root nor Linux.
"""

import subprocess
from types import TracebackType
from typing import Self

#: Reads lines `SIGNAL:group SIGNAL:group …`; the last line counts. At end of file it asks, waits, then kills.
_SCRIPT = r"""
trap '' INT TERM HUP QUIT
groups=''
while read -r line; do groups="$line"; done
for entry in $groups; do kill -s "${entry%%:*}" -- "-${entry##*:}"; done
for attempt in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    alive=''
    for entry in $groups; do kill -s 0 -- "-${entry##*:}" && alive=yes; done
    [ -z "$alive" ] && exit 0
    sleep 1
done
for entry in $groups; do kill -s KILL -- "-${entry##*:}"; done
"""


class Guard:
    """Ends the registered process groups when this process ends, however it ends."""

    def __init__(self) -> None:
        self._signals: dict[int, str] = {}
        self._shell = subprocess.Popen(  # noqa: S603 - our own constant script
            ["/bin/sh", "-c", _SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )

    def watch(self, group: int, signal_name: str = "TERM") -> None:
        """Register a process group and the signal that ends it politely (`INT` for PostgreSQL)."""
        self._signals[group] = signal_name
        self._tell()

    def forget(self, group: int) -> None:
        """Take back a group that ended, so that a later owner of its number is never hit."""
        self._signals.pop(group, None)
        self._tell()

    def close(self) -> None:
        """End every group still registered and wait until that is done."""
        if self._shell.stdin is not None and not self._shell.stdin.closed:
            self._shell.stdin.close()
        self._shell.wait()

    def __enter__(self) -> Self:
        """Return the guard itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the guard."""
        self.close()

    def _tell(self) -> None:
        if self._shell.stdin is None or self._shell.poll() is not None:
            return
        line = " ".join(f"{name}:{group}" for group, name in self._signals.items())
        self._shell.stdin.write(f"{line}\n".encode())
        self._shell.stdin.flush()
