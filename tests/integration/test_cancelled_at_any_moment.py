"""A buyer cancels at any moment of a pass and of the closing after it: before the cut it wins, after it it is called back.

The moments are the statements of both, one after the other: the cancelled version is committed by another session
right before the chosen one.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count, groupby

import pytest
from sqlalchemy import event, text

from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import ensure_first_start, request_extra
from orderhub.fulfillment.recalls import end_hand_recall
from orderhub.fulfillment.run import run_fulfillment
from orderhub.operate.verify import verify
from tests.builders import NOON, Order, activate, put, rows, stock

#: How the statement begins by which a closing reads what keeps the lines of its orders.
LAST_LOOK = "-- One row per line of the orders of `asked_orders`"
OUT, CALLED_BACK = "out of every list", "on a list and called back"


@dataclass
class Shop:
    """A hub whose orders are cancelled while it works on them."""

    database: Database
    clock: FixedClock
    config: MerchantConfig
    other: Database
    statements: Sequence[str] = ()

    def live(self, number: int, moment: int) -> int:
        """Route and close one order, cancelled before statement `moment`; return how many statements that takes."""
        with self.database.engine.begin() as connection:
            put(connection, Order(str(number)))
        with counted(self.database, lambda at: moment == at and self.cancel(number)) as seen:
            run_fulfillment(self.database, self.clock, self.config)
            request_extra(self.database, self.clock, self.config, "hangzhou", "test")
            close_due(self.database, self.clock, self.config, {})
        self.clock.move(timedelta(minutes=1))
        self.statements = seen
        return len(seen)

    def cancel(self, number: int) -> None:
        with self.other.engine.begin() as connection:
            connection.execute(
                text(
                    "update core.orders set gate = 'stop', version_id = 'v2', checked_version = 'v2' "
                    "where order_id = :order_id"
                ),
                {"order_id": f"tb/{number}"},
            )

    def end(self, number: int) -> str:
        """Run the next pass, and say where the order is."""
        run_fulfillment(self.database, self.clock, self.config)
        [(listed, recalled, promised)] = rows(
            self.database,
            "select count(*) filter (where f.state = 'manifested'), count(h.*), count(r.*) "
            "from core.fulfillment_orders as f left join core.hand_recalls as h using (fulfillment_order_id) "
            "left join core.reservations as r on r.fulfillment_order_id = f.fulfillment_order_id "
            f"and r.state = 'active' where f.order_id = 'tb/{number}'",
        )
        if recalled:  # So that the next order meets as much work as this one did.
            end_hand_recall(self.database, self.clock, f"tb/{number}@1", "agreed", "test", "kept")
        known = {(0, 0, 0): OUT, (1, 1, 1): CALLED_BACK}
        return known.get(
            (listed, recalled, promised), f"listed {listed}, recalled {recalled}, promised {promised}"
        )


@contextmanager
def counted(database: Database, before: Callable[[int], object]) -> Iterator[list[str]]:
    """Call `before` with the number of each statement of the block, and yield the statements."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)
        before(len(seen))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


@pytest.fixture
def shop(database: Database) -> Iterator[Shop]:
    clock = FixedClock(NOON)
    with database.engine.begin() as connection:
        config = activate(connection)
        stock(connection, hangzhou__MUG=1000)
    ensure_first_start(database, clock)
    other = Database(database.engine.url.render_as_string(hide_password=False), "another session")
    yield Shop(database, clock, config, other)
    other.close()


@pytest.mark.slow
def test_whoever_cancels_before_the_cut_gets_nothing_sent_and_after_it_somebody_is_asked(shop: Shop):
    ends = []
    for moment in count(1):
        if shop.live(moment, moment) < moment:
            break
        ends.append(shop.end(moment))

    # Of every moment one of both is true, and never the first again after the second.
    assert [end for end, _ in groupby(ends)] == [OUT, CALLED_BACK]
    # What decides is the closing's own look at the order, nothing earlier.
    assert shop.statements[ends.index(CALLED_BACK) - 1].startswith(LAST_LOOK)
    assert [result.name for result in verify(shop.database) if result.violations] == []
