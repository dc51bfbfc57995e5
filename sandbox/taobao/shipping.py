"""Taking parcels: `taobao.logistics.offline.send`, whole trades or (`is_split`) some of their lines."""

from typing import Any

from sandbox.gateway.call import Call
from sandbox.gateway.shipping import CARRIERS, Verdict, is_number, verdict
from sandbox.gateway.wire import RefusalError
from sandbox.taobao.envelope import top_error
from sandbox.world.model import Order, Parcel, PaymentKind
from sandbox.world.shipping import unsent

SEND = "taobao.logistics.offline.send"
ERROR = "isv.logistics-offline-service-error"
#: B01, B02, B04, B56, B60 and P38 are documented; how an open refund is said is our choice.
REFUND_OPEN = "P03"


def send(call: Call) -> dict[str, Any]:
    """Answer `taobao.logistics.offline.send`.

    Raises:
        RefusalError: a parameter is missing or wrong, or the trade is not to be shipped.
    """
    form = call.incoming.form
    for name in ("tid", "out_sid", "company_code"):
        if not form.get(name):
            raise top_error(40, f"Missing Required Arguments:{name}")
    order = call.order(form["tid"])
    if order is None:
        raise _refused("B01", "订单不存在")
    wanted = [line_id for line_id in form.get("sub_tid", "").split(",") if line_id]
    pieces = unsent(order)
    is_split = form.get("is_split") == "1"
    _judge(order, wanted if is_split else list(pieces))
    if is_split:
        pieces = _split(order, pieces, wanted)
    if form["company_code"] not in CARRIERS:
        raise _refused("B56", "物流公司不存在")
    if not is_number(form["out_sid"]):
        raise _refused("B60", "运单号不符合规则或已被使用")
    call.world.tell(
        order.order_id, Parcel(call.now, form["company_code"], form["out_sid"], tuple(pieces.items()))
    )
    return {"shipping": {"is_success": True}}


def _judge(order: Order, line_ids: list[str]) -> None:
    if order.payment_kind is PaymentKind.COD:
        raise _refused("B02", "货到付款订单不能自己联系物流发货")
    match verdict(order, line_ids):
        case Verdict.CLOSED | Verdict.SHIPPED:
            raise _refused("B04", "订单状态不对,不能发货")
        case Verdict.WAITS:
            raise _refused("B02", "订单状态不对,暂不能发货")
        case Verdict.REFUND_OPEN:
            raise _refused(REFUND_OPEN, "子订单存在进行中的退款")


def _split(order: Order, left: dict[str, int], wanted: list[str]) -> dict[str, int]:
    known = {line.line_id for line in order.lines}
    if not wanted or not set(wanted) <= known:
        raise _refused("P38", "拆单发货校验失败")
    if any(line_id not in left for line_id in wanted):
        raise _refused("B04", "子订单已经发货")
    return {line_id: left[line_id] for line_id in wanted}


def _refused(number: str, message: str) -> RefusalError:
    return top_error(15, "Remote service error", f"{ERROR}:{number}", message)
