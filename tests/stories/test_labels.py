"""A platform that gives tokens only: the label is made from the token, and its number told after departure."""

from datetime import timedelta
from pathlib import Path

from orderhub.db.engine import Database
from tests.builders import rows
from tests.stories.day import CUTOFF, opened_day

URUMQI = ("新疆维吾尔自治区", "乌鲁木齐市", "天山区")


def test_a_label_is_taken_when_the_manifest_closes_and_its_number_is_told_when_the_parcel_left(
    database: Database, tmp_path: Path
):
    with opened_day(database, tmp_path, "taobao") as day:
        day.lay_in("yiwu", MG_012=5)
        order = day.buy("MG-012", to=URUMQI)
        day.work()
        day.until(CUTOFF - timedelta(minutes=12))
        day.work()
        day.until(CUTOFF + timedelta(seconds=30))
        day.hand_over()
        [(on_label,)] = rows(database, "select tracking_number from core.waybills where state = 'got'")
        told_at_label_time = day.numbers(order)
        day.box.pass_time(timedelta(minutes=30))
        day.send_everything()
        day.work()

        assert told_at_label_time == []
        assert [(carrier, number) for carrier, number, _ in day.numbers(order)] == [("POSTB", on_label)]
        assert [(fate.status, fate.document) for fate in day.fates(order)] == [("shipped", "shipped")]
        assert order.receiver.name not in "".join(
            content.decode("utf-8", "ignore") for content in day.files().values()
        )
