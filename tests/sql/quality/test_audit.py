"""Great Expectations and the compiled scan read the same files and must say the same."""

import json

import pytest
from sqlalchemy import text

from orderhub.db.engine import Database
from orderhub.quality import audit
from orderhub.quality.audit import Difference, audit_pass, audit_passes
from orderhub.quality.suites import parse_suites
from orderhub.quality.views import VIEWS
from tests.sql.quality.arrangement import NOW, Hub, open_hub

NASTY = [
    "",
    " ",
    "NaN",
    "null",
    "None",
    "'",
    "%s",
    ":x",
    "換行\n碼",
    "😀",
    "\\",
    "Ａ１",
    "e\u0301",
    "0",
    "ok",
    "省",
]
ALERTS = (
    "select subject, closed_at is null from ops.alerts where rule_id = 'differing_verdicts' order by alert_id"
)


@pytest.fixture
def hub(database: Database) -> Hub:
    return open_hub(database)


def put_nasty_orders(hub: Hub) -> None:
    """Every odd text in every text that a check reads, and odd numbers beside them."""
    for number, odd in enumerate(NASTY):
        amount = [None, 0, -1, 1000, 2**40][number % 5]
        hub.put(
            {
                "order_id": f"{'sheet' if number % 3 else 'tb'}/{number}", "customer_id": odd or None, "currency": [None, "CNY", "USD"][number % 3],
                "status": ["unknown", "to_ship"][number % 2], "platform_status": odd, "paid_fen": amount, "freight_fen": [None, 0, 5][number % 3],
                "buyer_message": odd, "seller_memo": ["退款", None, "谢谢"][number % 3], "unreadable_fields": [[], ["paid"]][number % 2], "disagreeing_fields": [["placed_at"], []][number % 2],
                "paid_at": [None, "2026-03-02T01:01:00Z", "2026-03-02T00:01:00Z", "infinity"][number % 4],
            },
            {"title": odd, "quantity": amount, "unit_price_fen": amount, "sku_id": odd or None, "kind": ["goods", "gift", "service"][number % 3]},
            {"title": None, "merchant_code": odd, "paid_fen": amount, "repeat_no": number % 3 + 1, "unreadable_fields": ["quantity"]},
            receiver={"province": odd or None, "city": [None, odd][number % 2], "address_verdict": [None, "ok", odd][number % 3], "phone_verdict": odd or None,
                      "name_masked": odd or None, "receiver_state": ["clear", "masked", "token"][number % 3]},
        )  # fmt: skip


def put_one_of_each(hub: Hub) -> None:
    """What the nasty orders do not break: lists, usual prices, sources, rows of doubt."""
    hub.execute(
        "update core.check_settings set breaker_minimum_orders = 1, high_volume_orders = 1 where shop_id = 'shadow'"
    )
    hub.execute(
        "insert into core.usual_prices values ('tb', 'SKU-U', 10, 20, '2026-03-02'), ('shadow', 'SKU-1', 10, 20, '2026-03-02')"
    )
    hub.execute("insert into core.skus values ('SKU-C', '棉袜', null, 100, false, 2000, null, '{}', 'goods')")
    hub.put({"order_id": "tb/c1", "customer_id": "cheap"}, {"sku_id": "SKU-C"})
    hub.execute(
        "insert into core.blacklist values ('b1', 'customer', 'bad', '*', 'hold', 'r', '2026-01-01', null, 'li'), "
        "('b2', 'customer', 'brush', '*', 'no_ship', 'r', '2026-01-01', null, 'li')"
    )
    for number in range(3):
        shared = {"phone_hash": "one phone", "address_hash": "one address", "address_verdict": "too_short"}
        hub.put({"order_id": f"tb/s{number}", "customer_id": f"share-{number}"}, receiver=shared)
        hub.put(
            {"order_id": f"tb/r{number}", "customer_id": "row"}, receiver={"address_verdict": "too_short"}
        )
    hub.put(
        {"order_id": "sheet/x", "platform": "spreadsheet", "paid_at": "2026-03-02T01:30:00Z"},
        receiver={"phone_hash": "one phone"},
    )
    for number in range(2):
        hub.put({"order_id": f"shadow/{number}", "placed_at": None, "unreadable_fields": ["paid"]})
    hub.put(
        {"order_id": "tb/l1", "customer_id": "bad", "buyer_message": "要发票", "paid_fen": 6_000_000},
        {"sku_id": "SKU-U"},
    )
    hub.put(
        {"order_id": "tb/l2", "customer_id": "brush", "seller_memo": "刷单"},
        {"quantity": 1000, "refund_state": "pending"},
    )
    hub.put({"order_id": "tb/p1"})
    hub.put({"order_id": "tb/p2"}, {"quantity": 3, "gate": "wait", "gate_reason": "part_shipped 1/3"})
    hub.put({"order_id": "tb/p3"}, {"gate": "wait", "platform_status": "X", "gate_reason": "X 未知"})
    hub.put({"order_id": "tb/p4"}, {"gate": "wait", "refund_state": "unknown"})
    hub.put({"order_id": "tb/n1", "paid_fen": None})
    hub.execute("delete from core.order_lines where order_id = 'tb/n1'")
    hub.put({"order_id": "tb/o1", "payment_state": "cod_accepted", "paid_fen": None})
    hub.execute(
        "insert into core.refunds (refund_id, platform, shop_id, platform_refund_id, order_id, platform_line_id, kind, platform_status, state, is_terminal, quantity, refund_fen, unreadable_fields, version_id, merge_key, mapping_version, _load_id, _pass_id, _seen_at) "
        "values ('tb/900', 'taobao', 'tb', '900', 'tb/p1', '1', 'refund', 'SUCCESS', 'refunded', true, 1, 100, '{}', 'v', 'k', 'm', 1, 1, '2026-03-02')"
    )
    hub.put(
        {"order_id": "tb/l3", "gate": "wait", "gate_reason": "风控审核中"},
        receiver={"province": "台湾省", "district": None},
    )


