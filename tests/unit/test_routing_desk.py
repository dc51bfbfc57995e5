"""The decisions of one pass as rows: what explanations are made of."""

import json
from datetime import date

from orderhub.domain.conditions import OrderFacts
from orderhub.domain.inventory import Availability, Verdict
from orderhub.domain.routing import Rule, RuleTable, WhenShort
from orderhub.fulfillment.desk import COLUMNS, NO_STOCK, Desk
from orderhub.fulfillment.facts import Asked

ODD = 'A"\\壶\t'
TODAY = date(2026, 11, 23)


def desk(
    availability: Availability, when_short: WhenShort = WhenShort.WAIT, promise_days: int | None = None
) -> Desk:
    rule = Rule("only", (), ("hangzhou", "yiwu"), when_short, promise_days, stands_in={"yiwu": "hangzhou"})
    return Desk(RuleTable([rule]), availability, frozenset(), TODAY)


def decisions(at: Desk, *needs: dict[str, int]) -> list[dict[str, object]]:
    orders = [
        Asked(f"tb/{number}", "v1", OrderFacts("浙江省", None, "taobao", "tb", each))
        for number, each in enumerate(needs)
    ]
    return [dict(zip(COLUMNS, row, strict=True)) for row in (*at.decide(orders), *at.rest())]


def test_every_warehouse_looked_at_is_told_whatever_its_goods_are_called():
    available = Availability(
        {("hangzhou", ODD): 3, ("yiwu", ODD): 9}, {("hangzhou", "*"): 2}, old={("yiwu", ODD): "aged"}
    )

    [row] = decisions(desk(available), {ODD: 2})

    assert [
        {"warehouse": "hangzhou", "why": "short", "figures": {ODD: {"needed": 2, "available": 1, "kept_back": 2}}},
        {
            "warehouse": "yiwu", "why": "chosen", "figures": {ODD: {"needed": 2, "available": 9}},
            "old_figures": {ODD: "aged"}, "stands_in_for": "hangzhou",
        },
    ] == json.loads(str(row["candidates"]))  # fmt: skip


def test_the_same_shortage_is_told_with_the_figures_of_the_end_of_the_pass():
    available = Availability({("hangzhou", "MUG"): 3}, {})

    taken, short = decisions(desk(available), {"MUG": 4}, {"MUG": 2})

    assert ("tb/1", "allocated", "tb/0", "out_of_stock") == (
        taken["order_id"], taken["outcome"], short["order_id"], short["outcome"],
    )  # fmt: skip
    assert {"needed": 4, "available": 1} == json.loads(str(short["candidates"]))[0]["figures"]["MUG"]


def test_what_a_rule_does_when_none_can_fill_does_not_apply_to_what_is_only_closed():
    closed = Availability({}, {}, barred=dict.fromkeys(("hangzhou", "yiwu"), Verdict.CLOSED))
    empty = Availability({}, {}, barred={"yiwu": Verdict.CLOSED})
    hold = (WhenShort.HOLD, None)
    backorder = (WhenShort.BACKORDER, 7)

    told = [
        decisions(desk(available, *policy), {"MUG": 1})[0]
        for available in (closed, empty)
        for policy in (hold, backorder)
    ]

    assert [
        ("no_warehouse", None, None), ("no_warehouse", None, None), ("out_of_stock", NO_STOCK, None),
        ("backorder", None, "2026-11-30"),
    ] == [(row["outcome"], row["hold_rule_id"], row["promised_date"]) for row in told]  # fmt: skip
