"""SQL that counts the pieces of a line which left in parcels: lines say it, or their parcels do.

Goods of one SKU are alike: what left counts for the first line of that SKU, then for the next.
"""

import json

from orderhub.platforms.spec import Shipped
from orderhub.transform.payload_sql import literal

#: Of the step that counts: earlier lines of the order with the same SKU.
_EARLIER = (
    "(partition by order_id, platform_sku_id order by line_no rows between unbounded preceding "
    "and 1 preceding)"
)


def goods_column(shipped: Shipped | None) -> str:
    """Return the column `shipped_goods` of the payload `s`: the goods of all parcels."""
    if shipped is None:
        return "null::jsonb as shipped_goods"
    path = "$" + "".join(
        "[*]" if part == "*" else f".{json.dumps(part, ensure_ascii=False)}"
        for part in shipped.goods.split(".")
    )
    return f"jsonb_path_query_array(s.payload, {literal(path)}) as shipped_goods"


def pieces_column(shipped: Shipped | None) -> str:
    """Return the column `shipped_pieces` of the converted lines: null where nothing says how many left."""
    if shipped is None:
        return "shipped_quantity as shipped_pieces"
    key, column = (shipped.line, "line_id") if shipped.line else (shipped.sku, "platform_sku_id")
    good, quantity = f"good ->> {literal(key)}", f"good ->> {literal(shipped.quantity)}"
    left = (
        f"select sum(({quantity})::bigint) from jsonb_array_elements(shipped_goods) as every(good) "  # noqa: S608 - names of files, quoted
        f"where {good} = {column} and {quantity} ~ '^[0-9]{{1,9}}$'"
    )
    if shipped.line:
        return f"coalesce(({left}), 0) as shipped_pieces"
    return f"coalesce(({left}), 0) - coalesce(sum(quantity) over {_EARLIER}, 0) as shipped_pieces"
