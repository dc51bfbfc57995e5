"""Words the message about what a pass held: a row per rule, its number, examples that link to a decision."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from orderhub.alerts.links import LINK, decide_hold_link
from orderhub.alerts.wording import CELL, CHAT_EXAMPLES, EXAMPLES, Example, Language

_SUBJECT = {"zh": "订单挂起:{} 单需要处理", "en": "Orders held: {} need a decision"}
_INTRO = {
    "zh": "新挂起 {} 个订单。其余订单照常发货。",
    "en": "{} order(s) were newly held. All others go on.",
}
_HEAD = {"zh": ("挂起", "原因", "订单"), "en": ("Holds", "Reason", "Order ids")}
_DECIDE = {"zh": "打开链接去决定:", "en": "Decide by an order's link:"}
_CLICK = {
    "zh": "点订单去决定:放行、取消、不发货。",
    "en": "Click an order to decide: release, cancel, no-ship.",
}
_CLOSING = {
    "zh": "看证据:./hub explain 订单。改好后自动放行。运行记录:",
    "en": "Evidence: ./hub explain ORDER. An order goes on by itself once corrected. Runs:",
}


@dataclass(frozen=True)
class HeldRule:
    """One rule and what it newly held.

    Attributes:
        count: holds that it placed.
        examples: some of them; the subject is the order, the fingerprint the hold.
    """

    count: int
    examples: Sequence[Example]

    def reason(self, language: Language) -> str:
        """Return what is wrong, the rule and its severity."""
        first = self.examples[0]
        brackets = "{}({},{})" if language == "zh" else "{} ({}, {})"
        return brackets.format(first.title(language), first.rule_id, first.severity)

    def named(self) -> list[tuple[str, Example]]:
        """Return the examples with what to call each: holds of several lines of one order are numbered."""
        seen: Counter[str] = Counter()
        named = []
        for example in self.examples:
            seen[example.subject] += 1
            number = seen[example.subject]
            named.append((example.subject if number == 1 else f"{example.subject} ({number})", example))
        return named

    def more(self) -> str:
        """Return a sign that not all are shown, when that is so."""
        return " …" if self.count > len(self.examples[:EXAMPLES]) else ""


def held_mail_texts(rules: Sequence[HeldRule], order_count: int) -> dict[str, Any]:
    """Return `subject`, `text` and `html` in Chinese, and the same in English under `en`."""
    return {**_mail(rules, order_count, "zh"), "en": _mail(rules, order_count, "en")}


def held_chat_texts(rules: Sequence[HeldRule], order_count: int) -> dict[str, Any]:
    """Return `title` and `text` of a chat message in Chinese, and the same in English under `en`."""
    return {**_chat(rules, order_count, "zh"), "en": _chat(rules, order_count, "en")}


def _mail(rules: Sequence[HeldRule], order_count: int, language: Language) -> dict[str, str]:
    intro = _INTRO[language].format(order_count)
    rows = [
        (
            str(rule.count),
            rule.reason(language),
            ", ".join(name for name, _ in rule.named()[:EXAMPLES]) + rule.more(),
        )
        for rule in rules
    ]
    named = [one for rule in rules for one in rule.named()]
    links = [f"{name} {decide_hold_link(example.fingerprint)}" for name, example in named[:EXAMPLES]]
    closing = _CLOSING[language]
    lines = [
        intro, "", *(" | ".join(row) for row in (_HEAD[language], *rows)), "", _DECIDE[language], *links, "",
        f"{closing} {LINK}",
    ]  # fmt: skip
    body = "".join(
        f"<tr><td {CELL}>{rule.count}</td><td {CELL}>{escape(rule.reason(language))}</td>"
        f"<td {CELL}>{', '.join(_anchor(*one) for one in rule.named()[:EXAMPLES])}{rule.more()}</td></tr>"
        for rule in rules
    )
    head = "".join(f"<th {CELL}>{cell}</th>" for cell in _HEAD[language])
    table = f'<table style="border-collapse:collapse;text-align:left"><tr>{head}</tr>{body}</table>'
    return {
        "subject": f"[orderhub] {_SUBJECT[language].format(order_count)}",
        "text": "\n".join(lines) + "\n",
        "html": f"<p>{escape(intro)}</p>{table}<p>{escape(_CLICK[language])}<br>{escape(closing)} "
        f'<a href="{LINK}">{LINK}</a></p>',
    }


def _anchor(name: str, example: Example) -> str:
    return f'<a href="{escape(decide_hold_link(example.fingerprint))}">{escape(name)}</a>'


def _chat(rules: Sequence[HeldRule], order_count: int, language: Language) -> dict[str, str]:
    lines = [
        f"{rule.count} · {rule.reason(language)}: "
        + ", ".join(example.subject for example in rule.examples[:CHAT_EXAMPLES])
        for rule in rules
    ]
    return {
        "title": f"[orderhub] {_SUBJECT[language].format(order_count)}",
        "text": "\n".join([*lines, LINK]),
    }
