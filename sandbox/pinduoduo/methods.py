"""The gateway's methods: a checked call in, the body of the answer out."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sandbox.gateway.call import Call
from sandbox.gateway.dialect import Cost, Grant, Method
from sandbox.gateway.text import beijing
from sandbox.pinduoduo.order import confirmed_at, is_confirmed, order_refund_status, order_row, order_status
from sandbox.pinduoduo.refund import TYPES, after_sales_status, refund_row
from sandbox.pinduoduo.request import (
    LONGEST_WINDOW,
    choice,
    named,
    number,
    paging,
    parameters_of,
    pop_error,
    window,
)
from sandbox.pinduoduo.shipping import EXTRA, SEND, add_numbers, send
from sandbox.pinduoduo.stock import UPDATE, update_quantity
from sandbox.pinduoduo.tokens import refresh_token, shop_of
from sandbox.world.model import AfterSale, Order, PaymentKind

INCREMENT = "pdd.order.number.list.increment.get"
LIST = "pdd.order.list.get"
DETAIL = "pdd.order.information.get"
STATUS = "pdd.order.status.get"
REFUNDS = "pdd.refund.list.increment.get"
REFUND = "pdd.refund.information.get"
TIME = "pdd.time.get"
REFRESH = "pdd.pop.auth.token.refresh"
# The keys are not made from the method names.
ROOTS = {
    INCREMENT: "order_sn_increment_get_response",
    LIST: "order_list_get_response",
    DETAIL: "order_info_get_response",
    STATUS: "order_status_get_response",
    REFUNDS: "refund_increment_get_response",
    REFUND: "refund_information_get_response",
    TIME: "time_get_response",
    SEND: "logistics_online_send_response",
    EXTRA: "upload_extra_logistics_response",
    UPDATE: "goods_quantity_update_response",
    REFRESH: "pop_auth_token_refresh_response",
}
ANY = 5
ONE_DAY = 24 * 60 * 60
MOST_SNS = 100
TOKEN_LIFE = timedelta(hours=24)
TERM = timedelta(days=365)


def list_by_update(call: Call) -> dict[str, Any]:
    """Answer the increment: 成交 orders updated in at most 30 minutes, newest first.

    Raises:
        RefusalError: a parameter is missing or outside its limits.
    """
    asked = parameters_of(call.incoming)
    span = window(asked, "start_updated_at", "end_updated_at", LONGEST_WINDOW)
    keep = _asked_for(asked)
    page, size = paging(asked)
    found = call.orders_modified(span, page, size, keep)
    rows = [_noisy(call, order_row(order)) for order in found.rows]
    return {**_extent(asked, found.total, has_next=found.has_next), "order_sn_list": rows}


def list_by_confirmation(call: Call) -> dict[str, Any]:
    """Answer the list of orders that became 成交 in at most 24 hours, newest first.

    Raises:
        RefusalError: a parameter is missing or outside its limits.
    """
    asked = parameters_of(call.incoming)
    first, last = window(asked, "start_confirm_at", "end_confirm_at", ONE_DAY)
    keep = _asked_for(asked)
    page, size = paging(asked)
    own = [order for order in call.world.orders.values() if order.shop_id == call.shop_id and keep(order)]
    found = [order for order in own if first <= int(confirmed_at(order).timestamp()) <= last]
    found.sort(key=lambda order: (confirmed_at(order), order.order_id), reverse=True)
    rows = [order_row(order) for order in found[(page - 1) * size : page * size]]
    has_next = page * size < len(found)
    return {**_extent(asked, len(found), has_next=has_next), "order_list": rows}


def one_order(call: Call) -> dict[str, Any]:
    """Answer one whole order.

    Raises:
        RefusalError: the order is not of this shop, or not 成交.
    """
    return {
        "order_info": _noisy(call, order_row(_order(call, named(parameters_of(call.incoming), "order_sn"))))
    }


def order_states(call: Call) -> dict[str, Any]:
    """Answer the states of some orders; here the number is called `orderSn`.

    Raises:
        RefusalError: an order is not of this shop, or there are too many.
    """
    wanted = named(parameters_of(call.incoming), "order_sns").split(",")
    if len(wanted) > MOST_SNS:
        raise pop_error(10001, "参数错误", f"参数错误:order_sns最多{MOST_SNS}个")
    orders = [_order(call, order_sn) for order_sn in wanted]
    return {
        "order_status_list": [
            {
                "orderSn": order.order_id,
                "order_status": order_status(order),
                "refund_status": order_refund_status(order),
            }
            for order in orders
        ]
    }


def list_refunds(call: Call) -> dict[str, Any]:
    """Answer the after-sales updated in at most 30 minutes, newest first.

    Raises:
        RefusalError: a parameter is missing or outside its limits.
    """
    asked = parameters_of(call.incoming)
    span = window(asked, "start_updated_at", "end_updated_at", LONGEST_WINDOW)
    kind = choice(asked, "after_sales_type", (1, *sorted(set(TYPES.values()))))
    status = number(asked, "after_sales_status", 1, 32, 1)
    order_sn = asked.get("order_sn", "")
    page, size = paging(asked)

    def keep(one: AfterSale) -> bool:
        fits = kind in {1, TYPES[one.kind]} and status in {1, after_sales_status(one)}
        return fits and order_sn in {"", one.order_id} and is_confirmed(call.world.orders[one.order_id])

    found = call.after_sales_modified(span, page, size, keep)
    rows = [refund_row(call.world.orders[one.order_id], one) for one in found.rows]
    return {"total_count": found.total, "refund_list": rows}


def one_refund(call: Call) -> dict[str, Any]:
    """Answer one after-sale.

    Raises:
        RefusalError: it is not of this shop or not of this order.
    """
    asked = parameters_of(call.incoming)
    order_sn, after_sale = named(asked, "order_sn"), call.after_sale(named(asked, "after_sales_id"))
    if after_sale is None or after_sale.order_id != order_sn:
        raise pop_error(50001, "业务服务错误", f"售后单不存在:{asked['after_sales_id']}", "50001")
    return refund_row(_order(call, order_sn), after_sale)


def platform_time(call: Call) -> dict[str, Any]:
    """Answer the platform's time in Beijing."""
    return {"time": beijing(call.now)}


