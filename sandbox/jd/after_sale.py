"""After-sales as the gateway shows them: two lists that know nothing of each other.

Before shipping a buyer applies for the money back: an application names an order and an amount, no goods.
After shipping there are services: each names one SKU. Both numbers may be the same and mean two things.
"""

from datetime import datetime
from typing import Any

from sandbox.gateway.text import beijing, yuan
from sandbox.jd.order import sku_of, vender_id
from sandbox.world.model import AfterSale, AfterSaleKind, AfterSaleState, Order

APPLICATION = {
    AfterSaleState.APPLIED: 0,
    AfterSaleState.AGREED: 1,
    AfterSaleState.GOODS_RETURNED: 1,
    AfterSaleState.REJECTED: 2,
    AfterSaleState.REFUNDED: 3,
    AfterSaleState.RESENT: 3,
    AfterSaleState.WITHDRAWN: 11,
}
SERVICE = {
    AfterSaleState.APPLIED: (10001, "待审核"),
    AfterSaleState.GOODS_RETURNED: (10007, "待处理"),
    AfterSaleState.REFUNDED: (10010, "完成"),
    AfterSaleState.RESENT: (10010, "完成"),
    AfterSaleState.REJECTED: (10004, "审核关闭"),
    AfterSaleState.WITHDRAWN: (10011, "取消"),
}
AGREED = {
    AfterSaleKind.RETURN_REFUND: (10005, "待收货"),
    AfterSaleKind.EXCHANGE: (10005, "待收货"),
    AfterSaleKind.RESHIP: (10007, "待处理"),
    AfterSaleKind.REFUND_ONLY: (10041, "提交退款申请"),
    AfterSaleKind.MONEY_ONLY: (10041, "提交退款申请"),
}
EXPECTS = {
    AfterSaleKind.RETURN_REFUND: (10, "退货"),
    AfterSaleKind.EXCHANGE: (20, "换货"),
    AfterSaleKind.RESHIP: (80, "补发商品"),
    AfterSaleKind.REFUND_ONLY: (11, "仅退款"),
    AfterSaleKind.MONEY_ONLY: (11, "仅退款"),
}


def is_application(after_sale: AfterSale) -> bool:
    """Return whether it is an application before shipping; all others are services."""
    return after_sale.kind is AfterSaleKind.REFUND_ONLY and not after_sale.was_shipped


def is_service(after_sale: AfterSale) -> bool:
    """Return whether it is a service."""
    return not is_application(after_sale)


def applied_at(after_sale: AfterSale) -> datetime | None:
    """Return when an application was made; one that was refused and made again has the later time."""
    if is_service(after_sale):
        return None
    again = after_sale.reopened and after_sale.state is AfterSaleState.APPLIED
    return after_sale.modified if again else after_sale.applied_at


def checked_at(after_sale: AfterSale) -> datetime | None:
    """Return when an application was last judged; None before."""
    if is_service(after_sale) or after_sale.state is AfterSaleState.APPLIED:
        return None
    return after_sale.modified


def application_row(order: Order, after_sale: AfterSale) -> dict[str, Any]:
    """Return an application; the amount is in fen, and what was not judged has no time of it."""
    row: dict[str, Any] = {
        "id": int(after_sale.after_sale_id),
        "orderId": order.order_id,
        "buyerId": f"jd_{order.buyer.open_uid[:12]}",
        "buyerName": f"{order.receiver.name[0]}**",
        "status": APPLICATION[after_sale.state],
        "applyRefundSum": after_sale.refund_fen,
        "applyTime": beijing(applied_at(after_sale) or after_sale.applied_at),
        "reason": after_sale.reason,
    }
    if at := checked_at(after_sale):
        row |= {"checkTime": beijing(at), "checkUserName": "审核员"}
    return row


def service_row(order: Order, after_sale: AfterSale) -> dict[str, Any]:
    """Return a service; the amount is in fen."""
    agreed = after_sale.state is AfterSaleState.AGREED
    status, name = AGREED[after_sale.kind] if agreed else SERVICE[after_sale.state]
    expects, expects_name = EXPECTS[after_sale.kind]
    row: dict[str, Any] = {
        "serviceId": int(after_sale.after_sale_id),
        "applyId": int(after_sale.after_sale_id) + 1,
        "buId": vender_id(order.shop_id),
        "orderId": int(order.order_id),
        "orderType": 22,
        "serviceStatus": status,
        "serviceStatusName": name,
        "customerExpect": expects,
        "customerExpectName": expects_name,
        "serviceCount": sum(claim.quantity for claim in after_sale.claims),
        "applyRefundSum": after_sale.refund_fen,
        "questionDesc": after_sale.reason,
        "applyTime": beijing(after_sale.applied_at),
        "updateDate": beijing(after_sale.modified),
        "open_id_buyer": order.buyer.open_uid,
    }
    if len(after_sale.claims) == 1:
        line = next(line for line in order.lines if line.line_id == after_sale.claims[0].line_id)
        row |= {"skuId": int(sku_of(line)), "wareName": line.title, "actualPayPrice": yuan(line.divided_fen)}
    return row
