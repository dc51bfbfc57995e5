"""The world is the same for the same seed, its money adds up, and its planted defects are labelled."""

import csv
import json
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
import yaml

from sandbox.state import open_world
from sandbox.taobao.trade import detail_row, oaid, trade_status
from sandbox.world import catalog
from sandbox.world.story import DEFECTS
from sandbox.world.truth import truth_of
from sandbox.world.world import World


def everything(world):
    return [truth_of(order) for order in world.orders.values()]


def test_the_same_seed_gives_the_same_world(gateway):
    again = World(7, 240, gateway.world.started_at)

    assert everything(gateway.world) == everything(again)


def test_another_seed_gives_another_world(gateway):
    other = World(8, 240, gateway.world.started_at)

    assert everything(gateway.world) != everything(other)


def test_a_world_has_as_many_orders_as_asked_for(gateway):
    assert len(gateway.world.orders) == 240


def test_most_orders_wait_to_be_shipped(gateway):
    share = sum(order.is_shippable for order in gateway.world.orders.values()) / 240

    assert 0.8 <= share <= 0.9


def test_every_defect_is_planted_and_labelled(gateway):
    labels = Counter(i.label for order in gateway.world.orders.values() for i in order.intents)

    assert dict(labels) == DEFECTS


def test_nothing_is_younger_than_the_start(gateway):
    assert max(o.modified for o in gateway.world.orders.values()) <= gateway.world.started_at


def test_trade_money_adds_up_except_where_a_mismatch_was_planted(gateway):
    for order in gateway.world.orders.values():
        row = detail_row(order)
        lines = row["orders"]["order"]
        divided = sum(Decimal(line["divide_order_fee"]) for line in lines) + Decimal(row["post_fee"])
        planted = any(intent.label == "amount_mismatch" for intent in order.intents)

        assert planted == (divided != Decimal(row["payment"])), order.order_id
        assert Decimal(row["discount_fee"]) == sum(Decimal(line["part_mjz_discount"]) for line in lines)
        assert Decimal(row["total_fee"]) == sum(Decimal(line["price"]) * line["num"] for line in lines)


def test_line_money_adds_up(gateway):
    for order in gateway.world.orders.values():
        row = detail_row(order)
        lines = row["orders"]["order"]
        for line in lines:
            money = {name: Decimal(line[name]) for name in line if name.endswith("_fee") or name == "price"}
            goods = money["price"] * line["num"] + money["adjust_fee"] - money["discount_fee"]
            expected = Decimal(row["payment"]) if len(lines) == 1 else goods

            assert expected == Decimal(line["payment"])
            assert goods - Decimal(line["part_mjz_discount"]) == money["divide_order_fee"]


def test_a_duplicate_has_the_same_goods_and_receiver_under_another_token(gateway):
    again = next(
        order
        for order in gateway.world.orders.values()
        if any(intent.label == "suspected_duplicate" for intent in order.intents)
    )
    first = gateway.world.orders[again.intents[0].detail.rsplit(" ", 1)[1]]

    def goods(order):
        return Counter((line.sku_id, line.quantity) for line in order.lines)

    assert (first.buyer, first.receiver, goods(first)) == (again.buyer, again.receiver, goods(again))
    assert oaid(first) != oaid(again)
    assert again.created - first.created <= timedelta(minutes=10)


def test_counties_run_by_a_province_have_no_city(gateway):
    bare = {
        (order.receiver.state, order.receiver.district)
        for order in World(7, 2000, gateway.world.started_at).orders.values()
        if order.receiver.district and not order.receiver.city
    }

    assert ("河南省", "济源市") in bare


def test_ids_and_codes_are_unique(gateway):
    orders = World(7, 5000, gateway.world.started_at).orders.values()
    oids = [line.line_id for order in orders for line in order.lines]

    assert len(oids) == len(set(oids))
    assert len(catalog.SKUS) == len({sku.sku_id for sku in catalog.SKUS}) == 60


def rows_of(file):
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [tuple(row) for row in csv.reader(lines[1:])]


