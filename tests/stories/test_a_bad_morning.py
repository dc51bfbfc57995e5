"""A morning on which things go wrong around the hub, and people step in: each order still leaves once, and is told.

The WMS is silent for hours, the hub is down at the cut-off, a list goes to the wrong van, no carrier takes cash at
the door. Each story looks at the order that shows it, from what was bought to what the platform was told.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from orderhub.alerts.watch import look_around
from orderhub.config.parse import parse_config
from orderhub.config.store import active_files
from orderhub.db.postgres import Server
from orderhub.delivery.dispatch import deliver_books
from orderhub.fulfillment.manifest_desk import VOID, describe_manifest, list_manifests, reprint, void_manifest
from orderhub.fulfillment.what_if import Comparison, what_if
from orderhub.operate.verify import verify
from sandbox.world.catalog import BY_CODE
from sandbox.world.model import PaymentKind
from sandbox.world.story import unpay
from tests.builders import rows
from tests.stories.day import CUTOFF, FILES, Day, own_day
from tests.stories.lived import LivedDay
from tests.stories.test_a_day import URUMQI
from tests.stories.test_two_days import LHASA

CUT, LATE, NEXT = "20261124T020000Z", "20261124T020000Z#1", "20261125T020000Z"
DAY = timedelta(days=1)
COLLECTS = FILES["carriers.yaml"].replace(
    "not_served: [remote]\n    capabilities: [fragile]",
    "not_served: [remote]\n    capabilities: [fragile, cod]",
)


class Lived(LivedDay):
    """Two days that are over, their orders by story, and what was seen on the way."""

    def numbers(self, story: str) -> list[dict[str, int]]:
        """Return the pieces per SKU of each parcel that the platform knows."""
        order = self.orders[story]
        sku_of = {line.line_id: line.sku_id for line in order.lines}
        told = [pieces for _, _, pieces in self.day.numbers(order)]
        return [
            {sku: sum(n for line, n in pieces.items() if sku_of[line] == sku) for sku in set(sku_of.values())}
            for pieces in told
        ]

    def alerts(self, *rules: str) -> set[str]:
        """Return which of the rules people are told of now."""
        look_around(self.day.database, self.day.box.clock, self.day.box.config)
        found = rows(self.day.database, "select rule_id from ops.alerts where closed_at is null")
        return {str(rule) for (rule,) in found} & set(rules)


def noon(day: Day) -> Lived:
    """Let the buyers buy."""
    day.lay_in("hangzhou", MG_012=20, MG_011_BLU=5, SC_014_GRY=1)
    day.lay_in("yiwu", MG_012=9, MG_011_BLU=0, SC_014_GRY=0)
    lived = Lived(day)
    lived.orders = {
        "two lines": day.buy("MG-012", "MG-012"),
        "half enough": day.buy("SC-014-GRY", "SC-014-GRY"),
        "at the door": day.buy("MG-012"),
        "wrong van": day.buy("MG-012", to=URUMQI),
        "right van": day.buy("MG-012", to=LHASA),
    }
    cash = lived.orders["at the door"]
    unpay(cash)
    cash.payment_kind = PaymentKind.COD
    day.work()
    lived.seen["nobody collects"] = lived.said("at the door")
    return lived


def silence(lived: Lived) -> None:
    """Live while the WMS gives no figures: what it told is stale after two hours."""
    day = lived.day
    day.wms({"faults": [{"kind": "busy", "times": 999}]})
    for _ in range(13):
        day.work()
        lived.alerts()
    lived.orders["old figure"] = day.buy("MG-011-BLU", pieces=2)
    day.work()
    lived.seen["stale"] = lived.alerts("stale_stock")
    lived.seen["of an old figure"] = (lived.left("old figure"), lived.said("old figure"))
    day.wms({"faults": []})
    day.work()
    lived.seen["young again"] = lived.alerts("stale_stock")


def collecting(lived: Lived) -> None:
    """Let the merchant find a carrier who collects."""
    lived.day.box.apply({"carriers.yaml": COLLECTS.replace("PLATFORM", "miniprogram")})
    lived.day.work()


def morning(lived: Lived) -> None:
    """Be down at the cut-off; what has not been pulled by then follows as an amendment."""
    day = lived.day
    day.until(CUTOFF - timedelta(hours=1))
    day.work()
    day.until(CUTOFF + timedelta(hours=3))
    day.hand_over()
    lived.seen["closed late"] = [(one.manifest_id, one.left_out) for one in day.closed]
    day.work()
    day.hand_over()
    deliver_books(day.database, day.box.clock, day.settings)
    day.hand_over()
    lived.seen["lists"] = [(one.manifest_id, one.order_count) for one in day.closed]


def wrong_van(lived: Lived) -> None:
    """Let people look at Yiwu's list, print it again, and take it back."""
    day, of_yiwu = lived.day, f"yiwu/{LATE}"
    before = day.files()
    reprint(day.database, day.box.clock, day.settings, of_yiwu, "lin")
    lived.seen["printed alike"] = day.files() == before
    lived.seen["shown"] = [
        one.platform_order_id for one in describe_manifest(day.database, of_yiwu).documents
    ]
    void_manifest(day.database, day.box.clock, day.settings, of_yiwu, "lin", "装错车")
    lived.seen["marked"] = {name.rpartition("/")[2] for name in day.files() if "/VOID" in name}
    day.send_everything()
    day.work()
    day.through(CUTOFF + DAY)


