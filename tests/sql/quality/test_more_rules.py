"""Rules that compare with the merchant's thresholds, lists and usual prices."""

from datetime import timedelta
from typing import Any

import pytest

from orderhub.db.engine import Database
from orderhub.quality.refusals import Refusal, raise_anomaly
from orderhub.quality.withhold import Withheld, withhold_order
from tests.sql.quality.arrangement import PASS_BEFORE, Hub, insert, open_hub

OPEN = "select rule_id, subject_id from core.anomalies where state = 'open' order by 1, 2"
HELD = "select rule_id, subject_id from core.holds where state = 'active' order by 1, 2"
PROMOTION = {
    "promotion_id": "p", "shop_id": "tb", "starts_at": "2026-03-02T00:00:00Z", "ends_at": "2026-03-03T00:00:00Z",
    "is_floor_waived": False,
}  # fmt: skip
ENTRY = {
    "entry_id": "bl-1", "kind": "customer", "value": "buyer-1", "shop_id": "*", "effect": "hold", "reason": "拒收",
    "starts_at": "2026-01-01T00:00:00Z", "author": "李主管",
}  # fmt: skip
AT_THE_DOOR = {"payment_state": "cod_accepted", "paid_at": None}


@pytest.fixture
def hub(database: Database) -> Hub:
    return open_hub(database)


def put_row(hub: Hub, table: str, *rows: dict[str, Any]) -> None:
    with hub.write() as connection:
        insert(connection, table, rows)


def put_usual_price(hub: Hub, unit_fen: int, line_count: int = 20) -> None:
    row = {"shop_id": "tb", "sku_id": "SKU-1", "unit_fen": unit_fen, "line_count": line_count}
    put_row(hub, "core.usual_prices", {**row, "business_date": "2026-03-02"})


@pytest.mark.parametrize(
    ("usual", "lines", "expected"),
    [
        (1000, 20, []),
        (334, 20, []),
        (333, 20, [("unusual_price", "tb/1#1")]),
        (3000, 20, []),
        (3001, 20, [("unusual_price", "tb/1#1")]),
        (100, 19, []),
    ],
)  # fmt: skip
def test_a_price_three_times_off_the_usual_is_held(
    hub: Hub, usual: int, lines: int, expected: list[Any]
) -> None:
    put_usual_price(hub, usual, lines)
    hub.put({})

    hub.check()

    assert hub.rows(OPEN) == expected


def test_a_released_price_is_not_held_again_because_the_usual_one_moved(hub: Hub) -> None:
    put_usual_price(hub, 3001)
    hub.put({})
    hub.check()
    hub.execute("update core.holds set state = 'released'")
    hub.execute("update core.usual_prices set unit_fen = 4000")
    hub.execute("update core.orders set version_id = 'v2'")

    hub.check()
    other_usual = hub.rows(HELD)
    hub.execute("update core.orders set version_id = 'v3', paid_fen = 900")
    hub.execute("update core.order_lines set paid_fen = 900")
    hub.check()

    assert (other_usual, hub.rows(HELD)) == ([], [("unusual_price", "tb/1#1")])


def test_a_price_without_history_is_not_evaluable(hub: Hub) -> None:
    hub.put({})

    hub.check()

    assert hub.rows(
        "select judged_count, evaluated_count from ops.check_verdicts where rule_id = 'unusual_price'"
    ) == [(1, 0)]


def test_a_promotion_widens_the_band(hub: Hub) -> None:
    put_usual_price(hub, 4000)
    put_row(hub, "core.promotions", {**PROMOTION, "price_band_percent": 500})
    hub.put({})

    hub.check()

    assert hub.rows(OPEN) == []


def test_a_promotion_of_another_mark_widens_nothing(hub: Hub) -> None:
    put_usual_price(hub, 4000)
    put_row(hub, "core.promotions", {**PROMOTION, "price_band_percent": 500, "mark": "618"})
    hub.put({"promotion_mark": "coupon-7"})

    hub.check()

    assert hub.rows(OPEN) == [("unusual_price", "tb/1#1")]


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"starts_at": "2026-03-02T01:02:00Z"},
        {"ends_at": "2026-03-02T01:01:00Z"},
        {"shop_id": "shadow"},
    ],
)
def test_a_promotion_of_another_time_or_shop_widens_nothing(hub: Hub, elsewhere: dict[str, str]) -> None:
    put_usual_price(hub, 4000)
    put_row(hub, "core.promotions", {**PROMOTION, "promotion_id": "here"})
    put_row(hub, "core.promotions", {**PROMOTION, "price_band_percent": 500, **elsewhere})
    hub.put({})

    hub.check()

    assert hub.rows(OPEN) == [("unusual_price", "tb/1#1")]


