"""A page of what the checks found: one static HTML file, no script, nothing from elsewhere.

Counts and ids only: no personal data comes in, so none can go out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Row, text

from orderhub.clock import BEIJING, Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.quality.active import suites_in_force
from orderhub.quality.suites import Check

Language = Literal["zh", "en"]
#: Suites of ours in people's words; a merchant's own is called by its name.
_SUITES = {
    "corrections": ("人工更正", "Corrections"),
    "order_lines": ("商品行", "Lines of orders"),
    "orders": ("订单", "Orders"),
    "sources": ("店铺的数据", "What shops say as a whole"),
}
_ROWS = text("select * from ops.check_report order by suite, failed_count desc, rule_id")
_STOPS = text(
    "select shop_id, rule_id, stopped_at from ops.source_stops where resumed_at is null order by 1, 2"
)
_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; }
body { margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .35rem .6rem; text-align: right; border-bottom: 1px solid #8884; }
th, td:not(:first-child) { white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } code { font-size: .85em; opacity: .75; }
.bar { display: inline-block; height: .6em; background: #d9480f; vertical-align: baseline; }
.critical { border-left: 4px solid #c92a2a; }
.warning { border-left: 4px solid #e67700; }
.info { border-left: 4px solid #8888; }
.different, .stopped { color: #c92a2a; font-weight: 600; } .equal { color: #2b8a3e; } p.note { opacity: .8; }
"""
_WORDS = {
    "zh": {
        "title": "检查报告",
        "made": "生成于",
        "rule": "检查",
        "judged": "本批行数",
        "evaluated": "能判断",
        "failed": "不通过",
        "share": "占比",
        "audit": "复核",
        "month": "30 天不通过",
        "false": "误报",
        "precision": "实际准确率",
        "open": "未关闭",
        "held": "挂起中",
        "equal": "一致",
        "different": "不一致",
        "not_audited": "未复核",
        "none": "还没有检查过订单。",
        "stopped": "已停止放行的店铺",
        "note": "复核 = Great Expectations 对同样的行数出的不通过数。无法判断(如打码)不算通过也不算不通过。"
        "实际准确率 = 30 天的异常里没有人说是误报的占比。",
    },
    "en": {
        "title": "What the checks found",
        "made": "made at",
        "rule": "Check",
        "judged": "Rows",
        "evaluated": "Evaluable",
        "failed": "Failed",
        "share": "Share",
        "audit": "Audit",
        "month": "Failed in 30 days",
        "false": "False alarms",
        "precision": "Precision in practice",
        "open": "Open",
        "held": "Held",
        "equal": "equal",
        "different": "different",
        "not_audited": "not audited",
        "none": "No order was checked yet.",
        "stopped": "Shops of which nothing is released",
        "note": "Audit = what Great Expectations counts of the same rows. Not evaluable is neither. "
        "Precision in practice = of the anomalies of 30 days, the share that nobody called a false alarm.",
    },
}


@dataclass(frozen=True)
class Findings:
    """What one report shows."""

    rows: Sequence[Row[Any]]
    stops: Sequence[Row[Any]]
    checks: dict[str, Check]
    made_at: str


def write_report(
    database: Database, clock: Clock, config: MerchantConfig, folder: Path, language: Language
) -> Path:
    """Write `checks.html` into `folder` and return the file."""
    checks = suites_in_force(database, config).checks()
    with database.read() as connection:
        rows, stops = connection.execute(_ROWS).all(), connection.execute(_STOPS).all()
    made_at = clock.now().astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "checks.html"
    file.write_text(render_report(Findings(rows, stops, checks, made_at), language), encoding="utf-8")
    return file


def render_report(found: Findings, language: Language) -> str:
    """Return the page."""
    words = _WORDS[language]
    suites = dict.fromkeys(row.suite for row in found.rows)
    tables = [_table(suite, [r for r in found.rows if r.suite == suite], found, language) for suite in suites]
    body = "".join(tables) or f"<p>{words['none']}</p>"
    return (
        f'<!doctype html><html lang="{"zh-CN" if language == "zh" else "en"}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{words["title"]}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{words['title']}</h1>"
        f'<p class="note">{words["made"]} {escape(found.made_at)}。{words["note"]}</p>'
        f"{_stops(found.stops, words)}{body}</body></html>\n"
    )


def _stops(stops: Sequence[Row[Any]], words: dict[str, str]) -> str:
    if not stops:
        return ""
    listed = ", ".join(f"{escape(stop.shop_id)} ({escape(stop.rule_id)})" for stop in stops)
    return f'<p class="stopped">{words["stopped"]}: {listed}</p>'


def _table(suite: str, rows: Sequence[Row[Any]], found: Findings, language: Language) -> str:
    words = _WORDS[language]
    names = (
        "rule",
        "judged",
        "evaluated",
        "failed",
        "share",
        "audit",
        "month",
        "false",
        "precision",
        "open",
        "held",
    )
    head = "".join(f"<th>{words[name]}</th>" for name in names)
    lines = "".join(_line(row, found.checks.get(row.rule_id), language) for row in rows)
    title = _SUITES.get(suite, (suite, suite))[language == "en"]
    return f"<h2>{escape(title)}</h2><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"


def _line(row: Row[Any], check: Check | None, language: Language) -> str:
    words = _WORDS[language]
    said = escape(check.message(language)) if check else ""
    severity = check.severity if check else "info"
    share = 100 * row.failed_count / row.evaluated_count if row.evaluated_count else 0.0
    bar = f'<span class="bar" style="width:{min(share, 100) / 20:.2f}em"></span> {share:.1f} %'
    cells = (
        row.judged_count, row.evaluated_count, row.failed_count, bar,
        f'<span class="{row.audit}">{words[row.audit]}</span>',
        row.month_failed_count, row.false_alarm_count,
        "" if row.precision_percent is None else f"{row.precision_percent} %", row.open_count, row.held_count,
    )  # fmt: skip
    name = f'<td class="{severity}">{said} <code>{escape(row.rule_id)}</code></td>'
    return f"<tr>{name}{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
