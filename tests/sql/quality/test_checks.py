"""What a pass of checks does to orders: verdicts, anomalies, holds and the mail."""

from datetime import timedelta

import pytest

from orderhub.db.engine import Database
from tests.sql.quality.arrangement import NOW, Hub, insert, open_hub


@pytest.fixture
def hub(database: Database) -> Hub:
    return open_hub(database)


OPEN = "select rule_id, subject_id from core.anomalies where state = 'open' order by 1, 2"
HELD = "select rule_id, subject_id from core.holds where state = 'active' order by 1, 2"


def test_a_good_order_passes_and_is_marked_as_judged(hub: Hub) -> None:
    hub.put({})

    _, counts = hub.check()

    assert (counts.judged_orders, counts.failed_checks) == (1, 0)
    assert hub.rows("select checked_version = version_id, checks_version is not null from core.orders") == [
        (True, True)
    ]
    assert hub.rows(OPEN) == []


@pytest.mark.parametrize(
    ("order", "line", "receiver", "expected"),
    [
        ({}, {}, {"province": None, "city": None, "district": None}, [("missing_region", "tb/1")]),
        ({}, {}, {"city": None, "district": None}, [("missing_region", "tb/1")]),
        ({}, {}, {"city": None, "district": "仙桃市"}, []),
        ({}, {}, {"district": None}, [("missing_district", "tb/1")]),
        ({}, {}, {"province": "广东省", "city": "东莞市", "district": None}, []),
        ({}, {}, {"province": "广东省", "city": "中山市", "district": None}, []),
        ({}, {}, {"province": "海南省", "city": "儋州市", "district": None}, []),
        ({}, {}, {"province": "海南省", "city": "三沙市", "district": None}, []),
        ({}, {}, {"province": "甘肃省", "city": "嘉峪关市", "district": None}, []),
        ({}, {}, {"province": "台湾省"}, [("unreachable_region", "tb/1")]),
        ({}, {}, {"province": "香港特别行政区"}, [("unreachable_region", "tb/1")]),
        ({}, {}, {"address_verdict": "ambiguous"}, [("vague_address", "tb/1")]),
        ({}, {}, {"address_verdict": None}, []),
        ({}, {}, {"phone_verdict": "invalid"}, [("invalid_phone", "tb/1")]),
        ({}, {}, {"receiver_state": "clear", "name_masked": None}, [("missing_receiver_name", "tb/1")]),
        ({}, {}, {"receiver_state": "clear"}, []),
        ({}, {}, {"receiver_state": "token", "name_masked": None}, []),
        ({}, {}, {"receiver_state": "masked", "name_masked": None}, []),
        (
            {"order_id": "blind/1", "platform": "spreadsheet"},
            {},
            {"receiver_state": "clear", "name_masked": None},
            [],
        ),
        ({"status": "unknown", "gate": "wait"}, {}, {}, [("unknown_status", "tb/1")]),
        ({"unreadable_fields": ["paid", "total"]}, {}, {}, [("unreadable_value", "tb/1")]),
        ({"paid_fen": 900}, {}, {}, [("amount_mismatch", "tb/1")]),
        ({"paid_fen": 1001}, {}, {}, []),
        ({"paid_fen": 1800, "freight_fen": 800}, {}, {}, []),
        ({"paid_fen": 1800, "freight_fen": None}, {}, {}, []),
        ({"paid_fen": 900, "freight_fen": None}, {}, {}, [("amount_mismatch", "tb/1")]),
        ({"paid_fen": 900}, {"paid_fen": None}, {}, []),
        ({"paid_fen": None}, {}, {}, [("missing_amount", "tb/1")]),
        ({"order_id": "sheet/1", "platform": "spreadsheet", "paid_fen": None}, {}, {}, []),
        ({"paid_fen": 0}, {"paid_fen": 0}, {}, [("zero_amount", "tb/1")]),
        ({"paid_fen": 0}, {"paid_fen": 0, "kind": "gift", "unit_price_fen": 0}, {}, []),
        ({"paid_fen": 0, "payment_state": "cod_accepted"}, {"paid_fen": 0}, {}, [("untold_cod_amount", "tb/1")]),
        ({"paid_fen": 0, "payment_state": "cod_accepted"}, {}, {}, [("untold_cod_amount", "tb/1")]),
        ({"paid_fen": 0, "payment_state": "cod_accepted"}, {"paid_fen": 0, "kind": "gift", "unit_price_fen": 0}, {}, []),
        ({"paid_fen": 900, "payment_state": "cod_accepted"}, {"paid_fen": 0}, {}, []),
        ({"paid_fen": 900, "payment_state": "cod_accepted"}, {"paid_fen": None}, {}, []),
        ({"paid_fen": None, "payment_state": "cod_accepted"}, {}, {}, [("untold_cod_amount", "tb/1")]),
        ({"payment_state": "cod_accepted"}, {}, {}, []),
        ({"paid_fen": 900, "payment_state": "cod_accepted"}, {}, {}, [("amount_mismatch", "tb/1")]),
        ({"paid_fen": 100_000, "payment_state": "cod_accepted"}, {}, {}, [("amount_mismatch", "tb/1")]),
        ({"paid_fen": -1000, "payment_state": "cod_accepted"}, {}, {}, [("amount_mismatch", "tb/1"), ("untold_cod_amount", "tb/1")]),
        ({}, {"gate": "wait", "gate_reason": "part_shipped 1/3"}, {}, [("hand_shipment", "tb/1#1")]),
        ({}, {"gate": "wait", "gate_reason": "part_shipped ?/3"}, {}, [("hand_shipment", "tb/1#1")]),
        ({}, {"gate": "wait", "gate_reason": "part_shipped 1/3", "kind": "bundle_part"}, {}, []),
        ({}, {"gate": "wait", "gate_reason": "105 已支付(平台处理或风控中)"}, {}, []),
        ({"paid_at": "2026-03-02T00:50:00Z"}, {}, {}, [("impossible_time", "tb/1")]),
        ({"placed_at": "2027-03-02T00:50:00Z", "paid_at": None}, {}, {}, [("impossible_time", "tb/1"), ("missing_paid_time", "tb/1")]),
        ({"paid_at": None}, {}, {}, [("missing_paid_time", "tb/1")]),
        ({"paid_at": None, "payment_state": "cod_accepted"}, {}, {}, []),
        ({"order_id": "sheet/1", "platform": "spreadsheet", "paid_at": None, "currency": None}, {}, {}, []),
        ({"currency": "USD"}, {}, {}, [("wrong_currency", "tb/1")]),
        ({"currency": None}, {}, {}, [("missing_currency", "tb/1")]),
        ({"buyer_message": "请改地址到公司"}, {}, {}, [("memo_instruction", "tb/1")]),
        ({"seller_memo": "买家要换颜色"}, {}, {}, [("memo_instruction", "tb/1")]),
        ({"buyer_message": "先别发货,等我电话"}, {}, {}, [("memo_instruction", "tb/1")]),
        ({"buyer_message": "谢谢老板,尽快发货!不要香菜", "seller_memo": ""}, {}, {}, []),
        ({"buyer_message": "给朋友换季穿的,别发错了"}, {}, {}, []),
        ({"disagreeing_fields": ["placed_at"]}, {}, {}, [("disagreeing_rows", "tb/1")]),
        ({"customer_id": None}, {}, {}, [("missing_customer", "tb/1")]),
        ({}, {"sku_id": None}, {}, [("sku_not_mapped", "tb/1#1")]),
        ({}, {"sku_id": None, "kind": "service"}, {}, []),
        ({}, {"quantity": 0}, {}, [("bad_quantity", "tb/1#1")]),
        ({}, {"quantity": 100001}, {}, [("bad_quantity", "tb/1#1"), ("large_quantity", "tb/1#1")]),
        ({}, {"quantity": None}, {}, [("missing_quantity", "tb/1#1")]),
        ({}, {"unit_price_fen": 0}, {}, [("zero_price", "tb/1#1")]),
        ({}, {"unit_price_fen": -5}, {}, [("negative_price", "tb/1#1")]),
        ({}, {"unreadable_fields": ["quantity"]}, {}, [("unreadable_line_value", "tb/1#1")]),
        ({}, {"repeat_no": 2}, {}, [("duplicate_row", "tb/1#1")]),
        ({}, {"title": " "}, {}, [("missing_title", "tb/1#1")]),
        ({}, {"refund_state": "pending", "gate": "wait"}, {}, [("refund_pending", "tb/1#1")]),
        ({}, {"refund_state": "unknown", "gate": "wait"}, {}, [("refund_pending", "tb/1#1"), ("unknown_refund_state", "tb/1#1")]),
        ({}, {"gate": "wait", "platform_status": "X", "gate_reason": "X 未知"}, {}, [("unknown_line_status", "tb/1#1")]),
        ({}, {"gate": "wait", "platform_status": "X", "gate_reason": "X 待付款"}, {}, []),
        ({"status": "unknown", "gate": "wait"}, {"gate": "wait", "platform_status": "X", "gate_reason": "X 未知"}, {}, [("unknown_status", "tb/1")]),
        ({}, {"quantity": 1000}, {}, [("large_quantity", "tb/1#1")]),
        ({"paid_fen": 5_000_001}, {"paid_fen": 5_000_001, "unit_price_fen": 5_000_001}, {}, [("large_order", "tb/1")]),
        ({"buyer_message": "请开发票"}, {}, {}, [("invoice_request", "tb/1")]),
        ({"seller_memo": "刷单,发空包"}, {}, {}, [("suspected_no_ship", "tb/1")]),
        ({"gate": "wait", "gate_reason": "risk-review 风控审核中"}, {}, {}, [("platform_risk", "tb/1")]),
        ({"gate": "wait", "gate_reason": "group-forming 拼团未成团"}, {}, {}, []),
        ({"modified_at": "2026-03-02T00:00:00Z"}, {}, {}, [("impossible_time", "tb/1")]),
        ({"paid_at": "2099-03-02T00:00:00Z"}, {}, {}, [("impossible_time", "tb/1")]),
        ({"modified_at": "2099-03-02T00:00:00Z"}, {}, {}, [("impossible_time", "tb/1")]),
        ({"placed_at": "0001-01-01T00:00:00Z", "paid_at": None}, {}, {}, [("impossible_time", "tb/1"), ("missing_paid_time", "tb/1")]),
    ],
)  # fmt: skip
def test_each_rule_marks_its_case_and_only_it(hub: Hub, order, line, receiver, expected) -> None:
    hub.put(order, line, receiver=receiver)

    hub.check()

    assert hub.rows(OPEN) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"lifecycle": "history"},
        {"gate": "stop", "status": "closed"},
        {"payment_state": "unpaid", "gate": "wait"},
        {"payment_state": "deposit_paid", "gate": "wait"},
    ],
)
def test_an_order_that_cannot_ship_is_marked_as_judged_and_never_held(hub: Hub, change) -> None:
    hub.put({"currency": "USD", **change}, {"quantity": -3})

    _, counts = hub.check()

    assert counts.judged_orders == 1
    assert hub.rows(OPEN) == []


