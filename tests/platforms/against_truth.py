"""Compares core with the sandbox's truth, field by field: orders, lines, refunds, and what may ship.

What a platform cannot say, or says in another way, is a `View` in `tests/platforms/<platform>/view.py`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from orderhub.db.engine import Database
from sandbox.world.model import (
    AfterSale,
    AfterSaleKind,
    AfterSaleState,
    Line,
    Order,
    OrderState,
    PaymentKind,
)
from tests.builders import rows

Fields = dict[str, Any]

STATUSES = {
    OrderState.UNPAID: "unpaid",
    OrderState.DEPOSIT_PAID: "unpaid",
    OrderState.CLOSED_UNPAID: "closed",
    OrderState.CLOSED_REFUNDED: "closed",
}
PAYMENTS = {
    OrderState.UNPAID: "unpaid",
    OrderState.DEPOSIT_PAID: "deposit_paid",
    OrderState.CLOSED_UNPAID: "unpaid",
    OrderState.CLOSED_REFUNDED: "refunded",
}
LINE_REFUNDS = {
    None: "none",
    AfterSaleState.WITHDRAWN: "none",
    AfterSaleState.RESENT: "none",
    AfterSaleState.REFUNDED: "refunded",
}
REFUND_STATES = {
    AfterSaleState.WITHDRAWN: "withdrawn",
    AfterSaleState.REFUNDED: "refunded",
    AfterSaleState.RESENT: "refunded",
}
REFUND_KINDS = {
    AfterSaleKind.REFUND_ONLY: "refund",
    AfterSaleKind.RETURN_REFUND: "return",
    AfterSaleKind.EXCHANGE: "exchange",
    AfterSaleKind.RESHIP: "resend",
    AfterSaleKind.MONEY_ONLY: "money",
}


@dataclass(frozen=True)
class View:
    """What one platform shows otherwise. Each function changes the expected fields, or removes some.

    `order` and `refund` may return None: the platform does not list it (yet). `line` may set `line_id` where the
    platform has no ids of lines.
    """

    order: Callable[[Order, Fields], Fields | None] = lambda _, fields: fields
    line: Callable[[Order, Line, Fields], Fields] = lambda _, __, fields: fields
    refund: Callable[[Order, AfterSale, Fields], Fields | None] = lambda _, __, fields: fields


def view_of(platform: str) -> View:
    """Return the platform's view; one that shows everything as it is has none."""
    name = f"tests.platforms.{platform}.view"
    try:
        found = find_spec(name)
    except ModuleNotFoundError:
        found = None
    view: View = import_module(name).VIEW if found else View()
    return view


def differences(database: Database, platform: str, orders: Iterable[Order]) -> list[str]:
    """Return every difference between core and these true orders; empty when core tells the truth.

    Args:
        database: the hub's, after transform.
        platform: whose view.
        orders: all orders of the shops, as they truly are.
    """
    view = view_of(platform)
    true = {order.order_id: order for order in orders}
    shown = {key: fields for key, order in true.items() if (fields := view.order(order, _order(order)))}
    seen = [
        (true[key], line, view.line(true[key], line, _line(true[key], line)))
        for key in shown
        for line in true[key].lines
    ]
    lines = {
        (order.order_id, fields["line_id"]): {name: v for name, v in fields.items() if name != "line_id"}
        for order, _, fields in seen
    }
    owed = {(order.order_id, fields["line_id"]) for order, line, fields in seen if _is_owed(order, line)}
    refunds = {
        one.after_sale_id: fields
        for key in shown
        for one in true[key].after_sales
        if (fields := view.refund(true[key], one, _refund(one)))
    }
    return [
        *_compare("order", shown, _core_orders(database)),
        *_compare("line", lines, _core_lines(database)),
        *_compare("refund", refunds, _core_refunds(database)),
        *_unsafe(database, true, owed),
    ]


