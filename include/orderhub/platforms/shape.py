"""Notices that a platform took a required field away, before anything of such a page is stored.

One record without a field is a bad order: it is staged, and checks hold it. A whole page without it is
another protocol: order after order would be mapped wrongly, so the shop stops for a person.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from orderhub.errors import RemovedFieldError
from orderhub.platforms.field_map import REQUIRED, REQUIRED_OF_REFUNDS, FieldRule
from orderhub.platforms.payload import at_path
from orderhub.platforms.spec import Platform

#: Fewer records may lack a field by chance.
FEWEST = 3


def refuse_removed_paths(what: str, shop_id: str, rows: Sequence[Any], paths: Iterable[str]) -> None:
    """Refuse a page none of whose rows has anything at one of `paths` (`a|b`: neither of them).

    Raises:
        RemovedFieldError: naming the path and the shop.
    """
    objects = [row for row in rows if isinstance(row, dict)]
    if len(objects) < FEWEST:
        return
    for path in paths:
        if not any(_has(row, path) for row in objects):
            raise RemovedFieldError(
                f"shop {shop_id}, {what}: none of {len(objects)} records has {path}, which is required; "
                "nothing of the page was stored. If the platform renamed it, correct platform.yaml and "
                "fields.csv; the shop goes on by itself"
            )


def refuse_removed_fields(platform: Platform, shop_id: str, stream: str, records: Sequence[Any]) -> None:
    """Refuse whole records of `stream` (orders or refunds) that all lack a field that must be mapped.

    Raises:
        RemovedFieldError: naming the path and the shop.
    """
    places = platform.spec.records
    what = f"{platform.spec.name} {stream}"
    if stream == "refunds":
        rules = [rule for rule in platform.field_map.refund if rule.field in REQUIRED_OF_REFUNDS]
        refuse_removed_paths(what, shop_id, records, _paths(places.refund, rules))
        return
    required = {(record, name) for record, name in REQUIRED}
    orders = [rule for rule in platform.field_map.order if ("order", rule.field) in required]
    refuse_removed_paths(what, shop_id, records, _paths(places.order, orders))
    lines = [rule for rule in platform.field_map.line if ("line", rule.field) in required]
    found = list(_lines(records, places.lines)) if len(records) >= FEWEST else []
    refuse_removed_paths(f"{what}, lines", shop_id, found, _paths("", lines))


def _paths(root: str, rules: Iterable[FieldRule]) -> Iterator[str]:
    """Yield the plain paths of each rule as alternatives; one that steps by name or item is not judged."""
    for rule in rules:
        if rule.constant is None and not any("=" in path or "*" in path for path in rule.paths):
            yield "|".join(
                path[1:] if path.startswith("/") else f"{root}.{path}" if root else path
                for path in rule.paths
            )


def _has(row: Any, path: str) -> bool:
    """Return whether anything stands at `path`; what is inside a list is not judged: it counts."""
    for alternative in path.split("|"):
        found = row
        for key in alternative.split("."):
            if isinstance(found, list):
                return True
            found = found.get(key) if isinstance(found, dict) else None
        if found is not None:
            return True
    return False


def _lines(records: Iterable[Any], lists: str) -> Iterator[Any]:
    for record in records:
        for path in lists.split("+"):
            found = at_path(record, path)
            yield from found if isinstance(found, list) else ()
