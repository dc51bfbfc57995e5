"""What the other sides say when they refuse may name the receiver, and our own secrets: nothing of it is kept.

They are handed tokens and masks, and some look up whom the token means. Read is all that was written: every
table, every log line, every file.
"""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from orderhub.alerts.watch import look_around
from orderhub.delivery.mail import build_mail
from orderhub.fulfillment.sync import sync_stock
from orderhub.fulfillment.traces import trace_parcels
from orderhub.fulfillment.wms.qimen import Qimen
from orderhub.fulfillment.wms.xml import read, text_at
from sandbox.waybill import routes as waybills
from sandbox.waybill import top
from sandbox.waybill.ledger import Ledger as Labels
from sandbox.waybill.ledger import RefusalError
from sandbox.wms.ledger import Ledger, RuleError
from sandbox.wms.service import secret
from tests.builders import NOON, rows
from tests.wms.conftest import House
from tests.wms.test_hub_waybills import open_house
from tests.wms.test_recall_and_reports import stop

PHONE = "13812345670"
WORDS = f"收件人手机 {PHONE} 不合规 \x0b secret={{}} \n第二行"
TABLES = (
    "select format('%I.%I', table_schema, table_name) from information_schema.tables "
    "where table_schema in ('ops', 'core', 'mart', 'staging') and table_type = 'BASE TABLE'"
)


@pytest.mark.parametrize(
    ("policy", "shown"),
    [
        ("token_only", ["***", "***", "***", "OAID-1"]),
        ("masked", ["张**", "138****0000", "文三路***", "OAID-1"]),
    ],
)
def test_a_wms_is_told_of_the_receiver_what_the_shops_policy_allows(
    house: House, monkeypatch: pytest.MonkeyPatch, policy: str, shown: list[str]
):
    sent: list[bytes] = []
    real = Qimen._sent

    def noted(wms: Qimen, method: str, body: bytes) -> bytes:
        sent.append(body)
        return real(wms, method, body)

    monkeypatch.setattr(Qimen, "_sent", noted)
    house.open(orders=1, export_policy=policy)

    house.deliver()

    receiver = read(sent[0]).find("orders/order/deliveryOrder/receiverInfo")
    assert receiver is not None
    assert [text_at(receiver, name) for name in ("name", "mobile", "detailAddress", "oaid")] == shown


def told_by_the_wms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the WMS refuse everything with words that name the receiver and our secret."""

    def refuse(*_given: object, **_named: object) -> None:
        raise RuleError("E1", WORDS.format(secret(7)).replace("\x0b", ""))

    for name in ("accept", "cancel", "find", "find_return", "announce"):
        monkeypatch.setattr(Ledger, name, refuse)


def told_by_the_waybill_service(monkeypatch: pytest.MonkeyPatch) -> None:
    session = waybills.session(7)

    def refuse(*_given: object) -> None:
        raise RefusalError("odd", WORDS.format(session))

    monkeypatch.setattr(Labels, "make", refuse)
    monkeypatch.setattr(Labels, "void", refuse)


def everything(house: House, home: Path) -> str:
    """Return all that was written: rows of all tables, mails as they leave, files."""
    with house.database.engine.connect() as connection:
        tables = connection.execute(text(TABLES)).scalars().all()
        kept = [
            str(row[0])
            for table in tables
            for row in connection.execute(text(f"select t::text from {table} as t"))
        ]
    mails = [
        build_mail(
            name, NOON, payload, sender="a@b.test", language=language, airflow_url="http://x"
        ).as_string()
        for name, payload in rows(
            house.database, "select outbox_id, payload from ops.outbox where target = 'mail'"
        )
        for language in ("zh", "en")
    ]
    files = [
        file.read_text(encoding="utf-8", errors="replace")
        for file in home.rglob("*")
        if file.is_file() and file.name != "connections.json"
    ]
    return "\n".join(kept + mails + files)


def a_day(house: House) -> None:
    """Whatever runs in a day, whatever comes of it."""
    for _ in range(4):
        house.deliver()
        sync_stock(house.database, house.clock, house.settings, house.active)
        house.clock.move(timedelta(minutes=31))
        look_around(house.database, house.clock, house.active)


@pytest.mark.parametrize("is_taken", [False, True])
def test_no_phone_and_no_secret_is_kept_of_what_others_say(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    *,
    is_taken: bool,
):
    open_house(house, 2)
    if is_taken:
        a_day(house)
        stop(house)
    told_by_the_wms(monkeypatch)
    told_by_the_waybill_service(monkeypatch)

    a_day(house)

    written = everything(house, tmp_path) + "".join(capfd.readouterr())
    assert "不合规" in written
    assert [bad for bad in (PHONE, secret(7), waybills.session(7)) if bad in written] == []
    assert [bad for bad in (waybills.secret(7, top.SERVICE), house.traces.key) if bad in written] == []


@pytest.mark.parametrize(
    "kind", ["drop", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("silent", "status"))]
)
def test_no_secret_is_kept_of_calls_that_get_no_answer(
    house: House, tmp_path: Path, capfd: pytest.CaptureFixture[str], kind: str
):
    open_house(house, 2)
    house.plan({"kind": kind, "times": 0})

    a_day(house)
    trace_parcels(house.database, house.clock, house.settings, house.active)

    written = everything(house, tmp_path) + "".join(capfd.readouterr())
    assert "WMS" in written
    assert [bad for bad in (secret(7), waybills.session(7), "sign=") if bad in written] == []
