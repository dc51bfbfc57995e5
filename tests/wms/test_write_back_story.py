"""From a platform's orders to the numbers at that platform, through sockets and the hub's own lanes; merged parcels too."""

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

import requests

from orderhub.db.engine import Database
from orderhub.delivery.dispatch import deliver_pending
from orderhub.operate.verify import verify
from orderhub.settings import Settings
from sandbox.wms.service import wms_connections
from sandbox.world.catalog import SHOP_BY_ID
from tests.builders import rows
from tests.platforms.telling_shop import TellingShop
from tests.sim.served import serving
from tests.wms.asking import confirm_shipments
from tests.wms.conftest import HOUSES


def test_orders_of_a_platform_leave_the_warehouse_and_their_numbers_come_back_to_it(
    database: Database, tmp_path: Path
):
    warehouses = {"warehouses.yaml": HOUSES.format(batch_size=50)}
    shop = TellingShop(database, "miniprogram", tmp_path, more=warehouses)
    gateway, clock = shop.box.gateway, shop.box.clock
    with serving(gateway, shop.box.platform_clock.now) as base:
        own = gateway.dialect.connection(gateway.credentials, SHOP_BY_ID[shop.box.shop_id], base)
        file = tmp_path / "connections.json"
        file.write_text(json.dumps({"x": own, **wms_connections(7, base)}), encoding="utf-8")
        settings = Settings(
            home=tmp_path, database_url="postgresql://unused", hash_key="unused", connections=file
        )

        deliver_pending(database, clock, settings)
        handed_over = shop.numbers_told()
        requests.post(f"{base}/admin/wms", json={"ship": "all"}, timeout=20)
        confirm_shipments(database, clock, settings, shop.box.config)
        deliver_pending(database, clock, settings)
        truth = requests.get(f"{base}/admin/wms", timeout=20).json()
    shop.box.pass_time(timedelta(minutes=5))
    shop.box.pull()
    shop.box.transform()

    sent = {parcel["express_code"] for parcel in truth["parcels"]}
    orders = dict(rows(database, "select tracking_number, count(*) from core.shipments group by 1"))
    assert handed_over == Counter()
    assert len(sent) > 20
    assert orders.keys() == sent
    assert shop.numbers_told() == orders
    # Orders of one buyer to one receiver left in one parcel, and each of them hears its number.
    assert set(orders.values()) == {1, 2}
    assert rows(database, "select distinct state, reason from core.tracking_writes") == [("told", None)]
    assert rows(
        database,
        "select distinct status from core.orders join core.tracking_writes using (order_id) order by 1",
    ) == [("part_shipped",), ("shipped",)]
    parcels = [result for result in verify(database) if result.invariant == "shipments"]
    assert [one for result in parcels for one in result.violations] == []
