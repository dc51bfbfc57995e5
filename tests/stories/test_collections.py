"""A number that was told and that no carrier scans: platforms call that a false shipment, so that a person hears first.

The day ends with two parcels told; one is collected after three hours, one stands in the warehouse for two days.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from orderhub.db.postgres import Server
from orderhub.fulfillment.traces import Traced, trace_parcels
from orderhub.operate.verify import verify
from tests.builders import FILES as MERCHANT
from tests.builders import rows
from tests.stories.day import CUTOFF, FILES
from tests.stories.mail import Desk, OverseenDay, opened_desk
from tests.stories.test_a_day import PLATFORMS

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
CUT = "20261124T020000Z"
SUBJECT = "快递没有揽收"
MORE = {
    "alerts.yaml": f"{MERCHANT['alerts.yaml']}traces: kuaidi100\n",
    "carriers.yaml": FILES["carriers.yaml"].replace("wms: ZTO}", "wms: ZTO, kuaidi100: zhongtong}"),
}


@dataclass
class Lived(OverseenDay):
    """Two days that are over, their orders by story, and what was seen on the way."""

    sent_at: Any = None

    def number(self, story: str) -> str:
        """Return the one number that the platform was told of an order."""
        [(_, number, _)] = self.day.numbers(self.orders[story])
        return number

    def leave_standing(self, *stories: str) -> None:
        """Let the courier walk past these parcels, and take the others."""
        wish = {"left": [self.number(story) for story in stories]}
        requests.post(f"{self.day.base}/admin/traces", json=wish, timeout=20).raise_for_status()

    def later(self, moment: str, after: timedelta) -> None:
        """Live until so long after the parcels left, ask the carriers, look around, and note what is told."""
        self.day.until(self.sent_at + after - 10 * MINUTE)
        self.day.work()
        box = self.day.box
        asked = trace_parcels(box.database, box.clock, self.day.settings, box.config)
        self.desk.look()
        told = len(self.desk.mails(SUBJECT))
        self.seen[moment] = (asked, told, self.desk.open_alerts("no_collection_scan"))


def sent(desk: Desk) -> Lived:
    """Live until two parcels have left and their numbers are told; one of them is left standing."""
    day, lived = desk.day, Lived(desk.day, desk=desk)
    day.lay_in("hangzhou", MG_012=20)
    lived.orders = {"collected": day.buy("MG-012"), "standing": day.buy("MG-012")}
    day.work()
    day.cut_off(CUTOFF)
    day.send_everything()
    lived.sent_at = day.box.clock.now()
    lived.leave_standing("standing")
    return lived


def two_days(lived: Lived) -> None:
    """Look at the parcels now and then; on the second day the courier takes the other one, too."""
    lived.later("four hours", 4 * HOUR)
    lived.later("almost a day", 24 * HOUR - MINUTE)
    lived.later("a day", 24 * HOUR + 10 * MINUTE)
    lived.later("still standing", 30 * HOUR)
    lived.leave_standing()
    lived.later("collected at last", 34 * HOUR)


@pytest.fixture(scope="module", params=PLATFORMS)
def lived(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lived]:
    name = f"collections_{request.param}"
    home = Path(tmp_path_factory.mktemp(name))
    with opened_desk(server, name, home, request.param, MORE) as desk:
        lived = sent(desk)
        two_days(lived)
        yield lived


def test_a_parcel_that_no_carrier_scanned_within_a_day_of_leaving_is_told_once(lived: Lived):
    standing = f"ZTO {lived.number('standing')}"
    [mail] = lived.desk.mails(SUBJECT)

    assert lived.day.left(lived.orders["standing"]) == [("hangzhou", "shipped", CUT)]
    assert lived.seen["four hours"] == (Traced(2, 1, 0), 0, [])
    assert lived.seen["almost a day"] == (Traced(1, 0, 0), 0, [])
    assert lived.seen["a day"] == (Traced(0, 0, 0), 1, [standing])
    assert lived.seen["still standing"] == (Traced(1, 0, 0), 1, [standing])
    assert mail.subject == f"[orderhub] 快递没有揽收:{standing}"
    assert f"{lived.day.box.shop_id}/{lived.orders['standing'].order_id}" in mail.text


def test_nobody_is_told_of_a_parcel_that_was_scanned(lived: Lived):
    scanned = rows(
        lived.day.database,
        f"select collected_at - shipped_at from core.shipments where tracking_number = '{lived.number('collected')}'",
    )

    assert lived.day.left(lived.orders["collected"]) == [("hangzhou", "shipped", CUT)]
    assert scanned == [(3 * HOUR,)]
    assert [mail for mail in lived.desk.mails(SUBJECT) if lived.number("collected") in mail.text] == []


def test_the_alert_of_a_parcel_is_over_once_its_scan_is_there(lived: Lived):
    assert lived.seen["collected at last"] == (Traced(1, 1, 0), 1, [])
    assert [result.violations for result in verify(lived.day.database) if result.violations] == []
