"""The gateway's methods: a checked form in, the body of the answer out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.taobao.envelope import TopError
from sandbox.taobao.request import parse_time
from sandbox.taobao.trade import beijing, detail_row, list_row, select
from sandbox.world.model import Order
from sandbox.world.world import World

LIST = "taobao.trades.sold.increment.get"
DETAIL = "taobao.trade.fullinfo.get"
TIME = "taobao.time.get"
LONGEST_WINDOW = timedelta(days=1)
PAGE_SIZE = 40
LARGEST_PAGE = 100
LISTED_UNASKED = frozenset({"fixed", "step", "cod", "ec", "auto_delivery", "guarantee_trade"})
OAID_NEEDS = frozenset({"receiver_name", "receiver_address", "created", "receiver_mobile", "receiver_phone"})


@dataclass(slots=True)
class Behavior:
    """How the platform misbehaves as a rule (planned single failures are in `sandbox.faults`)."""

    lag: timedelta = timedelta(0)
    churn_per_call: int = 0
    churn_place: int = 0
    noise: bool = False
    duplicate_rate: float = 0.0
    list_delay_ms: int = 0
    detail_delay_ms: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """A call that passed the checks."""

    form: Mapping[str, str]
    shop_id: str
    now: datetime

    def fields(self) -> frozenset[str]:
        """Return the names in `fields`.

        Raises:
            TopError: 40, there are none.
        """
        names = frozenset(name.strip() for name in self.form.get("fields", "").split(",") if name.strip())
        if not names:
            raise TopError(40, "Missing Required Arguments:fields")
        return names

    def number(self, name: str, default: int, largest: int) -> int:
        """Return a positive whole number.

        Raises:
            TopError: 41, it is not a number between 1 and `largest`.
        """
        text = self.form.get(name) or str(default)
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= largest:
            raise TopError(
                41, f"Invalid Arguments:{name}", "isv.invalid-parameter", f"{name} is 1 to {largest}"
            )
        return int(text)


def list_by_modified(world: World, behavior: Behavior, call: Call) -> dict[str, Any]:
    """Answer `taobao.trades.sold.increment.get`: newest modified first, both ends of the window included.

    Raises:
        TopError: a parameter is missing or outside its limits.
    """
    fields, window = call.fields(), _window(call)
    size = call.number("page_size", PAGE_SIZE, LARGEST_PAGE)
    page = call.number("page_no", 1, 10**6)
    if behavior.churn_per_call or behavior.churn_place:
        world.churn(call.shop_id, window, behavior.churn_per_call, behavior.churn_place, call.now)
    visible = min(window[1], int((call.now - behavior.lag).timestamp()))
    orders, total = _page(world, call, (window[0], visible), page, size)
    with_lines = any(name.startswith("orders") for name in fields)
    rows = [select(list_row(order, with_lines=with_lines), fields) for order in orders]
    body: dict[str, Any] = {"trades": {"trade": rows}} if rows else {}
    if call.form.get("use_has_next") == "true":
        return {"has_next": page * size < total, **body}
    return {"total_results": total, **body}


def _window(call: Call) -> tuple[int, int]:
    for name in ("start_modified", "end_modified"):
        if not call.form.get(name):
            raise TopError(40, f"Missing Required Arguments:{name}")
    start = parse_time(call.form["start_modified"], "start_modified")
    end = parse_time(call.form["end_modified"], "end_modified")
    if end < start or end - start > LONGEST_WINDOW:
        raise TopError(
            41,
            "Invalid Arguments:end_modified",
            "isv.invalid-parameter",
            "end_modified must follow start_modified by at most one day",
        )
    return int(start.timestamp()), int(end.timestamp())


def _page(world: World, call: Call, window: tuple[int, int], page: int, size: int) -> tuple[list[Order], int]:
    index = world.index[call.shop_id]
    low, high = index.span(*window)
    types = frozenset(call.form.get("type", "").split(",")) - {""} or LISTED_UNASKED
    status = call.form.get("status", "")
    if not status and types >= world.kinds:
        top = high - (page - 1) * size
        return [world.orders[tid] for tid in index.tids(max(low, top - size), max(low, top))], high - low
    every = (world.orders[tid] for tid in index.tids(low, high))
    chosen = [order for order in every if order.kind in types and status in {"", order.status}]
    return chosen[(page - 1) * size : page * size], len(chosen)


def full_detail(world: World, _behavior: Behavior, call: Call) -> dict[str, Any]:
    """Answer `taobao.trade.fullinfo.get`.

    Raises:
        TopError: the order does not exist in this shop, or the OAID cannot be built from the named fields.
    """
    fields = call.fields()
    tid = call.form.get("tid", "")
    if not tid:
        raise TopError(40, "Missing Required Arguments:tid")
    order = world.orders.get(int(tid)) if tid.isascii() and tid.isdigit() else None
    if order is None or order.shop_id != call.shop_id:
        raise TopError(15, "Remote service error", "isv.trade-not-exist", f"交易不存在: {tid}")
    row = detail_row(order)
    buildable = fields >= OAID_NEEDS
    if call.form.get("include_oaid") == "true":
        if not buildable:
            raise TopError(
                15,
                "Remote service error",
                "isv.oaid-field-miss",
                f"fields must name {', '.join(sorted(OAID_NEEDS))}",
            )
        fields |= {"oaid"}
    elif not buildable:
        fields -= {"oaid"}
    return {"trade": select(row, fields)}


def platform_time(_world: World, _behavior: Behavior, call: Call) -> dict[str, Any]:
    """Answer `taobao.time.get`."""
    return {"time": beijing(call.now)}


METHODS: dict[str, Callable[[World, Behavior, Call], dict[str, Any]]] = {
    LIST: list_by_modified,
    DETAIL: full_detail,
    TIME: platform_time,
}
WITHOUT_SESSION = frozenset({TIME})
