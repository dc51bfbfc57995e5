"""How many pieces the shop offers: `POST /stock`, absolute; an older version changes nothing."""

import json

from sandbox.gateway.call import Call
from sandbox.miniprogram.request import refusal

SET_STOCK = "stock.set"
MOST_ITEMS = 100


def set_stock(call: Call) -> bytes:
    """Answer how many figures were taken; all or none.

    Raises:
        RefusalError: 400, or 422 where the shop sells no such goods.
    """
    items = call.incoming.json.get("items")
    if not isinstance(items, list) or not 0 < len(items) <= MOST_ITEMS:
        raise refusal(400, "invalid_parameter", f"items: 1 to {MOST_ITEMS} are allowed")
    sold = {line.merchant_code for order in call.world.orders.values() for line in order.lines}
    for item in items:
        for name in ("quantity", "version"):
            if type(item.get(name)) is not int or item[name] < 0:
                raise refusal(400, "invalid_parameter", f"{name} is {item.get(name)!r}, not a whole number")
        if item.get("sku_code") not in sold:
            raise refusal(422, "unknown_sku", f"the shop sells no {item.get('sku_code')!r}")
    for item in items:
        call.world.offer(call.shop_id, item["sku_code"], item["version"], item["quantity"], call.now)
    return json.dumps({"accepted": len(items)}).encode()
