"""Builds mails from counts and ids, in Chinese and English; the sender picks the language and fills the link.

Not for sending (`orderhub.delivery`). No personal data comes in, so none can go out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

from orderhub.alerts.links import LINK
from orderhub.config.models import Alerts
from orderhub.db.outbox import Effect

_EXAMPLES = 20
_CELL = 'style="padding:4px 12px 4px 0;vertical-align:top;border-bottom:1px solid #ddd"'
Language = Literal["zh", "en"]


@dataclass(frozen=True)
class HeldRule:
    """One rule and what it newly held.

    Attributes:
        rule_id: the check.
        severity: critical, warning or info.
        message_zh: what is wrong, for a supervisor.
        message_en: the same in English.
        order_count: orders with a new hold by this rule.
        order_ids: some of them, sorted.
    """

    rule_id: str
    severity: str
    message_zh: str
    message_en: str
    order_count: int
    order_ids: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """One check on which the scan and Great Expectations disagree.

    Attributes:
        rule_id: the check.
        scan_failed: rows that the scan marked.
        audit_failed: rows that Great Expectations counted; None when it could not run the check.
    """

    rule_id: str
    scan_failed: int
    audit_failed: int | None


def held_mail(alerts: Alerts, pass_id: int, held: Sequence[HeldRule], order_count: int) -> Effect:
    """Return the one mail of a pass about what it newly held.

    Args:
        alerts: who gets it.
        pass_id: names the mail, so that running twice sends one.
        held: rules, most frequent first.
        order_count: distinct orders over all rules.
    """
    texts = {
        "zh": (
            f"订单挂起:{order_count} 单需要处理",
            f"第 {pass_id} 批检查新挂起 {order_count} 个订单。其余订单照常发货。",
            ("单数", "原因", "订单"),
            "看证据:./hub explain 订单。改好后自动放行;核对无误可 ./hub release 订单 规则。运行记录:",
        ),
        "en": (
            f"Orders held: {order_count} need a decision",
            f"Check pass {pass_id} newly held {order_count} order(s). All others go on.",
            ("Orders", "Reason", "Order ids"),
            "Evidence: ./hub explain ORDER. It goes on once corrected, or by ./hub release ORDER RULE. Runs:",
        ),
    }
    messages = {
        language: _message(subject, intro, header, [_held_row(rule, language) for rule in held], closing)
        for language, (subject, intro, header, closing) in texts.items()
    }
    return _mail(f"held:{pass_id}", alerts, messages)


def difference_mail(alerts: Alerts, pass_id: int, differences: Sequence[Difference]) -> Effect:
    """Return the mail that says that the two readers of one suite disagree about a pass."""
    rows = [
        (d.rule_id, str(d.scan_failed), "?" if d.audit_failed is None else str(d.audit_failed))
        for d in differences
    ]
    zh = _message(
        f"检查结果不一致:第 {pass_id} 批",
        "同一套检查,数据库扫描与 Great Expectations 的失败行数不同。挂起以扫描为准;请数据工程师查明原因。",
        ("规则", "扫描", "Great Expectations"),
        rows,
        "运行记录:",
    )
    en = _message(
        f"Verdicts differ: pass {pass_id}",
        "The SQL scan and Great Expectations count different failing rows. Holds follow the scan; "
        "a data engineer should find out why.",
        ("Rule", "Scan", "Great Expectations"),
        rows,
        "Runs:",
    )
    return _mail(f"verdicts:{pass_id}", alerts, {"zh": zh, "en": en})


def _held_row(rule: HeldRule, language: str) -> tuple[str, str, str]:
    message = rule.message_zh if language == "zh" else rule.message_en
    shown = ", ".join(rule.order_ids[:_EXAMPLES])
    more = " …" if rule.order_count > len(rule.order_ids[:_EXAMPLES]) else ""
    brackets = "{}({},{})" if language == "zh" else "{} ({}, {})"
    return str(rule.order_count), brackets.format(message, rule.rule_id, rule.severity), shown + more


def _message(
    subject: str, intro: str, header: tuple[str, ...], rows: Sequence[tuple[str, ...]], closing: str
) -> dict[str, str]:
    lines = [intro, "", *(" | ".join(row) for row in (header, *rows)), "", f"{closing} {LINK}"]
    cells = "".join(
        "<tr>" + "".join(f"<{tag} {_CELL}>{escape(cell)}</{tag}>" for cell in row) + "</tr>"
        for tag, row in [("th", header), *(("td", row) for row in rows)]
    )
    html = (
        f'<p>{escape(intro)}</p><table style="border-collapse:collapse;text-align:left">{cells}</table>'
        f'<p>{escape(closing)} <a href="{LINK}">{LINK}</a></p>'
    )
    return {"subject": f"[orderhub] {subject}", "text": "\n".join(lines) + "\n", "html": html}


def _mail(fact: str, alerts: Alerts, messages: dict[str, dict[str, str]]) -> Effect:
    payload: dict[str, Any] = {"sender": alerts.sender, "to": list(alerts.supervisors), "en": messages["en"]}
    payload.update(messages["zh"])
    return Effect(f"mail:{fact}", "mail", fact, payload)
