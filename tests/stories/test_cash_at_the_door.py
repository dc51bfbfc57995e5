"""Money at the door, from the platform's payload to what the label and the warehouse's document ask the courier to collect."""

from datetime import timedelta
from pathlib import Path

import requests

from orderhub.db.engine import Database
from orderhub.fulfillment.recalls import end_hand_recall
from orderhub.quality.correct import Correction, correct
from orderhub.quality.decide import Choice, Decision, decide, holds_of_rule
from sandbox.world.model import Order, PaymentKind
from sandbox.world.story import unpay
from tests.builders import rows
from tests.platforms.shop_in_a_box import KEY
from tests.stories.day import CUTOFF, Day, opened_day

URUMQI = ("新疆维吾尔自治区", "乌鲁木齐市", "天山区")
SERVICE = """\
    waybill:
      service: kuaidi100
      connection: waybill_kuaidi100
      account: "ZTO0001"
      template: "180"
      channels: {PLATFORM: CHANNEL}
"""
CARRIERS = """\
carriers:
  - id: zto
    name: 中通
    codes: {kuaidi100: zhongtong, wms: ZTO}
    capabilities: [cod, fragile]
"""
HELD = "select rule_id, state from core.holds order by 1"
WAITING = "select count(*) from core.fulfillment_orders"


def carriers(channel: str) -> dict[str, str]:
    """Return carriers.yaml where one carrier collects, and the hub takes its labels from a service."""
    return {"carriers.yaml": CARRIERS + SERVICE.replace("CHANNEL", channel)}


def at_the_door(order: Order, freight_fen: int = 600) -> Order:
    """Let an order be paid at the door, freight on top of its goods."""
    unpay(order)
    order.payment_kind, order.post_fen = PaymentKind.COD, freight_fen
    return order


def hand_over(day: Day) -> None:
    day.work()
    day.cut_off(CUTOFF)


def asked(day: Day) -> tuple[list[str], list[str]]:
    """Return the yuan that documents of the WMS and labels of the service ask for."""
    labels = requests.get(f"{day.base}/admin/waybill", timeout=20).json()["labels"]
    return [one["due"] for one in day.ledger()], [label["cod"] for label in labels]


def test_a_jd_order_of_lines_without_amounts_asks_for_its_whole_amount_and_its_freight_once(
    database: Database, tmp_path: Path
):
    with opened_day(database, tmp_path, "jd", carriers("jdalpha")) as day:
        day.lay_in("hangzhou", MG_012=5, CB_016=5)
        day.lay_in("yiwu", MG_012=5)
        near = at_the_door(day.buy("MG-012", "CB-016"))
        far = at_the_door(day.buy("MG-012", to=URUMQI))
        hand_over(day)

        assert rows(database, "select paid_fen from core.order_lines where paid_fen is not null") == []
        assert asked(day) == ([f"{near.payment_fen / 100:.2f}"], [f"{far.payment_fen / 100:.2f}"])
        assert (near.payment_fen, far.payment_fen) == (4900 + 9900 + 600, 4900 + 600)


def test_what_goes_in_two_parcels_asks_for_the_order_once_at_both_doors_together(
    database: Database, tmp_path: Path
):
    with opened_day(database, tmp_path, "douyin", carriers("douyin")) as day:
        day.lay_in("hangzhou", CB_016=1, TW_017_GRY=0)
        day.lay_in("yiwu", TW_017_GRY=1)
        order = at_the_door(day.buy("CB-016", "TW-017-GRY"))
        hand_over(day)

        assert asked(day) == (["105.00"], ["79.00"])
        assert order.payment_fen == 10_500 + 7_900


def test_an_order_of_which_no_amount_is_told_leaves_only_by_a_persons_word(
    database: Database, tmp_path: Path
):
    with opened_day(database, tmp_path, "jd", {"carriers.yaml": CARRIERS}) as day:
        day.lay_in("hangzhou", MG_012=5)
        order = at_the_door(day.buy("MG-012"), 0)
        order.payment_error_fen = -order.payment_fen
        day.work()
        held = rows(database, HELD), rows(database, WAITING)
        [hold_id] = holds_of_rule(database, f"{day.box.shop_id}/{order.order_id}", "untold_cod_amount")
        decide(database, day.box.clock, Decision(hold_id, Choice.RELEASE, "本店员工,不收钱", "li"))
        hand_over(day)

        assert held == ([("untold_cod_amount", "active")], [(0,)])
        assert asked(day) == (["0.00"], [])


def test_an_amount_that_a_person_tells_is_what_the_courier_collects(database: Database, tmp_path: Path):
    with opened_day(database, tmp_path, "jd", {"carriers.yaml": CARRIERS}) as day:
        day.lay_in("hangzhou", MG_012=5)
        order = at_the_door(day.buy("MG-012"), 0)
        order.payment_error_fen = -order.payment_fen
        day.work()
        told = Correction(f"{day.box.shop_id}/{order.order_id}", "买家确认 49 元", "li", amount_fen=4_905)
        correct(database, day.box.clock, day.box.config, KEY, told)
        day.work()
        day.happens(order, "memo")
        hand_over(day)

        assert rows(database, HELD) == [("untold_cod_amount", "closed")]
        assert asked(day) == (["49.05"], [])


def test_what_an_order_owes_otherwise_after_the_cut_off_is_what_its_next_parcel_asks_for(
    database: Database, tmp_path: Path
):
    with opened_day(database, tmp_path, "jd", carriers("jdalpha")) as day:
        day.lay_in("hangzhou", MG_012=5)
        day.lay_in("yiwu", MG_012=5)
        near, far = at_the_door(day.buy("MG-012")), at_the_door(day.buy("MG-012", to=URUMQI))
        hand_over(day)
        for order in (near, far):
            order.post_fen = 0
            day.happens(order, "memo")
        day.work()
        document = f"{day.box.shop_id}/{far.order_id}@1"
        end_hand_recall(database, day.box.clock, document, "agreed", "li", "还没拣")
        day.work()
        day.cut_off(CUTOFF + timedelta(days=1))

        assert asked(day) == (["55.00", "49.00"], ["55.00", "49.00"])
        assert rows(database, "select state, count(*) from core.waybills group by 1 order by 1") == [
            ("got", 1), ("void", 1)
        ]  # fmt: skip
