"""The process dies at any point of an errand: what is taken up again sends nothing twice and loses nothing.

It dies as SIGKILL lets it: nothing behind the point runs, the row of the outbox stays claimed. That a lease of
a dead process is free at once is shown in tests/integration/test_leases.py.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from orderhub.db.leases import hold_scope
from orderhub.db.outbox import Effect, enqueue
from orderhub.delivery import targets
from orderhub.fulfillment import shipments, stock_sync
from orderhub.fulfillment.sync import sync_stock
from orderhub.fulfillment.waybill.settle import Settler
from orderhub.fulfillment.waybill.wire import FormDoor
from orderhub.fulfillment.wms.handover import HandOver
from orderhub.fulfillment.wms.qimen import Qimen
from orderhub.fulfillment.wms.recall import Recall
from orderhub.operate.verify import verify
from tests.builders import rows
from tests.wms.conftest import House
from tests.wms.test_hub_waybills import open_house
from tests.wms.test_recall_and_reports import stop

BATCH, CANCEL = "deliveryorder.batchcreate", "order.cancel"
UNSENT = (
    "select outbox_id, state from ops.outbox where target ~ '^(wms|waybill):' and state <> 'sent' order by 1"
)


class Killed(BaseException):
    """The end of the process."""


@contextmanager
def dying(
    monkeypatch: pytest.MonkeyPatch, place: Any, name: str, *, is_after: bool, nth: int = 1
) -> Iterator[None]:
    """Let the process die at the `nth` call of a function: before it begins, or once it has done all it does."""
    real, calls = getattr(place, name), [0]

    def mortal(*given: Any, **named: Any) -> Any:
        calls[0] += 1
        if calls[0] == nth and not is_after:
            raise Killed
        result = real(*given, **named)
        if calls[0] == nth:
            raise Killed
        return result

    monkeypatch.setattr(place, name, mortal)
    with pytest.raises(Killed):
        yield
    monkeypatch.setattr(place, name, real)


def go_on(house: House, times: int = 4) -> None:
    for _ in range(times):
        house.deliver()
        house.clock.move(timedelta(minutes=31))


def clean(house: House) -> list[tuple[str, ...]]:
    return [r.violations for r in verify(house.database) if r.violations]


@pytest.mark.parametrize(
    ("place", "name", "is_after"),
    [
        (Qimen, "call", False),  # K12: claimed, and nothing was sent.
        (Qimen, "call", True),  # K13: the WMS has it, and nobody read the answer.
        (HandOver, "_accept", False),  # K14: the answer was read, and nothing is committed.
        (HandOver, "_settled", True),  # K14: committed, and the row of the outbox is not.
    ],
)
def test_documents_are_handed_over_once_wherever_it_dies(
    house: House, monkeypatch: pytest.MonkeyPatch, place: Any, name: str, *, is_after: bool
):
    house.open()
    house.wms.ledger.dedupes = False

    with dying(monkeypatch, place, name, is_after=is_after):
        house.deliver()
    go_on(house)
    house.ship_all()
    house.confirm()

    assert {code: len(known) for code, known in house.wms.ledger.documents.items()} == {
        f"tb-{number}-1": 1 for number in range(1, 5)
    }
    assert rows(house.database, "select count(*) from core.shipments") == [(4,)]
    assert (rows(house.database, UNSENT), clean(house)) == ([], [])


@pytest.mark.parametrize(
    ("place", "name", "is_after"), [(Qimen, "call", False), (Qimen, "call", True), (Recall, "_agreed", False)]
)
def test_a_recall_frees_stock_once_wherever_it_dies(
    house: House, monkeypatch: pytest.MonkeyPatch, place: Any, name: str, *, is_after: bool
):
    house.open(orders=1)
    house.deliver()
    stop(house)

    with dying(monkeypatch, place, name, is_after=is_after):
        house.deliver()
    go_on(house)

    assert rows(house.database, "select state, recall from core.delivery_orders") == [("cancelled", "agreed")]
    assert rows(house.database, "select on_hand, reserved from core.stock where sku_id = 'MUG'") == [(20, 0)]
    assert (rows(house.database, UNSENT), clean(house)) == ([], [])


@pytest.mark.parametrize(
    ("place", "name", "is_after"),
    [
        (FormDoor, "post", False),
        (FormDoor, "post", True),
        (Settler, "keep_labels", False),
        (Settler, "keep", True),
    ],
)
def test_a_label_is_taken_once_wherever_it_dies(
    house: House, monkeypatch: pytest.MonkeyPatch, place: Any, name: str, *, is_after: bool
):
    open_house(house, 2)
    house.labels.ledger.dedupes = False

    with dying(monkeypatch, place, name, is_after=is_after):
        house.deliver()
    go_on(house)

    assert [label.object_id for label in house.labels.ledger.labels] == ["tb-1-1", "tb-2-1"]
    assert rows(house.database, "select state, count(*) from core.waybills group by 1") == [("got", 2)]
    assert {code: len(known) for code, known in house.wms.ledger.documents.items()} == {
        "tb-1-1": 1,
        "tb-2-1": 1,
    }
    assert (rows(house.database, UNSENT), clean(house)) == ([], [])


@pytest.mark.parametrize("name", ["record_reports", "_post_reservations", "_copy"])
@pytest.mark.parametrize("is_after", [False, True])
def test_a_parcel_is_posted_once_wherever_it_dies(
    house: House, monkeypatch: pytest.MonkeyPatch, name: str, *, is_after: bool
):
    house.open(orders=2)
    house.deliver()
    house.clock.move(timedelta(minutes=1))
    house.ship_all()
    place = shipments
    if name == "record_reports":
        from orderhub.fulfillment.wms import confirm as place

    with dying(monkeypatch, place, name, is_after=is_after):
        house.confirm()
    before = rows(house.database, "select count(*) from core.shipments")
    house.confirm()

    assert before == [(0,)]
    assert rows(house.database, "select on_hand, reserved from core.stock where sku_id = 'MUG'") == [(16, 0)]
    assert rows(house.database, "select count(*) from core.tracking_writes") == [(2,)]
    assert clean(house) == []


@pytest.mark.parametrize("name", ["give_back", "_told_of_below", "_write"])
@pytest.mark.parametrize("is_after", [False, True])
def test_a_reading_is_taken_whole_or_not_wherever_it_dies(
    house: House, monkeypatch: pytest.MonkeyPatch, name: str, *, is_after: bool
):
    house.open(orders=2)
    house.deliver()
    house.wms.ledger.put("HZ01", "MUG", 30)
    house.clock.move(timedelta(minutes=10))

    with dying(monkeypatch, stock_sync, name, is_after=is_after):
        sync_stock(house.database, house.clock, house.settings, house.active)
    before = rows(house.database, "select on_hand from core.stock where sku_id = 'MUG'")
    sync_stock(house.database, house.clock, house.settings, house.active)

    assert before == [(20,)]
    assert rows(house.database, "select on_hand, reserved from core.stock where sku_id = 'MUG'") == [(34, 4)]
    assert clean(house) == []


@pytest.mark.parametrize("is_after", [False, True])
def test_a_mail_that_may_have_left_is_the_same_mail(
    house: House, monkeypatch: pytest.MonkeyPatch, *, is_after: bool
):
    """K17: at least once; the second has the Message-ID of the first."""
    sent: list[str] = []
    monkeypatch.setattr(targets, "load_connection", lambda *_given: None)
    monkeypatch.setattr(
        targets, "send_mail", lambda _server, mail: sent.append(mail["Message-ID"]) or {"refused": []}
    )
    house.open(orders=1)
    mail = {"to": ["a@example.test"], "subject": "s", "text": "t", "sender": "b@example.test"}
    with hold_scope(house.database, "test") as lease, house.database.transaction(lease) as connection:
        enqueue(connection, [Effect("mail:1", "mail", "mail:1", mail)], house.clock)

    with dying(monkeypatch, targets, "send_mail", is_after=is_after):
        go_on(house)
    go_on(house)

    assert (len(sent), len(set(sent))) == (1 + is_after, 1)
    assert rows(house.database, "select state from ops.outbox where target = 'mail'") == [("sent",)]
