"""The platform's numbers for where an order, a line and an after-sale stand."""

from sandbox.world.model import AfterSale, AfterSaleKind, AfterSaleState, Line, Order, OrderState

UNKNOWN_STATUS = 77
STATUS = {
    OrderState.UNPAID: 1,
    OrderState.DEPOSIT_PAID: 1,
    OrderState.PAID_HOLD: 105,
    OrderState.TO_SHIP: 2,
    OrderState.PART_SHIPPED: 101,
    OrderState.SHIPPED: 3,
    OrderState.DONE: 5,
    OrderState.CLOSED_UNPAID: 4,
    OrderState.CLOSED_REFUNDED: 4,
}
PART_PAID = 103
REFUNDED_BEFORE_SHIPPING, REFUNDED_AFTER_SHIPPING, REFUNDED_AFTER_RECEIPT = 21, 22, 39
STATUS_TEXTS = {
    1: "待支付",
    2: "待发货",
    3: "已发货",
    4: "已关闭",
    5: "已完成",
    101: "部分发货",
    105: "已支付",
    PART_PAID: "部分支付",
    REFUNDED_BEFORE_SHIPPING: "发货前退款完结",
    REFUNDED_AFTER_SHIPPING: "发货后退款完结",
    REFUNDED_AFTER_RECEIPT: "收货后退款完结",
}

AGREE, RETURN, SEND, AGREE_AGAIN, SUCCESS, RESENT = 6, 7, 8, 11, 12, 14
REFUSED, FAILED, REFUSED_AGAIN = 27, 28, 29
AFTER_SALE_TEXTS = {
    AGREE: "待商家同意",
    RETURN: "待买家退货",
    SEND: "待商家发货",
    AGREE_AGAIN: "待商家二次同意",
    SUCCESS: "售后成功",
    RESENT: "换货成功",
    REFUSED: "商家一次拒绝",
    FAILED: "售后失败",
    REFUSED_AGAIN: "商家二次拒绝",
}
AGREED = {
    AfterSaleKind.REFUND_ONLY: AGREE,
    AfterSaleKind.MONEY_ONLY: AGREE,
    AfterSaleKind.RETURN_REFUND: RETURN,
    AfterSaleKind.EXCHANGE: RETURN,
    AfterSaleKind.RESHIP: SEND,
}
AFTER_SALE_STATUS = {
    AfterSaleState.APPLIED: AGREE,
    AfterSaleState.GOODS_RETURNED: AGREE_AGAIN,
    AfterSaleState.REFUNDED: SUCCESS,
    AfterSaleState.RESENT: RESENT,
    AfterSaleState.WITHDRAWN: FAILED,
}
# What a product order shows of an after-sale; price protection and reshipments have no number there.
LINE_TYPES = {AfterSaleKind.RETURN_REFUND: 0, AfterSaleKind.REFUND_ONLY: 1, AfterSaleKind.EXCHANGE: 3}
REFUND_BEFORE_SHIPPING = 2
REFUND_PENDING, REFUND_OK = 1, 3


def order_status(order: Order) -> int:
    """Return the state of a shop order."""
    return UNKNOWN_STATUS if order.has_unknown_status else STATUS[order.state]


def main_status(order: Order) -> int:
    """Return the state of a shop order with part payments and refunds told apart."""
    match order.state:
        case _ if order.has_unknown_status:
            return UNKNOWN_STATUS
        case OrderState.DEPOSIT_PAID:
            return PART_PAID
        case OrderState.CLOSED_REFUNDED:
            return _refunded(order)
        case _:
            return STATUS[order.state]


def _refunded(order: Order) -> int:
    if any(event.kind == "finished" for event in order.events):
        return REFUNDED_AFTER_RECEIPT
    return REFUNDED_AFTER_SHIPPING if order.parcels else REFUNDED_BEFORE_SHIPPING


def line_status(order: Order, line: Line) -> tuple[int, int]:
    """Return order_status and main_status of a product order; refunded and sent ones have their own."""
    if order.refunded_pieces(line) >= line.quantity:
        return STATUS[OrderState.CLOSED_REFUNDED], _refunded(order)
    if order.state is not OrderState.PART_SHIPPED:
        return order_status(order), main_status(order)
    sent = order.shipped_pieces(line)
    if sent + order.refunded_pieces(line) >= line.quantity:
        state = OrderState.SHIPPED
    else:
        state = OrderState.PART_SHIPPED if sent else OrderState.TO_SHIP
    return STATUS[state], STATUS[state]


def after_sale_status(after_sale: AfterSale) -> int:
    """Return the state of an after-sale."""
    match after_sale.state:
        case AfterSaleState.AGREED:
            return AGREED[after_sale.kind]
        case AfterSaleState.REJECTED:
            return REFUSED_AGAIN if after_sale.return_number else REFUSED
        case state:
            return AFTER_SALE_STATUS[state]


def line_after_sale(order: Order, line: Line) -> dict[str, int]:
    """Return what a product order shows of its last after-sale that concerns goods."""
    own = [
        one for one in order.after_sales if one.claim_on(line.line_id) is not None and one.kind in LINE_TYPES
    ]
    if not own:
        return {"after_sale_status": 0, "after_sale_type": 0, "refund_status": 0}
    last = max(own, key=lambda one: one.modified)
    before = last.kind is AfterSaleKind.REFUND_ONLY and not last.was_shipped
    return {
        "after_sale_status": after_sale_status(last),
        "after_sale_type": REFUND_BEFORE_SHIPPING if before else LINE_TYPES[last.kind],
        "refund_status": REFUND_OK if last.state is AfterSaleState.REFUNDED else REFUND_PENDING,
    }
