"""A warehouse that sends a document in two parcels: the platform is told each number with what is in it."""

from datetime import timedelta
from pathlib import Path

import pytest

from orderhub.db.engine import Database
from orderhub.operate.verify import verify
from sandbox.world.catalog import BY_CODE
from tests.stories.day import CUTOFF, Day, opened_day
from tests.wms.asking import confirm_shipments

#: Those that learn what is in a parcel.
PLATFORMS = ["miniprogram", *(pytest.param(name, marks=pytest.mark.slow) for name in ("douyin", "wechat"))]


def told(day: Day) -> None:
    """Let the WMS be asked what it sent, and the platform be told."""
    day.box.pass_time(timedelta(minutes=20))
    confirm_shipments(day.database, day.box.clock, day.settings, day.box.config)
    day.deliver()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_of_two_parcels_of_a_document_is_told_once_with_its_pieces(
    database: Database, tmp_path: Path, platform: str
):
    with opened_day(database, tmp_path, platform) as day:
        day.lay_in("hangzhou", CB_016=5, MG_012=5)
        order = day.buy("CB-016", "MG-012")
        day.work()
        day.cut_off(CUTOFF)
        [code] = day.codes(order)
        day.wms({"ship": [code], "items": {BY_CODE["MG-012"].sku_id: 1}})
        told(day)
        first = day.numbers(order)
        day.work()
        between = day.fates(order)[0].document
        day.wms({"ship": [code]})
        told(day)
        day.work()

        cup, apron = order.lines[1].line_id, order.lines[0].line_id
        assert [pieces for _, _, pieces in first] == [{cup: 1}]
        assert between != "shipped"
        assert [pieces for _, _, pieces in day.numbers(order)] == [{cup: 1}, {apron: 1}]
        assert len({number for _, number, _ in day.numbers(order)}) == 2
        assert [(fate.status, fate.document) for fate in day.fates(order)] == [("shipped", "shipped")]
        assert [result.violations for result in verify(database) if result.violations] == []
