"""What a check may refer to: the checkable views, their keys and their columns.

The views themselves are `include/sql/ops/checkable_*.sql`; a test keeps the
columns here and there equal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "free_text", "number", "boolean", "time"]
#: Kind → type of PostgreSQL.
SQL_TYPES: Mapping[Kind, str] = {
    "text": "text", "free_text": "text", "number": "bigint", "boolean": "boolean", "time": "timestamptz",
}  # fmt: skip


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
    subject_type: Literal["order", "order_line", "source"]
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
        "platform": "text",
        "platform_status": "text",
        "status": "text",
        "line_count": "number",
        "currency": "text",
        "shop_currency": "text",
        "paid_fen": "number",
        "lines_paid_fen": "number",
        "freight_fen": "number",
        "total_fen": "number",
        "due_at_door_fen": "number",
        "amount_difference_fen": "number",
        "order_total_cap_fen": "number",
        "customer_id": "text",
        "phone_hash": "text",
        "address_hash": "text",
        "province": "text",
        "city": "text",
        "district": "text",
        "missing_region_part": "text",
        "missing_receiver_part": "text",
        "city_without_district": "text",
        "unreachable_province": "text",
        "address_verdict": "text",
        "phone_verdict": "text",
        "time_contradiction": "text",
        "placed_at": "time",
        "paid_at": "time",
        "bought_at": "time",
        "message_digest": "text",
        "memo_words": "text",
        "invoice_words": "text",
        "no_ship_words": "text",
        "platform_risk": "text",
        "unreadable_fields": "text",
        "disagreeing_fields": "text",
        "duplicate_minutes": "number",
        "is_customer_expected": "boolean",
        "is_platform_paid": "boolean",
        "is_address_evaluable": "boolean",
        "is_payment_expected": "boolean",
        "is_due_at_door": "boolean",
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
        "pending_refund": "text",
        "unknown_status": "text",
        "refunded_part": "text",
        "shipped_part": "text",
        "quantity": "number",
        "quantity_cap": "number",
        "unit_price_fen": "number",
        "discount_fen": "number",
        "paid_fen": "number",
        "subsidy_fen": "number",
        "paid_unit_fen": "number",
        "usual_unit_fen": "number",
        "floor_unit_fen": "number",
        "price_deviation": "text",
        "repeat_no": "number",
        "unreadable_fields": "text",
        "is_sent": "boolean",
        "is_goods": "boolean",
        "is_price_evaluable": "boolean",
        "is_floor_evaluable": "boolean",
    },
)

SOURCES = View(
    "ops.checkable_sources",
    "source",
    ("shop_id",),
    {
        "shop_id": "text",
        "_checked_pass_id": "number",
        "order_count": "number",
        "recent_count": "number",
        "high_volume_orders": "number",
        "priced_lines": "number",
        "breaker_null_percent": "number",
        "breaker_swap_percent": "number",
        "missing_percent": "number",
        "unreadable_percent": "number",
        "swapped_percent": "number",
        "is_rate_evaluable": "boolean",
        "is_price_evaluable": "boolean",
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

VIEWS: Mapping[str, View] = {view.name: view for view in (ORDERS, LINES, CORRECTIONS, SOURCES)}
