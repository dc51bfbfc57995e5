"""The gateway's methods: a checked call in, the body of the answer out."""

from datetime import datetime, timedelta
from typing import Any

from sandbox.gateway.call import Call, Page, Window
from sandbox.gateway.dialect import Cost, Method
from sandbox.gateway.text import beijing
from sandbox.jd.after_sale import application_row, applied_at, checked_at, is_service, service_row
from sandbox.jd.envelope import business_failure, jos_error, result_of
from sandbox.jd.order import is_listed, known_state, order_row, vender_id
from sandbox.jd.request import business_of
from sandbox.jd.shipping import SHIPMENT, ship
from sandbox.jd.stock import SET_STOCK, set_stock
from sandbox.world.model import Order
from sandbox.world.platforms import BEIJING

SEARCH = "jingdong.pop.order.search"
EN_SEARCH = "jingdong.pop.order.enSearch"
DETAIL = "jingdong.pop.order.get"
EN_DETAIL = "jingdong.pop.order.enGet"
REMARKS = "jingdong.pop.order.getRemarkByModifyTime"
APPLICATIONS = "jingdong.pop.afs.soa.refundapply.queryPageList"
SERVICES = "jingdong.asc.sync.list"
LONGEST_WINDOW = timedelta(days=31)
LARGEST_PAGE = 100
LARGEST_AFTER_SALE_PAGE = 50
#: Beyond this page a search returns an empty list, however many orders there are.
LAST_PAGE = 100
REMARKS_PER_PAGE = 20
UNKNOWN_ORDER = "10100006"
BY_CREATION, NEWEST_FIRST = "1", "1"
FIELDS = frozenset(
    {
        *("orderId", "orderState", "orderStateRemark", "orderType", "orderSource", "orderExt", "orderSign"),
        *("venderId", "storeId", "mdbStoreId", "storeOrder", "scDT"),
        *(
            "payType",
            "orderTotalPrice",
            "orderSellerPrice",
            "orderPayment",
            "sellerDiscount",
            "freightPrice",
            "balanceUsed",
            "taxFee",
            "serviceFee",
        ),
        *("orderStartTime", "paymentConfirmTime", "outBoundDate", "orderEndTime", "modified"),
        *("parentOrderId", "directParentOrderId", "returnOrder", "pauseBizInfo"),
        *("deliveryType", "idSopShipmenttype", "waybill", "logisticsId"),
        *("pin", "realPin", "open_id_buyer", "open_id_seller", "orderRemark", "venderRemark", "flag"),
        *("invoiceInfo", "invoiceCode", "invoiceEasyInfo", "vatInfo"),
        *("consigneeInfo", "originalConsigneeInfo", "itemInfoList", "couponDetailList"),
    }
)


def search(call: Call) -> dict[str, Any]:
    """Answer the search of orders: by modification, or creation (`dateType` 1); `sortType` 1 is newest first.

    Raises:
        RefusalError: a parameter is missing or outside its limits.
    """
    wish = business_of(call.incoming)
    fields = _fields(wish)
    window = _window(wish, "start_date", "end_date", longest=LONGEST_WINDOW)
    page, size = _number(wish, "page", 10**6), _number(wish, "page_size", LARGEST_PAGE)
    states = frozenset(_named(wish, "order_state").split(","))
    found = _found(call, window, (page, size), states)
    rows = [] if page > LAST_PAGE else [_select(call, order, fields) for order in found.rows]
    return {
        "searchorderinfo_result": {
            "apiResult": result_of(),
            "orderTotal": found.total,
            "orderInfoList": rows,
        }
    }


def detail(call: Call) -> dict[str, Any]:
    """Answer the detail of one order.

    Raises:
        RefusalError: a parameter is missing, or (in the inner layer) the shop has no such order.
    """
    wish = business_of(call.incoming)
    order = call.order(_named(wish, "order_id"))
    if order is None or not is_listed(order):
        raise business_failure(UNKNOWN_ORDER, "订单不存在")
    row = _select(call, order, _fields(wish))
    return {"orderDetailInfo": {"apiResult": result_of(), "orderInfo": row}}


def list_remarks(call: Call) -> dict[str, Any]:
    """Answer the notes of the shop by the time of their change, which `modified` of an order does not show.

    Raises:
        RefusalError: a parameter is missing or outside its limits.
    """
    wish = business_of(call.incoming)
    window = _window(wish, "startTime", "endTime", longest=LONGEST_WINDOW)
    found = call.orders_dated(_noted_at, window, _number(wish, "page", 10**6), REMARKS_PER_PAGE)
    rows = [
        {
            "orderId": order.order_id,
            "remark": order.seller_memo,
            "flag": order.seller_flag,
            "modified": beijing(_noted_at(order) or order.modified),
        }
        for order in found.rows
    ]
    result = {"resultCode": 1, "errorMsg": "", "totleNum": found.total, "remarkList": rows}
    return {"getremarkbymodifytime_result": result}


