"""Which warehouse stands in for which: chains without circles.

Standard library only.
"""

from collections.abc import Iterable, Mapping


def circle_of(backups: Mapping[str, str]) -> tuple[str, ...]:
    """Return the first circle among `backups` (warehouse → its backup): a, b, a; empty: there is none."""
    for start in backups:
        path = [start]
        while (following := backups.get(path[-1])) is not None:
            if following in path:
                return (*path[path.index(following) :], following)
            path.append(following)
    return ()


def with_backups(warehouses: Iterable[str], backups: Mapping[str, str]) -> dict[str, str | None]:
    """Return the warehouses to try, in order, each with the one that it stands in for.

    First those given, then their backups, then the backups of those; `backups` holds no circle.
    """
    tried: dict[str, str | None] = dict.fromkeys(warehouses)
    waiting = list(tried)
    for warehouse_id in waiting:
        backup = backups.get(warehouse_id)
        if backup is not None and backup not in tried:
            tried[backup] = warehouse_id
            waiting.append(backup)
    return tried