def test_an_order_that_a_person_took_out_of_shipping_is_judged_by_no_rule(hub: Hub) -> None:
    hub.put({"currency": "USD"}, {"quantity": -3})
    hub.execute(
        "insert into core.withholdings (subject_id, order_id, kind, version_id, decided_at, decided_by, reason) "
        "values ('tb/1', 'tb/1', 'cancelled', 'v1', :at, '王', '买家不要了')",
        at=NOW,
    )

    hub.check()

    assert hub.rows(OPEN) == []


def test_an_order_of_which_a_line_has_no_price_has_no_sum_to_compare(hub: Hub) -> None:
    hub.put({"paid_fen": 2500}, {}, {"paid_fen": None})

    hub.check()
    without_price = hub.rows(OPEN)
    hub.execute("update core.order_lines set paid_fen = 1000")
    hub.execute("update core.orders set checked_version = null")
    hub.check()

    assert "amount_mismatch" not in {rule for rule, _ in without_price}
    assert hub.rows(OPEN) == [("amount_mismatch", "tb/1")]


def test_an_order_that_waits_for_confirmation_is_held_once_it_is_live(hub: Hub) -> None:
    hub.put({"currency": "USD", "lifecycle": "to_confirm"})
    hub.check()
    before = hub.rows(HELD)
    hub.execute("update core.orders set lifecycle = 'live', checked_version = null")

    hub.check()

    assert (before, hub.rows(HELD)) == ([], [("wrong_currency", "tb/1")])


