"""The stock of an item or a SKU: `taobao.item.quantity.update`, whole (1) or by more and less (2)."""

from collections.abc import Mapping
from typing import Any

from sandbox.gateway.call import Call
from sandbox.gateway.stock import Listing, listing_of, take
from sandbox.gateway.text import beijing
from sandbox.gateway.wire import RefusalError
from sandbox.taobao.envelope import top_error

UPDATE = "taobao.item.quantity.update"
WHOLE, BY_MORE_OR_LESS = "1", "2"


def update_quantity(call: Call) -> dict[str, Any]:
    """Answer the item with what it offers now.

    Raises:
        RefusalError: a parameter is missing or wrong, or the item takes no such figure.
    """
    form = call.incoming.form
    for name in ("num_iid", "quantity"):
        if not form.get(name):
            raise top_error(40, f"Missing Required Arguments:{name}")
    kind = form.get("type") or WHOLE
    digits = form["quantity"].removeprefix("-")
    if kind not in {WHOLE, BY_MORE_OR_LESS} or not (digits.isascii() and digits.isdigit()):
        raise top_error(41, "Invalid Arguments:type,quantity")
    listing = _listing(call, form)
    pieces = _judged(listing, int(form["quantity"]), kind)
    take(call, listing, pieces)
    stamp = beijing(call.now)
    skus = (
        [{"sku_id": int(form["sku_id"]), "quantity": pieces, "modified": stamp}] if form.get("sku_id") else []
    )
    item = {"num_iid": int(form["num_iid"]), "num": pieces, "modified": stamp}
    return {"item": {**item, "skus": {"sku": skus}} if skus else item}


def _listing(call: Call, form: Mapping[str, str]) -> Listing:
    is_item = listing_of(call, lambda line: str(line.platform_item_id) == form["num_iid"])
    if is_item is None:
        raise _refused("isv.item-not-exist:invalid-numIid-or-iid", "商品id对应的商品不存在")
    sku_id = form.get("sku_id", "")
    if not sku_id and is_item.has_variants:
        raise _refused("isv.item-quantity-item-update-service-error", "商品含有销售属性,请指定SKU")
    found = listing_of(
        call, lambda line: (str(line.platform_item_id), line.platform_sku_id) == (form["num_iid"], sku_id)
    )
    if found is None:
        raise _refused("isv.invalid-parameter:sku-properties", f"没有找到SKUID:{sku_id}")
    return found


def _judged(listing: Listing, asked: int, kind: str) -> int:
    if listing.standing == "deleted":
        raise _refused("isv.item-is-delete:invalid-numIid-or-iid", "该商品已被删除")
    if listing.standing == "presale" and kind == WHOLE:
        raise _refused(
            "isv.item-is-presale:invalid-presale-tags-id", "预售商品,不能全量更新库存,只能增量更新库存"
        )
    if kind == WHOLE and asked < 0:
        raise _refused("isv.invalid-parameter:quantity", "库存数量不能为负数")
    pieces = asked if kind == WHOLE else max(0, (listing.offered or 0) + asked)
    if listing.loses(pieces):
        raise _refused("isv.item-quantity-sku-update-service-error", "该商品为#聚划算#活动商品,不能减少库存")
    return pieces


def _refused(sub_code: str, message: str) -> RefusalError:
    return top_error(15, "Remote service error", sub_code, message)
