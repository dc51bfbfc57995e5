"""The stock of one SKU: `sku.syncStock`, whole, or (`incremental`) by more and less under an id."""

from typing import Any

from sandbox.douyin.envelope import BAD_IN_BUSINESS, BUSINESS_FAILED, MISSING_IN_BUSINESS, refusal
from sandbox.douyin.line import product_number, sku_number
from sandbox.gateway.call import Call
from sandbox.gateway.stock import Listing, is_count, listing_of, take

SYNC = "sku.syncStock"


def sync_stock(call: Call) -> dict[str, Any]:
    """Answer nothing: the figure was taken.

    Raises:
        RefusalError: a parameter is missing or wrong, or the SKU takes no such figure.
    """
    wish = call.incoming.json
    for name in ("sku_id", "product_id", "stock_num"):
        if name not in wish:
            raise refusal(MISSING_IN_BUSINESS, f"isv.missing-parameter:{name}", f"缺少{name}")
        if type(wish[name]) is not int:
            raise refusal(BAD_IN_BUSINESS, f"isv.parameter-invalid:{name}", f"{name}须为数字")
    is_incremental = wish.get("incremental", False)
    if type(is_incremental) is not bool:
        raise refusal(BAD_IN_BUSINESS, "isv.parameter-invalid:incremental", "incremental须为布尔值")
    if is_incremental and not wish.get("idempotent_id"):
        raise refusal(MISSING_IN_BUSINESS, "isv.missing-parameter:idempotent_id", "缺少idempotent_id")
    listing = _listing(call, wish["product_id"], wish["sku_id"])
    before = (listing.offered or 0) if is_incremental else 0
    _judge(listing, before + wish["stock_num"])
    take(call, listing, before + wish["stock_num"])
    return {}


def _listing(call: Call, product: int, sku: int) -> Listing:
    found = listing_of(call, lambda line: (product_number(line), sku_number(line)) == (product, sku))
    if found is None:
        raise refusal(BAD_IN_BUSINESS, "isv.parameter-invalid:5", f"sku_id: {sku}, 找不到对应的sku")
    return found


def _judge(listing: Listing, pieces: int) -> None:
    if listing.standing == "deleted":
        raise refusal(BAD_IN_BUSINESS, "isv.parameter-invalid:4", "当前sku已被删除,禁止修改库存")
    if listing.standing == "off_shelf":
        raise refusal(BUSINESS_FAILED, "isv.business-failed:2010043", "商品封禁,不可更新")
    if not is_count(pieces):
        raise refusal(BUSINESS_FAILED, "isv.business-failed:2010012", "更新库存数失败: 库存不足")
    if listing.loses(pieces):
        raise refusal(
            BUSINESS_FAILED, "isv.business-failed:-20008", "当前商品的部分SKU库存不得低于活动设置的库存数"
        )