def test_an_order_that_the_merge_marked_for_the_pass_is_judged_in_it(hub: Hub) -> None:
    hub.put({"order_id": "tb/2", "paid_at": "2026-03-02T01:08:00Z"})
    first, _ = hub.check()
    hub.put({"checked_version": "v1", "_checked_pass_id": first + 1})

    second, counts = hub.check()

    assert (second, counts.judged_orders) == (first + 1, 2)
    assert hub.rows(HELD) == [("suspected_duplicate_order", "tb/2")]


def test_a_blind_shop_has_no_address_verdict(hub: Hub) -> None:
    hub.put(
        {"order_id": "blind/1", "customer_id": None},
        receiver={"province": None, "city": None, "district": None},
    )

    hub.check()

    assert hub.rows(OPEN) == []


def test_an_order_without_receiver_row_is_held(hub: Hub) -> None:
    hub.put({})
    hub.execute("delete from core.receivers")

    hub.check()

    assert hub.rows(HELD) == [("missing_region", "tb/1")]


def test_an_order_without_lines_is_held_and_told(hub: Hub) -> None:
    hub.put({})
    hub.execute("delete from core.order_lines")

    hub.check()

    assert hub.rows(HELD) == [("missing_lines", "tb/1")]
    assert hub.rows("select count(*) from ops.outbox where target = 'mail'") == [(1,)]


