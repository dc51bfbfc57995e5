"""What a supervisor reads."""

from orderhub.alerts.messages import Difference, HeldRule, difference_mail, held_mail
from orderhub.config.models import Alerts

ALERTS = Alerts(supervisors=("a@example.test", "b@example.test"))


def held(count: int = 1, **changes: object) -> HeldRule:
    ids = tuple(f"tb/{n:03d}" for n in range(min(count, 30)))
    facts = {
        "rule_id": "vague_address",
        "severity": "warning",
        "message_zh": "收货地址不明确",
        "message_en": "Vague address",
    }
    return HeldRule(**facts | changes, order_count=count, order_ids=ids)


def test_the_mail_of_a_pass_is_named_by_the_pass() -> None:
    effect = held_mail(ALERTS, 12, [held()], order_count=1)

    assert (effect.outbox_id, effect.target, effect.payload["to"]) == (
        "mail:held:12",
        "mail",
        ["a@example.test", "b@example.test"],
    )


def test_both_languages_say_count_reason_rule_and_orders() -> None:
    payload = held_mail(ALERTS, 12, [held(2)], order_count=2).payload

    assert "2 | 收货地址不明确(vague_address,warning) | tb/000, tb/001" in payload["text"]
    assert "2 | Vague address (vague_address, warning) | tb/000, tb/001" in payload["en"]["text"]


def test_many_orders_are_shown_by_twenty_examples() -> None:
    payload = held_mail(ALERTS, 12, [held(500)], order_count=500).payload

    assert "tb/019 …" in payload["text"]
    assert "tb/020" not in payload["text"]


def test_markup_in_a_message_stays_text() -> None:
    payload = held_mail(ALERTS, 12, [held(message_zh="<b>&</b>")], order_count=1).payload

    assert "&lt;b&gt;&amp;&lt;/b&gt;" in payload["html"]


def test_every_mail_links_to_the_hub() -> None:
    mails = [
        held_mail(ALERTS, 1, [held()], order_count=1),
        difference_mail(ALERTS, 1, [Difference("a", 1, None)]),
    ]

    assert ["{airflow_url}" in mail.payload["text"] for mail in mails] == [True, True]


def test_a_difference_shows_both_counts() -> None:
    payload = difference_mail(
        ALERTS, 3, [Difference("zero_amount", 4, 5), Difference("bad_quantity", 1, None)]
    ).payload

    assert "zero_amount | 4 | 5" in payload["text"]
    assert "bad_quantity | 1 | ?" in payload["text"]
