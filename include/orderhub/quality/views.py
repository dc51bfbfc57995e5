"""What a check may refer to: the checkable views, their keys and their columns.

The views themselves are `include/sql/ops/checkable_*.sql`; a test keeps the
columns here and there equal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "free_text", "number", "boolean", "time"]


@dataclass(frozen=True)
class View:
    """One grain that checks judge.

    Attributes:
        name: schema and view.
        subject_type: what an anomaly of this grain is about.
        key: columns that name a row.
        columns: column → kind; `free_text` was written by people and is never copied into evidence.
    """

    name: str
    subject_type: Literal["order", "order_line"]
    key: tuple[str, ...]
    columns: Mapping[str, Kind]


ORDERS = View(
    "ops.checkable_orders",
    "order",
    ("order_id",),
    {
        "order_id": "text",
        "_checked_pass_id": "number",
        "shop_id": "text",
        "platform_status": "text",
        "status": "text",
        "currency": "text",
        "shop_currency": "text",
        "paid_fen": "number",
        "lines_paid_fen": "number",
        "freight_fen": "number",
        "amount_difference_fen": "number",
        "customer_id": "text",
        "province": "text",
        "city": "text",
        "district": "text",
        "missing_region_part": "text",
        "address_verdict": "text",
        "phone_verdict": "text",
        "time_contradiction": "text",
        "placed_at": "time",
        "paid_at": "time",
        "message_text": "free_text",
        "unreadable_fields": "text",
        "disagreeing_fields": "text",
        "goods_key": "text",
        "is_customer_expected": "boolean",
        "is_address_evaluable": "boolean",
        "is_payment_expected": "boolean",
        "is_amount_evaluable": "boolean",
    },
)

LINES = View(
    "ops.checkable_lines",
    "order_line",
    ("order_id", "line_id"),
    {
        "order_id": "text",
        "line_id": "text",
        "_checked_pass_id": "number",
        "shop_id": "text",
        "line_no": "number",
        "platform_item_id": "text",
        "platform_sku_id": "text",
        "merchant_code": "text",
        "sku_id": "text",
        "title": "text",
        "kind": "text",
        "refund_state": "text",
        "quantity": "number",
        "unit_price_fen": "number",
        "discount_fen": "number",
        "paid_fen": "number",
        "repeat_no": "number",
        "unreadable_fields": "text",
        "is_sent": "boolean",
        "is_goods": "boolean",
    },
)

CORRECTIONS = View(
    "ops.checkable_corrections",
    "order",
    ("order_id",),
    {
        "order_id": "text",
        "_checked_pass_id": "number",
        "shop_id": "text",
        "contradicted_fields": "text",
        "platform_says": "text",
        "correction_says": "text",
    },
)

VIEWS: Mapping[str, View] = {view.name: view for view in (ORDERS, LINES, CORRECTIONS)}
