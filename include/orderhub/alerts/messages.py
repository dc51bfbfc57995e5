"""Builds mails from counts and ids, in Chinese and English; the sender picks the language and fills the link.

Not for sending (`orderhub.delivery`). No personal data comes in, so none can go out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

from orderhub.alerts.links import LINK
from orderhub.alerts.wording import CELL
from orderhub.config.models import Alerts
from orderhub.db.outbox import Effect

Language = Literal["zh", "en"]


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


def _message(
    subject: str, intro: str, header: tuple[str, ...], rows: Sequence[tuple[str, ...]], closing: str
) -> dict[str, str]:
    lines = [intro, "", *(" | ".join(row) for row in (header, *rows)), "", f"{closing} {LINK}"]
    cells = "".join(
        "<tr>" + "".join(f"<{tag} {CELL}>{escape(cell)}</{tag}>" for cell in row) + "</tr>"
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
