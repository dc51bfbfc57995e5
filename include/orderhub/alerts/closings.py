"""Finds promised hand-overs on days on which a warehouse or carrier is closed, or an area suspended."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from orderhub.alerts.raising import Alert
from orderhub.clock import BEIJING
from orderhub.config.models import MerchantConfig
from orderhub.db.sql_files import statement
from orderhub.domain.calendar import CalendarKind, Closing

RULE = "closing_ahead"
_WORDS = {
    CalendarKind.WAREHOUSE: ("仓库 {} 休息", "warehouse {} is closed"),
    CalendarKind.CARRIER: ("快递 {} 休息", "carrier {} is closed"),
    CalendarKind.AREA: ("{} 停发", "nothing is sent to {}"),
}


def closings_ahead(connection: Connection, config: MerchantConfig, now: datetime) -> list[Alert]:
    """Return an alert per closing that is on or near, and in which unshipped orders are promised."""
    today = now.astimezone(BEIJING).date()
    closings = config.calendar.ahead(today, config.closing_days)
    if not closings:
        return []
    rows = connection.execute(statement("ops/closing_deadlines"), _columns(closings))
    return [_alert(closings[row.closing_no], row) for row in rows]


def _columns(closings: Sequence[Closing]) -> dict[str, list[Any]]:
    """Return one value per closing and place, column by column."""
    flat = [
        (number, closing, place)
        for number, closing in enumerate(closings)
        for place in sorted(closing.places) or [("", "")]
    ]
    return {
        "numbers": [number for number, _, _ in flat],
        "kinds": [closing.kind.value for _, closing, _ in flat],
        "ids": [closing.id for _, closing, _ in flat],
        "starts": [_midnight(closing.first_day) for _, closing, _ in flat],
        "ends": [_midnight(closing.last_day + timedelta(days=1)) for _, closing, _ in flat],
        "provinces": [province for _, _, (province, _) in flat],
        "cities": [city for _, _, (_, city) in flat],
    }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), BEIJING)


def _alert(closing: Closing, row: Row[Any]) -> Alert:
    zh, en = (words.format(closing.id) for words in _WORDS[closing.kind])
    days = f"{closing.first_day:%m-%d} - {closing.last_day:%m-%d}"
    first = f"{row.first_at.astimezone(BEIJING):%m-%d %H:%M}"
    examples, comment = ", ".join(row.examples), f"({closing.comment})" if closing.comment else ""
    return Alert(
        rule_id=RULE,
        severity="warning",
        subject=f"{closing.kind}/{closing.id} {closing.first_day.isoformat()}",
        fingerprint="open",
        title_zh=f"{zh}:{days}",
        title_en=f"{en}: {days}",
        text_zh=(
            f"{zh} {days}{comment},{row.order_count} 个没发出的订单承诺在这几天交运,最早 {first}:{examples}。"
            "请提前发出、换仓或和买家商量。"
        ),
        text_en=(
            f"{en} {days}; {row.order_count} unshipped order(s) are promised in these days, the first by "
            f"{first} (Beijing): {examples}. Ship them before, from elsewhere, or ask the buyers."
        ),
        warehouse_id=closing.id if closing.kind is CalendarKind.WAREHOUSE else None,
    )
