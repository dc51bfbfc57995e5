"""Taking parcels: `POST /orders/{order_no}/shipments`; the same `shipment_no` again changes nothing."""

import json
from collections.abc import Mapping
from typing import Any

from sandbox.gateway.call import Call
from sandbox.gateway.shipping import CARRIERS, Verdict, is_number, verdict
from sandbox.gateway.wire import RefusalError
from sandbox.miniprogram.request import refusal
from sandbox.world.model import Order, Parcel
from sandbox.world.shipping import unsent

CREATE = "shipments.create"
REFUSALS = {
    Verdict.SHIPPED: ("already_shipped", "nothing of this order is left to ship"),
    Verdict.CLOSED: ("order_closed", "the order is closed"),
    Verdict.REFUND_OPEN: ("refund_open", "an after-sale of this order is open"),
    Verdict.WAITS: ("order_on_hold", "the order must not be shipped now"),
}


def create_shipment(call: Call, order_no: str) -> bytes:
    """Answer one parcel.

    Raises:
        RefusalError: 400, 404, 409 or 422.
    """
    body = call.incoming.json
    for name in ("shipment_no", "carrier", "tracking_no", "lines"):
        if not body.get(name):
            raise refusal(400, "missing_parameter", f"{name} is missing")
    order = call.order(order_no)
    if order is None:
        raise refusal(404, "order_not_found", f"the order {order_no} does not exist")
    if not any(parcel.request == body["shipment_no"] for parcel in order.parcels):
        call.world.tell(order_no, _judged(call, order, body))
    answer = {"order_no": order_no, "shipment_no": body["shipment_no"], "tracking_no": body["tracking_no"]}
    return json.dumps(answer).encode()


def _judged(call: Call, order: Order, body: Mapping[str, Any]) -> Parcel:
    found = verdict(order, [str(row.get("line_no")) for row in body["lines"]])
    if found in REFUSALS:
        raise refusal(409, *REFUSALS[found])
    if body["carrier"] not in CARRIERS:
        raise refusal(422, "unknown_carrier", f"the carrier {body['carrier']!r} is not known here")
    if not is_number(body["tracking_no"]):
        raise refusal(422, "invalid_tracking_no", "this is no tracking number")
    pieces = _pieces(order, body["lines"])
    return Parcel(call.now, body["carrier"], body["tracking_no"], pieces, body["shipment_no"])


def _pieces(order: Order, rows: list[Mapping[str, Any]]) -> tuple[tuple[str, int], ...]:
    left = unsent(order)
    pieces = {str(row.get("line_no")): row.get("qty") for row in rows}
    for line_no, count in pieces.items():
        if type(count) is not int or not 0 < count <= left.get(line_no, 0):
            raise _too_many(line_no, left.get(line_no, 0))
    return tuple((line_no, int(count or 0)) for line_no, count in pieces.items())


def _too_many(line_no: str, left: int) -> RefusalError:
    if not left:
        return refusal(409, "already_shipped", f"nothing of line {line_no} is left to ship")
    return refusal(422, "invalid_parameter", f"line {line_no} has {left} piece(s) left")
