"""Says what one hold is about, in words: what a person sees before deciding. No personal data."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from orderhub.alerts.evidence_wording import evidence_words
from orderhub.alerts.wording import HELD, SEVERITIES, Language
from orderhub.clock import BEIJING
from orderhub.db.engine import Database
from orderhub.quality.decide import named_hold

_HOLD = text("""
    select
        h.hold_id, h.order_id, h.rule_id, h.state, s.name as shop, l.title, o.version_id, a.severity,
        a.evidence, told.title_zh, told.title_en, o.payment_state = 'cod_accepted' as is_owed, o.paid_fen,
        l.quantity, h.placed_at, h.ended_at, h.ended_by
    from core.holds as h
    join core.orders as o using (order_id)
    join core.shops as s using (shop_id)
    join core.anomalies as a using (anomaly_id)
    left join core.order_lines as l on l.order_id = h.order_id and l.line_id = h.line_id
    left join lateral (
        select title_zh, title_en from ops.alerts
        where rule_id = h.rule_id and subject = h.order_id and fingerprint = h.hold_id and topic = :topic
        order by alert_id desc limit 1
    ) as told on true
    where h.hold_id = :hold_id""")
_OTHERS = text("""
    select distinct rule_id from core.holds
    where order_id = :order_id and state = 'active' and hold_id <> :hold_id order by 1""")
_AND = {"zh": "、", "en": ", "}
_LABELS = {
    "order": ("订单", "order"),
    "line": ("商品行", "line"),
    "reason": ("原因", "reason"),
    "evidence": ("凭什么", "evidence"),
    "amount": ("实付", "paid"),
    "owed": ("应收", "owed at the door"),
    "since": ("从何时起", "since"),
    "others": ("还挂着", "also held by"),
    "ended": ("已经结束", "ended already"),
}


@dataclass(frozen=True)
class HoldFacts:
    """What one hold is about.

    Attributes:
        version_id: of the order as it is now; a decision may name it.
        lines: what it is called, and what it is, in the order in which people read it.
    """

    hold_id: str
    version_id: str
    lines: tuple[tuple[str, str], ...]


def hold_facts(database: Database, named: str, language: Language) -> HoldFacts:
    """Return what the hold is about that `named` begins.

    Raises:
        StopError: there is none, or several begin like this.
    """
    with database.read() as connection:
        hold = connection.execute(_HOLD, {"hold_id": named_hold(connection, named), "topic": HELD}).one()
        told = {**_about(hold, language), "others": _AND[language].join(_others(connection, hold))}
    lines = tuple((_LABELS[what][language == "en"], said) for what, said in told.items() if said)
    return HoldFacts(hold.hold_id, hold.version_id, lines)


def _about(hold: Row[Any], language: Language) -> dict[str, str]:
    ended = "" if hold.state == "active" else f"{hold.ended_by or '—'}, {_when(hold.ended_at)}"
    money = "?" if hold.paid_fen is None else f"{hold.paid_fen / 100:.2f} {('元', 'yuan')[language == 'en']}"
    return {
        "ended": ended,
        "order": f"{hold.shop} {hold.order_id}",
        "line": "" if hold.quantity is None else f"{hold.title or ''} × {hold.quantity}",
        "reason": _reason(hold, language),
        "evidence": evidence_words(hold.evidence, language),
        "owed" if hold.is_owed else "amount": money,
        "since": _when(hold.placed_at),
    }


def _reason(hold: Row[Any], language: Language) -> str:
    title = hold.title_en if language == "en" else hold.title_zh
    known = f"{hold.rule_id}{(',', ', ')[language == 'en']}{SEVERITIES[hold.severity][language == 'en']}"
    if not title:
        return known
    return f"{title} ({known})" if language == "en" else f"{title}({known})"


def _when(instant: datetime) -> str:
    return f"{instant.astimezone(BEIJING):%Y-%m-%d %H:%M}"


def _others(connection: Connection, hold: Row[Any]) -> list[str]:
    given = {"order_id": hold.order_id, "hold_id": hold.hold_id}
    return list(connection.execute(_OTHERS, given).scalars())