def test_of_two_promotions_at_once_the_wider_band_counts(hub: Hub) -> None:
    put_usual_price(hub, 4000)
    put_row(hub, "core.promotions", {**PROMOTION, "price_band_percent": 500})
    put_row(hub, "core.promotions", {**PROMOTION, "promotion_id": "q", "price_band_percent": 350})
    hub.put({})

    hub.check()

    assert hub.rows(OPEN) == []


def put_goods(hub: Hub, cost_fen: int | None, kind: str = "goods", list_price_fen: int | None = None) -> None:
    row = {"sku_id": "SKU-1", "name": "棉袜", "weight_g": 100, "is_weight_assumed": False}
    put_row(hub, "core.skus", {**row, "cost_fen": cost_fen, "kind": kind, "list_price_fen": list_price_fen})


@pytest.mark.parametrize(
    ("history", "expected"),
    [(0, [("unusual_price", "tb/1#1")]), (19, [("unusual_price", "tb/1#1")]), (20, [])],
)
def test_the_list_price_is_what_is_usual_until_enough_was_sold(
    hub: Hub, history: int, expected: list[Any]
) -> None:
    put_goods(hub, None, list_price_fen=3001)
    put_usual_price(hub, 1000, history)
    hub.put({})

    hub.check()

    assert hub.rows(OPEN) == expected


@pytest.mark.parametrize(
    ("cost", "line", "expected"),
    [
        (1000, {}, []),
        (1001, {}, [("price_under_floor", "tb/1#1")]),
        (501, {"quantity": 2}, [("price_under_floor", "tb/1#1")]),
        (1001, {"kind": "bundle"}, [("price_under_floor", "tb/1#1")]),
        (1001, {"subsidy_fen": 1}, []),
        (1003, {"subsidy_fen": 1}, [("price_under_floor", "tb/1#1")]),
        (9000, {"kind": "gift"}, []),
        (9000, {"kind": "bundle_part"}, []),
    ],
)  # fmt: skip
def test_a_piece_paid_under_its_cost_is_held(
    hub: Hub, cost: int, line: dict[str, Any], expected: Any
) -> None:
    put_goods(hub, cost)
    hub.put({}, line)

    hub.check()

    assert hub.rows(OPEN) == expected


@pytest.mark.parametrize(
    ("cost", "kind", "percent"), [(None, "goods", 100), (9000, "gift", 100), (9000, "goods", 0)]
)
def test_a_floor_without_cost_or_where_it_is_waived_is_not_evaluable(
    hub: Hub, cost: int | None, kind: str, percent: int
) -> None:
    put_goods(hub, cost, kind)
    hub.execute("update core.check_settings set cost_floor_percent = :percent", percent=percent)
    hub.put({})

    hub.check()

    assert hub.rows(
        "select judged_count, evaluated_count from ops.check_verdicts where rule_id = 'price_under_floor'"
    ) == [(1, 0)]


@pytest.mark.parametrize(
    ("order_paid", "line_paid", "expected"),
    [
        (1000, 1000, [("price_under_floor", "tb/1#1"), ("unusual_price", "tb/1#1")]),
        (
            0, 1000,
            [("price_under_floor", "tb/1#1"), ("untold_cod_amount", "tb/1"), ("unusual_price", "tb/1#1")],
        ),
        (9000, 9000, []),
        (0, 0, [("untold_cod_amount", "tb/1")]),
        (None, None, [("untold_cod_amount", "tb/1")]),
        (9000, None, []),
        (9000, 0, []),
    ],
)  # fmt: skip
def test_what_a_buyer_pays_at_the_door_is_judged_once_its_platform_says_it(
    hub: Hub, order_paid: int | None, line_paid: int | None, expected: Any
) -> None:
    put_goods(hub, 9000)
    put_usual_price(hub, 9000)
    hub.put({**AT_THE_DOOR, "paid_fen": order_paid}, {"paid_fen": line_paid})

    hub.check()

    assert hub.rows(OPEN) == expected


@pytest.mark.parametrize(
    ("waiver", "held"), [({"is_floor_waived": True}, []), ({}, [("price_under_floor", "tb/1#1")])]
)
def test_a_promotion_waives_the_floor_only_where_it_says_so(
    hub: Hub, waiver: dict[str, bool], held: Any
) -> None:
    put_goods(hub, 9000)
    put_row(hub, "core.promotions", {**PROMOTION, **waiver})
    hub.put({})

    hub.check()

    assert hub.rows(OPEN) == held


