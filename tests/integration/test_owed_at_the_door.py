"""What the courier collects at the door: the order's amount as its platform tells it, once, however many parcels it takes."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.run import run_fulfillment
from tests.builders import NOON, Line, Order, activate, put, rows, stock

RULES = """\
rules:
  - {id: anywhere, warehouses: [hangzhou, yiwu], split_from: "0.00", reason: {zh: 都行, en: anywhere}}
"""
COLLECTED = (
    "select fulfillment_order_id, cod_fen from core.fulfillment_orders where state <> 'cancelled' order by 1"
)
PARTED = (Line("MUG", 2), Line("CUP", 1, title="杯子"))


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def config(database: Database) -> MerchantConfig:
    with database.engine.begin() as connection:
        return activate(connection, more={"routing.yaml": RULES})


def say(database: Database, *statements: str) -> None:
    with database.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def owe(database: Database, order: Order, freight_fen: int | None = None, **lines: str) -> None:
    """Put an order that is paid at the door; `lines` are what is set of its lines, by `l` and their id."""
    with database.engine.begin() as connection:
        put(connection, order)
    freight = "null" if freight_fen is None else str(freight_fen)
    say(
        database,
        f"update core.orders set payment_state = 'cod_accepted', freight_fen = {freight} "
        f"where order_id = '{order.order_id}'",
        *(
            f"update core.order_lines set {values} where order_id = '{order.order_id}' and line_id = '{line[1:]}'"
            for line, values in lines.items()
        ),
    )


def keep(database: Database, **pieces: int) -> None:
    with database.engine.begin() as connection:
        stock(connection, **pieces)


def close(database: Database, clock: FixedClock, config: MerchantConfig, *warehouses: str) -> None:
    run_fulfillment(database, clock, config)
    for warehouse in warehouses or ("hangzhou", "yiwu"):
        request_extra(database, clock, config, warehouse, "test")
    close_due(database, clock, config, {})


@pytest.mark.parametrize(
    ("paid_fen", "freight_fen", "told"),
    [
        (10_600, 600, "null"),  # JD: the order's amount, no line carries a share.
        (10_600, None, "null"),
        (10_600, 600, "0"),
        (10_600, 600, "10000"),
        (10_600, 600, "20000"),  # The platform takes something off the whole order.
    ],
)
def test_what_is_owed_is_the_amount_of_the_order_with_its_freight_once(
    database: Database, clock: FixedClock, config: MerchantConfig, paid_fen: int, freight_fen: int | None,
    told: str,
):  # fmt: skip
    keep(database, hangzhou__MUG=9)
    owe(database, Order("1", paid_fen=paid_fen), freight_fen, l1=f"paid_fen = {told}")

    close(database, clock, config)

    assert rows(database, COLLECTED) == [("tb/1@1", 10_600)]


def test_an_order_that_was_paid_before_owes_nothing(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    keep(database, hangzhou__MUG=9)
    with database.engine.begin() as connection:
        put(connection, Order("1"))

    close(database, clock, config)

    assert rows(database, COLLECTED) == [("tb/1@1", None)]


@pytest.mark.parametrize(
    ("mug", "cup", "expected"),
    [
        # Told: each its own, and the first the freight.
        ("paid_fen = 7000", "paid_fen = 3001", [7600, 3001]),
        # Not told: by list price, and not a fen is lost.
        ("unit_price_fen = 1000", "unit_price_fen = 1000", [600 + 6667, 3334]),
        # Nothing at all is known of the lines: by pieces.
        ("paid_fen = null", "paid_fen = null", [600 + 6667, 3334]),
    ],
)
def test_an_order_that_goes_in_two_parcels_is_collected_once_and_to_the_fen(
    database: Database, clock: FixedClock, config: MerchantConfig, mug: str, cup: str, expected: list[int]
):
    keep(database, hangzhou__MUG=2, yiwu__CUP=1)
    owe(database, Order("1", PARTED, paid_fen=10_601), 600, l1=mug, l2=cup)

    close(database, clock, config)

    assert rows(database, COLLECTED) == list(zip(["tb/1@1", "tb/1@2"], expected, strict=True))
    assert sum(expected) == 10_601


def test_what_follows_a_part_that_went_before_asks_for_the_rest_only(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    keep(database, hangzhou__MUG=2, yiwu__CUP=1)
    owe(database, Order("1", PARTED, paid_fen=10_601), 600, l1="paid_fen = 7000", l2="paid_fen = 3001")
    close(database, clock, config, "yiwu")
    first = rows(database, COLLECTED)
    close(database, clock, config, "hangzhou")

    assert first == [("tb/1@1", None), ("tb/1@2", 3601)]
    assert rows(database, COLLECTED) == [("tb/1@1", 7000), ("tb/1@2", 3601)]


def test_a_list_that_is_taken_back_gives_back_what_it_would_have_collected(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    keep(database, hangzhou__MUG=2, yiwu__CUP=1)
    owe(database, Order("1", PARTED, paid_fen=10_601), 600, l1="paid_fen = 7000", l2="paid_fen = 3001")
    close(database, clock, config)
    say(
        database,
        "update core.manifest_lines set is_void = true where fulfillment_order_id = 'tb/1@1'",
        "update core.reservations set state = 'voided', resolved_at = now(), resolution = 'x' "
        "where fulfillment_order_id = 'tb/1@1'",
        "update core.stock set reserved = 0 where warehouse_id = 'hangzhou'",
        "update core.fulfillment_orders set state = 'cancelled' where fulfillment_order_id = 'tb/1@1'",
    )
    clock.move(timedelta(minutes=1))

    close(database, clock, config)

    assert rows(database, COLLECTED) == [("tb/1@2", 3001), ("tb/1@3", 7600)]


def test_a_line_that_is_refunded_before_it_leaves_is_not_collected_at_all(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    keep(database, hangzhou__MUG=2, yiwu__CUP=1)
    owe(
        database, Order("1", PARTED, paid_fen=10_601), 600,
        l1="paid_fen = 7000", l2="paid_fen = 3001, gate = 'stop', refund_state = 'refunded'",
    )  # fmt: skip

    close(database, clock, config)

    assert rows(database, COLLECTED) == [("tb/1@1", 7600)]


def test_a_gift_in_a_parcel_of_its_own_collects_nothing_and_a_service_is_paid_with_the_goods(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    keep(database, hangzhou__MUG=2, yiwu__CUP=1)
    lines = (Line("MUG", 2), Line("CUP", kind="gift"), Line(None, kind="service"))
    order = Order("1", lines, paid_fen=10_601)
    owe(database, order, 600, l1="paid_fen = 7000", l2="paid_fen = 0", l3="paid_fen = 3001")

    close(database, clock, config, "yiwu")
    close(database, clock, config, "hangzhou")

    assert rows(database, COLLECTED) == [("tb/1@1", 10_601), ("tb/1@2", 0)]


def test_what_is_sent_for_nothing_collects_nothing(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    keep(database, hangzhou__MUG=9)
    owe(database, Order("1"))
    owe(database, Order("2"))
    say(
        database,
        "update core.orders set order_kind = 'exchange', of_order_id = 'tb/1' where order_id = 'tb/2'",
    )

    close(database, clock, config)

    assert rows(database, COLLECTED) == [("tb/1@1", 10_000), ("tb/2@1", None)]


def test_an_order_that_a_person_lets_go_without_an_amount_collects_nothing(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    keep(database, hangzhou__MUG=9)
    owe(database, Order("1", paid_fen=None), l1="paid_fen = 5000")

    close(database, clock, config)

    assert rows(database, COLLECTED) == [("tb/1@1", 0)]
