"""Places that nobody can tell from their name: held as a vague address, and routed nowhere by a guess (rows 52, 53)."""

from pathlib import Path

import pytest

from orderhub.db.engine import Database
from orderhub.fulfillment.run import run_fulfillment
from tests.builders import rows, stock
from tests.integration.test_bad_business_data import drop
from tests.integration.test_drop_folder import Folder

#: Address, and what is known of it: the rule of routing that it falls under; none: it is held.
PLACES = [
    ("浙江省杭州市西湖区文三路478号", "jiangzhehu"),
    ("浙江省杭州市江干区庆春东路1号", "jiangzhehu"),
    ("湖北省襄樊市樊城区人民路1号", "elsewhere"),
    ("鼓楼区中山北路1号楼", None),
    ("江苏省鼓楼区中山北路1号楼", None),
    ("朝阳区建国路88号", None),
    ("No. 88 Jianguo Road, Chaoyang District, Beijing", None),
    ("浙江省南京市鼓楼区中山北路1号", None),
    ("", None),
]


@pytest.fixture
def folder(database: Database, tmp_path: Path) -> Folder:
    return Folder(database, tmp_path / "home")


def test_a_place_that_nobody_can_tell_is_held_and_routed_nowhere(folder: Folder) -> None:
    given = (
        {"订单号": f"P{n}", "客户编号": f"c-{n}", "手机": f"138000000{n:02}", "收货地址": address}
        for n, (address, _) in enumerate(PLACES)
    )
    drop(folder, *given)
    with folder.database.engine.begin() as connection:
        [(sku_id,)] = rows(folder.database, "select distinct sku_id from core.order_lines")
        stock(connection, **{f"hangzhou__{sku_id}": 50, f"yiwu__{sku_id}": 50})

    run_fulfillment(folder.database, folder.clock, folder.config)

    routed = dict(
        folder.query(
            "select o.platform_order_id, d.rule_id from core.routing_decisions as d join core.orders as o using (order_id)"
        )
    )
    held = dict(
        folder.query(
            "select o.platform_order_id, min(h.rule_id) from core.holds as h join core.orders as o using (order_id) "
            "where h.state = 'active' group by 1"
        )
    )
    assert routed == {f"P{n}": rule for n, (_, rule) in enumerate(PLACES) if rule}
    assert held.keys() == {f"P{n}" for n, (_, rule) in enumerate(PLACES) if not rule}
    assert set(held.values()) <= {"vague_address", "missing_region", "missing_address"}
