"""Sends one mail over the connection `smtp_default`.

A mail sent twice is the same mail: its Message-ID comes from the outbox id and its date from the outbox row.
"""

import hashlib
import smtplib
import ssl
from collections.abc import Mapping
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from typing import Any, Literal

from orderhub.alerts.links import LINK
from orderhub.connections import Connection
from orderhub.errors import RefusedError, TransientError

_POLICY = policy.SMTP.clone(cte_type="7bit")
_TIMEOUT_SECONDS = 15
_PERMANENT = 500


def build_mail(
    outbox_id: str,
    created_at: datetime,
    payload: Mapping[str, Any],
    *,
    sender: str,
    language: Literal["zh", "en"],
    airflow_url: str,
) -> EmailMessage:
    """Return the mail of an outbox row.

    Args:
        outbox_id: becomes the Message-ID.
        created_at: becomes the date.
        payload: `to`, `subject`, `text`, perhaps `html`, and perhaps the same three under `en`.
        sender: address that sends.
        language: which texts; Chinese when there is no English one.
        airflow_url: where links point.
    """
    texts = payload.get(language, payload)
    message = EmailMessage(policy=_POLICY)
    message["Message-ID"] = f"<{hashlib.sha256(outbox_id.encode()).hexdigest()[:40]}@orderhub.invalid>"
    message["Date"] = format_datetime(created_at)
    message["From"] = sender
    message["To"] = ", ".join(payload["to"])
    message["Subject"] = " ".join(str(texts["subject"]).split())
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(str(texts["text"]).replace(LINK, airflow_url))
    if "html" in texts:
        message.add_alternative(str(texts["html"]).replace(LINK, escape(airflow_url)), subtype="html")
    return message


def send_mail(connection: Connection, message: EmailMessage) -> dict[str, Any]:
    """Send `message` and return whom the server refused, by address.

    Raises:
        RefusedError: the server will never take it (a 5xx answer for the mail or for every recipient).
        TransientError: no connection, no login, or the server asks to come back.
    """
    try:
        with _open(connection) as server:
            refused = server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise _fault(min(codes), "every recipient is refused") from None
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        raise _fault(error.smtp_code, "the server refuses the mail") from None
    except (OSError, smtplib.SMTPException) as error:
        # A refused login is among these: the mail waits until a person has corrected the password.
        where = f"{connection.host}:{connection.port}"
        raise TransientError(f"mail server {where}: {type(error).__name__}; is smtp_default right?") from None
    return {"refused": sorted(refused)}


def _fault(code: int, said: str) -> RefusedError | TransientError:
    if code >= _PERMANENT:
        return RefusedError(f"mail: {said} (code {code}); check alerts.yaml and connection smtp_default")
    return TransientError(f"mail: {said} for now (code {code})")


def _open(connection: Connection) -> smtplib.SMTP:
    """Connect as Airflow's SMTP provider reads the same connection: TLS unless `extra` disables it."""
    timeout = float(connection.extra.get("timeout", _TIMEOUT_SECONDS))
    context = ssl.create_default_context()
    if not connection.extra.get("disable_ssl"):
        port = connection.port or 465
        server: smtplib.SMTP = smtplib.SMTP_SSL(connection.host, port, timeout=timeout, context=context)
    else:
        server = smtplib.SMTP(connection.host, connection.port or 25, timeout=timeout)
    try:
        if connection.extra.get("disable_ssl") and not connection.extra.get("disable_tls"):
            server.starttls(context=context)
        if connection.login:
            server.login(connection.login, connection.password.get_secret_value())
    except BaseException:
        server.close()
        raise
    return server
