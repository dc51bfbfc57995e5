"""Words messages about alerts: one in full, many as their number and examples; for mail and chat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal

#: The topic of everything that passes held; see `held_wording`.
HELD = "held"
EXAMPLES = 20
CHAT_EXAMPLES = 5
CELL = 'style="padding:4px 12px 4px 0;vertical-align:top;border-bottom:1px solid #ddd"'
_URGENT = {"zh": "【紧急】", "en": "URGENT: "}
Language = Literal["zh", "en"]
SEVERITIES = {"critical": ("紧急", "critical"), "warning": ("警告", "warning"), "info": ("提示", "info")}


@dataclass(frozen=True)
class Example:
    """One alert, as it is shown; columns of ops.alerts, and of a hold what its anomaly shows."""

    alert_id: int
    rule_id: str
    severity: str
    subject: str
    fingerprint: str
    title_zh: str
    title_en: str
    text_zh: str
    text_en: str
    link: str | None
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def title(self, language: Language) -> str:
        """Return what it is, in one line."""
        return self.title_zh if language == "zh" else self.title_en

    def text(self, language: Language) -> str:
        """Return what is wrong and what to do."""
        return self.text_zh if language == "zh" else self.text_en


@dataclass(frozen=True)
class Told:
    """What one message is about: how many alerts, and some of them, the first first."""

    count: int
    examples: Sequence[Example]


def mail_texts(told: Told) -> dict[str, Any]:
    """Return `subject`, `text` and `html` in Chinese, and the same in English under `en`."""
    return {**_mail(told, "zh"), "en": _mail(told, "en")}


def chat_texts(told: Told) -> dict[str, Any]:
    """Return `title` and `text` of a chat message in Chinese, and the same in English under `en`."""
    return {**_chat(told, "zh"), "en": _chat(told, "en")}


def headline(told: Told, language: Language) -> str:
    """Return the one line of a message: the first title, and how many more there are."""
    first = told.examples[0]
    urgent = _URGENT[language] if any(e.severity == "critical" for e in told.examples) else ""
    title = first.title(language)
    if told.count == 1:
        return urgent + title
    return urgent + (
        f"{title} 等 {told.count} 条" if language == "zh" else f"{title} and {told.count - 1} more"
    )


def _mail(told: Told, language: Language) -> dict[str, str]:
    shown = told.examples[:EXAMPLES]
    intro = _intro(told, len(shown), language)
    lines = [intro, ""] if intro else []
    for example in shown:
        lines += _entry(example, language)
    body = f"<p>{escape(intro)}</p>" if intro else ""
    rows = "".join(_row(example, language) for example in shown)
    html = f'{body}<table style="border-collapse:collapse;text-align:left">{rows}</table>'
    return {"subject": f"[orderhub] {headline(told, language)}", "text": "\n".join(lines), "html": html}


def _chat(told: Told, language: Language) -> dict[str, str]:
    shown = told.examples[:CHAT_EXAMPLES]
    intro = _intro(told, len(shown), language)
    lines = [intro] if intro else []
    for example in shown:
        lines += _entry(example, language)
    return {"title": f"[orderhub] {headline(told, language)}", "text": "\n".join(lines)}


def _intro(told: Told, shown: int, language: Language) -> str:
    if told.count == 1:
        return ""
    if language == "zh":
        return f"共 {told.count} 条" + (f",以下是其中 {shown} 条:" if shown < told.count else ":")
    return f"{told.count} alerts" + (f", of which {shown} are:" if shown < told.count else ":")


def _entry(example: Example, language: Language) -> list[str]:
    link = [example.link] if example.link else []
    return [f"{example.title(language)}({example.subject})", example.text(language), *link, ""]


def _row(example: Example, language: Language) -> str:
    link = f'<br><a href="{escape(example.link)}">{escape(example.link)}</a>' if example.link else ""
    said = escape(example.text(language)).replace("\n", "<br>")
    return (
        f"<tr><td {CELL}>{escape(example.subject)}</td>"
        f"<td {CELL}><b>{escape(example.title(language))}</b><br>{said}{link}</td></tr>"
    )
