"""What every platform asks itself before it takes a figure of stock that a client tells."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.gateway.call import Call
from sandbox.world.model import Line


@dataclass(frozen=True, slots=True)
class Listing:
    """One thing that the shop sells: how it stands, and what it offered before."""

    code: str
    has_variants: bool
    standing: str
    offered: int | None

    def loses(self, pieces: int) -> bool:
        """Return whether `pieces` would be fewer than an activity lets the shop offer."""
        return self.standing == "locked" and (self.offered is None or pieces < self.offered)


def listing_of(call: Call, is_it: Callable[[Line], bool]) -> Listing | None:
    """Return the listing of the shop that orders show and that `is_it` means; None when it sells no such."""
    for order in call.world.orders.values():
        if order.shop_id != call.shop_id:
            continue
        for line in order.lines:
            if is_it(line):
                key = call.shop_id, line.merchant_code
                known = call.world.offered.get(key)
                standing = call.world.standings.get(key, "on_shelf")
                has_variants = bool(line.platform_sku_id)
                return Listing(line.merchant_code, has_variants, standing, known[1] if known else None)
    return None


def take(call: Call, listing: Listing, pieces: int) -> None:
    """Book a figure on a platform that knows no versions: what is told last is so."""
    version = call.world.offered.get((call.shop_id, listing.code), (0, 0))[0]
    call.world.offer(call.shop_id, listing.code, version + 1, pieces, call.now)


def is_count(value: object) -> bool:
    """Return whether a JSON value is a whole number of pieces."""
    return type(value) is int and value >= 0
