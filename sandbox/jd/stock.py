"""The stock of some SKUs: `jingdong.ware.stock.sku.set`, each with its own answer; texts are our choice."""

from collections.abc import Mapping
from typing import Any

from sandbox.gateway.call import Call
from sandbox.gateway.stock import is_count, listing_of, take
from sandbox.jd.envelope import jos_error
from sandbox.jd.order import sku_of
from sandbox.jd.request import business_of

SET_STOCK = "jingdong.ware.stock.sku.set"
MOST_SKUS = 30
WHOLE = "fullStockIn"


def set_stock(call: Call) -> dict[str, Any]:
    """Answer what became of each SKU; the call as a whole succeeds all the same.

    Raises:
        RefusalError: a parameter is missing or wrong.
    """
    wish = business_of(call.incoming).get("req")
    if not isinstance(wish, dict) or not isinstance(wish.get("skuStocks"), list):
        raise jos_error("60", "req.skuStocks")
    stocks = wish["skuStocks"]
    if wish.get("updateModel") != WHOLE or not 0 < len(stocks) <= MOST_SKUS:
        raise jos_error("61", f"updateModel, skuStocks: 1 to {MOST_SKUS}")
    for stock in stocks:
        if type(stock.get("skuId")) is not int or not is_count(stock.get("stockNum")):
            raise jos_error("61", "skuId, stockNum")
    return {
        "returnType": {"success": True, "obj": {"updateStockResult": [_set(call, one) for one in stocks]}}
    }


def _set(call: Call, stock: Mapping[str, Any]) -> dict[str, Any]:
    number, pieces = stock["skuId"], stock["stockNum"]
    listing = listing_of(call, lambda line: sku_of(line) == str(number))
    result = {"data": number, "storeId": stock.get("storeId", 0)}
    if listing is None or listing.standing == "deleted":
        return {**result, "success": False, "message": "sku不存在或已删除"}
    if listing.loses(pieces):
        return {**result, "success": False, "message": "sku参加促销活动,库存不能下调"}
    take(call, listing, pieces)
    return {**result, "success": True}
