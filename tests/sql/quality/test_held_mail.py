"""The mail about newly held orders does not depend on a clock that stands still."""

from datetime import datetime, timedelta

from orderhub.clock import FixedClock
from orderhub.db.engine import Database
from tests.sql.quality.arrangement import NOW, open_hub


class TickingClock(FixedClock):
    """Moves on a little whenever it is asked, as the machine's does."""

    def now(self) -> datetime:
        self.move(timedelta(milliseconds=1))
        return super().now()


def test_a_pass_that_takes_time_still_tells_what_it_held(database: Database) -> None:
    hub = open_hub(database)
    hub.clock = TickingClock(NOW)
    hub.put({"order_id": "tb/1", "currency": "USD"})

    hub.check()

    assert hub.rows("select payload->>'subject' from ops.outbox") == [("[orderhub] 订单挂起:1 单需要处理",)]