def test_both_readers_agree_on_every_shipped_rule(hub: Hub) -> None:
    put_nasty_orders(hub)
    put_one_of_each(hub)
    hub.put({"order_id": "tb/d1"})
    hub.put({"order_id": "tb/d2"})
    hub.execute(
        "insert into core.corrections (order_id, line_id, field, value, value_shown, base_value, base_shown, "
        "platform_value, platform_shown, is_applied, made_at, made_by, reason) values ('tb/d1', '1', 'quantity', '{}', '3', "
        """'{"said": "2"}', '2', '{"said": "5"}', '5', true, '2026-03-02', 'li', 'r')"""
    )
    pass_id, _ = hub.check()

    report = audit_pass(hub.database, hub.clock, hub.config, pass_id)

    assert report.differences == ()
    assert len(report.rules) == len(hub.suites.checks())
    verdicts = hub.rows(
        "select rule_id, failed_count, audited_failed_count from ops.check_verdicts order by 1"
    )
    assert [(rule, failed) for rule, failed, _ in verdicts] == [
        (rule, audited) for rule, _, audited in verdicts
    ]
    assert [rule for rule, failed, _ in verdicts if failed == 0] == []


def test_both_readers_agree_on_every_allowed_type(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    when = {"type": "comparison", "column": {"name": "is_sent"}, "operator": "==", "parameter": False}
    kwargs = [
        ("expect_column_values_to_not_be_null", {"column": "title"}),
        ("expect_column_values_to_be_null", {"column": "sku_id"}),
        ("expect_column_values_to_be_between", {"column": "quantity", "min_value": 0, "strict_min": True}),
        ("expect_column_values_to_be_between", {"column": "quantity", "min_value": 0, "max_value": 1000, "strict_max": True}),
        ("expect_column_values_to_be_in_set", {"column": "sku_id", "value_set": ["NaN", "'", "%s"]}),
        ("expect_column_values_to_be_in_set", {"column": "quantity", "value_set": [0, 1000]}),
        ("expect_column_values_to_not_be_in_set", {"column": "merchant_code", "value_set": ["😀", ""]}),
        ("expect_column_values_to_match_regex", {"column": "merchant_code", "regex": "^[a-z0-9 ]*$"}),
        ("expect_column_values_to_not_match_regex", {"column": "merchant_code", "regex": "[%:'\\\\]|行(?=\n)"}),
        ("expect_column_value_lengths_to_be_between", {"column": "merchant_code", "min_value": 1, "max_value": 2}),
        ("expect_column_value_lengths_to_be_between", {"column": "merchant_code", "max_value": 2, "strict_max": True}),
        ("expect_column_values_to_be_unique", {"column": "quantity"}),
        ("expect_compound_columns_to_be_unique", {"column_list": ["merchant_code", "quantity"], "ignore_row_if": "any_value_is_missing"}),
        ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "quantity", "column_B": "paid_fen", "ignore_row_if": "either_value_is_missing"}),
        ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "quantity", "column_B": "paid_fen", "or_equal": True, "ignore_row_if": "either_value_is_missing"}),
        ("expect_column_pair_values_to_be_equal", {"column_A": "sku_id", "column_B": "title", "ignore_row_if": "either_value_is_missing"}),
    ]  # fmt: skip
    expectations = [
        {
            "type": kind,
            "kwargs": arguments | condition,
            "severity": "info",
            "meta": {"id": f"{name}_{number}", "action": "warn", "message_zh": "试", "message_en": "try"},
        }
        for number, (kind, arguments) in enumerate(kwargs)
        for name, condition in (("all", {}), ("some", {"row_condition": when}))
    ]
    document = {"name": "types", "meta": {"view": "ops.checkable_lines"}, "expectations": expectations}
    hub.suites = parse_suites({"types.json": json.dumps(document)}, {})
    monkeypatch.setattr("orderhub.quality.audit.suites_in_force", lambda database, config: hub.suites)
    put_nasty_orders(hub)
    pass_id, _ = hub.check()

    report = audit_pass(hub.database, hub.clock, hub.config, pass_id)

    assert (len(report.rules), report.differences) == (len(expectations), ())
    assert hub.rows("select count(*) > 20 from ops.check_verdicts where failed_count > 0") == [(True,)]


