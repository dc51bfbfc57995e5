"""Taking parcels: `order.logisticsAddSinglePack`; why one is refused is our choice: no number is public."""

from collections.abc import Mapping
from typing import Any

from sandbox.douyin.envelope import BAD_IN_BUSINESS, BUSINESS_FAILED, MISSING_IN_BUSINESS, refusal
from sandbox.douyin.order import CARRIERS
from sandbox.gateway.call import Call
from sandbox.gateway.shipping import Verdict, is_number, verdict
from sandbox.gateway.wire import RefusalError
from sandbox.world.model import Order, Parcel
from sandbox.world.shipping import unsent

SINGLE_PACK = "order.logisticsAddSinglePack"
BY_CODE = {code: carrier for carrier, (code, _) in CARRIERS.items()}


def add_single_pack(call: Call) -> dict[str, Any]:
    """Answer `order.logisticsAddSinglePack`; a `request_id` that was taken before does nothing again.

    Raises:
        RefusalError: a parameter is missing or wrong, or the order is not to be shipped.
    """
    wish = call.incoming.json
    for name in ("order_id_list", "shipped_order_info", "logistics_code", "company_code", "request_id"):
        if not wish.get(name):
            raise refusal(MISSING_IN_BUSINESS, f"isv.missing-parameter:{name}", f"缺少{name}")
    order = call.order(str(wish["order_id_list"][0]))
    if order is None:
        raise refusal(BAD_IN_BUSINESS, "isv.parameter-invalid:20014", "订单不存在")
    if any(parcel.request == wish["request_id"] for parcel in order.parcels):
        return {}
    if wish["company_code"] not in BY_CODE:
        raise refusal(BAD_IN_BUSINESS, "isv.parameter-invalid:company_code", "物流公司code不存在")
    if not is_number(wish["logistics_code"]):
        raise refusal(BAD_IN_BUSINESS, "isv.parameter-invalid:logistics_code", "运单号格式错误")
    _judge(order, wish)
    pieces = _pieces(order, wish["shipped_order_info"])
    carrier, number = BY_CODE[wish["company_code"]], wish["logistics_code"]
    call.world.tell(order.order_id, Parcel(call.now, carrier, number, pieces, wish["request_id"]))
    return {}


def _judge(order: Order, wish: Mapping[str, Any]) -> None:
    is_refund_rejected = wish.get("is_refund_reject") is True
    match verdict(order, [str(row.get("shipped_order_id")) for row in wish["shipped_order_info"]]):
        case Verdict.SHIPPED:
            raise _failed("ship_duplicate", "订单已发货")
        case Verdict.REFUND_OPEN if not is_refund_rejected:
            raise _failed("ship_refund_pending", "订单存在待处理的售后")
        case Verdict.CLOSED | Verdict.WAITS:
            raise _failed("ship_status_invalid", "订单状态不可发货")


def _pieces(order: Order, told: list[Mapping[str, Any]]) -> tuple[tuple[str, int], ...]:
    left = unsent(order)
    pieces = {str(row.get("shipped_order_id")): row.get("shipped_num") for row in told}
    for line_id, count in pieces.items():
        if type(count) is not int or not 0 < count <= left.get(line_id, 0):
            raise _failed("ship_duplicate", f"子订单可发数量不足:{line_id}")
    return tuple((line_id, int(count or 0)) for line_id, count in pieces.items())


def _failed(number: str, message: str) -> RefusalError:
    return refusal(BUSINESS_FAILED, f"isv.business-failed:{number}", message)
