"""Every process that descends from one, and whether they end; Airflow hides its command lines."""

import os
import select
from pathlib import Path


def descendants(ancestor: int) -> list[int]:
    """Return the ids of every process that descends from `ancestor`."""
    parents = {int(entry.name): _parent(entry) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    family = {ancestor}
    while True:
        grown = family | {pid for pid, parent in parents.items() if parent in family}
        if grown == family:
            return sorted(family - {ancestor})
        family = grown


def _parent(entry: Path) -> int:
    try:
        return int(
            (entry / "stat").read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[1].split()[1]
        )
    except OSError:
        return 0


def are_ended(pids: list[int]) -> bool:
    """Tell whether these processes end within a minute, as the kernel reports it."""
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        ended = select.select([descriptor], [], [], 60)[0]
        os.close(descriptor)
        if not ended:
            return False
    return True
