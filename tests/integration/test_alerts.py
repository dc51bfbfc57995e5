"""One open alert per rule, subject and fingerprint; people are told once, in as few messages as can be."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import text

from orderhub.alerts.raising import Alert, close_alerts, raise_alerts
from orderhub.alerts.telling import tell
from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.config.parse import parse_config
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.postgres import free_port
from orderhub.delivery.dispatch import deliver_pending
from orderhub.platforms.parked import RULE as PARKED
from orderhub.platforms.reconcile import RULE as MISSED
from orderhub.platforms.stopped import RULE as STOPPED
from orderhub.platforms.uncovered import RULE as UNCOVERED
from orderhub.settings import Settings
from sandbox.mailbox import Mailbox
from tests.builders import FILES, rows, shops_file

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
ALERT = Alert(
    rule_id="late_pull",
    severity="warning",
    subject="tb/orders",
    fingerprint="late",
    title_zh="拉取迟到",
    title_en="Pull is late",
    text_zh="店铺 tb 的订单一小时没有读全",
    text_en="Orders of shop tb have not been read for an hour",
    shop_id="tb",
)
MAILS = "select payload->'to', payload->>'subject' from ops.outbox where target = 'mail' order by sequence"
ROBOTS = "select target, payload->>'title' from ops.outbox where target <> 'mail' order by sequence"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


def merchant(alerts: str = "supervisors: [supervisor@example.test]", mode: str = "live") -> MerchantConfig:
    return parse_config({**FILES, "shops.yaml": shops_file(mode=mode), "alerts.yaml": alerts})


def raised(
    database: Database, clock: FixedClock, *alerts: Alert, config: MerchantConfig | None = None
) -> int:
    with hold_scope(database, "watch") as lease, database.transaction(lease) as connection:
        return raise_alerts(connection, clock, config or merchant(), alerts)


def closed(database: Database, clock: FixedClock, *subjects: str) -> int:
    with hold_scope(database, "watch") as lease, database.transaction(lease) as connection:
        return close_alerts(connection, clock, "late_pull", subjects)


def told(database: Database, clock: FixedClock, config: MerchantConfig) -> int:
    with hold_scope(database, "watch") as lease, database.transaction(lease) as connection:
        return tell(connection, clock, config)


def test_the_same_alert_raised_again_is_open_once_and_told_once(database: Database, clock: FixedClock):
    first = raised(database, clock, ALERT)
    clock.move(timedelta(minutes=15))
    second = raised(database, clock, ALERT, ALERT)

    assert (first, second) == (1, 0)
    assert rows(database, "select raised_at, seen_at, closed_at from ops.alerts") == [
        (NOON, NOON + timedelta(minutes=15), None)
    ]
    assert rows(database, MAILS) == [(["supervisor@example.test"], "[orderhub] 拉取迟到")]


def test_another_fingerprint_of_the_same_subject_is_another_alert(database: Database, clock: FixedClock):
    raised(database, clock, ALERT)

    assert raised(database, clock, replace(ALERT, fingerprint="very late")) == 1


def test_what_comes_back_after_it_was_closed_is_told_again(database: Database, clock: FixedClock):
    raised(database, clock, ALERT)
    ended = closed(database, clock, "tb/orders", "tb/unknown")
    again = raised(database, clock, ALERT)

    assert (ended, again) == (1, 1)
    assert len(rows(database, MAILS)) == 2


def test_a_shop_in_shadow_mode_tells_of_its_pulls_and_not_of_its_orders(
    database: Database, clock: FixedClock
):
    with hold_scope(database, "watch") as lease, database.transaction(lease) as connection:
        connection.execute(
            text(
                "insert into core.shops (shop_id, platform, name, is_pulled, is_shadow, currency, address_source, go_live_at) "
                "values ('tb', 'taobao', 'tb', true, true, 'CNY', 'structured', :now)"
            ),
            {"now": clock.now()},
        )

    pulls = [replace(ALERT, rule_id=rule) for rule in (STOPPED, UNCOVERED, PARKED, MISSED, "late_pull")]
    raised(database, clock, replace(ALERT, rule_id="near_deadline", severity="critical"), *pulls)

    assert rows(database, "select rule_id from ops.alerts where told_at is null") == [("near_deadline",)]


def test_a_mail_says_everything_in_both_languages_with_its_link(database: Database, clock: FixedClock):
    raised(database, clock, replace(ALERT, severity="critical", link="{airflow_url}/dags/extract_x"))

    [(payload,)] = rows(database, "select payload from ops.outbox")
    assert (payload["subject"], payload["en"]["subject"]) == (
        "[orderhub] 【紧急】拉取迟到",
        "[orderhub] URGENT: Pull is late",
    )
    assert payload["text"].splitlines() == [
        "拉取迟到(tb/orders)", "店铺 tb 的订单一小时没有读全", "{airflow_url}/dags/extract_x",
    ]  # fmt: skip
    assert '<a href="{airflow_url}/dags/extract_x">' in payload["en"]["html"]


def test_fifty_thousand_alerts_are_one_mail_per_rule_with_their_number_and_twenty_examples(
    database: Database, clock: FixedClock
):
    flood = [
        replace(ALERT, rule_id=rule, subject=f"tb/{n:05}")
        for n in range(25_000)
        for rule in ("late_pull", "stock_out")
    ]

    assert raised(database, clock, *flood) == 50_000

    assert rows(database, MAILS) == [(["supervisor@example.test"], "[orderhub] 拉取迟到 等 25000 条")] * 2
    [(text,), _] = rows(database, "select payload->>'text' from ops.outbox order by outbox_id")
    assert text.splitlines()[0] == "共 25000 条,以下是其中 20 条:"
    assert text.count("拉取迟到(tb/") == 20
    assert text.splitlines()[2] == "拉取迟到(tb/00000)"


def settings_of(home: Path, port: int) -> Settings:
    extra = {"disable_ssl": True, "disable_tls": True, "timeout": 5}
    known = {"smtp_default": {"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra}}
    (home / "connections.json").write_text(json.dumps(known), encoding="utf-8")
    return Settings(
        home=home,
        database_url="postgresql://unused",
        hash_key="unused",
        connections=home / "connections.json",
    )


def test_an_alert_outlives_a_mail_server_that_is_down_and_a_lost_answer_is_the_same_mail(
    database: Database, clock: FixedClock, tmp_path: Path
):
    mailbox, settings = Mailbox(clock.now), settings_of(tmp_path, port := free_port())
    raised(database, clock, ALERT)

    down = deliver_pending(database, clock, settings)
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    mailbox.drop_after_data = 1
    for _ in range(3):
        clock.move(timedelta(hours=1))
        deliver_pending(database, clock, settings)
    controller.stop()

    assert (down.postponed, rows(database, "select state from ops.outbox")) == (1, [("sent",)])
    assert len(mailbox.mails) == 2
    assert len({mail.message_id for mail in mailbox.mails}) == 1