def _order(order: Order) -> Fields:
    status = "unknown" if order.has_unknown_status else STATUSES.get(order.state, order.state.value)
    payment = PAYMENTS.get(order.state, "paid")
    if order.payment_kind is PaymentKind.COD and payment == "paid" and order.state is not OrderState.DONE:
        payment = "cod_accepted"
    return {
        "status": status,
        "payment_state": "unknown" if order.has_unknown_status else payment,
        "total_fen": sum(line.price_fen * line.quantity for line in order.lines),
        "discount_fen": order.shared_discount_fen,
        "freight_fen": order.post_fen,
        "paid_fen": order.payment_fen,
        "placed_at": order.created,
        "paid_at": order.paid_at,
        "modified_at": order.modified,
    }


def _line(order: Order, line: Line) -> Fields:
    after_sale = order.after_sale_of(line)
    return {
        "line_id": line.line_id,
        "merchant_code": line.merchant_code,
        "quantity": line.quantity,
        "unit_price_fen": line.price_fen,
        "paid_fen": line.divided_fen,
        "kind": "gift" if line.is_gift else "goods",
        "refund_state": LINE_REFUNDS.get(after_sale.state if after_sale else None, "pending"),
    }


def _refund(after_sale: AfterSale) -> Fields:
    return {
        "order": after_sale.order_id,
        "line": after_sale.claims[0].line_id if len(after_sale.claims) == 1 else None,
        "kind": REFUND_KINDS[after_sale.kind],
        "state": REFUND_STATES.get(after_sale.state, "open"),
        "quantity": sum(claim.quantity for claim in after_sale.claims),
        "refund_fen": after_sale.refund_fen,
        "created_at": after_sale.applied_at,
        "modified_at": after_sale.modified,
    }


def _core_orders(database: Database) -> dict[Any, Fields]:
    columns = (
        "status", "payment_state", "total_fen", "discount_fen", "freight_fen", "paid_fen", "placed_at",
        "paid_at", "modified_at",
    )  # fmt: skip
    found = rows(database, f"select platform_order_id, {', '.join(columns)} from core.orders")
    return {row[0]: dict(zip(columns, row[1:], strict=True)) for row in found}


def _core_lines(database: Database) -> dict[Any, Fields]:
    columns = ("merchant_code", "quantity", "unit_price_fen", "paid_fen", "kind", "refund_state")
    found = rows(
        database,
        f"select o.platform_order_id, l.line_id, {', '.join('l.' + c for c in columns)} "
        "from core.order_lines l join core.orders o using (order_id) "
        "where l.parent_line_id is null and l.gift_rule_id is null",
    )
    return {(row[0], row[1]): dict(zip(columns, row[2:], strict=True)) for row in found}


def _core_refunds(database: Database) -> dict[Any, Fields]:
    columns = ("order", "line", "kind", "state", "quantity", "refund_fen", "created_at", "modified_at")
    found = rows(
        database,
        "select platform_refund_id, substr(order_id, length(shop_id) + 2), platform_line_id, kind, state, "
        "quantity, refund_fen, created_at, modified_at from core.refunds",
    )
    return {row[0]: dict(zip(columns, row[1:], strict=True)) for row in found}


def _compare(what: str, true: Mapping[Any, Fields], found: Mapping[Any, Fields]) -> list[str]:
    said = [f"{what} {key} is missing" for key in true if key not in found]
    said += [f"{what} {key} does not exist on the platform" for key in found if key not in true]
    for key, fields in true.items():
        for name, value in fields.items():
            if key in found and found[key][name] != value:
                said.append(f"{what} {key}: {name} is {found[key][name]!r}, truly {value!r}")
    return said


def _unsafe(database: Database, true: Mapping[str, Order], owed: set[tuple[str, str]]) -> list[str]:
    """Return lines that the hub would ship though nothing is owed. The other way round a rule may hold them."""
    ready = rows(
        database,
        "select o.platform_order_id, r.line_id from core.line_readiness r join core.orders o using (order_id) "
        "where r.blocked_by is null",
    )
    return [
        f"line {(key, line_id)} would be shipped: {true[key].state}, nothing of it is owed"
        for key, line_id in ready
        if (key, line_id) not in owed
    ]


def _is_owed(order: Order, line: Line) -> bool:
    return order.is_shippable and order.owed(line) > 0
