"""An order as the backend shows it: fen, epoch seconds, and the receiver in clear, as the buyer typed it."""

from datetime import datetime
from typing import Any

from sandbox.miniprogram.refund import refund_status
from sandbox.world.model import (
    AddressRequest,
    AfterSaleState,
    Line,
    Order,
    OrderState,
    PaymentKind,
    Receiver,
)

UNKNOWN_STATUS = "packing"
STATUS = {
    OrderState.UNPAID: "pending_payment",
    OrderState.DEPOSIT_PAID: "deposit_paid",
    OrderState.PAID_HOLD: "on_hold",
    OrderState.TO_SHIP: "paid",
    OrderState.PART_SHIPPED: "partially_shipped",
    OrderState.SHIPPED: "shipped",
    OrderState.DONE: "completed",
    OrderState.CLOSED_UNPAID: "cancelled",
    OrderState.CLOSED_REFUNDED: "refunded",
}
ACCEPTED = "accepted"
METHODS = {PaymentKind.PREPAID: "wechat_pay", PaymentKind.PRESALE: "wechat_pay", PaymentKind.COD: "cod"}
MERCHANT_ID = "1601234567"


def order_status(order: Order) -> str:
    """Return the backend's word for the state of an order; cash on delivery is accepted before it is paid."""
    if order.has_unknown_status:
        return UNKNOWN_STATUS
    if order.state is OrderState.TO_SHIP and order.payment_kind is PaymentKind.COD:
        return ACCEPTED
    return STATUS[order.state]


def line_status(order: Order, line: Line) -> str:
    """Return the word for a line; refunded and sent lines, and those that others send, have their own."""
    if order.refunded_pieces(line) >= line.quantity:
        return "refunded"
    if line.is_fulfilled_by_platform:
        return "fulfilled_elsewhere"
    if order.state is not OrderState.PART_SHIPPED:
        return order_status(order)
    sent = order.shipped_pieces(line)
    if sent + order.refunded_pieces(line) >= line.quantity:
        return "shipped"
    return "partially_shipped" if sent else "paid"


def order_row(order: Order) -> dict[str, Any]:
    """Return the whole order; amounts in fen, times in epoch seconds, null where not known."""
    return {
        "order_no": order.order_id,
        "status": order_status(order),
        "hold_reason": order.hold.value or None,
        "ship_hold": order.is_ship_hold,
        "created_at": _epoch(order.created),
        "paid_at": _epoch(order.paid_at),
        "shipped_at": _epoch(order.shipped_at),
        "closed_at": _epoch(order.ended_at),
        "updated_at": _epoch(order.modified),
        "currency": "CNY",
        "amounts": _amounts(order),
        "buyer": _buyer(order),
        "receiver": _receiver(order.receiver),
        "address_change": _address_change(order.address_request),
        "payment": _payment(order),
        "lines": [_line(order, line) for line in order.lines],
        "shipments": [
            {
                "carrier": parcel.carrier,
                "tracking_no": parcel.number,
                "shipped_at": _epoch(parcel.at),
                "lines": [{"line_no": line_no, "qty": pieces} for line_no, pieces in parcel.pieces],
            }
            for parcel in order.parcels
        ],
        "buyer_note": order.buyer_message,
        "seller_note": order.seller_memo,
        "seller_flag": order.seller_flag,
        "promotion_tags": ["full_reduction"] if order.shared_discount_fen else [],
        "service_tags": list(order.service_tags),
        "required_carrier": order.required_carrier or None,
        "invoice": _invoice(order),
        "group": _group(order),
    }


def _epoch(at: datetime | None) -> int | None:
    return int(at.timestamp()) if at else None


def _amounts(order: Order) -> dict[str, int]:
    return {
        "goods": sum(line.price_fen * line.quantity for line in order.lines),
        "freight": order.post_fen,
        "discount": order.shared_discount_fen,
        "deposit": order.deposit_fen,
        "paid": order.payment_fen,
    }


def _buyer(order: Order) -> dict[str, str]:
    open_id = order.buyer.open_uid
    return {"openid": open_id, "unionid": f"u{open_id[3:]}", "nickname": order.buyer.nick_masked}


def _receiver(receiver: Receiver) -> dict[str, str]:
    return {
        "name": receiver.name,
        "phone": receiver.mobile,
        "province": receiver.state,
        "city": receiver.city,
        "district": receiver.district,
        "street": receiver.town,
        "address": receiver.address,
        "zip": receiver.zip_code,
    }


def _address_change(request: AddressRequest | None) -> dict[str, Any] | None:
    if request is None:
        return None
    asked = {"requested_at": _epoch(request.at), "receiver": _receiver(request.receiver)}
    return {"status": "pending", **asked}


def _payment(order: Order) -> dict[str, Any]:
    is_paid = order.paid_at is not None or order.state is OrderState.DEPOSIT_PAID
    digits = "".join(character for character in order.order_id if character.isdigit())
    return {
        "method": METHODS[order.payment_kind],
        "mchid": MERCHANT_ID,
        "out_trade_no": order.order_id,
        "transaction_id": f"4200002447{digits.zfill(18)}" if is_paid else None,
        "payer_openid": order.buyer.open_uid,
    }


def _invoice(order: Order) -> dict[str, str] | None:
    if order.invoice is None:
        return None
    return {"title": order.invoice.title, "tax_no": order.invoice.tax_number}


def _group(order: Order) -> dict[str, Any] | None:
    group = order.group
    if group is None:
        return None
    status = "failed" if group.has_failed else "formed" if group.is_formed else "forming"
    return {"group_no": group.group_id, "size": group.size, "joined": group.joined, "status": status}


def _line(order: Order, line: Line) -> dict[str, Any]:
    return {
        "line_no": line.line_id,
        "sku_code": line.merchant_code,
        "item_id": line.platform_item_id,
        "sku_id": line.platform_sku_id or None,
        "title": line.title,
        "spec": line.properties,
        "is_gift": line.is_gift,
        "status": line_status(order, line),
        "refund_status": _line_refund(order, line),
        "qty": line.quantity,
        "shipped_qty": order.shipped_pieces(line),
        "refunded_qty": order.refunded_pieces(line),
        "unit_price": line.price_fen,
        "adjustment": line.adjust_fen,
        "discount": line.discount_fen,
        "shared_discount": line.shared_discount_fen,
        "paid": line.divided_fen,
        "bundle": [{"sku_code": part.code, "qty": part.quantity} for part in line.parts],
    }


def _line_refund(order: Order, line: Line) -> str:
    after_sale = order.after_sale_of(line)
    if after_sale is None:
        return "none"
    if after_sale.state is not AfterSaleState.REFUNDED:
        return refund_status(after_sale)
    refunded = order.refunded_pieces(line)
    return "refunded" if refunded >= line.quantity else "partly_refunded" if refunded else "compensated"
