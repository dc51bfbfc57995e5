"""A look at the hub: late pulls, stock-outs, the end of quiet hours, the digest; driven by data, not by runs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from orderhub.alerts.raising import raise_alerts
from orderhub.alerts.watch import look_around
from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.fulfillment.run import run_fulfillment
from tests.builders import Line, Order, activate, hold, put, rows, stock
from tests.integration.test_alerts import ALERT

#: 10:30 in Beijing.
MORNING = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
QUIET = 'supervisors: [supervisor@example.test]\nquiet_hours: {start: "22:00", end: "08:00"}\n'
OPEN = "select rule_id, subject from ops.alerts where closed_at is null order by subject"
SUBJECTS = "select payload->>'subject' from ops.outbox order by sequence"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MORNING)


def write(database: Database, *statements: str) -> None:
    with hold_scope(database, "watch") as lease, database.transaction(lease) as connection:
        for statement in statements:
            connection.execute(text(statement))


def configured(
    database: Database, alerts: str = "supervisors: [supervisor@example.test]", **shop: str
) -> MerchantConfig:
    with hold_scope(database, "watch") as lease, database.transaction(lease) as connection:
        return activate(connection, alerts=alerts, **shop)


def window(database: Database, state: str, created_at: datetime) -> None:
    write(
        database,
        "insert into ops.pull_windows (platform, shop_id, stream, kind, start_at, end_at, state, created_at) "
        f"values ('taobao', 'tb', 'orders', 'live', '{created_at - timedelta(minutes=15)}', '{created_at}', "
        f"'{state}', '{created_at}')",
    )


def test_a_stream_that_is_late_is_told_once_and_closes_itself(database: Database, clock: FixedClock):
    config = configured(database)
    window(database, "open", clock.now())
    write(database, f"insert into ops.watch (looked_at, awake_since) values ('{MORNING}', '{MORNING}')")

    for _ in range(6):
        clock.move(timedelta(minutes=15))
        look_around(database, clock, config)
    late = rows(database, OPEN)
    window(database, "covered", clock.now())
    write(database, "update ops.pull_windows set state = 'covered'")
    look_around(database, clock, config)

    assert (late, rows(database, OPEN)) == ([("late_pull", "tb/orders")], [])
    assert rows(database, SUBJECTS) == [("[orderhub] 拉取迟到:tb",)]


def test_a_hub_that_slept_gets_time_to_catch_up(database: Database, clock: FixedClock):
    config = configured(database)
    window(database, "covered", clock.now())
    look_around(database, clock, config)
    clock.move(timedelta(days=2))

    look_around(database, clock, config)

    assert rows(database, OPEN) == []


def test_a_shop_that_waits_for_a_person_is_not_late_as_well(database: Database, clock: FixedClock):
    config = configured(database)
    window(database, "open", clock.now() - timedelta(hours=3))
    write(
        database,
        f"insert into ops.watch (looked_at, awake_since) values ('{MORNING}', '{MORNING - timedelta(days=1)}')",
        "insert into ops.stopped_shops (shop_id, platform, reason, stopped_at, last_tried_at) "
        "values ('tb', 'taobao', 'no token', now(), now())",
    )

    look_around(database, clock, config)

    assert rows(database, OPEN) == []


def test_goods_that_orders_wait_for_are_told_until_they_are_there(database: Database, clock: FixedClock):
    config = configured(database)
    with hold_scope(database, "watch") as lease, database.transaction(lease) as connection:
        put(connection, Order("1", (Line("MUG", 2),)), Order("2", (Line("MUG", 1), Line("CUP", 1))))
        stock(connection, hangzhou__CUP=9, yiwu__CUP=9, hangzhou__MUG=1)
    run_fulfillment(database, clock, config)

    look_around(database, clock, config)
    short = rows(database, "select subject, warehouse_id, text_zh from ops.alerts where closed_at is null")
    write(database, "update core.stock set on_hand = 9 where sku_id = 'MUG'")
    run_fulfillment(database, clock, config)
    look_around(database, clock, config)

    [(subject, warehouse_id, said)] = short
    assert (subject, warehouse_id) == ("hangzhou/MUG", "hangzhou")
    assert "个订单在等 MUG" in said
    assert rows(database, OPEN) == []


def test_what_is_raised_in_quiet_hours_is_told_when_they_end(database: Database):
    clock = FixedClock(datetime(2026, 3, 1, 15, 0, tzinfo=UTC))  # 23:00 in Beijing
    config = configured(database, QUIET)
    with hold_scope(database, "watch") as lease, database.transaction(lease) as connection:
        raise_alerts(connection, clock, config, [replace(ALERT, rule_id="high_risk")])
    clock.move(timedelta(hours=8, minutes=59))
    look_around(database, clock, config)
    before = rows(database, SUBJECTS)

    clock.move(timedelta(minutes=2))
    look_around(database, clock, config)

    assert (before, rows(database, SUBJECTS)) == ([], [("[orderhub] 拉取迟到",)])


def test_what_is_critical_is_told_in_quiet_hours_and_alone(database: Database):
    clock = FixedClock(datetime(2026, 3, 1, 15, 0, tzinfo=UTC))  # 23:00 in Beijing
    config = configured(database, QUIET)
    urgent = replace(ALERT, severity="critical", subject="tb/refunds")

    with hold_scope(database, "watch") as lease, database.transaction(lease) as connection:
        raise_alerts(connection, clock, config, [ALERT, urgent])

    [(subject, said)] = rows(
        database, "select payload->>'subject', payload->>'text' from ops.outbox order by sequence"
    )
    assert subject == "[orderhub] 【紧急】拉取迟到"
    assert ("tb/refunds" in said, "tb/orders" in said) == (True, False)


def started(database: Database, at: datetime) -> None:
    write(database, f"insert into ops.hub (first_started_at) values ('{at}')")


def test_the_digest_comes_once_a_day_however_often_one_looks(database: Database, clock: FixedClock):
    config = configured(database)
    started(database, MORNING - timedelta(days=3))
    digests = "select outbox_id from ops.outbox order by sequence"

    for _ in range(4):
        look_around(database, clock, config)
        clock.move(timedelta(hours=4))
    first = rows(database, digests)
    clock.move(timedelta(hours=10))
    look_around(database, clock, config)

    assert first == [("mail:digest:2026-03-02",)]
    assert rows(database, digests) == [("mail:digest:2026-03-02",), ("mail:digest:2026-03-03",)]


def test_no_digest_before_its_time_nor_of_a_day_on_which_the_hub_started_later(database: Database):
    clock = FixedClock(datetime(2026, 3, 2, 0, 59, tzinfo=UTC))  # 08:59 in Beijing
    config = configured(database)
    started(database, datetime(2026, 3, 2, 0, 30, tzinfo=UTC))

    early = look_around(database, clock, config)
    write(database, "update ops.hub set first_started_at = '2026-03-02T01:30:00Z'")
    clock.move(timedelta(hours=3))
    first_day = look_around(database, clock, config)

    assert (early.is_digest_sent, first_day.is_digest_sent) == (False, False)


def test_the_digest_counts_two_days_and_names_what_is_open_and_aged(database: Database, clock: FixedClock):
    config = configured(database)
    started(database, MORNING - timedelta(days=3))
    with hold_scope(database, "watch") as lease, database.transaction(lease) as connection:
        put(connection, Order("1"), Order("2"))
        hold(connection, "tb/1")
        raise_alerts(connection, FixedClock(MORNING - timedelta(hours=30)), config, [ALERT])
    write(
        database,
        "update core.orders set placed_at = '2026-03-01T20:00:00Z' where order_id = 'tb/1'",
        "update core.orders set placed_at = '2026-03-01T12:00:00Z' where order_id = 'tb/2'",
        "update ops.alerts set rule_id = 'sku_unmapped'",
    )

    look_around(database, clock, config)

    [(text_zh, text_en)] = rows(
        database, "select payload->>'text', payload->'en'->>'text' from ops.outbox where subject = 'digest'"
    )
    assert "下单 | 1 | 1" in text_zh
    assert "拉取迟到 | 警告 | 1 | 1" in text_zh
    assert "现在:1 个订单挂起" in text_zh
    assert "Open alerts | Severity | Count | Over 24 h" in text_en


def test_shops_in_shadow_mode_send_neither_alert_nor_digest(database: Database, clock: FixedClock):
    config = configured(database, mode="shadow", others=())
    started(database, MORNING - timedelta(days=3))
    with hold_scope(database, "watch") as lease, database.transaction(lease) as connection:
        raise_alerts(connection, clock, config, [replace(ALERT, rule_id="high_risk", severity="critical")])

    look_around(database, clock, config)

    assert rows(database, OPEN) == [("high_risk", "tb/orders")]
    assert rows(database, SUBJECTS) == []


def test_what_one_topic_has_too_much_of_waits_for_the_next_hour(database: Database, clock: FixedClock):
    config = configured(database, "supervisors: [supervisor@example.test]\nmessages_per_hour: 2\n")
    for number in range(5):
        with hold_scope(database, "watch") as lease, database.transaction(lease) as connection:
            alert = replace(ALERT, rule_id="high_risk", subject=f"tb/{number}")
            raise_alerts(connection, clock, config, [alert])
        clock.move(timedelta(minutes=1))
    at_once = rows(database, SUBJECTS)

    clock.move(timedelta(hours=1))
    look_around(database, clock, config)

    assert at_once == [("[orderhub] 拉取迟到",)] * 2
    assert rows(database, SUBJECTS)[2:] == [("[orderhub] 拉取迟到 等 3 条",)]


def flooded(database: Database, clock: FixedClock, config: MerchantConfig, *severities: str) -> list[str]:
    """Raise an alert of one topic a minute, each about another subject, and return how urgent the told ones were."""
    told = "select severity from ops.alerts where told_at is not null order by alert_id"
    for severity in severities:
        with hold_scope(database, "watch") as lease, database.transaction(lease) as connection:
            subject = f"tb/{clock.now():%H%M}"
            raise_alerts(
                connection,
                clock,
                config,
                [replace(ALERT, rule_id="high_risk", severity=severity, subject=subject)],
            )
        clock.move(timedelta(minutes=1))
    return [str(severity) for (severity,) in rows(database, told)]


def test_a_critical_alert_is_told_at_once_though_its_topic_is_flooded(database: Database, clock: FixedClock):
    config = configured(database, "supervisors: [supervisor@example.test]\nmessages_per_hour: 2\n")

    told = flooded(
        database, clock, config, "warning", "warning", "warning", "critical", "critical", "warning"
    )

    assert told == ["warning", "warning", "critical", "critical"]


def test_a_flood_of_critical_alerts_is_told_in_steps_and_none_waits_for_the_hour(
    database: Database, clock: FixedClock
):
    config = configured(database, "supervisors: [supervisor@example.test]\nmessages_per_hour: 2\n")
    at_once = flooded(database, clock, config, *["critical"] * 5)

    clock.move(timedelta(minutes=25))  # 29 after the last message.
    look_around(database, clock, config)
    early = rows(database, SUBJECTS)
    clock.move(timedelta(minutes=1))
    look_around(database, clock, config)

    assert (at_once, len(early)) == (["critical"] * 2, 2)
    assert rows(database, SUBJECTS)[2:] == [("[orderhub] 【紧急】拉取迟到 等 3 条",)]


def test_alerts_that_are_long_over_are_removed_and_open_ones_never(database: Database, clock: FixedClock):
    config = configured(database, "supervisors: [supervisor@example.test]\nkeep_days: 30")
    raised = (
        "insert into ops.alerts (rule_id, topic, severity, subject, fingerprint, title_zh, title_en, text_zh, text_en, "
        "raised_at, seen_at, closed_at) values ('old', 'old', 'info', '{}', 'f', 't', 't', 't', 't', '2020-01-01', "
        "'2020-01-01', {})"
    )
    ended = {
        "long over": f"'{clock.now() - timedelta(days=31)}'", "just over": f"'{clock.now() - timedelta(days=29)}'",
        "open": "null",
    }  # fmt: skip
    write(database, *(raised.format(subject, closed_at) for subject, closed_at in ended.items()))

    look_around(database, clock, config)

    assert rows(database, "select subject from ops.alerts order by 1") == [("just over",), ("open",)]