@pytest.mark.parametrize("line_id", [None, "1"])
def test_a_refund_in_a_state_that_nobody_knows_holds_what_it_speaks_of(hub: Hub, line_id: str | None) -> None:
    hub.put({})
    refund = {
        "refund_id": "tb/r1", "platform": "taobao", "shop_id": "tb", "platform_refund_id": "r1", "order_id": "tb/1",
        "platform_line_id": line_id, "kind": "refund", "state": "unknown", "is_terminal": False, "version_id": "v",
        "merge_key": "k", "mapping_version": "m", "_load_id": 1, "_pass_id": 1, "_seen_at": "2026-03-02T02:00:00Z",
    }  # fmt: skip
    with hub.write() as connection:
        insert(connection, "core.refunds", [refund])

    hub.check()

    assert hub.rows(HELD) == [("unknown_refund_state", "tb/1#1")]


def test_a_bad_line_holds_the_line_and_not_the_order(hub: Hub) -> None:
    hub.put({"paid_fen": 2000}, {}, {"quantity": -3})

    hub.check()

    assert hub.rows("select rule_id, subject_type, subject_id, line_id from core.holds") == [
        ("bad_quantity", "order_line", "tb/1#2", "2")
    ]


def test_evidence_shows_the_values_that_failed(hub: Hub) -> None:
    hub.put({"paid_fen": 900})

    hub.check()

    assert hub.rows("select evidence from core.anomalies") == [
        ({"paid_fen": 900, "freight_fen": 0, "lines_paid_fen": 1000},)
    ]


def test_evidence_of_a_message_never_quotes_what_people_wrote(hub: Hub) -> None:
    hub.put({"buyer_message": "改地址:王小明 13812345678 文三路 9 号"})

    hub.check()

    evidence = hub.rows("select evidence from core.anomalies")[0][0]
    assert evidence["memo_words"] == "改地址"
    assert set(evidence) == {"memo_words", "message_digest"}


def test_checking_twice_changes_nothing(hub: Hub) -> None:
    hub.put({"currency": "USD"})
    hub.check()
    before = hub.rows("select * from core.anomalies") + hub.rows("select * from core.holds")

    _, counts = hub.check()

    assert counts.judged_orders == 0
    assert hub.rows("select * from core.anomalies") + hub.rows("select * from core.holds") == before


def test_a_corrected_order_closes_its_anomaly_and_its_hold(hub: Hub) -> None:
    hub.put({"currency": "USD"})
    hub.check()
    hub.execute("update core.orders set currency = 'CNY', version_id = 'v2'")

    _, counts = hub.check()

    assert (counts.anomalies_closed, counts.holds_closed) == (1, 1)
    assert hub.rows("select state from core.anomalies union all select state from core.holds") == [
        ("closed",),
        ("closed",),
    ]


