"""A product order: one SKU of a shop order. The first one carries the number of its shop order."""

from typing import Any

from sandbox.douyin.money import amounts_of_line
from sandbox.douyin.state import STATUS_TEXTS, line_after_sale, line_status
from sandbox.world.model import Hold, Line, Order, PaymentKind

FIRST_PRODUCT = 3_500_000_000_000_000_000
CLOUD_WAREHOUSE, OWN_WAREHOUSE = 2, 0
NORMAL, GROUP, PRESALE, PRESALE_GIFT = 0, 1, 2, 102
TRADE_TEXTS = {NORMAL: "普通", GROUP: "拼团", PRESALE: "定金预售", PRESALE_GIFT: "定金预售的赠品单"}
ROOM = 7_345_678_901_234_567_890


def product_number(line: Line) -> int:
    """Return the platform's number of the item: longer than a double holds exactly."""
    return FIRST_PRODUCT + line.platform_item_id


def sku_number(line: Line) -> int:
    """Return the platform's number of the SKU; goods without variants have one too."""
    return int(line.platform_sku_id or line.platform_item_id)


def line_row(order: Order, line: Line) -> dict[str, Any]:
    """Return one product order."""
    status, main = line_status(order, line)
    trade = _trade_type(order, line)
    return {
        "order_id": line.line_id,
        "parent_order_id": order.order_id,
        "order_level": 3,
        "order_status": status,
        "order_status_desc": STATUS_TEXTS.get(status, ""),
        "main_status": main,
        "main_status_desc": STATUS_TEXTS.get(main, ""),
        "trade_type": trade,
        "trade_type_desc": TRADE_TEXTS[trade],
        **_goods(line),
        **amounts_of_line(order, line),
        **_gift(order, line),
        "after_sale_info": line_after_sale(order, line),
        "inventory_list": [_inventory(line)],
        "sku_order_tag_ui": [],
        "author_id": 3_271_000_000_000_001,
        "author_name": "简集主播",
        "theme_type": "1",
        "room_id": ROOM,
        "room_id_str": str(ROOM),
        "content_id": "0",
        "cid": 0,
        "c_biz": 8,
        "c_biz_desc": "小店自卖",
    }


def _trade_type(order: Order, line: Line) -> int:
    if order.group or order.hold is Hold.GROUP:
        return GROUP
    if order.payment_kind is not PaymentKind.PRESALE:
        return NORMAL
    return PRESALE_GIFT if line.is_gift else PRESALE


def _goods(line: Line) -> dict[str, Any]:
    named = [pair.partition(":") for pair in line.properties.split(";") if pair]
    number = product_number(line)
    return {
        "product_id": number,
        "product_id_str": str(number),
        "product_name": line.title,
        "product_pic": "",
        "goods_type": 0,
        "sku_id": sku_number(line),
        "spec": [{"name": name, "value": value} for name, _, value in named],
        "code": line.variant_code,
        "out_sku_id": "" if line.variant_code else line.item_code,
        "out_product_id": "0",
        "supplier_id": "",
        "item_num": line.quantity,
        "pre_sale_type": 0,
        "bundle_sku_info": [
            {"product_id": "", "sku_id": "", "product_name": part.code, "item_num": part.quantity}
            | {"picture_url": "", "code": part.code}
            for part in line.parts
        ],
    }


def _gift(order: Order, line: Line) -> dict[str, Any]:
    if line.is_gift:
        return {"given_product_type": "FREE", "master_sku_order_id_list": [order.lines[0].line_id]}
    has_gift = line is order.lines[0] and any(one.is_gift for one in order.lines)
    return {"given_product_type": "MASTER" if has_gift else "", "master_sku_order_id_list": []}


def _inventory(line: Line) -> dict[str, Any]:
    own = not line.is_fulfilled_by_platform
    return {
        "warehouse_id": "",
        "out_warehouse_id": "",
        "inventory_type": 1,
        "inventory_type_desc": "普通库存",
        "count": line.quantity,
        "warehouse_type": OWN_WAREHOUSE if own else CLOUD_WAREHOUSE,
    }
