"""Which orders leave in one parcel when a manifest closes, and why the others leave alone."""

import csv
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, text

from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.manifest_files import publish
from orderhub.fulfillment.run import run_fulfillment
from orderhub.settings import Settings
from tests.builders import FILES, NOON, Line, Order, activate, hold, put, rows, stock

DECISIONS = "select fulfillment_order_id, parcel_id, reason from core.merge_decisions order by 1"
OWN, WECHAT, PINDUODUO = ("mp", "miniprogram"), ("wx", "wechat"), ("pdd", "pinduoduo")
SHOPS = (OWN, WECHAT, PINDUODUO)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


def of(
    shop: tuple[str, str], number: str, buyer: str | None, *lines: Line, province: str = "浙江省"
) -> Order:
    shop_id, platform = shop
    return Order(number, lines or (Line(),), shop_id, platform, customer_id=buyer, province=province)


def told(connection: Connection, order: Order, address: str | None, phone: str | None) -> None:
    """What the platform, or our keyed hash, says of the receiver of an order."""
    connection.execute(
        text(
            "update core.receivers set address_hash = :address, phone_hash = :phone where order_id = :order"
        ),
        {"order": order.order_id, "address": address, "phone": phone},
    )


def arrange(
    database: Database, *orders: tuple[Order, str | None, str | None], routing: str = "", changes: str = ""
) -> MerchantConfig:
    """Put orders with their receivers' hashes (address, phone), and whatever else changes."""
    with database.engine.begin() as connection:
        more = {"routing.yaml": routing + FILES["routing.yaml"]}
        config = activate(connection, more=more, others=SHOPS)
        stock(connection, hangzhou__MUG=90, hangzhou__CUP=90, yiwu__MUG=90)
        put(connection, *(order for order, _, _ in orders))
        for order, address, phone in orders:
            told(connection, order, address, phone)
        if changes:
            connection.execute(text(changes))
    return config


def close(database: Database, clock: FixedClock, config: MerchantConfig) -> list[tuple[object, ...]]:
    """Route, close a manifest of each warehouse, and return what was decided."""
    run_fulfillment(database, clock, config)
    for warehouse in ("hangzhou", "yiwu"):
        request_extra(database, clock, config, warehouse, "test")
    close_due(database, clock, config, {})
    return rows(database, DECISIONS)


def test_orders_of_one_buyer_to_one_receiver_leave_in_one_parcel_line_by_line(
    database: Database, clock: FixedClock
):
    config = arrange(
        database,
        (of(OWN, "1", "ann"), "A", "P"),
        (of(OWN, "2", "ann", Line(quantity=2), Line("CUP")), "A", "P"),
        (of(WECHAT, "1", "ann"), "A", None),
        (of(WECHAT, "2", "ann"), "A", None),
    )

    decided = close(database, clock, config)

    assert decided == [
        ("mp/1@1", "mp/1@1", "same_receiver"),
        ("mp/2@1", "mp/1@1", "same_receiver"),
        ("wx/1@1", "wx/1@1", "same_receiver"),
        ("wx/2@1", "wx/1@1", "same_receiver"),
    ]
    assert rows(
        database, "select parcel_id, order_id, line_id, quantity from core.manifest_lines order by 1, 2, 3"
    ) == [
        ("mp/1@1", "mp/1", "1", 1),
        ("mp/1@1", "mp/2", "1", 2),
        ("mp/1@1", "mp/2", "2", 1),
        ("wx/1@1", "wx/1", "1", 1),
        ("wx/1@1", "wx/2", "1", 1),
    ]


def test_another_buyer_shop_warehouse_or_receiver_leaves_alone(database: Database, clock: FixedClock):
    config = arrange(
        database,
        (of(OWN, "1", "ann"), "A", "P"),
        (of(OWN, "buyer", "bob"), "A", "P"),
        (of(OWN, "nobody", None), "A", "P"),
        (of(OWN, "address", "ann"), "B", "P"),
        (of(OWN, "phone", "ann"), "A", "Q"),
        (of(OWN, "far", "ann", province="西藏自治区"), "A", "P"),
        (of(WECHAT, "shop", "ann"), "A", "P"),
    )

    decided = close(database, clock, config)

    assert decided == []
    assert rows(database, "select count(*), count(parcel_id) from core.manifest_lines") == [(7, 0)]


def test_it_is_the_buyer_alone_that_keeps_two_orders_apart(database: Database, clock: FixedClock):
    config = arrange(
        database,
        (of(OWN, "1", "ann"), "A", "P"),
        (of(OWN, "buyer", "bob"), "A", "P"),
        changes="update core.orders set customer_id = 'a key without the buyer'",
    )

    decided = close(database, clock, config)

    assert [row[1] for row in decided] == ["mp/1@1", "mp/1@1"]


def test_without_the_platforms_key_nothing_is_merged(database: Database, clock: FixedClock):
    config = arrange(
        database,
        (Order("1", customer_id="ann"), None, None),
        (Order("2", customer_id="ann"), None, None),
        (of(PINDUODUO, "1", "ann"), "A", "P"),
        (of(PINDUODUO, "2", "ann"), "A", "P"),
        (of(OWN, "1", "ann"), "A", None),
        (of(OWN, "2", "ann"), "A", None),
        changes="update core.receivers set token = 'OAID', phone_masked = '138****0000'",
    )

    assert [] == close(database, clock, config)