def test_evidence_that_comes_back_holds_again(hub: Hub) -> None:
    hub.put({"currency": "USD"})
    hub.check()
    hub.execute("update core.orders set currency = 'CNY', version_id = 'v2'")
    hub.check()
    hub.execute("update core.orders set currency = 'USD', version_id = 'v3'")

    hub.check()

    assert hub.rows("select state, ended_at from core.holds") == [("active", None)]


def test_what_a_person_released_stays_released_while_the_evidence_is_the_same(hub: Hub) -> None:
    hub.put({"currency": "USD"})
    hub.check()
    hub.execute("update core.holds set state = 'released', ended_by = '李主管', end_reason = '已核对'")
    hub.execute("update core.orders set version_id = 'v2'")

    hub.check()

    assert hub.rows("select state, ended_by from core.holds") == [("released", "李主管")]


def test_new_evidence_holds_again_though_a_person_released_the_old_one(hub: Hub) -> None:
    hub.put({"paid_fen": 900})
    hub.check()
    hub.execute("update core.holds set state = 'released', ended_by = '李主管'")
    hub.execute("update core.orders set paid_fen = 800, version_id = 'v2'")

    hub.check()

    assert hub.rows("select state from core.holds order by 1") == [("active",), ("released",)]


PART_TOLD = """
    insert into core.fulfillment_orders (fulfillment_order_id, order_id, warehouse_id, state, routing_rule_id, version_id,
        config_version, is_shadow, allocated_at, _pass_id)
    values ('d1', 'tb/1', 'hz', 'shipped', 'all', 'v1', 'c', false, '2026-03-02T03:00Z', 1);
    insert into core.shipments values
        ('d1#1', 'd1', 'tb/1', 'hz', 'ZTO', '1', 100, 'wms', '2026-03-02T04:00Z', '2026-03-02T04:00Z');
    insert into core.tracking_writes (shipment_id, order_id, shop_id, is_part, state, recorded_at)
    values ('d1#1', 'tb/1', 'tb', true, :state, '2026-03-02T04:00Z')"""


@pytest.mark.parametrize(("told", "expected"), [("told", "line_held"), ("waiting", "order_stopped")])
def test_what_is_left_of_an_order_that_its_platform_calls_shipped_stays_held(
    hub: Hub, told: str, expected: str
) -> None:
    hub.put({"paid_fen": 2000}, {}, {"unit_price_fen": 0})
    hub.check()
    for statement in PART_TOLD.split(";"):
        hub.execute(statement.replace(":state", f"'{told}'"))
    hub.execute("update core.orders set status = 'shipped', gate = 'stop', version_id = 'v2'")

    hub.check()

    assert hub.rows("select blocked_by from core.line_readiness where line_id = '2'") == [(expected,)]


def test_two_reasons_are_two_holds(hub: Hub) -> None:
    hub.put({"currency": "USD", "paid_fen": 900})

    hub.check()

    assert hub.rows(HELD) == [("amount_mismatch", "tb/1"), ("wrong_currency", "tb/1")]


def test_the_later_of_two_equal_orders_is_held(hub: Hub) -> None:
    hub.put({"order_id": "tb/1"})
    hub.put({"order_id": "tb/2", "paid_at": "2026-03-02T01:08:00Z"})

    hub.check()

    assert hub.rows(HELD) == [("suspected_duplicate_order", "tb/2")]
    assert hub.rows("select evidence from core.anomalies") == [({"earlier_order_id": "tb/1"},)]


def test_orders_that_are_paid_at_the_door_are_compared_by_when_they_were_placed(hub: Hub) -> None:
    at_the_door = {"payment_state": "cod_accepted", "paid_at": None}
    hub.put({"order_id": "tb/1", **at_the_door})
    hub.check()
    hub.put({"order_id": "tb/2", **at_the_door, "placed_at": "2026-03-02T01:08:00Z"})
    hub.put({"order_id": "tb/3", **at_the_door, "placed_at": "2026-03-02T01:19:00Z"})

    hub.check()

    assert hub.rows(HELD) == [("suspected_duplicate_order", "tb/2")]


def test_an_order_that_is_not_paid_yet_repeats_nothing_and_is_repeated_by_nothing(hub: Hub) -> None:
    hub.put({"order_id": "tb/1", "payment_state": "deposit_paid", "paid_at": None})
    hub.put({"order_id": "tb/2"})

    hub.check()

    assert hub.rows(HELD) == []


