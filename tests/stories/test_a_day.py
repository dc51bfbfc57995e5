"""From what a buyer ordered on the platform to the number that the platform was told, order by order.

One day is lived once per platform; each story looks at the order that shows it. What the platform was told is
read from the platform's own memory, what left from the WMS's own ledger.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from orderhub.db.postgres import Server
from orderhub.operate.explain import explain
from orderhub.operate.verify import verify
from sandbox.world.catalog import BUNDLES, BY_CODE, bundle_sku_id
from sandbox.world.model import Order, Part
from tests.builders import rows
from tests.stories.day import CUTOFF, Day, Fate, own_day

URUMQI = ("新疆维吾尔自治区", "乌鲁木齐市", "天山区")
CHENGDU = ("四川省", "成都市", "武侯区")
HANGZHOU, YIWU = "hangzhou/20261124T020000Z", "yiwu/20261124T020000Z"
GONE = [Fate("shipped", "allocated", "east", "hangzhou", "zto", "shipped", HANGZHOU)]


#: JD and Pinduoduo take one parcel for an order: what no warehouse has whole waits.
ONE_PARCEL = ("jd", "pinduoduo")
WAITS: list[tuple[str | None, str | None]] = [(None, None)]
TWO_PARCELS = [("hangzhou", "shipped"), ("yiwu", "shipped")]
TWO_TOLD = [("ZTO", {BY_CODE["CB-016"].sku_id: 1}), ("ZTO", {BY_CODE["TW-017-GRY"].sku_id: 1})]


@dataclass
class Lived:
    """A day that is over, and its orders by the story they show."""

    day: Day
    orders: dict[str, Order]
    left_at_closing: dict[str, bytes]

    def fates(self, story: str) -> list[Fate]:
        return self.day.fates(self.orders[story])

    def numbers(self, story: str) -> list[tuple[str, dict[str, int]]]:
        """Return carrier and pieces per SKU of each parcel that the platform knows."""
        order = self.orders[story]
        sku_of = {line.line_id: line.sku_id for line in order.lines}
        return [
            (carrier, {sku_of[line_id]: n for line_id, n in pieces.items()})
            for carrier, _, pieces in self.day.numbers(order)
        ]

    def said(self, story: str) -> str:
        """Return the whole explanation of an order."""
        order_id = f"{self.day.box.shop_id}/{self.orders[story].order_id}"
        return "\n".join(step.text for step in explain(self.day.database, order_id).steps)


def sku(code: str) -> str:
    return BY_CODE[code].sku_id


def as_bundle(order: Order) -> None:
    """Let the order's only line be the gift box of two mugs."""
    code, title, contents = next(bundle for bundle in BUNDLES if bundle[0] == "SET-MG-011")
    parts = tuple(Part(part, BY_CODE[part].sku_id, pieces) for part, pieces in contents)
    order.lines[0] = replace(
        order.lines[0], parts=parts, sku_id=bundle_sku_id(code), title=title, item_code=code, variant_code=""
    )


def morning(day: Day) -> dict[str, Order]:
    """Let the buyers buy; the scarce things lie where each story needs them."""
    day.lay_in("hangzhou", HT_010_RED=0, MG_011_BLU=3, SC_014_GRY=1, TW_017_GRY=0, SK_006_BLK=1, CB_016=9)
    day.lay_in(
        "yiwu", HT_010_RED=5, MG_011_BLU=0, MG_012=5, SC_014_GRY=0, TW_017_GRY=5, SK_006_BLK=0, CB_016=0
    )
    orders = {
        "plain": day.buy("MG-012", pieces=2),
        "far": day.buy("MG-012", to=URUMQI),
        "elsewhere": day.buy("CB-016", to=CHENGDU),
        "wished": day.buy("MG-012", note="麻烦发顺丰"),
        "backup": day.buy("HT-010-RED"),
        "split": day.buy("CB-016", "TW-017-GRY"),
        "last piece": day.buy("SC-014-GRY"),
        "too late": day.buy("SC-014-GRY"),
        "safety": day.buy("MG-011-BLU", pieces=2),
        "bundle": day.buy("TS-001-BLK-S"),
        "cancelled": day.buy("SK-006-BLK"),
        "moved": day.buy("MG-012"),
        "by hand": day.buy("MG-012"),
        "second thoughts": day.buy("MG-012"),
        "recalled": day.buy("MG-012"),
    }
    as_bundle(orders["bundle"])
    day.lay_in("hangzhou", MG_011_GRN=4, HT_010_RED=0, MG_011_BLU=3)
    return orders


def live(day: Day) -> Lived:
    orders = morning(day)
    day.work()
    day.happens(orders["cancelled"], "refund")
    day.happens(orders["moved"], "address")
    day.happens(orders["by hand"], "ship")
    day.work()
    orders["heir"] = day.buy("SK-006-BLK")
    day.work()
    day.until(CUTOFF - timedelta(minutes=12))
    day.work()
    day.happens(orders["second thoughts"], "refund")
    day.until(CUTOFF + timedelta(seconds=30))
    day.hand_over()
    files = day.files()
    day.happens(orders["recalled"], "refund")
    day.work()
    day.hand_over()
    day.send_everything()
    day.work()
    return Lived(day, orders, files)


#: The merchant's own shop each time, the others on request.
PLATFORMS = [
    "miniprogram",
    *(
        pytest.param(name, marks=pytest.mark.slow)
        for name in ("taobao", "douyin", "wechat", "jd", "pinduoduo")
    ),
]


@pytest.fixture(scope="module", params=PLATFORMS)
def lived(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lived]:
    name = f"a_day_{request.param}"
    with own_day(server, tmp_path_factory, name, request.param) as day:
        yield live(day)


