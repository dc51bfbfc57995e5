"""Words the message about what a pass held: a row per rule, its number, examples that link to a decision."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import chain, zip_longest
from typing import Any

from orderhub.alerts.evidence_wording import evidence_words
from orderhub.alerts.links import LINK, decide_hold_link
from orderhub.alerts.wording import CELL, CHAT_EXAMPLES, EXAMPLES, SEVERITIES, Example, Language

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
    "zh": "更多:./hub explain 订单。改好后自动放行。运行记录:",
    "en": "More: ./hub explain ORDER. An order goes on by itself once corrected. Runs:",
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
        severity = SEVERITIES[first.severity][language == "en"]
        return brackets.format(first.title(language), first.rule_id, severity)

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
    links = [_line(name, example, language) for name, example in _in_turn(rules)]
    closing = _CLOSING[language]
    lines = [
        intro, "", *(" | ".join(row) for row in (_HEAD[language], *rows)), "", _DECIDE[language], *links, "",
        f"{closing} {LINK}",
    ]  # fmt: skip
    body = "".join(
        f"<tr><td {CELL}>{rule.count}</td><td {CELL}>{escape(rule.reason(language))}</td>"
        f"<td {CELL}>{_anchors(rule, language)}{rule.more()}</td></tr>"
        for rule in rules
    )
    head = "".join(f"<th {CELL}>{cell}</th>" for cell in _HEAD[language])
    table = (
        '<table style="border-collapse:collapse;text-align:left">'
        f'<tr style="white-space:nowrap">{head}</tr>{body}</table>'
    )
    return {
        "subject": f"[orderhub] {_SUBJECT[language].format(order_count)}",
        "text": "\n".join(lines) + "\n",
        "html": f"<p>{escape(intro)}</p>{table}<p>{escape(_CLICK[language])}<br>{escape(closing)} "
        f'<a href="{LINK}">{LINK}</a></p>',
    }


def _in_turn(rules: Sequence[HeldRule]) -> list[tuple[str, Example]]:
    """Return examples to link to, of each rule in turn: one order of a rare rule has its link, too."""
    turns = chain.from_iterable(zip_longest(*(rule.named() for rule in rules)))
    return [one for one in turns if one is not None][:EXAMPLES]


def _line(name: str, example: Example, language: Language) -> str:
    said = evidence_words(example.evidence, language)
    brackets = "({})" if language == "zh" else " ({})"
    return f"{name}{brackets.format(said) if said else ''} {decide_hold_link(example.fingerprint)}"


def _anchors(rule: HeldRule, language: Language) -> str:
    return "<br>".join(_anchor(name, example, language) for name, example in rule.named()[:EXAMPLES])


def _anchor(name: str, example: Example, language: Language) -> str:
    said = evidence_words(example.evidence, language)
    link = f'<a href="{escape(decide_hold_link(example.fingerprint))}">{escape(name)}</a>'
    return f"{link} {escape(said)}" if said else link


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
