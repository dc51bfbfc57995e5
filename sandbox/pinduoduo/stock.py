"""The stock of one SKU: `pdd.goods.quantity.update`, whole or by more and less; texts are our choice."""

from typing import Any

from sandbox.gateway.call import Call
from sandbox.gateway.stock import Listing, listing_of, take
from sandbox.gateway.wire import RefusalError
from sandbox.pinduoduo.refund import goods_ids
from sandbox.pinduoduo.request import named, number, parameters_of, pop_error

UPDATE = "pdd.goods.quantity.update"
WHOLE, BY_MORE_OR_LESS = 1, 2
MOST_PIECES = 10**8


def update_quantity(call: Call) -> dict[str, Any]:
    """Answer that the figure was taken.

    Raises:
        RefusalError: a parameter is missing or wrong, or the goods take no such figure.
    """
    asked = parameters_of(call.incoming)
    named(asked, "goods_id"), named(asked, "quantity")
    kind = number(asked, "update_type", WHOLE, BY_MORE_OR_LESS, WHOLE)
    listing = _listing(call, asked)
    if kind == WHOLE:
        pieces = number(asked, "quantity", 0, MOST_PIECES, 0)
    else:
        pieces = (listing.offered or 0) + _signed(asked["quantity"])
    if pieces < 0:
        raise _refused("库存不足,增量更新后的库存不能小于0")
    if listing.standing == "off_shelf":
        raise _refused("商品审核中或已下架,不能修改库存")
    if listing.loses(pieces):
        raise _refused("商品在资源位上,不能减少库存")
    take(call, listing, pieces)
    return {"is_success": True}


def _listing(call: Call, asked: dict[str, str]) -> Listing:
    name = "sku_id" if asked.get("sku_id") else "outer_id"
    wanted = asked["goods_id"], named(asked, name)
    found = listing_of(
        call, lambda line: (str(goods_ids(line)["goods_id"]), str(goods_ids(line)[name])) == wanted
    )
    if found is None or found.standing == "deleted":
        raise _refused("商品或规格不存在")
    return found


def _signed(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise pop_error(10001, "参数错误", "参数错误:quantity须为整数") from None


def _refused(message: str) -> RefusalError:
    return pop_error(50001, "业务服务错误", message, "50001")