def test_what_is_paid_at_the_door_held_or_refunded_in_part_leaves_alone(
    database: Database, clock: FixedClock
):
    two = (Line(), Line("CUP"))
    config = arrange(
        database,
        (of(OWN, "cod", "ann"), "A", "P"),
        (of(OWN, "depot", "ann"), "A", "P"),
        (of(OWN, "held", "ann", *two), "A", "P"),
        (of(OWN, "plain", "ann"), "A", "P"),
        (of(OWN, "refund", "ann", *two), "A", "P"),
        changes="update core.orders set payment_state = 'cod_accepted' where order_id = 'mp/cod';"
        "update core.orders set service_tags = '{transit}' where order_id = 'mp/depot';"
        "update core.order_lines set platform_sku_id = line_id where order_id = 'mp/refund';"
        "insert into core.refunds (refund_id, platform, shop_id, platform_refund_id, order_id, platform_line_id, kind, "
        "state, is_terminal, version_id, merge_key, mapping_version, _load_id, _pass_id, _seen_at) values ('r', "
        "'miniprogram', 'mp', 'r', 'mp/refund', '2', 'refund', 'open', false, 'v', 'k', 'm', 1, 1, now())",
    )
    with database.engine.begin() as connection:
        hold(connection, "mp/held", "2")

    decided = close(database, clock, config)

    assert decided == [
        ("mp/cod@1", None, "cash_on_delivery"),
        ("mp/depot@1", None, "transit"),
        ("mp/held@1", None, "held"),
        ("mp/plain@1", None, "others_alone"),
        ("mp/refund@1", None, "refund_open"),
    ]


def test_a_parcel_takes_no_more_than_the_merchant_says(database: Database, clock: FixedClock):
    config = arrange(
        database,
        (of(OWN, "1", "ann", Line(quantity=2)), "A", "P"),
        (of(OWN, "2", "ann"), "A", "P"),
        (of(OWN, "3", "ann", Line(quantity=2)), "A", "P"),
        routing="merge: {pieces: 3}\n",
    )

    decided = close(database, clock, config)

    assert decided == [
        ("mp/1@1", "mp/1@1", "same_receiver"),
        ("mp/2@1", "mp/1@1", "same_receiver"),
        ("mp/3@1", None, "too_large"),
    ]


def test_two_carriers_are_two_parcels(database: Database, clock: FixedClock):
    config = arrange(
        database,
        (of(OWN, "1", "ann"), "A", "P"),
        (of(OWN, "2", "ann"), "A", "P"),
        (of(OWN, "3", "ann"), "A", "P"),
    )
    run_fulfillment(database, clock, config)
    with database.engine.begin() as connection:
        connection.execute(
            text("update core.fulfillment_orders set carrier_id = 'sf' where order_id = 'mp/2'")
        )

    decided = close(database, clock, config)

    assert [row[1:] for row in decided] == [
        ("mp/1@1", "same_receiver"),
        (None, "other_carrier"),
        ("mp/1@1", "same_receiver"),
    ]


def test_a_shop_that_does_not_want_it_merges_nothing(database: Database, clock: FixedClock):
    config = arrange(database, (of(OWN, "1", "ann"), "A", "P"), (of(OWN, "2", "ann"), "A", "P"))
    shops = tuple(shop.model_copy(update={"merge": False}) for shop in config.shops)

    assert [] == close(database, clock, config.model_copy(update={"shops": shops}))


def test_the_files_of_a_parcel_have_one_row_with_every_order_note_and_what_all_of_them_collect(
    database: Database, clock: FixedClock, tmp_path: Path
):
    config = arrange(
        database,
        (of(OWN, "1", "ann"), "A", "P"),
        (of(OWN, "2", "ann", Line(quantity=2), Line("CUP", title="杯子")), "A", "P"),
        changes="update core.orders set buyer_message = '留言' || platform_order_id",
    )
    close(database, clock, config)
    with database.engine.begin() as connection:
        connection.execute(
            text("update core.fulfillment_orders set cod_fen = right(order_id, 1)::int * 1000")
        )
    settings = Settings(home=tmp_path, database_url=SecretStr("x"), hash_key=SecretStr("x"))

    publish(database, clock, settings, {"manifest_id": "hangzhou/20261123T040000Z"}, "labels")

    folder = settings.manifests / "hangzhou" / "20261123-1200"
    label, handed = (
        list(csv.reader((folder / name).read_text(encoding="utf-8-sig").splitlines()))[1:]
        for name in ("label_import.csv", "handover_list.csv")
    )
    assert [(row[0], row[1], row[9], row[10], row[13], row[14]) for row in label] == [
        ("mp/1@1", "1,2", "杯子×1;马克杯×3", "4", "30.00", "留言1;留言2")
    ]
    assert [(row[1], row[3], row[4]) for row in handed] == [("mp/1@1", "1,2", "4")]