def test_an_order_goes_by_the_first_rule_that_holds_and_its_number_comes_back(lived: Lived):
    assert lived.fates("plain") == GONE
    assert lived.numbers("plain") == [("ZTO", {sku("MG-012"): 2})]


def test_an_order_from_far_away_goes_from_the_other_warehouse_by_post_and_its_sheet_brings_the_number(
    lived: Lived,
):
    assert lived.fates("far") == [Fate("shipped", "allocated", "far", "yiwu", "post", "shipped", YIWU)]
    assert [pieces for _, pieces in lived.numbers("far")] == [{sku("MG-012"): 1}]


def test_a_region_that_no_rule_names_goes_by_the_last_rule(lived: Lived):
    assert lived.fates("elsewhere") == [
        Fate("shipped", "allocated", "elsewhere", "hangzhou", "zto", "shipped", HANGZHOU)
    ]


def test_the_carrier_that_a_buyer_asked_for_takes_the_parcel_and_is_told(lived: Lived):
    assert lived.fates("wished") == [
        Fate("shipped", "allocated", "east", "hangzhou", "sf", "shipped", HANGZHOU)
    ]
    assert lived.numbers("wished") == [("SF", {sku("MG-012"): 1})]


def test_what_the_first_warehouse_lacks_goes_from_the_next_and_the_story_has_the_figures(lived: Lived):
    assert lived.fates("backup") == [Fate("shipped", "allocated", "east", "yiwu", "zto", "shipped", YIWU)]
    assert f"{sku('HT-010-RED')} 需 1 可承诺 0" in lived.said("backup")


def test_two_warehouses_send_two_parcels_where_the_platform_learns_what_is_in_each_else_none(lived: Lived):
    is_one_parcel = lived.day.box.platform.spec.name in ONE_PARCEL
    left, told = (WAITS, []) if is_one_parcel else (TWO_PARCELS, TWO_TOLD)

    assert [(fate.warehouse, fate.document) for fate in lived.fates("split")] == left
    assert lived.numbers("split") == told


def test_the_last_piece_goes_to_who_must_be_served_first_and_nobody_else_is_promised_it(lived: Lived):
    assert lived.fates("last piece") == GONE
    assert lived.fates("too late") == [Fate("to_ship", "out_of_stock", "east", None, None, None, None)]
    assert lived.numbers("too late") == []


def test_safety_stock_is_not_sold_while_it_is_all_there_is(lived: Lived):
    assert lived.fates("safety") == [Fate("to_ship", "out_of_stock", "east", None, None, None, None)]


def test_a_bundle_leaves_as_its_parts_and_is_told_as_the_line_that_was_bought(lived: Lived):
    sent = rows(
        lived.day.database,
        "select m.sku_id, m.quantity from core.manifest_lines as m join core.orders as o using (order_id) "
        f"where o.platform_order_id = '{lived.orders['bundle'].order_id}' order by 1",
    )

    assert lived.fates("bundle") == GONE
    assert sent == [(sku("MG-011-BLU"), 1), (sku("MG-011-GRN"), 1)]
    assert lived.numbers("bundle") == [("ZTO", {bundle_sku_id("SET-MG-011"): 1})]


def test_a_cancelled_order_gives_its_piece_back_and_the_next_buyer_gets_it(lived: Lived):
    assert [fate.document for fate in lived.fates("cancelled")] == ["cancelled"]
    assert lived.numbers("cancelled") == []
    assert lived.fates("heir") == GONE


def test_a_new_address_before_the_cutoff_makes_a_new_document_and_one_parcel(lived: Lived):
    assert [fate.document for fate in lived.fates("moved")][-1:] == ["shipped"]
    assert Counter(fate.document for fate in lived.fates("moved"))["shipped"] == 1
    assert len(lived.numbers("moved")) == 1


def test_what_was_shipped_by_hand_at_the_platform_is_not_sent_again(lived: Lived):
    hub_sent = {
        number for (number,) in rows(lived.day.database, "select tracking_number from core.shipments")
    }

    assert [fate.document for fate in lived.fates("by hand")] == ["cancelled"]
    assert not hub_sent & {number for _, number, _ in lived.day.numbers(lived.orders["by hand"])}


def test_a_refund_minutes_before_the_cutoff_is_seen_by_the_last_look(lived: Lived):
    assert [(fate.document, fate.manifest) for fate in lived.fates("second thoughts")] == [
        ("cancelled", None)
    ]
    assert lived.numbers("second thoughts") == []


def test_a_refund_after_the_cutoff_stops_the_parcel_in_the_warehouse(lived: Lived):
    [code] = lived.day.codes(lived.orders["recalled"])
    [document] = [one for one in lived.day.ledger() if one["code"] == code]

    assert document["status"] == "CANCELED"
    assert lived.numbers("recalled") == []


def test_a_second_run_closes_nothing_and_leaves_every_file_as_it_was(lived: Lived):
    assert [manifest.manifest_id for manifest in lived.day.closed] == [HANGZHOU, YIWU]
    assert len(lived.left_at_closing) > 0
    assert {name: lived.day.files()[name] for name in lived.left_at_closing} == lived.left_at_closing


def test_every_number_that_left_was_told_once_and_no_invariant_is_broken(lived: Lived):
    left = rows(lived.day.database, "select tracking_number from core.shipments order by 1")
    told = rows(
        lived.day.database,
        "select s.tracking_number from core.tracking_writes as w join core.shipments as s using (shipment_id) "
        "where w.state = 'told' order by 1",
    )

    assert told == left
    assert len(told) == len(set(told)) > 8
    assert [result.violations for result in verify(lived.day.database) if result.violations] == []
