"""The daily digest: one mail a day with yesterday's and today's counts and what is open.

Whether it is due is in the data: its instant of today is over, the hub had started before, and no digest of
today is in the outbox. So it comes once, however often and however late the hub is looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Any

from sqlalchemy import Connection, Row, text

from orderhub.alerts.links import LINK
from orderhub.alerts.wording import SEVERITIES, Language
from orderhub.clock import BEIJING, Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.outbox import Effect, enqueue
from orderhub.db.sql_files import statement

_CELL = 'style="padding:4px 12px 4px 0;text-align:left;vertical-align:top;border-bottom:1px solid #ddd"'
_KNOWN = text("""
    select exists (select from ops.hub where first_started_at <= :due_at)
        and not exists (select from ops.outbox where outbox_id = :outbox_id)""")
_NOW = text("""
    select
        (select count(distinct order_id) from core.holds where state = 'active') as held,
        (select count(*) from ops.outbox where state <> 'sent' and created_at < :hour_ago) as unsent""")
_COUNTED = {
    "placed": ("下单", "Orders placed"),
    "held": ("新挂起的订单", "Orders newly held"),
    "released": ("人工放行的挂起", "Holds released by hand"),
    "allocated": ("生成的发货单", "Fulfillment orders made"),
    "manifested": ("进入清单的发货单", "Fulfillment orders handed over"),
    "alerts": ("提醒", "Alerts raised"),
}


@dataclass(frozen=True)
class Digest:
    """What the mail says; counts and ids only."""

    day: str
    days: Sequence[Row[Any]]
    open_alerts: Sequence[Row[Any]]
    held: int
    unsent: int
    aged_hours: int


def send_digest(connection: Connection, clock: Clock, config: MerchantConfig) -> bool:
    """Put today's digest into the outbox when it is due, and return whether it was.

    A hub whose shops are all in shadow mode sends nothing.
    """
    at = config.alerts.digest_at
    now = clock.now().astimezone(BEIJING)
    if at is None or now.time() < at or all(shop.mode == "shadow" for shop in config.shops):
        return False
    outbox_id = f"mail:digest:{now:%Y-%m-%d}"
    due_at = datetime.combine(now.date(), at, BEIJING)
    if not connection.execute(_KNOWN, {"due_at": due_at, "outbox_id": outbox_id}).scalar_one():
        return False
    found = _read(connection, config, now)
    payload = {
        "sender": config.alerts.sender,
        "to": list(config.alerts.supervisors),
        **_worded(found, "zh"),
        "en": _worded(found, "en"),
    }
    return enqueue(connection, [Effect(outbox_id, "mail", "digest", payload)], clock) == 1


def _read(connection: Connection, config: MerchantConfig, now: datetime) -> Digest:
    hours = config.alerts.aged_after_hours
    days = {"since": now.date() - timedelta(days=1), "until": now.date()}
    aged = {"aged_before": now - timedelta(hours=hours)}
    present = connection.execute(_NOW, {"hour_ago": now - timedelta(hours=1)}).one()
    return Digest(
        day=f"{now:%Y-%m-%d}",
        days=connection.execute(statement("ops/digest_days"), days).all(),
        open_alerts=connection.execute(statement("ops/digest_open"), aged).all(),
        held=present.held,
        unsent=present.unsent,
        aged_hours=hours,
    )


def _worded(found: Digest, language: Language) -> Mapping[str, str]:
    number = 0 if language == "zh" else 1
    head = (("", "昨天", "今天到现在"), ("", "Yesterday", "Today so far"))[number]
    counts = [
        (names[number], *(str(getattr(day, key)) for day in found.days)) for key, names in _COUNTED.items()
    ]
    present = (
        f"现在:{found.held} 个订单挂起;{found.unsent} 件一小时以上没发出去。",
        f"Now: {found.held} orders are held; {found.unsent} effects could not be sent for over an hour.",
    )[number]
    open_head = (
        ("未了的提醒", "程度", "条数", f"超过 {found.aged_hours} 小时"),
        ("Open alerts", "Severity", "Count", f"Over {found.aged_hours} h"),
    )[number]
    rows = [
        (
            alert.title_zh if language == "zh" else alert.title_en,
            SEVERITIES[alert.severity][number],
            str(alert.open_count),
            str(alert.aged_count),
        )
        for alert in found.open_alerts
    ]
    none = ("没有未了的提醒。", "No alert is open.")[number]
    tables = [(head, counts)] + ([(open_head, rows)] if rows else [])
    closing = [present] if rows else [present, none]
    subject = (f"每日汇总 {found.day}", f"Daily digest {found.day}")[number]
    return {"subject": f"[orderhub] {subject}", **_laid_out(tables, closing)}


def _laid_out(
    tables: Sequence[tuple[tuple[str, ...], Sequence[tuple[str, ...]]]], closing: Sequence[str]
) -> dict[str, str]:
    lines: list[str] = []
    html = ""
    for head, rows in tables:
        lines += [" | ".join(cells) for cells in (head, *rows)] + [""]
        body = "".join(_row("td", cells) for cells in rows)
        html += f'<table style="border-collapse:collapse;margin-bottom:1em">{_row("th", head)}{body}</table>'
    html += "".join(f"<p>{escape(line)}</p>" for line in closing)
    html += f'<p><a href="{LINK}">{LINK}</a></p>'
    return {"text": "\n".join([*lines, *closing, LINK]) + "\n", "html": html}


def _row(tag: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag} {_CELL}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"