def test_a_shop_may_sell_under_cost(hub: Hub) -> None:
    put_goods(hub, 1200)
    hub.execute("update core.check_settings set cost_floor_percent = 80 where shop_id = 'tb'")
    hub.put({})

    hub.check()

    assert hub.rows(OPEN) == []


def test_the_usual_price_counts_what_the_platform_adds(hub: Hub) -> None:
    put_usual_price(hub, 3500)
    hub.put({}, {"subsidy_fen": 200})

    hub.check()

    assert hub.rows(OPEN) == []


def put_paid(hub: Hub, number: int, paid: int, pass_id: int) -> None:
    hub.put(
        {"order_id": f"tb/{number}", "customer_id": f"b{number}", "paid_fen": paid, "_pass_id": pass_id},
        {"paid_fen": paid},
    )


def test_nothing_is_usual_in_the_first_pass_of_a_hub(hub: Hub) -> None:
    put_paid(hub, 1, 900, pass_id=1)

    hub.check()

    assert hub.rows("select * from core.usual_prices") == []


def test_usual_prices_are_the_median_of_what_was_there_before(hub: Hub) -> None:
    hub.execute(PASS_BEFORE)
    for number, paid in enumerate((900, 1000, 2000)):
        put_paid(hub, number, paid, pass_id=0)
    put_paid(hub, 8, 7, pass_id=1)

    hub.check()

    assert hub.rows("select unit_fen, line_count, business_date::text from core.usual_prices") == [
        (1000, 3, "2026-03-02")
    ]


def test_a_usual_price_is_what_buyer_and_platform_paid_in_thirty_days_without_what_is_doubted(
    hub: Hub,
) -> None:
    hub.execute(PASS_BEFORE)
    put_paid(hub, 1, 1000, pass_id=0)
    hub.execute("update core.order_lines set subsidy_fen = 200")
    put_paid(hub, 2, 9000, pass_id=0)
    hub.execute("update core.orders set paid_at = '2026-01-31T01:59:00Z' where order_id = 'tb/2'")
    put_paid(hub, 3, 8000, pass_id=0)
    hub.execute(
        "insert into core.anomalies (anomaly_id, rule_id, severity, action, subject_type, subject_id, order_id, line_id, "
        "version_id, evidence, checks_version, state, first_seen_at, _pass_id) values "
        "('a', 'unusual_price', 'warning', 'hold_line', 'order_line', 'tb/3#1', 'tb/3', '1', 'v1', '{}', 'c', 'open', :at, 0)",
        at="2026-03-02T02:00:00Z",
    )
    put_paid(hub, 4, 7000, pass_id=-1)
    hub.execute(
        "insert into ops.source_stops (stop_id, shop_id, rule_id, evidence, stopped_at, _pass_id) "
        "values ('s', 'tb', 'source_amounts_swapped', '{}', :at, -1)",
        at="2026-03-02T02:00:00Z",
    )

    hub.check()

    assert hub.rows("select unit_fen, line_count from core.usual_prices") == [(1200, 1)]


def test_usual_prices_are_computed_once_a_day(hub: Hub) -> None:
    hub.execute(PASS_BEFORE)
    put_paid(hub, 1, 1000, pass_id=0)
    hub.check()
    put_paid(hub, 2, 9000, pass_id=0)
    hub.check()
    today = hub.rows("select unit_fen, line_count from core.usual_prices")
    hub.clock.move(timedelta(days=1))

    hub.check()

    assert today == [(1000, 1)]
    assert hub.rows("select unit_fen, line_count from core.usual_prices") == [(1000, 2)]


def test_the_window_of_duplicates_is_the_shops_and_the_promotions(hub: Hub) -> None:
    hub.execute("update core.check_settings set duplicate_minutes = 5 where shop_id = 'tb'")
    hub.put({"order_id": "tb/1"})
    hub.put({"order_id": "tb/2", "paid_at": "2026-03-02T01:08:00Z"})
    hub.check()
    without = hub.rows(HELD)
    put_row(hub, "core.promotions", {**PROMOTION, "duplicate_minutes": 8})
    hub.execute("update core.orders set version_id = 'v2'")

    hub.check()

    assert (without, hub.rows(HELD)) == ([], [("suspected_duplicate_order", "tb/2")])


