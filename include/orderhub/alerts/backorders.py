"""Finds backorders whose promised day has come while they still wait for goods."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from orderhub.alerts.raising import Alert
from orderhub.clock import BEIJING
from orderhub.db.sql_files import statement

RULE = "backorder_due"


def due_backorders(connection: Connection, now: datetime) -> list[Alert]:
    """Return an alert per promised day that is here or over."""
    given = {"today": now.astimezone(BEIJING).date()}
    return [_alert(row) for row in connection.execute(statement("ops/due_backorders"), given)]


def _alert(row: Row[Any]) -> Alert:
    day, examples = f"{row.promised_date:%m-%d}", ", ".join(row.examples)
    return Alert(
        rule_id=RULE,
        severity="warning",
        subject=f"{row.promised_date}",
        fingerprint="open",
        title_zh=f"预订到期没货:承诺 {day} 发货",
        title_en=f"Backorders are due: promised for {day}",
        text_zh=(f"{row.order_count} 个订单承诺 {day} 发货,还在等货:{examples}。请补货,或和买家商量后取消。"),
        text_en=(
            f"{row.order_count} order(s) were promised for {day} and still wait for goods: {examples}. "
            "Bring goods in, or ask the buyers and cancel."
        ),
    )
