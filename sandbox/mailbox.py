"""The mail server: takes every mail, keeps it for people and tests to read, and fails on demand."""

import asyncio
import email
import email.policy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.state import read_lines

ACCEPTED = "250 OK"
REFUSED = "451 4.3.0 The sandbox refuses this mail, try again later"


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as it was accepted."""

    number: int
    sender: str
    recipients: list[str]
    subject: str
    text: str
    html: str
    message_id: str
    received_at: datetime
    attachments: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, values: dict[str, Any]) -> "Mail":
        """Return the mail that `as_json` gave these values for."""
        named = {"sender": values["from"], "recipients": values["to"]}
        rest = {name: value for name, value in values.items() if name not in {"from", "to"}}
        return cls(**{**rest, **named, "received_at": datetime.fromisoformat(values["received_at"])})

    def as_json(self) -> dict[str, Any]:
        """Return the mail for `/admin/mails`."""
        return {
            "number": self.number,
            "from": self.sender,
            "to": self.recipients,
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "message_id": self.message_id,
            "received_at": self.received_at.isoformat(),
            "attachments": self.attachments,
        }


class Mailbox:
    """An aiosmtpd handler. `refuse` and `drop_after_data` count how many mails shall still fail so."""

    def __init__(self, clock: Callable[[], datetime], file: Path | None = None) -> None:
        self.mails = [Mail.of(values) for values in read_lines(file)] if file else []
        self._file = file
        self.refuse = 0
        self.drop_after_data = 0
        self._clock = clock

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - the library's name
        """Accept a mail, refuse it, or keep it and hang up before saying so."""
        if self.refuse > 0:
            self.refuse -= 1
            return REFUSED
        self._keep(envelope)
        if self.drop_after_data > 0:
            self.drop_after_data -= 1
            transport = server.transport
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()
        return ACCEPTED

    def _keep(self, envelope: Envelope) -> None:
        raw = envelope.content or b""
        content = raw if isinstance(raw, bytes) else raw.encode()
        message = email.message_from_bytes(content, policy=email.policy.default)
        mail = Mail(
            number=len(self.mails) + 1,
            sender=envelope.mail_from or "",
            recipients=[str(address) for address in envelope.rcpt_tos],
            subject=str(message["subject"] or ""),
            text=_part(message, "plain"),
            html=_part(message, "html"),
            message_id=str(message["message-id"] or ""),
            received_at=self._clock(),
            attachments=[part.get_filename() or "" for part in message.iter_attachments()],
        )
        self.mails.append(mail)
        if self._file:
            with self._file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(mail.as_json(), ensure_ascii=False) + "\n")


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""