@pytest.mark.parametrize(
    ("kind", "held"), [("refund", []), ("money", [("suspected_duplicate_order", "tb/2")])]
)
def test_a_refund_of_the_earlier_order_s_goods_frees_the_later(hub: Hub, kind: str, held: list[Any]) -> None:
    hub.put({"order_id": "tb/1"})
    hub.put({"order_id": "tb/2", "paid_at": "2026-03-02T01:08:00Z"})
    first, _ = hub.check()
    refund = {
        "refund_id": "tb/r1", "platform": "taobao", "shop_id": "tb", "platform_refund_id": "r1", "order_id": "tb/1",
        "kind": kind, "state": "refunded", "is_terminal": True, "version_id": "v", "merge_key": "k",
        "mapping_version": "m", "_load_id": 1, "_pass_id": first + 1, "_seen_at": "2026-03-02T02:00:00Z",
    }  # fmt: skip
    put_row(hub, "core.refunds", refund)

    hub.check()

    assert hub.rows(HELD) == held


@pytest.mark.parametrize("earlier", [{"payment_state": "refunded"}, {"lifecycle": "history"}])
def test_an_order_whose_payment_was_refunded_or_from_before_go_live_is_repeated_by_nothing(
    hub: Hub, earlier: dict[str, Any]
) -> None:
    hub.put({"order_id": "tb/1", **earlier})
    hub.put({"order_id": "tb/2", "paid_at": "2026-03-02T01:08:00Z"})

    hub.check()

    assert [row for row in hub.rows(HELD) if row[1] == "tb/2"] == []


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({}, [("blacklisted", "tb/1")]),
        ({"effect": "no_ship"}, [("blacklisted_no_ship", "tb/1")]),
        ({"shop_id": "tb"}, [("blacklisted", "tb/1")]),
        ({"shop_id": "sheet"}, []),
        ({"starts_at": "2026-03-03T00:00:00Z"}, []),
        ({"ends_at": "2026-03-01T00:00:00Z"}, []),
        ({"kind": "phone_hash", "value": "h-phone"}, [("blacklisted", "tb/1")]),
        ({"kind": "address_hash", "value": "h-address"}, [("blacklisted", "tb/1")]),
        ({"kind": "phone_hash", "value": "buyer-1"}, []),
        ({"effect": "no_ship", "shop_id": "sheet"}, []),
        ({"effect": "no_ship", "starts_at": "2026-03-03T00:00:00Z"}, []),
        ({"effect": "no_ship", "ends_at": "2026-03-01T00:00:00Z"}, []),
        (
            {"effect": "no_ship", "kind": "phone_hash", "value": "h-phone"},
            [("blacklisted_no_ship", "tb/1")],
        ),
        (
            {"effect": "no_ship", "kind": "address_hash", "value": "h-address"},
            [("blacklisted_no_ship", "tb/1")],
        ),
    ],
)
def test_who_stands_on_the_list_is_held(hub: Hub, entry: dict[str, Any], expected: list[Any]) -> None:
    put_row(hub, "core.blacklist", {**ENTRY, **entry})
    hub.put({}, receiver={"phone_hash": "h-phone", "address_hash": "h-address"})

    hub.check()

    assert hub.rows(OPEN) == expected
    assert all(row == ({"entry_id": "bl-1"},) for row in hub.rows("select evidence from core.anomalies"))


@pytest.mark.parametrize(("buyers", "held", "payment"), [(2, 0, {}), (3, 3, {}), (3, 3, AT_THE_DOOR)])
def test_several_buyers_with_one_phone_are_all_held(
    hub: Hub, buyers: int, held: int, payment: dict[str, Any]
) -> None:
    for number in range(buyers):
        buyer = {"order_id": f"tb/{number}", "customer_id": f"b{number}"}
        hub.put({**buyer, **payment}, receiver={"phone_hash": "one"})
        hub.check()

    assert hub.rows("select count(*) from core.holds where rule_id = 'shared_phone'") == [(held,)]


@pytest.mark.parametrize(
    ("column", "rule"), [("phone_hash", "shared_phone"), ("address_hash", "shared_address")]
)
def test_buyers_who_are_more_than_a_day_apart_share_nothing(hub: Hub, column: str, rule: str) -> None:
    for number, paid_at in enumerate(
        ("2026-03-01T01:00:00Z", "2026-03-02T01:01:00Z", "2026-03-02T01:01:00Z")
    ):
        times = {"placed_at": paid_at, "paid_at": paid_at}
        hub.put({"order_id": f"tb/{number}", "customer_id": f"b{number}", **times}, receiver={column: "one"})

    hub.check()

    assert hub.rows(f"select count(*) from core.anomalies where rule_id = '{rule}'") == [(0,)]


def test_orders_without_a_buyers_key_share_nothing(hub: Hub) -> None:
    for number in range(4):
        hub.put({"order_id": f"sheet/{number}", "customer_id": None}, receiver={"phone_hash": "one"})

    hub.check()

    assert hub.rows(HELD) == []


