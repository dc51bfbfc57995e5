"""A SKU's listings at a platform, by the names that its stock interface takes, and their parts of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from orderhub.platforms.writes import StockWrite, named_by


@dataclass(frozen=True)
class Listing:
    """One listing of a shop: ids of the platform, and the code that the merchant typed there."""

    item_id: str
    sku_id: str
    merchant_code: str

    def values(self, pieces: int, version: int) -> dict[str, Any]:
        """Return what the placeholders of a call stand for; an id that is not there is None."""
        return {
            "item_id": self.item_id or None,
            "item_number": _number(self.item_id),
            "sku_id": self.sku_id or None,
            "sku_number": _number(self.sku_id),
            "merchant_code": self.merchant_code or None,
            "quantity": pieces,
            "version": version,
        }


def listings_of(call: StockWrite, rows: Iterable[Any]) -> list[Listing]:
    """Return the listings that `call` can name, those that it cannot tell apart as one.

    Args:
        call: says by which of its names a listing is meant.
        rows: with item_id, platform_sku_id and merchant_code, each "" where it is not known.
    """
    named = sorted(named_by(call))
    needed = [name for name in named if name not in call.optional]
    found: dict[tuple[str, ...], Listing] = {}
    for row in rows:
        listing = Listing(row.item_id, row.platform_sku_id, row.merchant_code)
        if all(getattr(listing, name) for name in needed):
            found.setdefault(tuple(getattr(listing, name) for name in named), listing)
    return list(found.values())


def divide(pieces: int, listings: Sequence[Listing]) -> list[tuple[Listing, int]]:
    """Return each listing with its part of `pieces`; together they are never more."""
    each, more = divmod(pieces, len(listings))
    return [(listing, each + (place < more)) for place, listing in enumerate(listings)]


def _number(text: str) -> int | str | None:
    """Return a platform's id as the number that it is, where it is one."""
    return int(text) if text.isascii() and text.isdecimal() else text or None
