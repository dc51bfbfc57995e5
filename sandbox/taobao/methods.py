"""The gateway's methods: a checked call in, the body of the answer out."""

from datetime import timedelta
from typing import Any

from sandbox.gateway.call import Call
from sandbox.gateway.dialect import Cost, Method
from sandbox.gateway.text import beijing, yuan
from sandbox.taobao.envelope import top_error
from sandbox.taobao.merging import MERGE, merge
from sandbox.taobao.refund import REFUND_LIST_FIELDS, refund_row, refund_status
from sandbox.taobao.request import parse_time
from sandbox.taobao.shipping import SEND, send
from sandbox.taobao.stock import UPDATE, update_quantity
from sandbox.taobao.trade import TYPES, detail_row, list_row, select, trade_status
from sandbox.world.model import AfterSale, Order

LIST = "taobao.trades.sold.increment.get"
DETAIL = "taobao.trade.fullinfo.get"
REFUNDS = "taobao.refunds.receive.get"
REFUND = "taobao.refund.get"
TIME = "taobao.time.get"
LONGEST_WINDOW = timedelta(days=1)
PAGE_SIZE = 40
LARGEST_PAGE = 100
LISTED_UNASKED = frozenset({"fixed", "step", "cod", "ec", "auto_delivery", "guarantee_trade"})
OAID_NEEDS = frozenset({"receiver_name", "receiver_address", "created", "receiver_mobile", "receiver_phone"})


def list_trades(call: Call) -> dict[str, Any]:
    """Answer `taobao.trades.sold.increment.get`: newest modified first, both ends of the window included.

    Raises:
        RefusalError: a parameter is missing or outside its limits.
    """
    form = call.incoming.form
    fields, window = _fields(form), _window(form, longest=LONGEST_WINDOW)
    page, size = _paging(form)
    types = frozenset(form.get("type", "").split(",")) - {""} or LISTED_UNASKED
    status = form.get("status", "")

    def is_asked_for(order: Order) -> bool:
        return TYPES[order.payment_kind] in types and status in {"", trade_status(order)}

    takes_all = not status and types >= set(TYPES.values())
    found = call.orders_modified(window, page, size, None if takes_all else is_asked_for)
    with_lines = any(name.startswith("orders") for name in fields)
    rows = [select(list_row(order, with_lines=with_lines), fields) for order in found.rows]
    body: dict[str, Any] = {"trades": {"trade": rows}} if rows else {}
    return {**_extent(form, found.total, has_next=found.has_next), **body}


def list_refunds(call: Call) -> dict[str, Any]:
    """Answer `taobao.refunds.receive.get`: after-sales of the shop, newest modified first.

    Raises:
        RefusalError: a parameter is missing or outside its limits.
    """
    form = call.incoming.form
    fields, window = _fields(form), _window(form, longest=None)
    page, size = _paging(form)
    status = form.get("status", "")

    def is_asked_for(after_sale: AfterSale) -> bool:
        return refund_status(after_sale) == status

    found = call.after_sales_modified(window, page, size, is_asked_for if status else None)
    rows = [refund_row(call.world.orders[one.order_id], one) for one in found.rows]
    shown = [select(row, fields & REFUND_LIST_FIELDS) for row in rows]
    body: dict[str, Any] = {"refunds": {"refund": shown}} if shown else {}
    return {**_extent(form, found.total, has_next=found.has_next), **body}


def full_refund(call: Call) -> dict[str, Any]:
    """Answer `taobao.refund.get`.

    Raises:
        RefusalError: the refund does not exist in this shop.
    """
    form = call.incoming.form
    fields, refund_id = _fields(form), _named(form, "refund_id")
    after_sale = call.after_sale(refund_id)
    if after_sale is None:
        raise top_error(15, "Remote service error", "isv.refund-not-exist", f"退款不存在: {refund_id}")
    return {"refund": select(refund_row(call.world.orders[after_sale.order_id], after_sale), fields)}


def full_trade(call: Call) -> dict[str, Any]:
    """Answer `taobao.trade.fullinfo.get`.

    Raises:
        RefusalError: the order is not of this shop, or the OAID cannot be built from the named fields.
    """
    form = call.incoming.form
    fields, tid = _fields(form), _named(form, "tid")
    order = call.order(tid)
    if order is None:
        raise top_error(15, "Remote service error", "isv.trade-not-exist", f"交易不存在: {tid}")
    row = detail_row(order)
    if call.behavior.noise:
        row["available_confirm_fee"] = yuan(call.noise.randrange(100_000))
    buildable = fields >= OAID_NEEDS
    if form.get("include_oaid") == "true":
        if not buildable:
            missing = f"fields must name {', '.join(sorted(OAID_NEEDS))}"
            raise top_error(15, "Remote service error", "isv.oaid-field-miss", missing)
        fields |= {"oaid"}
    elif not buildable:
        fields -= {"oaid"}
    return {"trade": select(row, fields)}


def platform_time(call: Call) -> dict[str, Any]:
    """Answer `taobao.time.get`."""
    return {"time": beijing(call.now)}


def _fields(form: dict[str, str]) -> frozenset[str]:
    names = frozenset(name.strip() for name in form.get("fields", "").split(",") if name.strip())
    if not names:
        raise top_error(40, "Missing Required Arguments:fields")
    return names


def _named(form: dict[str, str], name: str) -> str:
    if not form.get(name):
        raise top_error(40, f"Missing Required Arguments:{name}")
    return form[name]


def _paging(form: dict[str, str]) -> tuple[int, int]:
    return _number(form, "page_no", 1, 10**6), _number(form, "page_size", PAGE_SIZE, LARGEST_PAGE)


def _number(form: dict[str, str], name: str, default: int, largest: int) -> int:
    text = form.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= largest:
        raise top_error(41, f"Invalid Arguments:{name}", "isv.invalid-parameter", f"{name} is 1 to {largest}")
    return int(text)


def _window(form: dict[str, str], longest: timedelta | None) -> tuple[int, int]:
    start = parse_time(_named(form, "start_modified"), "start_modified")
    end = parse_time(_named(form, "end_modified"), "end_modified")
    if end < start or (longest is not None and end - start > longest):
        limit = " by at most one day" if longest else ""
        message = f"end_modified must follow start_modified{limit}"
        raise top_error(41, "Invalid Arguments:end_modified", "isv.invalid-parameter", message)
    return int(start.timestamp()), int(end.timestamp())


def _extent(form: dict[str, str], total: int, *, has_next: bool) -> dict[str, Any]:
    return {"has_next": has_next} if form.get("use_has_next") == "true" else {"total_results": total}


METHODS: dict[str, Method] = {
    LIST: Method(list_trades, Cost.LIST),
    DETAIL: Method(full_trade, Cost.DETAIL),
    REFUNDS: Method(list_refunds, Cost.LIST),
    REFUND: Method(full_refund, Cost.DETAIL),
    TIME: Method(platform_time, needs_token=False),
    SEND: Method(send),
    UPDATE: Method(update_quantity),
    MERGE: Method(merge),
}
