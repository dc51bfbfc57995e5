"""A WMS that says nothing clear of one document: the others go their way, and nothing is sent twice."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from orderhub.errors import TransientError
from orderhub.fulfillment.sync import sync_stock
from orderhub.fulfillment.wms.confirm import ask_open_documents
from orderhub.fulfillment.wms.returns import ask_open_returns
from orderhub.operate.verify import verify
from sandbox.wms.ledger import Document, Ledger, Return, RuleError
from tests.builders import rows
from tests.wms.conftest import House
from tests.wms.test_recall_and_reports import stop

SENT = "select delivery_order_code, state from core.delivery_orders order by 1"
BATCH = "deliveryorder.batchcreate"


class Muddled(Ledger):
    """The same books, of which the WMS will not speak where a code is one of `odd`."""

    odd: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()

    def find(self, code: str, wms_id: str = "") -> Document:
        self._refuse(code)
        return Ledger.find(self, code, wms_id)

    def find_return(self, code: str) -> Return:
        self._refuse(code)
        return Ledger.find_return(self, code)

    def _refuse(self, code: str) -> None:
        if code in self.broken:
            raise LookupError(code)  # The server's own error, HTTP 500.
        if code in self.odd:
            raise RuleError("E1", "无权限")


def muddle(house: House, *odd: str) -> None:
    """Let the WMS say nothing clear of these documents any more; none: it is clear again."""
    books = house.wms.ledger
    told = Muddled(books.stock, books.documents, books.parcels, books.returns, books.dedupes)
    told.odd = frozenset(odd)
    house.wms.methods.ledger = told


def deliver(house: House, times: int) -> None:
    for _ in range(times):
        house.deliver()
        house.clock.move(timedelta(minutes=31))


@pytest.mark.parametrize("odd", [("tb-1-1",), ("tb-2-1", "tb-4-1"), ("tb-1-1", "tb-2-1", "tb-3-1")])
def test_documents_behind_one_that_gets_no_clear_answer_are_asked_for_all_the_same(
    house: House, odd: tuple[str, ...]
):
    house.open(orders=4)
    house.deliver()
    house.clock.move(timedelta(minutes=1))
    house.ship_all()
    muddle(house, *odd)

    for _ in range(2):
        sync_stock(house.database, house.clock, house.settings, house.active)
        house.clock.move(timedelta(minutes=10))

    left = {f"tb-{number}-1" for number in range(1, 5)} - set(odd)
    assert {code for code, state in rows(house.database, SENT) if state == "shipped"} == left
    assert rows(house.database, "select count(*) from core.delivery_orders where asked_at is null") == [
        (len(odd),)
    ]

    muddle(house)
    sync_stock(house.database, house.clock, house.settings, house.active)

    assert {state for _, state in rows(house.database, SENT)} == {"shipped"}
    assert [r.violations for r in verify(house.database) if r.violations] == []


def test_documents_that_break_the_wms_go_behind_the_others(house: House):
    """Three in a row look like a WMS that is out of reach; the next round begins with those not tried yet."""
    house.open(orders=5)
    house.deliver()
    house.clock.move(timedelta(minutes=1))
    house.ship_all()
    muddle(house)
    broken = frozenset(f"tb-{number}-1" for number in (1, 2, 3))
    house.wms.methods.ledger.broken = broken

    for _ in range(2):
        sync_stock(house.database, house.clock, house.settings, house.active)
        house.clock.move(timedelta(minutes=10))

    assert {code for code, state in rows(house.database, SENT) if state == "shipped"} == {"tb-4-1", "tb-5-1"}
    muddle(house)
    sync_stock(house.database, house.clock, house.settings, house.active)
    assert {state for _, state in rows(house.database, SENT)} == {"shipped"}


def test_a_wms_that_is_out_of_reach_is_not_asked_for_thousands_of_documents(house: House):
    house.open(orders=9)
    house.deliver()
    before = house.wms.calls["deliveryorder.query"]
    house.plan({"kind": "status", "method": "deliveryorder.query", "times": 0})

    with pytest.raises(TransientError):
        ask_open_documents(house.database, house.clock, house.account)

    assert house.wms.calls["deliveryorder.query"] - before == 3


def test_what_the_wms_refuses_is_settled_beside_a_document_of_which_it_says_nothing_clear(house: House):
    house.open(orders=4)
    house.wms.ledger.put("HZ01", "MUG", 0)
    muddle(house, "tb-2-1")

    deliver(house, 2)

    assert rows(house.database, SENT) == [
        ("tb-1-1", "refused"),
        ("tb-2-1", "pending"),
        ("tb-3-1", "refused"),
        ("tb-4-1", "refused"),
    ]


def test_what_was_lost_is_sent_again_but_for_a_document_of_which_it_says_nothing_clear(house: House):
    """It may have that one: a WMS that keeps two of one code would send it twice."""
    house.open(orders=4)
    house.wms.ledger.dedupes = False
    house.plan({"kind": "half_drop", "method": BATCH})
    muddle(house, "tb-1-1")

    deliver(house, 3)
    sent = {code: len(documents) for code, documents in house.wms.ledger.documents.items()}
    muddle(house)
    deliver(house, 2)

    assert sent == {f"tb-{number}-1": 1 for number in range(1, 5)}
    assert {code: len(documents) for code, documents in house.wms.ledger.documents.items()} == sent
    assert {state for _, state in rows(house.database, SENT)} == {"accepted"}


def test_a_document_is_called_back_though_another_of_its_call_gets_no_clear_answer(house: House):
    house.open(orders=3)
    house.plan({"kind": "drop", "method": BATCH})
    muddle(house, "tb-1-1")
    deliver(house, 2)

    stop(house, "tb/2")
    house.deliver()

    assert rows(house.database, SENT) == [
        ("tb-1-1", "pending"),
        ("tb-2-1", "cancelled"),
        ("tb-3-1", "accepted"),
    ]


def test_a_document_is_called_back_behind_one_that_gets_no_clear_answer_to_that(house: House):
    house.open(orders=2)
    house.deliver()
    muddle(house, "tb-1-1")

    stop(house, "tb/1")
    stop(house, "tb/2")
    house.deliver()

    assert rows(house.database, SENT) == [("tb-1-1", "accepted"), ("tb-2-1", "cancelled")]


def test_returns_behind_one_that_gets_no_clear_answer_are_stock_all_the_same(house: House):
    house.open(orders=2)
    with house.database.engine.begin() as connection:
        connection.execute(
            text(
                "insert into core.returns (return_id, return_order_code, warehouse_id, order_id, refund_id, fulfillment_order_id, "
                "state, planned, announced_at) select 'tb/R' || n, 'R-' || n, 'hangzhou', 'tb/' || n, 'tb/R' || n, 'tb/' || n || '@1', "
                "'accepted', '{\"MUG\": 1}', now() from generate_series(1, 2) as n"
            )
        )
    for number in (1, 2):
        house.wms.ledger.announce(Return(f"R-{number}", f"RMA{number}", "HZ01", {"MUG": 1}))
        house.wms.ledger.receive(f"R-{number}", "MUG", 1, 0, house.clock.now())
    muddle(house, "R-1")

    ask_open_returns(house.database, house.clock, house.account)

    assert rows(house.database, "select return_id, quantity from core.return_lines") == [("tb/R2", 1)]
