"""What processes cost, read from Linux's `/proc`."""

import os
from pathlib import Path


def descendants(root: int) -> list[int]:
    """Return `root` and every process below it, sorted."""
    parents = {int(p.name): _parent(p) for p in Path("/proc").iterdir() if p.name.isdigit()}
    family = {root}
    grew = True
    while grew:
        found = {process for process, parent in parents.items() if parent in family} - family
        family |= found
        grew = bool(found)
    return sorted(family)


def _parent(folder: Path) -> int:
    try:
        return int((folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def cpu_seconds(processes: list[int]) -> dict[int, float]:
    """Return process → CPU seconds used so far; one that has ended is left out."""
    tick = os.sysconf("SC_CLK_TCK")
    used = {}
    for process in processes:
        try:
            fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        used[process] = (int(fields[11]) + int(fields[12])) / tick
    return used


def pss_mib(process: int) -> float:
    """Return the proportional set size of a process, MiB; 0 when it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
