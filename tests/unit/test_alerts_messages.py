"""What a supervisor reads."""

from dataclasses import replace

import pytest

from orderhub.alerts.evidence_wording import HIDDEN, NAMES, evidence_words
from orderhub.alerts.held_wording import HeldRule, held_chat_texts, held_mail_texts
from orderhub.alerts.wording import Example
from orderhub.quality.suites import parse_suites, shipped_texts


def held(count: int = 1, message_zh: str = "收货地址不明确") -> HeldRule:
    examples = [
        Example(
            n,
            "vague_address",
            "warning",
            f"tb/{n:03d}",
            f"hold:{n}",
            message_zh,
            "Vague address",
            "",
            "",
            None,
        )
        for n in range(min(count, 30))
    ]
    return HeldRule(count, examples)


def test_both_languages_say_count_reason_rule_and_orders() -> None:
    texts = held_mail_texts([held(2)], order_count=2)

    assert "2 | 收货地址不明确(vague_address,警告) | tb/000, tb/001" in texts["text"]
    assert "2 | Vague address (vague_address, warning) | tb/000, tb/001" in texts["en"]["text"]


def test_many_orders_are_shown_by_twenty_examples() -> None:
    texts = held_mail_texts([held(500)], order_count=500)

    assert "tb/019 …" in texts["text"]
    assert "tb/020" not in texts["text"]


def test_markup_in_a_message_stays_text() -> None:
    texts = held_mail_texts([held(message_zh="<b>&</b>")], order_count=1)

    assert "&lt;b&gt;&amp;&lt;/b&gt;" in texts["html"]


def test_every_held_order_links_to_the_form_that_decides_about_its_hold() -> None:
    texts = held_mail_texts([held()], order_count=1)

    assert "tb/000 {airflow_url}/orderhub/decide?hold_id=hold%3A0" in texts["text"]
    assert '<a href="{airflow_url}/orderhub/decide?hold_id=hold%3A0">tb/000</a>' in texts["en"]["html"]


def test_a_chat_message_is_short() -> None:
    texts = held_chat_texts([held(500)], order_count=500)

    assert texts["title"] == "[orderhub] 订单挂起:500 单需要处理"
    assert texts["text"].splitlines() == [
        "500 · 收货地址不明确(vague_address,警告): tb/000, tb/001, tb/002, tb/003, tb/004", "{airflow_url}",
    ]  # fmt: skip


def test_two_holds_of_one_order_are_told_apart() -> None:
    rule = held(2)
    twice = [replace(example, subject="tb/1") for example in rule.examples[:2]]

    texts = held_mail_texts([HeldRule(2, twice)], order_count=1)

    assert "tb/1, tb/1 (2)" in texts["text"]
    assert texts["html"].count(">tb/1<") == texts["html"].count(">tb/1 (2)<") == 1


def test_a_held_order_is_shown_with_its_evidence_in_words() -> None:
    paid = replace(
        held().examples[0], evidence={"paid_fen": 900, "lines_paid_fen": 1000, "freight_fen": None}
    )

    texts = held_mail_texts([HeldRule(1, [paid])], order_count=1)

    assert "tb/000(实付 9.00 元,各行合计 10.00 元,运费 无) {airflow_url}" in texts["text"]
    assert "tb/000</a> 实付 9.00 元,各行合计 10.00 元,运费 无</td>" in texts["html"]
    assert "tb/000 (paid 9.00 yuan, sum of the lines 10.00 yuan, freight none) {" in texts["en"]["text"]


def test_evidence_is_told_in_words_and_beijing_time_and_without_what_says_nothing() -> None:
    evidence = {
        "time_contradiction": "paid_before_placed", "paid_at": "2026-03-02T01:00:00+00:00", "message_digest": "ab12",
        "merchant_code": "打13800000001", "placed_at": "infinity",
    }  # fmt: skip

    said = evidence_words(evidence, "zh")

    assert said == "商家编码 打138****0001,矛盾 付款早于下单,下单 infinity,付款 2026-03-02 09:00"


def test_what_is_wrong_comes_first_and_what_is_not_there_is_left_out() -> None:
    evidence = {"city": None, "district": None, "province": "浙江省", "missing_region_part": "city"}

    assert evidence_words(evidence, "zh") == "缺 市,省 浙江省"


@pytest.mark.parametrize(
    ("part", "zh", "en"),
    [
        (
            "tb/98 1件 119.00",
            "已退 1 件 119.00 元(售后单 tb/98)",
            "refunded 1 pcs 119.00 yuan (refund tb/98)",
        ),
        ("tb/98 0件 15.40", "已退 15.40 元(售后单 tb/98)", "refunded 15.40 yuan (refund tb/98)"),
        ("jd/application-5 103.31", "已退 103.31 元(售后单 jd/application-5)", None),
        ("tb/98 2件", "已退 2 件(售后单 tb/98)", None),
        ("tb/98", "已退 tb/98", None),
        ("tb/1 1件 2.00; tb/2 0.50", "已退 1 件 2.00 元(售后单 tb/1)、0.50 元(售后单 tb/2)", None),
        ("tb/13800000001 0.50", "已退 0.50 元(售后单 tb/138****0001)", None),
    ],
)
def test_a_refund_of_a_part_is_told_in_pieces_and_yuan(part: str, zh: str, en: str | None) -> None:
    assert evidence_words({"refunded_part": part}, "zh") == zh
    assert en is None or evidence_words({"refunded_part": part}, "en") == en


def test_a_rare_rule_has_its_link_beside_a_flood_of_another() -> None:
    rare = HeldRule(1, [replace(held().examples[0], rule_id="blacklisted", fingerprint="rare")])

    text = held_mail_texts([held(500), rare], order_count=501)["text"]

    assert "hold_id=rare" in text
    assert text.count("hold_id=") == 20


def test_all_evidence_of_the_shipped_checks_has_its_words() -> None:
    shipped = shipped_texts()
    checks = parse_suites(shipped.suites, shipped.queries).checks().values()

    shown = {column for check in checks for column in check.evidence}

    assert shown - HIDDEN - NAMES.keys() == set()