def compared(day: Day) -> Comparison:
    """Replay all days as if Yiwu came first for the east."""
    files = active_files(day.database)
    turned = files["routing.yaml"].replace("warehouses: [hangzhou, yiwu]", "warehouses: [yiwu, hangzhou]")
    now, then = parse_config(files), parse_config({**files, "routing.yaml": turned})
    return what_if(day.database, now, then, CUTOFF - DAY, CUTOFF + 2 * DAY)


@pytest.fixture(scope="module")
def lived(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    with own_day(server, tmp_path_factory, "a_bad_morning") as day:
        lived = noon(day)
        silence(lived)
        collecting(lived)
        morning(lived)
        wrong_van(lived)
        yield lived


def test_two_lines_of_one_sku_leave_in_one_parcel_or_nothing_of_them_is_promised(lived: Lived):
    promised = rows(
        lived.day.database,
        f"select count(*) from core.reservations where order_id = '{lived.order_id('half enough')}'",
    )

    assert lived.left("two lines") == [("hangzhou", "shipped", LATE)]
    assert lived.numbers("two lines") == [{BY_CODE["MG-012"].sku_id: 2}]
    assert (lived.left("half enough"), lived.numbers("half enough")) == ([(None, None, None)], [])
    assert promised == [(0,)]


def test_a_figure_that_is_hours_old_keeps_twice_the_safety_stock_back_and_is_told(lived: Lived):
    left, said = lived.seen["of an old figure"]

    assert (lived.seen["stale"], lived.seen["young again"]) == ({"stale_stock"}, set())
    assert left == [(None, None, None)]
    assert "需 2 可承诺 1(安全库存留 4)(数字旧)" in said
    assert lived.left("old figure") == [("hangzhou", "shipped", LATE)]
    assert lived.numbers("old figure") == [{BY_CODE["MG-011-BLU"].sku_id: 2}]


def test_what_no_carrier_takes_is_held_and_leaves_once_the_merchant_has_one(lived: Lived):
    assert "no_carrier" in lived.seen["nobody collects"]
    assert "zto 4.00 元 做不到 cod" in lived.seen["nobody collects"]
    assert lived.left("at the door") == [("hangzhou", "shipped", LATE)]
    assert lived.numbers("at the door") == [{BY_CODE["MG-012"].sku_id: 1}]


def test_a_hub_that_was_down_at_the_cut_off_catches_up_once_and_what_was_not_pulled_follows(lived: Lived):
    houses = ("hangzhou", "yiwu")

    assert lived.seen["closed late"] == [
        (f"{house}/{CUT}", {"source_stale": count}) for house, count in zip(houses, (3, 2), strict=True)
    ]
    assert lived.seen["lists"] == [
        *((f"{house}/{CUT}", 0) for house in houses),
        (f"hangzhou/{LATE}", 3),
        (f"yiwu/{LATE}", 2),
    ]


def test_a_list_is_shown_printed_alike_and_taken_back_and_its_orders_leave_on_the_next(lived: Lived):
    states = {row.manifest_id: row.state for row in list_manifests(lived.day.database, "yiwu")}

    assert lived.seen["shown"] == [lived.orders[story].order_id for story in ("wrong van", "right van")]
    assert lived.seen["printed alike"] is True
    assert lived.seen["marked"] >= {f"{VOID}shipping_list.csv", f"{VOID}pick_list.pdf", "VOID.txt"}
    assert states == {f"yiwu/{CUT}": "published", f"yiwu/{LATE}": "void", f"yiwu/{NEXT}": "published"}
    for story in ("wrong van", "right van"):
        assert lived.left(story) == [("yiwu", "cancelled", None), ("yiwu", "shipped", NEXT)]
        assert len(lived.numbers(story)) == 1
        assert "lin 作废了整份清单:装错车" in lived.said(story)


def test_what_if_replays_the_days_as_they_were_and_says_what_other_rules_change(lived: Lived):
    found = compared(lived.day)

    assert (found.now.warehouses, found.proposed.warehouses) == (
        {"hangzhou": 3, "yiwu": 2},
        {"hangzhou": 1, "yiwu": 4},
    )
    assert [(change.place_now, change.place_then, change.orders) for change in found.changes] == [
        ("hangzhou", "yiwu", 2)
    ]


def test_a_bad_morning_leaves_nothing_undone_twice_or_broken(lived: Lived):
    told = rows(
        lived.day.database,
        "select count(*), count(distinct s.tracking_number) from core.tracking_writes as w "
        "join core.shipments as s using (shipment_id) where w.state = 'told'",
    )

    assert told == [(5, 5)]
    assert [result.violations for result in verify(lived.day.database) if result.violations] == []