def test_one_address_of_several_buyers_is_only_noted(hub: Hub) -> None:
    for number in range(3):
        hub.put(
            {"order_id": f"tb/{number}", "customer_id": f"b{number}"}, receiver={"address_hash": "station"}
        )

    hub.check()

    assert hub.rows(HELD) == []
    assert hub.rows("select count(*) from core.anomalies where rule_id = 'shared_address'") == [(3,)]


def test_the_same_goods_on_another_platform_are_only_noted(hub: Hub) -> None:
    hub.put({"order_id": "tb/1"}, receiver={"phone_hash": "one"})
    hub.put(
        {
            "order_id": "sheet/1",
            "platform": "spreadsheet",
            "customer_id": None,
            "paid_at": "2026-03-02T01:30:00Z",
        },
        receiver={"phone_hash": "one"},
    )

    hub.check()

    assert hub.rows("select rule_id, subject_id, action from core.anomalies") == [
        ("repeated_across_platforms", "sheet/1", "warn")
    ]


def test_the_same_goods_on_another_platform_a_day_and_more_before_are_not_noted(hub: Hub) -> None:
    before = "2026-03-01T01:00:00Z"
    hub.put({"order_id": "tb/1", "placed_at": before, "paid_at": before}, receiver={"phone_hash": "one"})
    other = {"order_id": "sheet/1", "platform": "spreadsheet", "customer_id": None}
    hub.put(other, receiver={"phone_hash": "one"})

    hub.check()

    assert hub.rows("select rule_id from core.anomalies") == []


def test_flag_colours_are_what_the_merchant_says(hub: Hub) -> None:
    hub.execute("update core.check_settings set hold_flags = '{1}', no_ship_flags = '{5}'")
    for number, flag in enumerate(("1", "5", "3", None)):
        hub.put({"order_id": f"tb/{number}", "customer_id": f"b{number}", "seller_flag": flag})

    hub.check()

    assert hub.rows(HELD) == [("memo_instruction", "tb/0"), ("suspected_no_ship", "tb/1")]


def test_a_region_that_a_carrier_reaches_is_no_anomaly(hub: Hub) -> None:
    hub.execute("update core.check_settings set reachable = '{台湾省}'")
    hub.put({}, receiver={"province": "台湾省", "city": "台北市", "district": "大安区"})

    hub.check()

    assert hub.rows(OPEN) == []


def refuse(hub: Hub) -> bool:
    with hub.write() as connection:
        refusal = Refusal("tb/1", "vague_address", {"code": "UNRESOLVABLE"})
        return raise_anomaly(connection, hub.clock, hub.config, refusal)


def test_a_refusal_of_the_waybill_service_is_the_same_anomaly(hub: Hub) -> None:
    hub.put({})
    hub.check()

    assert (refuse(hub), refuse(hub)) == (True, False)
    hub.check()
    assert hub.rows(HELD) == [("vague_address", "tb/1")]
    assert hub.rows("select kind, raised_by, evidence ->> 'code' from core.anomalies") == [
        ("address", "waybill", "UNRESOLVABLE")
    ]


def test_a_refusal_ends_with_another_version(hub: Hub) -> None:
    hub.put({})
    hub.check()
    refuse(hub)
    hub.execute("update core.orders set version_id = 'v2'")

    hub.check()

    assert hub.rows(HELD) == []


def test_a_refusal_counts_in_the_buyers_row(hub: Hub) -> None:
    for number in (2, 3):
        hub.put(
            {"order_id": f"tb/{number}", "paid_at": f"2026-03-02T01:1{number}:00Z", "paid_fen": 900},
            receiver={"address_verdict": "ok"},
        )
    hub.put({}, receiver={"address_verdict": "ok"})
    hub.check()
    refuse(hub)
    hub.clock.move(timedelta(minutes=15))

    hub.check()

    assert hub.rows("select count(*) from core.holds where rule_id = 'high_risk_buyer'") == [(3,)]


@pytest.mark.parametrize(("kind", "held"), [(Withheld.CANCELLED, 0), (Withheld.NO_SHIP, 1)])
def test_a_duplicate_is_freed_when_a_person_cancels_the_earlier_order(
    hub: Hub, kind: Withheld, held: int
) -> None:
    hub.put({"order_id": "tb/1"})
    hub.put({"order_id": "tb/2", "paid_at": "2026-03-02T01:08:00Z"})
    hub.check()
    withhold_order(hub.database, hub.clock, "tb/1", kind, "买家只要一单", "li")

    hub.check()

    assert hub.rows(HELD) == [("suspected_duplicate_order", "tb/2")] * held
