"""A line of an order as the gateway shows it. `real_price` is what was paid for all its pieces."""

from typing import Any

from sandbox.world.model import AfterSaleState, Line, Order

FINISHED = frozenset({AfterSaleState.REFUNDED, AfterSaleState.RESENT})


def product(order: Order, line: Line, deadline: int) -> dict[str, Any]:
    """Return one product of an order."""
    row: dict[str, Any] = {
        "product_id": str(line.platform_item_id),
        "sku_id": sku_id(line),
        "sku_code": line.merchant_code,
        "out_product_id": "",
        "out_sku_id": "",
        "product_unique_id": line.line_id,
        "title": line.title,
        "thumb_img": f"https://img.example.com/{line.platform_item_id}.jpg",
        "sku_attrs": _attributes(line),
        "sku_cnt": line.quantity,
        **_prices(line),
        "on_aftersale_sku_cnt": _claimed(order, line, is_open=True),
        "finish_aftersale_sku_cnt": _claimed(order, line, is_open=False),
        "out_warehouse_id": "",
        "sku_deliver_info": {"stock_type": 0},
        "extra_service": {"seven_day_return": 1, "freight_insurance": 0},
        "delivery_deadline": deadline,
    }
    if line.is_fulfilled_by_platform:
        row["dropship_info"] = {"ds_order_id": f"DS{line.line_id}"}
    return row | _gift(order, line) if line.is_gift else row


def sku_id(line: Line) -> str:
    """Return the platform's SKU: a product without variants has one too."""
    return line.platform_sku_id or f"47{line.platform_item_id % 10**11:011d}"


def package(line: Line, pieces: int) -> dict[str, Any]:
    """Return what a parcel says of a line."""
    return {"product_id": str(line.platform_item_id), "sku_id": sku_id(line), "product_cnt": pieces}


def _prices(line: Line) -> dict[str, Any]:
    row: dict[str, Any] = {
        "sale_price": line.price_fen,
        "market_price": line.price_fen,
        "real_price": line.divided_fen,
        "estimate_price": line.divided_fen,
        "is_discounted": line.shared_discount_fen > 0,
        "merchant_discounted_price": line.shared_discount_fen,
        "finder_discounted_price": 0,
        "limited_discount_discounted_price": line.discount_fen,
        "is_change_price": line.adjust_fen != 0,
    }
    return {**row, "change_price": line.total_fen} if line.adjust_fen else row


def _attributes(line: Line) -> list[dict[str, str]]:
    pairs = (text.partition(":") for text in line.properties.split(";") if text)
    return [{"attr_key": key, "attr_value": value} for key, _, value in pairs]


def _claimed(order: Order, line: Line, *, is_open: bool) -> int:
    return sum(
        claim.quantity
        for one in order.after_sales
        if (one.is_open if is_open else one.state in FINISHED)
        if (claim := one.claim_on(line.line_id))
    )


def _gift(order: Order, line: Line) -> dict[str, Any]:
    main = order.goods[0]
    named = {"product_id": str(main.platform_item_id), "sku_id": sku_id(main), "gift_cnt": line.quantity}
    return {"is_free_gift": 1, "free_gift_info": {"main_product_list": [named]}}
