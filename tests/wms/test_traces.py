"""What was sent and never collected: the carrier's first scan is asked for, and its lack is told."""

import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from orderhub.alerts.watch import look_around
from orderhub.errors import CredentialError
from orderhub.fulfillment import traces
from orderhub.fulfillment.kuaidi100 import sign
from orderhub.fulfillment.traces import Traced, trace_parcels
from orderhub.fulfillment.wms.confirm import take_push
from orderhub.operate.verify import verify
from sandbox.traces import Traces
from sandbox.wms.service import secret
from sandbox.wms.signature import sign as sign_message
from tests.builders import rows
from tests.wms.conftest import House

ALERTS = "supervisors: [supervisor@example.test]\ntraces: kuaidi100\n"
CARRIERS = {
    "carriers.yaml": "carriers:\n  - {id: zto, name: 中通快递, codes: {wms: ZTO, kuaidi100: zhongtong}}\n"
}


def trace(house: House) -> Traced:
    return trace_parcels(house.database, house.clock, house.settings, house.active)


def open_alerts(house: House) -> list[tuple[object, ...]]:
    look_around(house.database, house.clock, house.active)
    return rows(
        house.database,
        "select subject from ops.alerts where rule_id = 'no_collection_scan' and closed_at is null",
    )


@pytest.fixture
def sent(house: House) -> House:
    """A house that has sent three parcels, which the hub knows."""
    house.open(orders=3, more=CARRIERS, alerts=ALERTS)
    house.deliver()
    house.ship_all()
    house.confirm()
    return house


def test_a_parcel_that_no_carrier_scanned_within_a_day_is_told_until_it_is(sent: House):
    left = sent.wms.ledger.parcels[0].express_code
    sent.traces.left = {left}
    sent.clock.move(timedelta(hours=2, minutes=30))
    early, again = trace(sent), trace(sent)
    sent.clock.move(timedelta(hours=4))
    later = trace(sent)
    before = open_alerts(sent)

    sent.clock.move(timedelta(hours=18))
    told = open_alerts(sent)
    sent.traces.left = set()
    trace(sent)

    assert (early, again, later) == (Traced(3, 0, 0), Traced(0, 0, 0), Traced(3, 2, 0))
    assert (before, told) == ([], [(f"ZTO {left}",)])
    assert open_alerts(sent) == []
    assert rows(
        sent.database,
        "select distinct collected_at - shipped_at from core.shipments where collected_at is not null",
    ) == [(timedelta(hours=3),)]


def test_parcels_of_a_carrier_without_a_code_keep_no_others_from_being_asked_about(
    sent: House, monkeypatch: pytest.MonkeyPatch
):
    """They are never asked about, so they are the longest unasked in every round."""
    monkeypatch.setattr(traces, "MOST_ASKED", 2)
    with sent.database.engine.begin() as connection:
        connection.execute(
            text("update core.shipments set carrier_code = 'PIGEON' where order_id in ('tb/1', 'tb/2')")
        )
    sent.clock.move(timedelta(hours=4))

    assert trace(sent) == Traced(1, 1, 2)


@pytest.mark.parametrize("at", ["0001-01-01 00:00:00", "soon", ""])
def test_a_scan_at_a_time_that_nobody_can_read_keeps_no_others_from_being_asked_about(
    sent: House, monkeypatch: pytest.MonkeyPatch, at: str
):
    odd, rows_of = sent.wms.ledger.parcels[0].express_code, Traces._rows
    row = {"time": at, "ftime": at, "status": "揽收", "context": "已揽收"}
    monkeypatch.setattr(Traces, "_rows", lambda t, number: [row] if number == odd else rows_of(t, number))
    sent.clock.move(timedelta(hours=4))

    assert trace(sent) == Traced(3, 2, 0)


def test_an_answer_about_another_parcel_is_no_scan_of_this_one(sent: House, monkeypatch: pytest.MonkeyPatch):
    answer = Traces.answer
    monkeypatch.setattr(Traces, "answer", lambda t, form: {**answer(t, form), "nu": "78509999999999"})
    sent.clock.move(timedelta(hours=4))

    assert trace(sent) == Traced(3, 0, 0)


def test_a_carrier_gets_the_end_of_the_senders_phone_also_where_there_is_no_wms(
    sent: House, monkeypatch: pytest.MonkeyPatch
):
    """Some carriers show nothing of a parcel without it."""
    asked, answer = [], Traces.answer
    with sent.database.engine.begin() as connection:
        connection.execute(text("update core.shipments set warehouse_id = 'yiwu'"))
    monkeypatch.setattr(
        Traces,
        "answer",
        lambda t, form: asked.append(json.loads(form["param"])["phone"]) or answer(t, form),
    )
    sent.clock.move(timedelta(hours=4))

    trace(sent)

    assert asked == ["0000"] * 3


def test_a_parcel_of_which_the_service_says_nothing_goes_behind_the_others(
    sent: House, monkeypatch: pytest.MonkeyPatch
):
    broken, rows_of = sent.wms.ledger.parcels[0].express_code, Traces._rows
    monkeypatch.setattr(
        Traces, "_rows", lambda t, number: {}[number] if number == broken else rows_of(t, number)
    )
    sent.clock.move(timedelta(hours=4))

    assert trace(sent) == Traced(3, 2, 0)
    assert rows(sent.database, "select count(*) from core.shipments where traced_at is null") == [(0,)]


def test_a_parcel_whose_time_nobody_can_read_is_asked_about_and_told_as_any_other(house: House):
    """The two times of a confirmation may be left out."""
    house.open(orders=1, more=CARRIERS, alerts=ALERTS)
    house.deliver()
    house.ship_all()
    house.traces.left = {house.wms.ledger.parcels[0].express_code}
    query, body = house.wms.confirmation("tb-1-1", house.clock.now())
    silent = re.sub(rb"<(operateTime|orderConfirmTime)>[^<]*", rb"<\1>", body)
    signed = {name: value for name, value in query.items() if name != "sign"}
    signed["sign"] = sign_message(signed, silent.decode(), secret(7))
    take_push(house.database, house.clock, house.account, signed, silent)

    house.clock.move(timedelta(hours=25))
    traced = trace(house)

    assert traced == Traced(1, 0, 0)
    assert len(open_alerts(house)) == 1
    assert [r.violations for r in verify(house.database) if r.violations] == []


def test_nobody_is_asked_without_a_service(house: House):
    house.open(orders=1)
    house.deliver()
    house.ship_all()
    house.confirm()
    house.clock.move(timedelta(hours=30))

    assert (trace(house), house.traces.calls, open_alerts(house)) == (Traced(0, 0, 0), 0, [])


def test_a_refused_key_is_a_persons_matter(sent: House):
    sent.clock.move(timedelta(hours=3))
    sent.traces.wms.seed = 8

    with pytest.raises(CredentialError, match="503"):
        trace(sent)


def test_a_parcel_of_which_nobody_will_be_told_breaks_an_invariant(sent: House):
    before = [one for result in verify(sent.database) for one in result.violations]
    with sent.database.engine.begin() as connection:
        connection.execute(text("delete from core.tracking_writes where order_id = 'tb/1'"))

    found = [one for result in verify(sent.database) for one in result.violations]

    assert before == []
    assert [one.rpartition(", ")[2] for one in found] == ["and its platform will not hear of it"]


def test_the_query_is_signed_as_documented():
    param = '{"com":"zhongtong","num":"78500012345678"}'

    assert sign(param, "KDKEYdemo1234", "CUSTdemo001") == "FB107868DB600CE26A5B6E5A2138B70A"
