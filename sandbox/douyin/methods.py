"""The gateway's methods: a checked call in, the data of the answer out."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from sandbox.douyin.after_sale import after_sale_row, after_sale_type
from sandbox.douyin.envelope import BAD, BAD_IN_BUSINESS, BUSINESS_FAILED, MISSING_IN_BUSINESS, refusal
from sandbox.douyin.order import order_row
from sandbox.douyin.shipping import SINGLE_PACK, add_single_pack
from sandbox.douyin.state import after_sale_status, main_status, order_status
from sandbox.douyin.stock import SYNC, sync_stock
from sandbox.gateway.call import Call, Page, Window
from sandbox.gateway.dialect import Cost, Method
from sandbox.gateway.wire import RefusalError
from sandbox.world.model import AfterSale, Order

LIST = "order.searchList"
DETAIL = "order.orderDetail"
AFTER_SALES = "afterSale.List"
LARGEST_PAGE = 100
MOST_ROWS = 50_000
ORDERS_KEPT = timedelta(days=90)
AFTER_SALES_KEPT = timedelta(days=180)
SORTED_BY = ("create_time", "update_time")


def list_orders(call: Call) -> dict[str, Any]:
    """Answer `order.searchList`: numbered pages from 0, by creation and newest first unless asked otherwise.

    Raises:
        RefusalError: a parameter is missing or outside its limits.
    """
    wish = _wish(call)
    page, size = _paging(wish, "20008", "20013")
    created, updated = _window(wish, "create_time", call.now), _window(wish, "update_time", call.now)
    if created is None and updated is None:
        raise _bad("20011", "create_time_start和update_time_start至少传一个")
    earliest = int((call.now - ORDERS_KEPT).timestamp())
    if min(window[0] for window in (created, updated) if window) < earliest:
        raise _bad("20022", "只能查询最近90天的订单")
    sort_by = wish.get("order_by", SORTED_BY[0])
    if sort_by not in SORTED_BY:
        raise _bad("order_by", "order_by为create_time或update_time")
    found = _orders(call, wish, (created, updated), page, size)
    rows = [_shown(call, order) for order in found.rows]
    return {"page": page, "size": size, "total": found.total, "shop_order_list": rows}


def _orders(
    call: Call, wish: Mapping[str, Any], windows: tuple[Window | None, Window | None], page: int, size: int
) -> Page[Order]:
    created, updated = windows
    ascending = wish.get("order_asc") is True
    has_wanted_status = _status_filter(wish)
    always = (0, int(call.now.timestamp()))

    def is_asked_for(order: Order) -> bool:
        return (created is None or _is_in(order.created, created)) and has_wanted_status(order)

    if wish.get("order_by") == "update_time":
        keep = None if created is None and not wish.get("combine_status") else is_asked_for
        return call.orders_modified(updated or always, page + 1, size, keep, oldest_first=ascending)

    def created_at(order: Order) -> datetime | None:
        is_new = updated is None or _is_in(order.modified, updated)
        return order.created if is_new and has_wanted_status(order) else None

    return call.orders_dated(created_at, created or always, page + 1, size, oldest_first=ascending)


def order_detail(call: Call) -> dict[str, Any]:
    """Answer `order.orderDetail`.

    Raises:
        RefusalError: no order is named, or this shop has none of that number.
    """
    order_id = _wish(call).get("shop_order_id")
    if not order_id:
        raise refusal(MISSING_IN_BUSINESS, "isv.missing-parameter:20000", "缺少shop_order_id")
    order = call.order(str(order_id))
    if order is None:
        if str(order_id) in call.world.orders:
            raise refusal(BUSINESS_FAILED, "isv.business-failed:20015", "订单不属于该店铺")
        raise _bad("20014", "订单不存在")
    return {"shop_order_detail": _shown(call, order)}


def list_after_sales(call: Call) -> dict[str, Any]:
    """Answer `afterSale.List`: numbered pages from 0, newest first unless `order_by` says otherwise.

    Raises:
        RefusalError: a parameter is outside its limits.
    """
    wish = _wish(call)
    page, size = _paging(wish, "11000", "11003")
    applied = _window(wish, "", call.now)
    updated = _window(wish, "update", call.now)
    sort = [str(entry) for entry in wish.get("order_by") or []]
    if unknown := [entry for entry in sort if entry not in _AFTER_SALE_SORTS]:
        raise _bad("11000", f"order_by不支持{unknown[0]}")
    earliest = int((call.now - AFTER_SALES_KEPT).timestamp())
    window = updated or (earliest, int(call.now.timestamp()))
    is_asked_for = _after_sale_filter(wish, applied)
    ascending = sort[:1] == ["update_time asc"]
    found = call.after_sales_modified(window, page + 1, size, is_asked_for, oldest_first=ascending)
    rows = [after_sale_row(call.world.orders[one.order_id], one) for one in found.rows]
    return {"page": page, "size": len(rows), "total": found.total, "has_more": found.has_next, "items": rows}


_AFTER_SALE_SORTS = ("update_time asc", "update_time desc")


def _after_sale_filter(wish: Mapping[str, Any], applied: Window | None) -> Callable[[AfterSale], bool] | None:
    states = {int(state) for state in wish.get("standard_aftersale_status") or []}
    kind, order_id, own_id = (wish.get(name) for name in ("aftersale_type", "order_id", "aftersale_id"))
    if applied is None and not states and kind is None and not order_id and not own_id:
        return None

    def is_asked_for(one: AfterSale) -> bool:
        named = order_id in {None, "", one.order_id} and own_id in {None, "", one.after_sale_id}
        typed = kind is None or kind == after_sale_type(one)
        in_time = applied is None or _is_in(one.applied_at, applied)
        return named and typed and in_time and (not states or after_sale_status(one) in states)

    return is_asked_for


def _shown(call: Call, order: Order) -> Any:
    """Return an order as it is shown, written once per version: a benchmark reads a hundred thousand."""
    if call.behavior.noise:
        tag = {"key": "activity", "text": f"{call.noise.randrange(100_000)}"}
        return {**order_row(order), "user_tag_ui": [tag]}
    return msgspec.Raw(call.encoded_once(order, lambda changed: msgspec.json.encode(order_row(changed))))


def _wish(call: Call) -> dict[str, Any]:
    if call.incoming.body.strip() and not call.incoming.body.strip().startswith(b"{"):
        raise refusal(BAD, "isv.parameter-format-invalid", "参数不是JSON对象")
    return call.incoming.json


def _paging(wish: Mapping[str, Any], size_code: str, cap_code: str) -> tuple[int, int]:
    page, size = wish.get("page"), wish.get("size")
    if not isinstance(page, int) or page < 0:
        raise _bad("10035", "page从0开始")
    if not isinstance(size, int) or not 1 <= size <= LARGEST_PAGE:
        raise _bad(size_code, f"size为1到{LARGEST_PAGE}")
    if page * size >= MOST_ROWS:
        raise _bad(cap_code, f"page*size不超过{MOST_ROWS}")
    return page, size


def _window(wish: Mapping[str, Any], name: str, now: datetime) -> Window | None:
    """Return a closed window of epoch seconds, or None when no start is given."""
    # Orders say update_time_start, after-sales update_start_time and start_time.
    start_name = f"{name}_start" if name.endswith("_time") else f"{name}_start_time".lstrip("_")
    end_name = start_name.replace("start", "end")
    start, end = wish.get(start_name), wish.get(end_name)
    if start is None:
        return None
    end = int(now.timestamp()) if end is None else end
    if not isinstance(start, int) or not isinstance(end, int) or end < start:
        raise _bad(start_name, f"{start_name}和{end_name}为秒级时间戳，先后有序")
    return start, end


def _is_in(at: datetime, window: Window) -> bool:
    return window[0] <= int(at.timestamp()) <= window[1]


def _status_filter(wish: Mapping[str, Any]) -> Callable[[Order], bool]:
    given = wish.get("combine_status") or []
    if not given:
        return lambda _: True
    if not isinstance(given, list) or len(given) > 1 or not isinstance(given[0], dict):
        raise _bad("20012", "combine_status只支持一个元素")
    wanted = {name: _numbers(given[0].get(name)) for name in ("order_status", "main_status")}

    def has_wanted(order: Order) -> bool:
        shown = {"order_status": order_status(order), "main_status": main_status(order)}
        return all(not numbers or shown[name] in numbers for name, numbers in wanted.items())

    return has_wanted


def _numbers(text: Any) -> set[int]:
    return {int(part) for part in str(text or "").split(",") if part.strip().isdigit()}


def _bad(number: str, message: str) -> RefusalError:
    return refusal(BAD_IN_BUSINESS, f"isv.parameter-invalid:{number}", message)


METHODS: dict[str, Method] = {
    LIST: Method(list_orders, Cost.LIST),
    DETAIL: Method(order_detail, Cost.DETAIL),
    AFTER_SALES: Method(list_after_sales, Cost.LIST),
    SINGLE_PACK: Method(add_single_pack),
    SYNC: Method(sync_stock),
}
