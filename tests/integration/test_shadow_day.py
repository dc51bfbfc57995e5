"""A shop in shadow mode, from its first pull to the end of its day: everything is decided, nothing leaves."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from orderhub.config.store import apply_directory
from orderhub.db.engine import Database
from orderhub.delivery.dispatch import DeliveryCounts, deliver_pending
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.run import run_fulfillment
from orderhub.settings import Settings
from orderhub.transform.run import run_transform
from tests.builders import FILES, SHOP, rows, stock
from tests.platforms.shop_in_a_box import SHOP_ID, ShopInABox


@pytest.fixture
def box(database: Database, tmp_path: Path) -> ShopInABox:
    """The shop in shadow mode; every code it sells is mapped and in stock."""
    opened = ShopInABox(database)
    shop = SHOP.format(
        id=SHOP_ID, platform="taobao", mode="shadow", export_policy="token_only", on_stale="ship"
    )
    opened.pull()
    sold = (
        "select distinct l ->> 'outer_sku_id' from staging.taobao_orders, "
        "jsonb_path_query(payload, '$.orders.order[*]') as l where l ->> 'outer_sku_id' <> '' order by 1"
    )
    codes = [str(code) for (code,) in rows(database, sold)]
    mappings = "".join(f"m{number},*,{code},SKU\n" for number, code in enumerate(codes))
    files = {
        **FILES,
        "shops.yaml": f"shops:\n{shop}    connection: x\n",
        "sku_mappings.csv": FILES["sku_mappings.csv"] + mappings,
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    opened.config = apply_directory(database, opened.clock, tmp_path, tmp_path / "home", "test")
    with database.engine.begin() as connection:
        stock(connection, hangzhou__SKU=10_000, yiwu__SKU=10_000)
        connection.execute(text("delete from ops.outbox"))
    return opened


def test_nothing_of_a_shadow_shop_leaves(box: ShopInABox, tmp_path: Path):
    settings = Settings(home=tmp_path / "home", database_url=SecretStr("x"), hash_key=SecretStr("x"))
    run_transform(box.database, box.clock, box.config)
    routed = run_fulfillment(box.database, box.clock, box.config)
    for warehouse in box.config.warehouses:
        request_extra(box.database, box.clock, box.config, warehouse.id, "test")
    closed = close_due(box.database, box.clock, box.config, {})
    sent = deliver_pending(box.database, box.clock, settings)

    assert routed.allocated > 0
    assert sum(manifest.order_count for manifest in closed) == routed.allocated
    assert rows(box.database, "select count(*) > 0 from core.holds where state = 'active'") == [(True,)]
    assert (sent, rows(box.database, "select count(*) from ops.outbox")) == (DeliveryCounts(0, 0, 0), [(0,)])
    assert [path for path in settings.manifests.rglob("*") if path.is_file()] == []
