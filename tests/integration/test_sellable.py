"""What each shop may offer after a pass, from shares.csv to the outbox."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from orderhub.alerts.watch import look_around
from orderhub.clock import FixedClock
from orderhub.config.models import BundlePart, MerchantConfig
from orderhub.config.shares import StockShare
from orderhub.db.engine import Database
from orderhub.db.sql_files import statement
from orderhub.delivery.dispatch import deliver_pending
from orderhub.fulfillment.run import run_fulfillment
from orderhub.settings import Settings
from tests.builders import NOON, Line, Order, activate, put, rows, stock

SELLABLE = "select shop_id, sku_id, sellable_qty, atp_qty, change_no from core.sellable order by 1, 2"
EFFECTS = "select target, payload from ops.outbox where target like 'stock:%' order by sequence"


def shared(config: MerchantConfig, *shares: tuple[str, str, int, int], **changes: Any) -> MerchantConfig:
    """The configuration with these shares; shop `tb` is told its stock."""
    shops = tuple(shop.model_copy(update={"push_stock": shop.id == "tb"}) for shop in config.shops)
    rows = tuple(StockShare(shop_id=s, sku_id=k, percent=p, floor=f) for s, k, p, f in shares)
    return config.model_copy(update={"shops": shops, "shares": rows, **changes})


@pytest.fixture
def config(database: Database) -> MerchantConfig:
    with database.engine.begin() as connection:
        stock(connection, hangzhou__MUG=10, yiwu__MUG=10, hangzhou__SAFE=5)
        return shared(activate(connection), ("tb", "*", 60, 0), ("group", "*", 40, 4))


def test_what_a_shop_may_offer_is_its_share_of_what_can_be_promised(
    database: Database, config: MerchantConfig
):
    with database.engine.begin() as connection:
        put(connection, Order("1", (Line(quantity=5),)))

    run_fulfillment(database, FixedClock(NOON), config)

    assert rows(database, SELLABLE) == [
        ("group", "MUG", 4 + 4, 15, 1),
        ("group", "SAFE", 3, 3, 1),
        ("tb", "MUG", 6, 15, 1),
        ("tb", "SAFE", 0, 3, 1),
    ]


def test_only_changes_are_told_and_only_to_the_shop_that_asked(database: Database, config: MerchantConfig):
    clock = FixedClock(NOON)
    run_fulfillment(database, clock, config)
    run_fulfillment(database, clock, config)
    once = rows(database, EFFECTS)
    with database.engine.begin() as connection:
        put(connection, Order("1", (Line(quantity=10),)))

    run_fulfillment(database, clock, config)

    assert once == [("stock:tb", {"shop_id": "tb"})]
    assert rows(database, EFFECTS) == once * 2
    assert rows(
        database, "select sellable_qty, change_no from core.sellable where shop_id = 'tb' and sku_id = 'MUG'"
    ) == [(3, 2)]


def switched(config: MerchantConfig, **changes: object) -> MerchantConfig:
    """The configuration with shop `tb` changed."""
    shops = tuple(shop.model_copy(update=changes if shop.id == "tb" else {}) for shop in config.shops)
    return config.model_copy(update={"shops": shops})


@pytest.mark.parametrize("before", [{"push_stock": False}, {"mode": "shadow"}])
def test_a_shop_that_is_switched_on_is_told_every_figure_once(
    database: Database, config: MerchantConfig, before: dict[str, object]
):
    clock = FixedClock(NOON)
    run_fulfillment(database, clock, switched(config, **before))
    with database.engine.begin() as connection:
        connection.execute(text("update core.sellable set told_qty = sellable_qty, means = 'by_hand'"))
    while_off = rows(database, EFFECTS)

    run_fulfillment(database, clock, config)
    run_fulfillment(database, clock, config)

    assert (while_off, rows(database, EFFECTS)) == ([], [("stock:tb", {"shop_id": "tb"})])
    assert rows(
        database, "select distinct shop_id, told_qty is null, means from core.sellable order by 1"
    ) == [
        ("group", False, "by_hand"),
        ("tb", True, None),
    ]


def test_a_shop_that_loses_its_share_offers_nothing_any_more(database: Database, config: MerchantConfig):
    run_fulfillment(database, FixedClock(NOON), config)

    run_fulfillment(database, FixedClock(NOON), shared(config, ("group", "*", 40, 4)))

    assert rows(database, "select sum(sellable_qty), count(*) from core.sellable where shop_id = 'tb'") == [
        (0, 2)
    ]


def test_a_bundle_is_as_many_as_the_shop_s_own_parts_make(database: Database, config: MerchantConfig):
    parts = [("MUG", 1, 3), ("SAFE", 2, 1)]
    bundle = tuple(
        BundlePart(bundle_sku_id="SET", part_sku_id=sku, part_no=no, quantity=pieces, weight=1)
        for sku, no, pieces in parts
    )

    run_fulfillment(database, FixedClock(NOON), shared(config, ("tb", "*", 70, 1), bundle_parts=bundle))

    assert rows(database, "select sku_id, sellable_qty, atp_qty from core.sellable order by 1") == [
        ("MUG", 14, 20),
        ("SAFE", 2, 3),
        ("SET", 2, 3),
    ]


def test_without_shares_nothing_is_offered(database: Database, config: MerchantConfig):
    run_fulfillment(
        database, FixedClock(NOON), config.model_copy(update={"shares": (), "shops": config.shops[1:]})
    )

    assert rows(database, SELLABLE) == []


def test_a_change_for_a_shop_that_was_switched_off_meanwhile_leaves_the_outbox_untold(
    database: Database, config: MerchantConfig, tmp_path: Path
):
    clock = FixedClock(NOON)
    run_fulfillment(database, clock, config)
    settings = Settings(home=tmp_path, database_url="postgresql://unused", hash_key="unused")

    deliver_pending(database, clock, settings)

    assert rows(database, "select state from ops.outbox where target = 'stock:tb'") == [("sent",)]
    assert rows(database, "select count(*) from core.sellable where told_qty is not null") == [(0,)]


def test_what_a_platform_never_takes_is_told_to_a_person(database: Database, config: MerchantConfig):
    clock = FixedClock(NOON)
    run_fulfillment(database, clock, config)
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "update core.sellable set means = 'by_hand', told_qty = sellable_qty, answer = 'presale' "
                "where shop_id = 'tb' and sku_id = 'MUG'"
            )
        )

    look_around(database, clock, config)

    found = rows(
        database,
        "select shop_id, text_en like '%1, MUG by_hand presale%' from ops.alerts where rule_id = 'stock_untold'",
    )
    assert found == [("tb", True)]


LISTED = """
    update core.order_lines as l set
        platform_item_id = 'item', platform_sku_id = split_part(l.line_id, ':', 1),
        merchant_code = split_part(l.line_id, ':', 2),
        sku_mapping_id = case when starts_with(l.title, '更正') then 'correction:1' end
    from core.orders as o where o.order_id = l.order_id;
    update core.orders set placed_at = paid_at"""
MAPPED = "insert into core.sku_mappings (mapping_id, shop_id, platform_sku, sku_id) values ('m1', 'tb', 'NEW', 'SAFE')"


@pytest.mark.parametrize(
    ("names", "lines", "listed"),
    [
        # The merchant typed another code at the platform.
        (["item_id", "sku_id"], [Line(line_id="r:OLD"), Line("SAFE", line_id="r:NEW")], {"SAFE": ["r"]}),
        # The file maps the code to another SKU now.
        (["item_id", "sku_id"], [Line(line_id="r:NEW")], {"SAFE": ["r"]}),
        # A person sent other goods once.
        (["item_id", "sku_id"], [Line("SAFE", title="更正", line_id="r:OLD"), Line(line_id="b:OLD")], {"MUG": ["b"]}),
        # A platform that knows codes alone has two listings.
        (["merchant_code"], [Line(line_id="r:OLD"), Line("SAFE", line_id="r:NEW")], {"MUG": ["r"], "SAFE": ["r"]}),
    ],
)  # fmt: skip
def test_a_listing_shows_the_pieces_of_the_goods_that_it_sells_now(
    database: Database, config: MerchantConfig, names: list[str], lines: list[Line], listed: dict[str, list[str]]
):  # fmt: skip
    with database.engine.begin() as connection:
        for day, line in enumerate(lines):
            put(connection, Order(str(day), (line,), paid_at=NOON - timedelta(days=9 - day)))
        for change in (*LISTED.split(";"), MAPPED):
            connection.execute(text(change))
    run_fulfillment(database, FixedClock(NOON), config)

    with database.read() as connection:
        given = {"shop_id": "tb", "now": NOON, "names": names}
        found = connection.execute(statement("core/untold_stock"), given).all()

    told: dict[str, list[str]] = {}
    for row in found:
        told.setdefault(row.sku_id, []).append(row.platform_sku_id)
    assert listed == told
