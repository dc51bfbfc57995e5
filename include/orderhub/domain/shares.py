"""How the pieces that can be promised are divided among shops, so that together they never offer more.

Standard library only. A floor comes before every share: a live stream must not run dry because another shop
showed the same pieces.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """One shop's part of one SKU.

    Attributes:
        shop_id: the shop.
        percent: of what the floors leave.
        floor: pieces that are this shop's before anything is shared.
    """

    shop_id: str
    percent: int
    floor: int = 0


def share_out(pieces: int, shares: Sequence[Share]) -> dict[str, int]:
    """Return shop → pieces that it may offer; their sum is never more than `pieces`.

    Where not even the floors can be had, they are served in the order of `shares`.
    """
    left = max(0, pieces)
    floors: dict[str, int] = {}
    for share in shares:
        floors[share.shop_id] = here = min(share.floor, left)
        left -= here
    return {share.shop_id: floors[share.shop_id] + left * share.percent // 100 for share in shares}


def bundles_in(offered: Mapping[str, int], parts: Sequence[tuple[str, int]]) -> int:
    """Return how many bundles of `parts` (SKU, pieces) a shop's own pieces make; the scarcest decides."""
    return min(offered.get(sku_id, 0) // pieces for sku_id, pieces in parts)
