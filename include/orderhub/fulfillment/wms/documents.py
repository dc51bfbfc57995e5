"""A parcel in Qimen's words: one fulfillment order, or several that were merged, line by line.

What may be said of the receiver is the shop's export policy.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from orderhub.clock import BEIJING
from orderhub.config.models import MerchantConfig, Wms
from orderhub.fulfillment.wms.xml import Tree

#: Qimen wants every one of these; where we may not say it, or nobody does, it gets this.
_UNSAID = "***"
#: Kind of an order → Qimen's word for its delivery order.
ORDER_TYPES = {"sale": "JYCK", "exchange": "HHCK", "resend": "BFCK"}
_RETURNED, _EXCHANGED = "THRK", "HHRK"
_GOOD = "ZP"


def delivery_order(lines: Sequence[Row[Any]], config: MerchantConfig, wms: Wms) -> Tree:
    """Return the request of one delivery order: `lines` are all lines of it, of one order or of several."""
    first = lines[0]
    deadlines = [line.ship_by_at for line in lines if line.ship_by_at]
    is_merged = any(line.order_id != first.order_id for line in lines)
    shop = next((shop for shop in config.shops if shop.id == first.shop_id), None)
    due, got = _amounts(lines)
    listed = max(due + got, sum(line.unit_price_fen * line.quantity for line in lines))
    return {
        "deliveryOrder": {
            "deliveryOrderCode": first.delivery_order_code,
            "orderType": ORDER_TYPES[first.order_kind],
            "preDeliveryOrderCode": first.earlier_code,
            "warehouseCode": wms.warehouse_code,
            "orderFlag": "COD" if due else None,
            "sourcePlatformCode": wms.source_codes.get(first.platform, "OTHERS"),
            "createTime": _time(first.created_at),
            "placeOrderTime": _time(first.placed_at or first.created_at),
            "payTime": _time(first.paid_at) if first.paid_at else None,
            "operateTime": _time(first.created_at),
            "shopNick": shop.name if shop else first.shop_id,
            "buyerNick": first.buyer_label or _UNSAID,
            "totalAmount": _yuan(due + got),
            "itemAmount": _yuan(listed),
            "discountAmount": _yuan(listed - due - got),
            "freight": "0.00",
            "arAmount": _yuan(due),
            "gotAmount": _yuan(got),
            "logisticsCode": _carrier(first.carrier_id, config, wms),
            "expressCode": first.tracking_number,
            "latestDeliveryTime": _time(min(deadlines)) if deadlines else None,
            "senderInfo": _sender(wms),
            "receiverInfo": _receiver(first, is_masked=shop is not None and shop.export_policy == "masked"),
            "oaidOrderSourceCode": first.platform_order_id if first.token else None,
        },
        "orderLines": {
            "orderLine": [
                # Lines of one order have ids of their own; those of several may have the same.
                _line(line, str(number) if is_merged else line.line_id, wms)
                for number, line in enumerate(lines, start=1)
            ]
        },
    }


def return_order(lines: Sequence[Row[Any]], config: MerchantConfig, wms: Wms) -> Tree:
    """Return the request that announces one return: `lines` are its SKUs, the sender is the buyer."""
    first = lines[0]
    shop = next((shop for shop in config.shops if shop.id == first.shop_id), None)
    sender = _receiver(first, is_masked=shop is not None and shop.export_policy == "masked")
    return {
        "returnOrder": {
            "returnOrderCode": first.return_order_code,
            "warehouseCode": wms.warehouse_code,
            "orderType": _EXCHANGED if first.kind == "exchange" else _RETURNED,
            "preDeliveryOrderCode": first.delivery_order_code,
            # Which carrier brings it is known when it arrives.
            "logisticsCode": "OTHER",
            "returnReason": first.reason or None,
            "buyerNick": first.buyer_label or None,
            "senderInfo": {name: value for name, value in sender.items() if name != "oaid"},
        },
        "orderLines": {
            "orderLine": [
                {
                    "orderLineNo": str(number),
                    "ownerCode": wms.owner_code,
                    "itemCode": line.sku_id,
                    "planQty": line.quantity,
                    "inventoryType": _GOOD,
                }
                for number, line in enumerate(lines, start=1)
            ]
        },
    }


def _amounts(lines: Sequence[Row[Any]]) -> tuple[int, int]:
    """Return what is collected at the door for these documents, and what was paid for the others before, fen.

    What is collected was said of each document when its list was closed, freight included.
    """
    asked = {line.fulfillment_order_id: line.cod_fen for line in lines}
    due = sum(fen for fen in asked.values() if fen is not None)
    return due, sum(line.paid_fen for line in lines if line.cod_fen is None)


def _carrier(carrier_id: str | None, config: MerchantConfig, wms: Wms) -> str:
    """Return the chosen carrier's code at a WMS; where none was chosen, the one that warehouses.yaml says."""
    carrier = config.carriers.carrier(carrier_id)
    return carrier.codes.get("wms", wms.carrier_code) if carrier else wms.carrier_code


def _line(line: Row[Any], line_no: str, wms: Wms) -> Tree:
    return {
        "orderLineNo": line_no,
        "sourceOrderCode": line.platform_order_id,
        "subSourceOrderCode": line.line_id,
        "ownerCode": wms.owner_code,
        "itemCode": line.sku_id,
        "inventoryType": _GOOD,
        "itemName": line.title or line.sku_id,
        "planQty": line.quantity,
        "retailPrice": _yuan(line.unit_price_fen),
        "actualPrice": _yuan(line.paid_fen // line.quantity),
    }


def _sender(wms: Wms) -> Tree:
    sender = wms.sender
    return {
        "name": sender.name,
        "mobile": sender.phone,
        "province": sender.province,
        "city": sender.city,
        "area": sender.district or None,
        "detailAddress": sender.address,
    }


def _receiver(row: Row[Any], *, is_masked: bool) -> Tree:
    """Return the receiver: region and token always, the masks only where the shop's policy allows them."""
    shown = (row.name_masked, row.phone_masked, row.address_masked) if is_masked else (None, None, None)
    name, phone, address = (value or _UNSAID for value in shown)
    return {
        "name": name,
        "mobile": phone,
        "province": row.province or _UNSAID,
        "city": row.city or row.district or row.province or _UNSAID,
        "area": row.district,
        "town": row.town,
        "detailAddress": address,
        "oaid": row.token,
    }


def _time(instant: datetime) -> str:
    return instant.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def _yuan(fen: int) -> str:
    sign, rest = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{rest // 100}.{rest % 100:02d}"