def test_a_difference_is_one_open_alert_until_both_agree_again(hub: Hub) -> None:
    hub.put({"currency": "USD"})
    pass_id, _ = hub.check()
    hub.execute("update ops.check_verdicts set failed_count = 0 where rule_id = 'wrong_currency'")

    first = audit_pass(hub.database, hub.clock, hub.config, pass_id)
    audit_pass(hub.database, hub.clock, hub.config, pass_id)

    assert first.differences == (Difference("wrong_currency", 0, 1),)
    assert hub.rows(ALERTS) == [("wrong_currency", True)]
    assert hub.rows(
        "select count(*), bool_and(payload ->> 'text' like '%有 0 行失败,Great Expectations 有 1 行%') from ops.outbox where target = 'mail' and subject like 'alert:differing_verdicts:%'"
    ) == [(1, True)]

    hub.execute("update ops.check_verdicts set failed_count = 1 where rule_id = 'wrong_currency'")
    audit_pass(hub.database, hub.clock, hub.config, pass_id)

    assert hub.rows(ALERTS) == [("wrong_currency", False)]


def test_rows_that_a_later_pass_judged_again_are_not_compared(hub: Hub) -> None:
    hub.put({"currency": "USD"})
    pass_id, _ = hub.check()
    hub.execute("update core.orders set currency = 'CNY', version_id = 'v2'")
    hub.check()

    report = audit_pass(hub.database, hub.clock, hub.config, pass_id)

    assert (report.skipped_suites, report.differences) == (("order_lines", "orders", "sources"), ())


def test_an_audit_looks_once_at_each_pass_since_the_last_one(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_count", lambda *_: dict.fromkeys(hub.suites.checks(), 0))
    passes = []
    for number in range(2):
        hub.put({"order_id": f"tb/{number}", "customer_id": f"buyer-{number}"})
        passes.append(hub.check()[0])
    hub.execute("insert into ops.passes (kind, started_at) values ('transform', '2026-03-02')")

    looked = [audit_passes(hub.database, hub.clock, hub.config) for _ in range(2)]

    assert [[report.pass_id for report in reports] for reports in looked] == [passes, []]
    assert hub.rows(
        "select distinct pass_id from ops.check_verdicts where audited_at is not null order by 1"
    ) == [(pass_id,) for pass_id in passes]


def test_what_one_audit_does_not_get_to_follows_with_the_next(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MOST", 1)
    passes = [hub.check()[0] for _ in range(2)]

    looked = [audit_passes(hub.database, hub.clock, hub.config) for _ in range(2)]

    assert [report.pass_id for reports in looked for report in reports] == [*reversed(passes)]


def test_what_other_checks_judged_is_not_compared(hub: Hub) -> None:
    hub.put({"currency": "USD"})
    pass_id, _ = hub.check()
    hub.execute("update core.orders set checks_version = 'of yesterday'")

    report = audit_pass(hub.database, hub.clock, hub.config, pass_id)

    assert (report.skipped_suites, report.differences) == (("order_lines", "orders", "sources"), ())
    assert hub.rows("select count(*) from ops.passes where audited_at is null") == [(0,)]


def test_the_listed_columns_are_those_of_the_views(hub: Hub) -> None:
    with hub.database.read() as connection:
        for view in VIEWS.values():
            columns = tuple(connection.execute(text(f"select * from {view.name}")).keys())

            assert columns == tuple(view.columns)


def test_no_verdict_depends_on_the_time_of_day(hub: Hub) -> None:
    hub.put({"placed_at": NOW, "paid_at": NOW, "_seen_at": NOW})
    hub.check()

    assert hub.rows("select count(*) from core.anomalies") == [(0,)]
