"""The gateway's methods: lists give ids only, a detail call per id gives the record."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sandbox.gateway.call import START, Call, Cursor, Window
from sandbox.gateway.dialect import Cost, Method
from sandbox.wechat.after_sale import after_sale_row
from sandbox.wechat.errors import BAD_BODY, LONG_WINDOW, NO_AFTER_SALE, NO_ORDER, NOT_JSON, OTHER_SHOP
from sandbox.wechat.errors import wechat_error as refused
from sandbox.wechat.order import order_row, seconds, status_of
from sandbox.wechat.shipping import SEND, SEND_EXCHANGE, send, send_exchange
from sandbox.wechat.stock import UPDATE, update_stock
from sandbox.world.model import Order

LIST = "channels/ec/order/list/get"
DETAIL = "channels/ec/order/get"
REFUNDS = "channels/ec/aftersale/getaftersalelist"
REFUND = "channels/ec/aftersale/getaftersaleorder"
LONGEST_ORDER_WINDOW = int(timedelta(days=7).total_seconds())
LONGEST_REFUND_WINDOW = int(timedelta(hours=24).total_seconds())
LARGEST_PAGE = 100
REFUNDS_PER_PAGE = 50


def list_orders(call: Call) -> dict[str, Any]:
    """Answer `order/list/get`: ids of a window of update or creation times, oldest first, with a cursor.

    Raises:
        RefusalError: no window, one longer than seven days, a page size outside 1 to 100, a foreign cursor.
    """
    body = call.incoming.json
    updated, created = _range(body, "update_time_range"), _range(body, "create_time_range")
    size, cursor = _size(body), _cursor(body)
    if updated is None and created is None:
        raise refused(BAD_BODY, "create_time_range or update_time_range is required")
    if updated is not None and created is None and not body.get("status") and not body.get("openid"):
        page = call.orders_by_cursor(updated, cursor, size)
        return _page(
            "order_id_list", [order.order_id for order in page.rows], page.cursor, has_more=page.has_next
        )
    by_creation = updated is None

    def key(order: Order) -> Cursor:
        return seconds(order.created if by_creation else order.modified), order.order_id

    asked = _filter(body, updated, created)
    found = sorted(key(o) for o in call.world.orders.values() if o.shop_id == call.shop_id and asked(o))
    rest = [place for place in found if place > cursor]
    ids = [order_id for _, order_id in rest[:size]]
    return _page("order_id_list", ids, rest[len(ids) - 1] if ids else cursor, has_more=len(rest) > size)


def _filter(body: dict[str, Any], updated: Window | None, created: Window | None) -> Callable[[Order], bool]:
    status, openid = body.get("status"), body.get("openid")

    def is_asked_for(order: Order) -> bool:
        is_within = (updated is None or updated[0] <= seconds(order.modified) <= updated[1]) and (
            created is None or created[0] <= seconds(order.created) <= created[1]
        )
        return is_within and status in {None, status_of(order)} and openid in {None, order.buyer.open_uid}

    return is_asked_for


def full_order(call: Call) -> dict[str, Any]:
    """Answer `order/get`.

    Raises:
        RefusalError: the order is not of this shop, or its id is no text.
    """
    order_id = _text(call.incoming.json, "order_id")
    order = call.order(order_id)
    if order is None:
        raise refused(NO_ORDER, f"订单不存在: {order_id}")
    row = order_row(order)
    if call.behavior.noise:
        row["order_detail"]["settle_info"]["predict_commission_fee"] = call.noise.randrange(100_000)
    return {"order": row}


def list_after_sales(call: Call) -> dict[str, Any]:
    """Answer `getaftersalelist`: ids of a window of update or creation times, fifty a page.

    Raises:
        RefusalError: no pair of times, one longer than 24 hours, or a foreign cursor.
    """
    body = call.incoming.json
    updated, created = _pair(body, "update"), _pair(body, "create")
    cursor = _cursor(body)
    if updated is not None:
        page = call.after_sales_by_cursor(updated, cursor, REFUNDS_PER_PAGE)
        ids = [one.after_sale_id for one in page.rows]
        return _page("after_sale_order_id_list", ids, page.cursor, has_more=page.has_next)
    if created is None:
        raise refused(BAD_BODY, "begin_update_time and end_update_time, or the create times, are required")
    own = [one for one in call.world.after_sales.values() if one.shop_id == call.shop_id]
    places = sorted((seconds(one.applied_at), one.after_sale_id) for one in own)
    rest = [place for place in places if created[0] <= place[0] <= created[1] and place > cursor]
    ids = [after_sale_id for _, after_sale_id in rest[:REFUNDS_PER_PAGE]]
    last = rest[len(ids) - 1] if ids else cursor
    return _page("after_sale_order_id_list", ids, last, has_more=len(rest) > REFUNDS_PER_PAGE)


def full_after_sale(call: Call) -> dict[str, Any]:
    """Answer `getaftersaleorder`.

    Raises:
        RefusalError: there is no such after-sale, it is another shop's, or its id is no text.
    """
    after_sale_id = _text(call.incoming.json, "after_sale_order_id")
    after_sale = call.after_sale(after_sale_id)
    if after_sale is None:
        if after_sale_id in call.world.after_sales:
            raise refused(OTHER_SHOP, "售后单非当前账号")
        raise refused(NO_AFTER_SALE, f"售后单不存在: {after_sale_id}")
    return {"after_sale_order": after_sale_row(call.world.orders[after_sale.order_id], after_sale)}


def _range(body: dict[str, Any], name: str) -> Window | None:
    found = body.get(name)
    if found is None:
        return None
    if not isinstance(found, dict):
        raise refused(NOT_JSON, f"data format error, {name} is an object")
    window = _window(found, "start_time", "end_time", name)
    if window[1] - window[0] > LONGEST_ORDER_WINDOW:
        raise refused(BAD_BODY, f"{name} is longer than 7 days")
    return window


def _pair(body: dict[str, Any], name: str) -> Window | None:
    begin, end = f"begin_{name}_time", f"end_{name}_time"
    if begin not in body and end not in body:
        return None
    window = _window(body, begin, end, f"{name}_time")
    if window[1] - window[0] > LONGEST_REFUND_WINDOW:
        raise refused(LONG_WINDOW, "非法的时间区间,不得大于24小时")
    return window


def _window(body: dict[str, Any], start: str, end: str, name: str) -> Window:
    times = body.get(start), body.get(end)
    if not all(type(time) is int for time in times):
        raise refused(NOT_JSON, f"data format error, {start} and {end} are numbers")
    if times[1] < times[0]:  # type: ignore[operator] # both are numbers
        raise refused(BAD_BODY, f"{name} ends before it starts")
    return times  # type: ignore[return-value] # both are numbers


def _size(body: dict[str, Any]) -> int:
    size = body.get("page_size")
    if type(size) is not int or not 1 <= size <= LARGEST_PAGE:
        raise refused(BAD_BODY, f"page_size is {size!r}, not 1 to {LARGEST_PAGE}")
    return size


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise refused(NOT_JSON, f"data format error, {name} is a string")
    return value


def _page(name: str, ids: list[str], cursor: Cursor, *, has_more: bool) -> dict[str, Any]:
    key = base64.urlsafe_b64encode(f"{cursor[0]}|{cursor[1]}".encode()).decode()
    return {name: ids, "next_key": key, "has_more": has_more}


def _cursor(body: dict[str, Any]) -> Cursor:
    text = body.get("next_key") or ""
    if not text:
        return START
    try:
        second, _, record_id = base64.urlsafe_b64decode(text).decode().partition("|")
        return int(second), record_id
    except (TypeError, ValueError):
        raise refused(BAD_BODY, "next_key is not one of ours") from None


METHODS: dict[str, Method] = {
    LIST: Method(list_orders, Cost.LIST),
    DETAIL: Method(full_order, Cost.DETAIL),
    REFUNDS: Method(list_after_sales, Cost.LIST),
    REFUND: Method(full_after_sale, Cost.DETAIL),
    SEND: Method(send),
    SEND_EXCHANGE: Method(send_exchange),
    UPDATE: Method(update_stock),
}
