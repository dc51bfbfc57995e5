"""A shop in shadow mode that goes live later: everything is decided, nothing leaves, until a person says so."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.config.store import apply_directory
from orderhub.db.engine import Database
from orderhub.delivery.dispatch import DeliveryCounts, deliver_pending
from orderhub.fulfillment.close import ClosedManifest, close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.golive import confirm
from orderhub.fulfillment.run import FulfillCounts, run_fulfillment
from orderhub.operate.verify import verify
from orderhub.settings import Settings
from orderhub.transform.run import is_work_pending, run_transform
from tests.builders import FILES, NOON, SHOP, Order, put, rows, stock
from tests.platforms.shop_in_a_box import SHOP_ID, ShopInABox

ORDERS = "select lifecycle, count(*) from core.orders where gate <> 'stop' group by 1 order by 1"


def apply(database: Database, folder: Path, mode: str, go_live_at: str) -> MerchantConfig:
    """Apply the files of `folder` with the shop in this mode."""
    shop = SHOP.format(
        id=SHOP_ID, platform="taobao", mode=mode, export_policy="token_only", on_stale="ship"
    ).replace("2026-01-01T00:00:00+08:00", go_live_at)
    (folder / "shops.yaml").write_text(f"shops:\n{shop}    connection: x\n", encoding="utf-8")
    return apply_directory(database, FixedClock(NOON), folder, folder / "home", "test")


def fulfill(box: ShopInABox) -> tuple[FulfillCounts, list[ClosedManifest]]:
    """Route, and close a cut-off of every warehouse."""
    routed = run_fulfillment(box.database, box.clock, box.config)
    for warehouse in box.config.warehouses:
        request_extra(box.database, box.clock, box.config, warehouse.id, "test")
    return routed, close_due(box.database, box.clock, box.config, {})


@pytest.fixture
def box(database: Database, tmp_path: Path) -> ShopInABox:
    """The shop in shadow mode, a month before it goes live; every code it sells is mapped and in stock."""
    opened = ShopInABox(database)
    opened.pull()
    sold = (
        "select distinct l ->> 'outer_sku_id' from staging.taobao_orders, "
        "jsonb_path_query(payload, '$.orders.order[*]') as l where l ->> 'outer_sku_id' <> '' order by 1"
    )
    codes = [str(code) for (code,) in rows(database, sold)]
    mappings = "".join(f"m{number},*,{code},SKU\n" for number, code in enumerate(codes))
    files = {**FILES, "sku_mappings.csv": FILES["sku_mappings.csv"] + mappings}
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    opened.config = apply(database, tmp_path, "shadow", "2026-12-23T00:00:00+08:00")
    with database.engine.begin() as connection:
        stock(connection, hangzhou__SKU=10_000, yiwu__SKU=10_000)
        connection.execute(text("delete from ops.outbox"))
    return opened


def test_nothing_of_a_shadow_shop_leaves(box: ShopInABox, tmp_path: Path):
    settings = Settings(home=tmp_path / "home", database_url=SecretStr("x"), hash_key=SecretStr("x"))
    run_transform(box.database, box.clock, box.config)
    routed, closed = fulfill(box)
    sent = deliver_pending(box.database, box.clock, settings)

    assert routed.allocated > 0
    assert sum(manifest.order_count for manifest in closed) == routed.allocated
    assert rows(box.database, "select count(*) > 0 from core.holds where state = 'active'") == [(True,)]
    assert (sent, rows(box.database, "select count(*) from ops.outbox")) == (DeliveryCounts(0, 0, 0), [(0,)])
    assert [path for path in settings.manifests.rglob("*") if path.is_file()] == []


def test_what_was_open_when_the_shop_goes_live_waits_for_a_yes(box: ShopInABox, tmp_path: Path):
    run_transform(box.database, box.clock, box.config)
    shadowed, _ = fulfill(box)
    listed = "select min(order_id) from core.manifest_lines"
    [(order_id,)] = rows(box.database, listed)
    in_shadow = rows(box.database, ORDERS)
    box.config = apply(box.database, tmp_path, "live", "2026-11-23T12:00:00+08:00")
    run_transform(box.database, box.clock, box.config)

    box.pass_time(timedelta(minutes=5))
    routed, closed = fulfill(box)
    box.pass_time(timedelta(minutes=5))
    confirm(box.database, box.clock, [str(order_id)], "supervisor")
    run_transform(box.database, box.clock, box.config)
    confirmed, _ = fulfill(box)

    assert (shadowed.allocated > 1, [name for name, _ in in_shadow]) == (True, ["live"])
    assert (routed.allocated, [one.order_count for one in closed]) == (0, [0, 0])
    assert rows(box.database, ORDERS) == [("live", 1), ("to_confirm", in_shadow[0][1] - 1)]
    assert (confirmed.allocated, rows(box.database, "select sum(reserved) > 0 from core.stock")) == (
        1,
        [(True,)],
    )
    assert [r.violations for r in verify(box.database) if r.violations] == []


def test_a_pass_that_began_before_the_shop_went_live_leaves_its_orders_waiting(
    box: ShopInABox, tmp_path: Path
):
    began_with = box.config
    box.config = apply(box.database, tmp_path, "live", "2026-11-23T12:00:00+08:00")

    run_transform(box.database, box.clock, began_with)

    assert [name for name, _ in rows(box.database, ORDERS)] == ["to_confirm"]


def test_an_order_that_somebody_holds_while_a_shop_goes_live_is_settled_by_the_next_pass(
    database: Database, tmp_path: Path
):
    for name, content in FILES.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    before = apply(database, tmp_path, "live", "2026-01-01T00:00:00+08:00")
    with database.engine.begin() as connection:
        put(connection, Order("free", shop_id=SHOP_ID), Order("held", shop_id=SHOP_ID))
        connection.execute(text("update core.orders set placed_at = :at"), {"at": NOON - timedelta(days=1)})
        connection.execute(text("update ops.passes set config_version = :v"), {"v": before.version})
    with database.engine.begin() as deciding:
        deciding.execute(text("select from core.orders where platform_order_id = 'held' for update"))
        config = apply(database, tmp_path, "live", "2026-11-23T12:00:00+08:00")
    skipped = rows(database, "select platform_order_id, lifecycle from core.orders order by 1")

    is_due = is_work_pending(database)
    run_transform(database, FixedClock(NOON), config)

    assert skipped == [("free", "to_confirm"), ("held", "live")]
    assert is_due
    assert rows(database, "select distinct lifecycle from core.orders") == [("to_confirm",)]
    assert rows(database, "select * from core.moved_lifecycles") == []


def test_another_moment_of_going_live_sorts_what_was_placed_before_it(database: Database, tmp_path: Path):
    for name, content in FILES.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    config = apply(database, tmp_path, "live", "2026-01-01T00:00:00+08:00")
    with database.engine.begin() as connection:
        stock(connection, hangzhou__MUG=1)
        put(
            connection,
            *(Order(number, shop_id=SHOP_ID) for number in ("sent", "open", "ours", "over", "later")),
        )
        placed = text("update core.orders set placed_at = :at where platform_order_id <> 'later'")
        connection.execute(placed, {"at": NOON - timedelta(days=1)})
        connection.execute(text("update core.orders set paid_at = null where platform_order_id <> 'sent'"))
    run_fulfillment(database, FixedClock(NOON), config)
    request_extra(database, FixedClock(NOON), config, "hangzhou", "test")
    close_due(database, FixedClock(NOON), config, {})
    with database.engine.begin() as connection:
        connection.execute(text("update core.orders set gate = 'stop' where platform_order_id = 'over'"))
        connection.execute(
            text("update core.orders set confirmed_at = now() where platform_order_id = 'ours'")
        )

    apply(database, tmp_path, "live", "2026-11-23T12:00:00+08:00")

    sorted_anew = "select platform_order_id, lifecycle, checked_version is null from core.orders order by 1"
    assert rows(database, sorted_anew) == [
        ("later", "live", False),
        ("open", "to_confirm", True),
        ("ours", "live", False),
        ("over", "history", True),
        ("sent", "live", False),
    ]