def list_applications(call: Call) -> dict[str, Any]:
    """Answer the applications before shipping, by the time of applying or of judging.

    Raises:
        RefusalError: a parameter is missing or outside its limits.
    """
    wish = business_of(call.incoming)
    by_check = bool(wish.get("checkTimeStart"))
    names = ("checkTimeStart", "checkTimeEnd") if by_check else ("applyTimeStart", "applyTimeEnd")
    window = _window(wish, *names, longest=None)
    page, size = _number(wish, "pageIndex", 1000), _number(wish, "pageSize", LARGEST_AFTER_SALE_PAGE)
    found = call.after_sales_dated(checked_at if by_check else applied_at, window, page, size)
    rows = [application_row(call.world.orders[one.order_id], one) for one in found.rows]
    return {"queryResult": {"success": True, "totalCount": found.total, "result": rows}}


def list_services(call: Call) -> dict[str, Any]:
    """Answer the after-sale services of a shop by the time of their last change.

    Raises:
        RefusalError: a parameter is missing or outside its limits, or it is another shop's number.
    """
    wish = business_of(call.incoming)
    for name in ("buId", "operatePin", "operateNick"):
        _named(wish, name)
    if str(wish["buId"]) != vender_id(call.shop_id):
        raise jos_error("71")
    window = _window(wish, "updateTimeBegin", "updateTimeEnd", longest=None)
    page, size = _number(wish, "pageNumber", 10**6), _number(wish, "pageSize", LARGEST_AFTER_SALE_PAGE)
    found = call.after_sales_modified(window, page, size, is_service)
    rows = [service_row(call.world.orders[one.order_id], one) for one in found.rows]
    return {"pageResult": {"success": True, "total": found.total, "data": rows}}


def _found(call: Call, window: Window, place: tuple[int, int], states: frozenset[str]) -> Page[Order]:
    wish = business_of(call.incoming)
    oldest_first = str(wish.get("sortType", "")) != NEWEST_FIRST

    def is_asked_for(order: Order) -> bool:
        return is_listed(order) and known_state(order) in states

    if str(wish.get("dateType", "")) == BY_CREATION:
        return call.orders_dated(
            lambda order: order.created if is_asked_for(order) else None,
            window,
            *place,
            oldest_first=oldest_first,
        )
    return call.orders_modified(window, *place, is_asked_for, oldest_first=oldest_first)


def _select(call: Call, order: Order, fields: frozenset[str]) -> dict[str, Any]:
    row = {name: value for name, value in order_row(order).items() if name in fields}
    if call.behavior.noise and "orderSign" in fields:
        row["orderSign"] = f'{{"trace":{call.noise.randrange(1_000_000)}}}'
    return row


def _noted_at(order: Order) -> datetime | None:
    times = [event.at for event in order.events if event.kind == "memo_changed"]
    return max(times) if times and is_listed(order) else None


def _fields(wish: dict[str, Any]) -> frozenset[str]:
    named = str(wish.get("optional_fields") or "")
    names = frozenset(name.strip() for name in named.split(",") if name.strip())
    if not names or not names <= FIELDS:
        raise jos_error("68", ",".join(sorted(names - FIELDS)))
    return names | {"orderId"}


def _named(wish: dict[str, Any], name: str) -> str:
    if wish.get(name) in {None, ""}:
        raise jos_error("60", name)
    return str(wish[name])


def _number(wish: dict[str, Any], name: str, largest: int) -> int:
    text = _named(wish, name)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= largest:
        raise jos_error("61", f"{name} is 1 to {largest}")
    return int(text)


def _window(wish: dict[str, Any], first: str, last: str, longest: timedelta | None) -> Window:
    start, end = _time(wish, first), _time(wish, last)
    if end < start or (longest is not None and end - start > longest):
        raise jos_error("61", f"{first} to {last}")
    return int(start.timestamp()), int(end.timestamp())


def _time(wish: dict[str, Any], name: str) -> datetime:
    try:
        return datetime.strptime(_named(wish, name), "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
    except ValueError:
        raise jos_error("61", name) from None


METHODS: dict[str, Method] = {
    SEARCH: Method(search, Cost.LIST),
    EN_SEARCH: Method(search, Cost.LIST),
    DETAIL: Method(detail, Cost.DETAIL),
    EN_DETAIL: Method(detail, Cost.DETAIL),
    REMARKS: Method(list_remarks, Cost.LIST),
    APPLICATIONS: Method(list_applications, Cost.LIST),
    SERVICES: Method(list_services, Cost.LIST),
    SHIPMENT: Method(ship),
    SET_STOCK: Method(set_stock),
}
