"""Taking parcels: the first number ships the whole order, more numbers are only shown to the buyer.

What a refusal says is our choice: the code is 50001, the rest is text.
"""

import json
from typing import Any

from sandbox.gateway.call import Call
from sandbox.gateway.shipping import Verdict, is_number, verdict
from sandbox.gateway.wire import RefusalError
from sandbox.pinduoduo.order import LOGISTICS_IDS, is_confirmed
from sandbox.pinduoduo.request import named, number, parameters_of, pop_error
from sandbox.world.model import Order, Parcel
from sandbox.world.shipping import unsent

SEND = "pdd.logistics.online.send"
EXTRA = "pdd.order.upload.extra.logistics"
MOST_EXTRA = 20
BY_NUMBER = {str(number): carrier for carrier, number in LOGISTICS_IDS.items()}


def send(call: Call) -> dict[str, Any]:
    """Answer `pdd.logistics.online.send`.

    Raises:
        RefusalError: a parameter is missing or wrong, or the order is not to be shipped.
    """
    asked = parameters_of(call.incoming)
    order = _order(call, named(asked, "order_sn"))
    carrier, tracking_number = named(asked, "logistics_id"), named(asked, "tracking_number")
    _judge(order)
    parcel = _parcel(call, carrier, tracking_number, tuple(unsent(order).items()))
    call.world.tell(order.order_id, parcel)
    return {"is_success": True}


def add_numbers(call: Call) -> dict[str, Any]:
    """Answer `pdd.order.upload.extra.logistics`.

    Raises:
        RefusalError: a parameter is missing or wrong, or the order has not been shipped.
    """
    asked = parameters_of(call.incoming)
    order = _order(call, named(asked, "order_sn"))
    number(asked, "extra_track_type", 1, 3, 1)
    if verdict(order) is not Verdict.SHIPPED:
        raise _refused("订单未发货,不能上传额外运单")
    tracks = json.loads(named(asked, "extra_track_list"))
    if len(order.parcels) + len(tracks) > MOST_EXTRA:
        raise _refused("额外运单过多")
    parcels = [_parcel(call, str(row["shipping_id"]), row["tracking_number"], ()) for row in tracks]
    known = {parcel.number for parcel in order.parcels}
    for parcel in parcels:
        if parcel.number in known:
            raise _refused("运单重复")
        call.world.tell(order.order_id, parcel)
    return {"success": True}


def _order(call: Call, order_sn: str) -> Order:
    order = call.order(order_sn)
    if order is None or not is_confirmed(order):
        raise _refused(f"订单不存在:{order_sn}")
    return order


def _judge(order: Order) -> None:
    match verdict(order):
        case Verdict.SHIPPED:
            raise _refused("订单已发货")
        case Verdict.CLOSED:
            raise _refused("订单已取消")
        case Verdict.REFUND_OPEN:
            raise _refused("订单售后处理中,不能发货")
        case Verdict.WAITS:
            raise _refused("订单风控审核中,暂不能发货")


def _parcel(call: Call, carrier: str, tracking_number: str, pieces: tuple[tuple[str, int], ...]) -> Parcel:
    if carrier not in BY_NUMBER:
        raise _refused("快递公司不存在")
    if not is_number(tracking_number):
        raise _refused("快递单号格式错误")
    return Parcel(call.now, BY_NUMBER[carrier], tracking_number, pieces)


def _refused(message: str) -> RefusalError:
    return pop_error(50001, "业务服务错误", message, "50001")