def test_the_example_mapping_knows_every_code_but_the_forgotten_one(root):
    rows = rows_of(root / "include/config/sku_mappings.csv")

    assert set(catalog.sku_mapping_rows()) == set(rows)
    assert catalog.UNMAPPED.code not in {row[2] for row in rows}


def test_the_example_goods_master_knows_what_the_catalog_sells(root):
    skus = {row[0] for row in rows_of(root / "include/config/skus.csv")}
    bundles = rows_of(root / "include/config/bundles.csv")

    assert {row[3] for row in catalog.sku_mapping_rows()} <= skus
    assert [(bundle, part, str(pieces)) for bundle, part, pieces in catalog.bundle_rows()] == bundles


def test_the_example_goods_master_knows_what_a_piece_costs(root):
    costs = {row[0]: row[4] for row in rows_of(root / "include/config/skus.csv")}

    goods = {sku.sku_id: f"{sku.cost_fen / 100:.2f}" for sku in catalog.GOODS if sku is not catalog.UNMAPPED}

    assert goods == {sku_id: costs[sku_id] for sku_id in goods}


def test_the_example_stock_is_the_stock_of_the_catalog(root):
    rows = rows_of(root / "include/config/stock.csv")

    assert [(w, sku_id, str(on_hand)) for w, sku_id, on_hand in catalog.stock_rows()] == rows


def test_the_example_shops_are_the_shops_of_the_catalog(root):
    written = yaml.safe_load((root / "include/config/shops.yaml").read_text(encoding="utf-8"))["shops"]
    named = [(s["id"], s["name"], s["connection"], s["platform"]) for s in written if "connection" in s]

    assert [(s.shop_id, s.name, s.connection_id, s.platform) for s in catalog.SHOPS] == named


def test_a_restart_continues_the_world_with_its_changes(tmp_path, now):
    world = open_world(7, 60, now, tmp_path)
    world.place(3, now + timedelta(minutes=1))
    world.touch(2, now + timedelta(minutes=2))
    world.touch(1, now + timedelta(minutes=2), what="refund")
    world.churn("tb_flagship", (0, int(now.timestamp())), 2, 1, now + timedelta(minutes=3))

    again = open_world(7, 60, now + timedelta(hours=5), tmp_path)

    assert everything(world) == everything(again)


def test_a_journal_torn_by_a_kill_is_cut_and_goes_on(tmp_path, now):
    world = open_world(7, 60, now, tmp_path)
    world.place(1, now + timedelta(minutes=1))
    with (tmp_path / "journal.jsonl").open("a") as journal:
        journal.write('{"do": "pla')
    world = open_world(7, 60, now, tmp_path)
    world.place(1, now + timedelta(minutes=2))

    again = open_world(7, 60, now, tmp_path)

    assert len(again.orders) == 62


@pytest.mark.parametrize(
    ("what", "status", "refund"),
    [
        ("memo", "WAIT_SELLER_SEND_GOODS", "NO_REFUND"),
        ("refund", "WAIT_SELLER_SEND_GOODS", "WAIT_SELLER_AGREE"),
        ("close", "TRADE_CLOSED", "SUCCESS"),
        ("ship", "WAIT_BUYER_CONFIRM_GOODS", "NO_REFUND"),
    ],
)
def test_a_change_moves_the_order_to_now(gateway, now, what, status, refund):
    (order,) = gateway.world.touch(1, now, what=what)

    refunds = {line["refund_status"] for line in detail_row(order)["orders"]["order"]}
    assert (order.modified, trade_status(order)) == (now, status)
    assert refund in refunds


def test_a_changed_address_renews_the_token(gateway, now):
    order = next(order for order in gateway.world.orders.values() if order.is_shippable)
    before = oaid(order)

    gateway.world.touch(0, now, what="address", order_ids=[order.order_id])

    assert before != oaid(order)


def test_a_state_directory_of_another_seed_is_refused(tmp_path, now):
    open_world(7, 60, now, tmp_path)

    with pytest.raises(
        ValueError, match="holds the world of seed 7 with 60 orders, shops tb_flagship,tb_outlet"
    ):
        open_world(8, 60, now, tmp_path)


def test_the_truth_is_plain_json(gateway):
    assert everything(gateway.world) == json.loads(json.dumps(everything(gateway.world)))
