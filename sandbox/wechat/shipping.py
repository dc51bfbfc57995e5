"""Taking parcels: `order/delivery/send`; all pieces of one SKU go in one parcel."""

from collections.abc import Collection, Mapping
from typing import Any

from sandbox.gateway.call import Call
from sandbox.gateway.shipping import Verdict, is_number, verdict
from sandbox.wechat.errors import NO_AFTER_SALE, NO_ORDER, NOT_JSON, WRONG_STATE
from sandbox.wechat.errors import wechat_error as refused
from sandbox.wechat.order import CARRIERS
from sandbox.wechat.product import sku_id
from sandbox.world.model import AfterSaleKind, Order, Parcel
from sandbox.world.shipping import unsent

SEND = "channels/ec/order/delivery/send"
SEND_EXCHANGE = "channels/ec/aftersale/acceptexchangereship"
REFUND_OPEN, WRONG_LINES, SHIPPED, NO_LINES = 108009, 109000, 109001, 109002
BAD_CARRIER, BAD_NUMBER, BAD_TYPE, ONE_PARCEL, NOT_OF_ORDER = 606004, 606005, 606008, 606030, 606031
#: What a paid order that may not be shipped yet is told: our choice, no code is public.
NOT_NOW = 109205
BY_CODE = {code: carrier for carrier, (code, _) in CARRIERS.items()}
OWN_COURIER = 1


def send(call: Call) -> dict[str, Any]:
    """Answer `order/delivery/send`.

    Raises:
        RefusalError: a parameter is wrong, or the order or a line is not to be shipped.
    """
    body = call.incoming.json
    if not isinstance(body.get("order_id"), str) or not isinstance(body.get("delivery_list"), list):
        raise refused(NOT_JSON, "data format error, order_id is a string, delivery_list a list")
    order = call.order(body["order_id"])
    if order is None:
        raise refused(NO_ORDER, "订单不存在")
    _judge(order, ())
    parcels = [_parcel(call, order, row) for row in body["delivery_list"]]
    _judge(order, [line_id for parcel in parcels for line_id, _ in parcel.pieces])
    for parcel in parcels:
        call.world.tell(order.order_id, parcel)
    return {}


def send_exchange(call: Call) -> dict[str, Any]:
    """Answer `acceptexchangereship`: the goods of an exchange leave once the buyer's came back.

    Raises:
        RefusalError: there is no such exchange, it is not at that step, or carrier or number are wrong.
    """
    body = call.incoming.json
    after_sale = call.after_sale(str(body.get("after_sale_order_id")))
    if after_sale is None:
        raise refused(NO_AFTER_SALE, "售后单不存在")
    order = call.world.orders[after_sale.order_id]
    is_sent = any(parcel.number == body.get("waybill_id") for parcel in order.parcels)
    if after_sale.kind is not AfterSaleKind.EXCHANGE or not after_sale.return_number or is_sent:
        raise refused(WRONG_STATE, "售后单状态不合法")
    if body.get("delivery_id") not in BY_CODE:
        raise refused(BAD_CARRIER, "不合法的快递公司")
    if not is_number(body.get("waybill_id")):
        raise refused(BAD_NUMBER, "不合法的运单号")
    call.world.tell(order.order_id, Parcel(call.now, BY_CODE[body["delivery_id"]], body["waybill_id"], ()))
    return {}


def _judge(order: Order, line_ids: Collection[str]) -> None:
    match verdict(order, line_ids):
        case Verdict.SHIPPED:
            raise refused(SHIPPED, ", 当前订单已经发货完成，不能重复发货")
        case Verdict.REFUND_OPEN:
            raise refused(REFUND_OPEN, "订单正在售后中，不能发货")
        case Verdict.CLOSED:
            raise refused(WRONG_LINES, "订单已取消，不能发货")
        case Verdict.WAITS:
            raise refused(NOT_NOW, "订单当前不能发货")


def _parcel(call: Call, order: Order, row: Mapping[str, Any]) -> Parcel:
    if row.get("deliver_type") != OWN_COURIER:
        raise refused(BAD_TYPE, "发货方式与订单不符")
    if row.get("delivery_id") not in BY_CODE:
        raise refused(BAD_CARRIER, "不合法的快递公司")
    if not is_number(row.get("waybill_id")):
        raise refused(BAD_NUMBER, "不合法的运单号")
    pieces = _pieces(order, row.get("product_infos") or [])
    return Parcel(call.now, BY_CODE[row["delivery_id"]], row["waybill_id"], pieces)


def _pieces(order: Order, rows: list[Mapping[str, Any]]) -> tuple[tuple[str, int], ...]:
    if not rows:
        raise refused(NO_LINES, "没有待发货的商品")
    left, found = unsent(order), {}
    for row in rows:
        lines = [
            line
            for line in order.lines
            if (str(line.platform_item_id), sku_id(line)) == (row.get("product_id"), row.get("sku_id"))
        ]
        if not lines:
            raise refused(NOT_OF_ORDER, "商品不在订单中")
        open_lines = [line for line in lines if line.line_id in left and line.line_id not in found]
        if not open_lines:
            raise refused(WRONG_LINES, "商品已发货")
        line = next((one for one in open_lines if left[one.line_id] == row.get("product_cnt")), None)
        if line is None:
            raise refused(ONE_PARCEL, "同一商品须在一个包裹中发出")
        found[line.line_id] = left[line.line_id]
    return tuple(found.items())
