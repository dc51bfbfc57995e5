"""Mails over a real SMTP socket."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import text

from orderhub.clock import FixedClock
from orderhub.connections import Connection
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.outbox import Effect, enqueue
from orderhub.db.postgres import free_port
from orderhub.delivery.dispatch import deliver_pending
from orderhub.delivery.mail import build_mail, send_mail
from orderhub.errors import RefusedError, TransientError
from orderhub.settings import Settings

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
PAYLOAD = {
    "to": ["supervisor@example.test"],
    "subject": "订单\n挂起",
    "text": "见 {airflow_url}",
    "html": "<p>{airflow_url}</p>",
}


class Mailbox:
    """Takes mails; refuses addresses as told."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refusal = ""

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    box.port = controller.port
    yield box
    controller.stop()


def connection_to(port: int) -> Connection:
    return Connection(
        host="127.0.0.1", port=port, extra={"disable_ssl": True, "disable_tls": True, "timeout": 5}
    )


def mail(**changes: object) -> EmailMessage:
    options = {
        "sender": "orderhub@example.test",
        "language": "zh",
        "airflow_url": "http://127.0.0.1:8080",
    } | changes
    return build_mail("mail:held:1", NOW, PAYLOAD, **options)


def test_a_chinese_mail_arrives_whole(mailbox: Mailbox) -> None:
    send_mail(connection_to(mailbox.port), mail())

    [received] = mailbox.mails
    assert (received["Subject"], received["To"]) == ("订单 挂起", "supervisor@example.test")
    assert received.get_body(("plain",)).get_content().strip() == "见 http://127.0.0.1:8080"
    assert received.get_body(("html",)).get_content().strip() == "<p>http://127.0.0.1:8080</p>"


def test_a_mail_sent_twice_is_the_same_mail(mailbox: Mailbox) -> None:
    send_mail(connection_to(mailbox.port), mail())
    send_mail(connection_to(mailbox.port), mail())

    first, second = mailbox.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert [mail["Date"].datetime for mail in (first, second)] == [NOW, NOW]


def test_an_address_that_is_refused_for_good_is_given_up(mailbox: Mailbox) -> None:
    mailbox.refusal = "550 no such user"

    with pytest.raises(RefusedError, match=r"alerts\.yaml"):
        send_mail(connection_to(mailbox.port), mail())


def test_an_address_that_is_refused_for_now_is_tried_later(mailbox: Mailbox) -> None:
    mailbox.refusal = "450 greylisted"

    with pytest.raises(TransientError):
        send_mail(connection_to(mailbox.port), mail())


def test_a_missing_server_is_tried_later() -> None:
    with pytest.raises(TransientError, match="smtp_default"):
        send_mail(connection_to(free_port()), mail())


class ClosedShop:
    """Takes nobody's login."""

    async def handle_AUTH(self, server, session, envelope, args):  # noqa: N802 - aiosmtpd's name
        return "535 5.7.8 authentication failed"


def test_a_refused_login_keeps_the_mail_for_later() -> None:
    """A password that ran out must not cost alerts."""
    controller = Controller(ClosedShop(), hostname="127.0.0.1", port=free_port(), auth_require_tls=False)
    controller.start()
    connection = connection_to(controller.port).model_copy(update={"login": "hub"})

    with pytest.raises(TransientError, match="smtp_default"):
        send_mail(connection, mail())

    controller.stop()


def test_the_outbox_delivers_a_mail_in_the_language_of_the_hub(
    database: Database, mailbox: Mailbox, tmp_path: Path
) -> None:
    clock = FixedClock(NOW)
    english = {"subject": "Held", "text": "see {airflow_url}"}
    effect = Effect("mail:held:1", "mail", "held:1", PAYLOAD | {"sender": "hub@example.test", "en": english})
    with hold_scope(database, "config") as lease, database.transaction(lease) as connection:
        enqueue(connection, [effect], clock)
    (tmp_path / "connections.json").write_text(
        json.dumps({"smtp_default": connection_to(mailbox.port).model_dump(mode="json", by_alias=True)})
    )
    settings = Settings(
        home=tmp_path, database_url="postgresql://unused", hash_key="unused", language="en", connections=tmp_path / "connections.json"
    )  # fmt: skip

    counts = deliver_pending(database, clock, settings)

    [received] = mailbox.mails
    assert (counts.sent, received["From"]) == (1, "hub@example.test")
    assert received["Subject"] == "Held"
    assert received.get_body(("plain",)).get_content().startswith("see http")
    with database.read() as connection:
        assert connection.execute(text("select state from ops.outbox")).scalar_one() == "sent"
