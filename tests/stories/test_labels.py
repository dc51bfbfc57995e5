"""A platform that gives tokens only: the label is made from the token, and its number told after departure."""

from datetime import timedelta
from pathlib import Path

import pytest
import requests

from orderhub.db.engine import Database
from tests.builders import rows
from tests.stories.day import CUTOFF, FILES, opened_day

URUMQI = ("新疆维吾尔自治区", "乌鲁木齐市", "天山区")
#: Platform → the service that makes its labels, and the platform's name there.
SERVICES = [
    ("taobao", "cainiao", "TB"),
    pytest.param("douyin", "kuaidi100", "douyin", marks=pytest.mark.slow),
    pytest.param("pinduoduo", "kuaidi100", "pinduoduoWx", marks=pytest.mark.slow),
    pytest.param("wechat", "kuaidi100", "wechatChannels", marks=pytest.mark.slow),
    pytest.param("jd", "kuaidi100", "jdalpha", marks=pytest.mark.slow),
]


def carriers(service: str, channel: str) -> dict[str, str]:
    """Return carriers.yaml where a service makes the labels of the post."""
    written = FILES["carriers.yaml"].replace("service: cainiao", f"service: {service}")
    written = written.replace("connection: waybill_cainiao", f"connection: waybill_{service}")
    written = written.replace("cainiao: POSTB", "cainiao: POSTB, kuaidi100: youzhengguonei")
    return {"carriers.yaml": written.replace("PLATFORM: TB", f"PLATFORM: {channel}")}


@pytest.mark.parametrize(("platform", "service", "channel"), SERVICES)
def test_a_label_is_taken_when_the_manifest_closes_and_its_number_is_told_when_the_parcel_left(
    database: Database, tmp_path: Path, platform: str, service: str, channel: str
):
    with opened_day(database, tmp_path, platform, carriers(service, channel)) as day:
        day.lay_in("yiwu", MG_012=5)
        order = day.buy("MG-012", to=URUMQI)
        day.work()
        day.cut_off(CUTOFF)
        [(on_label,)] = rows(database, "select tracking_number from core.waybills where state = 'got'")
        [label] = requests.get(f"{day.base}/admin/waybill", timeout=20).json()["labels"]
        told_at_label_time = day.numbers(order)
        day.box.pass_time(timedelta(minutes=30))
        day.send_everything()
        day.work()

        assert (label["number"], label["channel"], label["order"]) == (on_label, channel, order.order_id)
        assert [(label["oaid"],)] == rows(database, "select token from core.receivers")
        assert told_at_label_time == []
        assert [number for _, number, _ in day.numbers(order)] == [on_label]
        assert [(fate.status, fate.document) for fate in day.fates(order)] == [("shipped", "shipped")]
        assert order.receiver.name not in label["receiver"] + "".join(
            content.decode("utf-8", "ignore") for content in day.files().values()
        )
