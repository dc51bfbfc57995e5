"""The stock of one SKU: `product/stock/update`, more (1), less (2) or set (3), in force at once."""

from typing import Any

from sandbox.gateway.call import Call
from sandbox.gateway.stock import Listing, is_count, listing_of, take
from sandbox.wechat.errors import wechat_error as refused
from sandbox.wechat.product import sku_id

UPDATE = "channels/ec/product/stock/update"
BAD_PARAMETER, NO_PRODUCT, FAILED, NO_CHANGE, TOO_FEW = 10020051, 10020052, 10020054, 10020218, 10020219
NEVER_LISTED = 10020289
MORE, LESS, SET = 1, 2, 3


def update_stock(call: Call) -> dict[str, Any]:
    """Answer nothing: the figure was taken.

    Raises:
        RefusalError: a parameter is wrong, or the product takes no such figure.
    """
    body = call.incoming.json
    kind, asked = body.get("diff_type"), body.get("num")
    texts = (body.get("product_id"), body.get("sku_id"))
    if (
        kind not in {MORE, LESS, SET}
        or not is_count(asked)
        or not all(isinstance(text, str) for text in texts)
    ):
        raise refused(BAD_PARAMETER, "参数错误")
    listing = listing_of(call, lambda line: (str(line.platform_item_id), sku_id(line)) == texts)
    if listing is None or listing.standing == "deleted":
        raise refused(NO_PRODUCT, "商品不存在")
    if listing.standing == "off_shelf":
        raise refused(NEVER_LISTED, "该商品从未曾经上架成功过,不允许直接更新库存")
    take(call, listing, _pieces(listing, kind, int(asked or 0)))
    return {}


def _pieces(listing: Listing, kind: int, asked: int) -> int:
    if kind != SET and not asked:
        raise refused(NO_CHANGE, "增加减少数量为0")
    before = listing.offered or 0
    pieces = {MORE: before + asked, LESS: before - asked, SET: asked}[kind]
    if pieces < 0:
        raise refused(TOO_FEW, "库存不足以减扣")
    if listing.loses(pieces):
        raise refused(FAILED, "更新库存失败")
    return pieces
