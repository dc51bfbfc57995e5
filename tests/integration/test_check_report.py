"""The report page: every check with its figures, both languages, nothing from elsewhere, nothing personal."""

import re
from pathlib import Path
from typing import get_args

import pytest

from orderhub.db.engine import Database
from orderhub.quality.decide import Choice, Decision, decide
from orderhub.quality.report import Language, write_report
from tests.sql.quality.arrangement import Hub, open_hub


@pytest.fixture
def hub(database: Database) -> Hub:
    return open_hub(database)


def report(hub: Hub, folder: Path, language: Language = "zh") -> str:
    return write_report(hub.database, hub.clock, hub.config, folder, language).read_text(encoding="utf-8")


def test_the_report_shows_every_check_with_its_figures(hub: Hub, tmp_path: Path) -> None:
    hub.put({"currency": "USD", "buyer_message": "王小明 13812345678 改地址"})
    hub.check()

    page = report(hub, tmp_path / "reports")

    assert [rule for rule in hub.suites.checks() if f"<code>{rule}</code>" not in page] == []
    assert "订单币种与店铺币种不同" in page
    assert [said for said in ("王小明", "13812345678", "http", "<script") if said in page] == []


def test_a_difference_between_the_readers_stands_out(hub: Hub, tmp_path: Path) -> None:
    hub.put({"currency": "USD"})
    hub.check()
    hub.execute(
        "update ops.check_verdicts set audited_failed_count = failed_count + 1, audited_at = now() "
        "where rule_id = 'wrong_currency'"
    )

    page = report(hub, tmp_path, "en")

    assert page.count('<span class="different">different</span>') == 1


def test_a_false_alarm_is_counted_against_its_rule(hub: Hub, tmp_path: Path) -> None:
    for number in range(4):
        hub.put({"order_id": f"tb/{number}", "customer_id": f"b{number}", "currency": "USD"})
    hub.check()
    [(hold_id,), *_] = hub.rows("select hold_id from core.holds order by 1")

    decide(hub.database, hub.clock, Decision(hold_id, Choice.FALSE_ALARM, "外币店", "li"))

    page = report(hub, tmp_path)
    assert "<td>1</td><td>75.0 %</td>" in page
    assert page.count("<td>75.0 %</td>") == 1


def test_before_the_first_pass_the_report_says_so(hub: Hub, tmp_path: Path) -> None:
    assert "还没有检查过订单" in report(hub, tmp_path)


def test_the_tables_of_the_report_are_called_in_words(hub: Hub, tmp_path: Path) -> None:
    hub.put({})
    hub.check()

    titles = [
        re.findall("<h2>(.*?)</h2>", report(hub, tmp_path / language, language))
        for language in get_args(Language)
    ]

    assert titles == [
        ["人工更正", "商品行", "订单", "店铺的数据"],
        ["Corrections", "Lines of orders", "Orders", "What shops say as a whole"],
    ]