def renew(grant: Grant) -> dict[str, Any]:
    """Hand out a new access token; the older ones end at once, the refresh token stays.

    Raises:
        RefusalError: the refresh token is unknown, or the shop took its authorisation back.
    """
    given = named(parameters_of(grant.incoming), "refresh_token")
    shop_id = shop_of(grant.credentials, given)
    if not shop_id:
        raise pop_error(20032, "access_token或client_id错误", "refresh_token不正确")
    if shop_id in grant.tokens.revoked:
        raise pop_error(10014, "商家取消授权")
    seconds, term = int(TOKEN_LIFE.total_seconds()), int(TERM.total_seconds())
    return {
        "access_token": grant.tokens.issue(shop_id, grant.now, TOKEN_LIFE),
        "expires_in": seconds,
        "expires_at": int(grant.now.timestamp()) + seconds,
        "refresh_token": refresh_token(grant.credentials, shop_id),
        "refresh_token_expires_in": term,
        "refresh_token_expires_at": int(grant.now.timestamp()) + term,
        "owner_id": str(int(shop_id.encode().hex(), 16) % 10**9),
        "owner_name": shop_id,
        "scope": ["pdd.order.number.list.increment.get", "pdd.refund.list.increment.get"],
    }


def _asked_for(asked: dict[str, str]) -> Callable[[Order], bool]:
    status = choice(asked, "order_status", (1, 2, 3, ANY))
    refund = choice(asked, "refund_status", (1, 2, 3, 4, ANY))
    lucky = choice(asked, "is_lucky_flag", (0, 1, 2))
    trade = number(asked, "trade_type", 0, 1, -1)

    def keep(order: Order) -> bool:
        fits = status in {ANY, order_status(order)} and refund in {ANY, order_refund_status(order)}
        is_presale = order.payment_kind is PaymentKind.PRESALE
        return fits and lucky != 2 and trade in {-1, int(is_presale)} and is_confirmed(order)  # noqa: PLR2004 - nobody draws lots here

    return keep


def _extent(asked: dict[str, str], total: int, *, has_next: bool) -> dict[str, Any]:
    return {"has_next": has_next} if asked.get("use_has_next") == "true" else {"total_count": total}


def _order(call: Call, order_sn: str) -> Order:
    order = call.order(order_sn)
    if order is None or not is_confirmed(order):
        raise pop_error(50001, "业务服务错误", f"订单不存在:{order_sn}", "50001")
    return order


def _noisy(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    if not call.behavior.noise:
        return row
    return {**row, "urge_shipping_time": beijing(call.now - timedelta(seconds=call.noise.randrange(3600)))}


METHODS: dict[str, Method] = {
    INCREMENT: Method(list_by_update, Cost.LIST),
    LIST: Method(list_by_confirmation, Cost.LIST),
    DETAIL: Method(one_order, Cost.DETAIL),
    STATUS: Method(order_states, Cost.DETAIL),
    REFUNDS: Method(list_refunds, Cost.LIST),
    REFUND: Method(one_refund, Cost.DETAIL),
    TIME: Method(platform_time, needs_token=False),
    SEND: Method(send),
    EXTRA: Method(add_numbers),
    UPDATE: Method(update_quantity),
}
AUTHORIZE = {REFRESH: renew}
