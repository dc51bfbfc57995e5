"""How many pieces the shop offers: `POST /stock`, absolute; an older version changes nothing."""

import json
from typing import Any

from sandbox.gateway.call import Call
from sandbox.gateway.stock import is_count, listing_of
from sandbox.miniprogram.request import refusal

SET_STOCK = "stock.set"
MOST_ITEMS = 100


def set_stock(call: Call) -> bytes:
    """Answer how many figures were taken; all or none.

    Raises:
        RefusalError: 400, 409 or 422.
    """
    items = call.incoming.json.get("items")
    if not isinstance(items, list) or not 0 < len(items) <= MOST_ITEMS:
        raise refusal(400, "invalid_parameter", f"items: 1 to {MOST_ITEMS} are allowed")
    for item in items:
        for name in ("quantity", "version"):
            if not is_count(item.get(name)):
                raise refusal(400, "invalid_parameter", f"{name} is {item.get(name)!r}, not a whole number")
        _judge(call, item)
    for item in items:
        call.world.offer(call.shop_id, item["sku_code"], item["version"], item["quantity"], call.now)
    return json.dumps({"accepted": len(items)}).encode()


def _judge(call: Call, item: dict[str, Any]) -> None:
    code = item.get("sku_code")
    listing = listing_of(call, lambda line: line.merchant_code == code)
    if listing is None or listing.standing == "deleted":
        raise refusal(422, "unknown_sku", f"the shop sells no {code!r}")
    if listing.standing == "off_shelf":
        raise refusal(409, "sku_not_listed", f"{code!r} is not for sale")
    if listing.loses(item["quantity"]):
        raise refusal(409, "stock_locked", f"an activity holds the stock of {code!r}")