@pytest.mark.parametrize(
    ("order", "line", "receiver"),
    [
        ({"paid_at": "2026-03-02T01:12:00Z"}, {}, {}),
        ({"customer_id": "buyer-2"}, {}, {}),
        ({"customer_id": None}, {}, {}),
        ({"order_id": "shadow/2"}, {}, {}),
        ({}, {"quantity": 2, "paid_fen": 1000}, {}),
        ({}, {"sku_id": "SKU-2"}, {}),
        ({}, {}, {"name_masked": "李**"}),
        ({}, {}, {"district": "上城区"}),
    ],
)  # fmt: skip
def test_orders_that_differ_are_no_duplicates(hub: Hub, order, line, receiver) -> None:
    hub.put({"order_id": "tb/1"})
    hub.put({"order_id": "tb/2", "paid_at": "2026-03-02T01:08:00Z", **order}, line, receiver=receiver)

    hub.check()

    assert [row for row in hub.rows(OPEN) if row[0] == "suspected_duplicate_order"] == []


def test_tokens_are_never_compared(hub: Hub) -> None:
    hub.put({"order_id": "tb/1"}, receiver={"token": "1111"})
    hub.put({"order_id": "tb/2"}, receiver={"token": "2222"})

    hub.check()

    assert hub.rows(HELD) == [("suspected_duplicate_order", "tb/2")]


def test_an_earlier_order_that_arrives_late_has_the_later_one_held(hub: Hub) -> None:
    hub.put({"order_id": "tb/2", "paid_at": "2026-03-02T01:08:00Z"})
    hub.check()
    hub.put({"order_id": "tb/1"})

    hub.check()

    assert hub.rows(HELD) == [("suspected_duplicate_order", "tb/2")]


def test_a_duplicate_is_freed_when_the_earlier_order_is_closed(hub: Hub) -> None:
    hub.put({"order_id": "tb/1"})
    hub.put({"order_id": "tb/2", "paid_at": "2026-03-02T01:08:00Z"})
    hub.check()
    hub.execute(
        "update core.orders set status = 'closed', gate = 'stop', version_id = 'v2' where order_id = 'tb/1'"
    )

    hub.check()

    assert hub.rows(HELD) == []


def test_a_duplicate_of_a_shipped_order_stays_held(hub: Hub) -> None:
    hub.put({"order_id": "tb/1"})
    hub.put({"order_id": "tb/2", "paid_at": "2026-03-02T01:08:00Z"})
    hub.check()
    hub.execute(
        "update core.orders set status = 'shipped', gate = 'stop', version_id = 'v2' where order_id = 'tb/1'"
    )

    hub.check()

    assert hub.rows(HELD) == [("suspected_duplicate_order", "tb/2")]


def test_one_mail_tells_what_a_pass_newly_held(hub: Hub) -> None:
    hub.put({"order_id": "tb/1", "currency": "USD", "paid_fen": 900})
    hub.put({"order_id": "tb/2", "currency": "USD", "customer_id": "buyer-2"})

    hub.check()

    [(target, payload)] = hub.rows("select target, payload from ops.outbox")
    assert target == "mail"
    assert payload["to"] == ["supervisor@example.test"]
    assert payload["subject"] == "[orderhub] 订单挂起:2 单需要处理"
    assert "2 | 订单币种与店铺币种不同(wrong_currency,紧急) | tb/1, tb/2" in payload["text"]


def test_shadow_shops_and_repeated_passes_send_no_mail(hub: Hub) -> None:
    hub.put({"order_id": "shadow/1", "currency": "USD"})
    hub.check()
    hub.clock.move(timedelta(minutes=15))
    hub.check()

    assert hub.rows("select count(*) from ops.outbox") == [(0,)]
    assert hub.rows(HELD) == [("wrong_currency", "shadow/1")]


def test_verdicts_count_judged_evaluated_and_failed_rows(hub: Hub) -> None:
    hub.put({"order_id": "tb/1"}, receiver={"province": None, "city": None, "district": None})
    hub.put(
        {"order_id": "blind/1", "customer_id": None},
        receiver={"province": None, "city": None, "district": None},
    )

    hub.check()

    assert hub.rows(
        "select judged_count, evaluated_count, failed_count from ops.check_verdicts where rule_id = 'missing_region'"
    ) == [(2, 1, 1)]
