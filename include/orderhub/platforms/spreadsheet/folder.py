"""Finds the files of a drop folder that nobody writes any more, and sees whether one changed meanwhile."""

from datetime import timedelta
from pathlib import Path

from orderhub.clock import Clock

#: A file still being copied changes; it is taken once it has rested this long.
RESTING = timedelta(seconds=2)
_TEMPORARY = (".tmp", ".part", ".crdownload", ".download", ".swp")
#: What changes when a file is replaced or written to.
State = tuple[int, int, int]


def finished_files(folder: Path, clock: Clock) -> list[Path]:
    """Return the files of `folder` itself that have rested, the oldest first."""
    now = clock.now().timestamp()
    latest = now - RESTING.total_seconds()
    found = [
        (status.st_mtime, file)
        for file in folder.iterdir()
        if file.is_file()
        and not file.is_symlink()
        and not file.name.startswith((".", "~$"))
        and file.suffix.lower() not in _TEMPORARY
        and not latest < (status := file.stat()).st_mtime <= now  # A time to come is a wrong clock's.
    ]
    return [file for _, file in sorted(found)]


def state_of(file: Path) -> State:
    """Return what changes when a file is replaced or written to."""
    status = file.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns
