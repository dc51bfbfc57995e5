"""The mail server: takes every mail, keeps it for people and tests to read, and fails on demand."""

import asyncio
import email
import email.policy
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

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

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.mails: list[Mail] = []
        self.refuse = 0
        self.drop_after_data = 0
        self._clock = clock

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
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
        self.mails.append(
            Mail(
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
        )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""
