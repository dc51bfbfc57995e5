"""Taking parcels: `jingdong.pop.order.shipment`, once per order, with all its numbers.

Several carriers are divided by `|`, several numbers of one by `,`. What a refusal says is our choice.
"""

from typing import Any

from sandbox.gateway.call import Call
from sandbox.gateway.shipping import Verdict, is_number, verdict
from sandbox.gateway.wire import RefusalError
from sandbox.jd.envelope import business_failure, jos_error
from sandbox.jd.order import CARRIERS, LOCKED, is_listed, known_state
from sandbox.jd.request import business_of
from sandbox.world.model import Order, Parcel
from sandbox.world.shipping import unsent

SHIPMENT = "jingdong.pop.order.shipment"
BY_NUMBER = {number: carrier for carrier, number in CARRIERS.items()}


def ship(call: Call) -> dict[str, Any]:
    """Answer `jingdong.pop.order.shipment`.

    Raises:
        RefusalError: a parameter is missing, or (in the inner layer) the order is not to be shipped.
    """
    wish = business_of(call.incoming)
    for name in ("orderId", "logiCoprId", "logiNo"):
        if not wish.get(name):
            raise jos_error("60", name)
    order = call.order(str(wish["orderId"]))
    if order is None or not is_listed(order):
        raise business_failure("10100006", "订单不存在")
    _judge(order)
    parcels = _parcels(call, str(wish["logiCoprId"]), str(wish["logiNo"]), tuple(unsent(order).items()))
    for parcel in parcels:
        call.world.tell(order.order_id, parcel)
    return {"sopjosshipment_result": {"success": True, "chineseErrCode": "", "englishErrCode": ""}}


def failed(number: str, message: str) -> dict[str, Any]:
    """Return the body of a failure in the inner layer."""
    result = {"success": False, "errorCode": number, "chineseErrCode": message, "englishErrCode": "FAILED"}
    return {"sopjosshipment_result": result}


def _judge(order: Order) -> None:
    match verdict(order):
        case Verdict.SHIPPED:
            raise business_failure("10400001", "订单已出库,不能重复出库")
        case Verdict.CLOSED:
            raise business_failure("10400002", "订单已取消")
        case Verdict.REFUND_OPEN:
            raise business_failure("10400003", "订单有未处理的退款申请")
        case Verdict.WAITS:
            reason = "订单已锁定" if known_state(order) == LOCKED else "订单暂停,不能出库"
            raise business_failure("10400004", reason)


def _parcels(call: Call, carriers: str, numbers: str, pieces: tuple[tuple[str, int], ...]) -> list[Parcel]:
    codes, groups = carriers.split("|"), numbers.split("|")
    if len(codes) != len(groups) or any(code not in BY_NUMBER for code in codes):
        raise _refused("物流公司不存在")
    told = [(code, number) for code, group in zip(codes, groups, strict=True) for number in group.split(",")]
    if not all(is_number(number) for _, number in told):
        raise _refused("运单号不正确")
    return [
        Parcel(call.now, BY_NUMBER[code], number, () if place else pieces)
        for place, (code, number) in enumerate(told)
    ]


def _refused(message: str) -> RefusalError:
    return business_failure("10400005", message)
