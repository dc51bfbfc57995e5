"""Calls one WMS over Qimen (奇门): signs, sends, and turns what comes back into answers or our errors.

Not for what an answer means for an order: `answers`. Sources and what is unconfirmed: docs/wms.md.
"""

import hashlib
import hmac
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element

import requests

from orderhub.clock import BEIJING, Clock
from orderhub.connections import Connection
from orderhub.errors import ConfigError, ContractError, CredentialError, TransientError
from orderhub.fulfillment.wms.xml import Tree, read, text_at, write
from orderhub.platforms.payload import quotable
from orderhub.platforms.receiving import read_body

MOST_BYTES = 10 << 20
#: A message that comes to us speaks of one document.
MOST_PUSHED = 1 << 20
#: How far the clocks of the two may be apart; Qimen's own.
SKEW = timedelta(minutes=10)
#: A whole answer may take so many times the longest silence in it.
_LONGEST_ANSWER = 3
_SERVER_ERROR = 500
_SHORTEST_SECRET = 8
_FINE = frozenset({"", "0", "200"})
_HEADERS = {"Content-Type": "application/xml; charset=utf-8"}
#: The WMS will not listen to us before a person has put the connection right.
_DENIED = frozenset({"sign-check-failure", "isv.timestamp-expired", "isv.invalid-method"})
#: Words of an answer that only ask for patience; other words are each WMS's own.
_BUSY = ("SYSTEM_BUSY", "系统繁忙", "timeout", "超时", "稍后")


@dataclass(frozen=True)
class Answer:
    """What a WMS said to one call.

    Attributes:
        is_success: its flag says success and its code nothing else.
        code: its own word; empty where it gives none.
        message: for people.
        body: the whole answer.
    """

    is_success: bool
    code: str
    message: str
    body: Element = field(repr=False)


def sign(query: Mapping[str, str], body: str, secret: str) -> str:
    """Return Qimen's signature over the query without `sign`, and the body exactly as sent."""
    pairs = "".join(f"{name}{query[name]}" for name in sorted(query) if name != "sign")
    signed = f"{secret}{pairs}{body}{secret}".encode("utf-8", "surrogateescape")
    return hashlib.md5(signed).hexdigest().upper()  # noqa: S324 - Qimen's own


def stamped(said: str) -> datetime:
    """Return the time of a message, Beijing's as Qimen writes it; one that cannot be read is long ago."""
    with suppress(ValueError, OverflowError):
        return datetime.strptime(said, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING).astimezone(UTC)
    return datetime(2000, 1, 1, tzinfo=UTC)


def asks_for_patience(said: str) -> bool:
    """Return whether an error's words only ask to come back."""
    return any(word.lower() in said.lower() for word in _BUSY)


class Qimen:
    """One WMS and the merchant's account at it.

    Args:
        connection: `host` the whole address, `login` the app key, `password` the secret, `extra.customer_id`,
            perhaps `extra.method_prefix` (where a gateway stands between) and `extra.timeout` in seconds.
        clock: stamps calls.

    Raises:
        ConfigError: the connection lacks one of them.
    """

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._customer = str(connection.extra.get("customer_id", ""))
        self._secret = connection.password.get_secret_value()
        if not (connection.host and connection.login and self._secret and self._customer):
            raise ConfigError("WMS: the connection must give host, login, password and extra.customer_id")
        self._address = connection.host if "://" in connection.host else f"http://{connection.host}"
        self._app_key = connection.login
        self._prefix = str(connection.extra.get("method_prefix", ""))
        self._timeout = float(connection.extra.get("timeout", 20))
        self._clock = clock
        self._session = requests.Session()
        self._session.trust_env = False

    def call(self, method: str, tree: Tree) -> Answer:
        """Send one request and return the answer, also where the WMS refuses.

        Raises:
            CredentialError: it does not accept our signature, key or time.
            TransientError: no whole answer, a server's error, or it asks to come back. What was sent may have
                been worked on.
            ContractError: the answer is not Qimen's.
        """
        body = write("request", tree)
        answer = self._judged(method, self._sent(method, body))
        if not answer.is_success and answer.code in _DENIED:
            raise CredentialError(
                f"WMS refuses our calls ({answer.code}); check its connection (key, secret, customer_id) "
                "and this machine's clock"
            )
        if not answer.is_success and asks_for_patience(f"{answer.code} {answer.message}"):
            raise TransientError(f"WMS {method}: {answer.code} {answer.message}")
        return answer

    def refuse_unsigned(self, query: Mapping[str, str], body: bytes) -> None:
        """Let a call pass that came to us, carries this account's signature and was made just now.

        Raises:
            CredentialError: it is not this account's, its body is another, or it was recorded before.
            ContractError: it is larger than any message; nothing of it was read.
        """
        if len(body) > MOST_PUSHED:
            raise ContractError(f"WMS: a message of {len(body)} bytes; nothing of it was read")
        mine = {"app_key": self._app_key, "customerId": self._customer}
        expected = sign(query, body.decode("utf-8", "surrogateescape"), self._secret)
        is_ours = all(query.get(name) == value for name, value in mine.items())
        if not (hmac.compare_digest(query.get("sign", "").encode(), expected.encode()) and is_ours):
            raise CredentialError("a message is not signed by its WMS")
        if abs(stamped(query.get("timestamp", "")) - self._clock.now()) > SKEW:
            raise CredentialError(
                f"a message of a WMS is more than {SKEW // timedelta(minutes=1)} minutes old, or of a time "
                "to come; is this machine's clock right?"
            )

    def _sent(self, method: str, body: bytes) -> bytes:
        query = {
            "method": f"{self._prefix}{method}",
            "timestamp": self._clock.now().astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
            "format": "xml",
            "app_key": self._app_key,
            "v": "2.0",
            "sign_method": "md5",
            "customerId": self._customer,
        }
        query["sign"] = sign(query, body.decode(), self._secret)
        try:
            with self._session.post(
                self._address,
                params=query,
                data=body,
                headers=_HEADERS,
                timeout=self._timeout,
                stream=True,
                allow_redirects=False,
            ) as answer:
                limit = _LONGEST_ANSWER * self._timeout
                content = read_body(answer, f"WMS {method}", self._clock, limit, MOST_BYTES)
        except requests.RequestException as error:
            # Their texts quote the address, and that holds the signature.
            raise TransientError(f"WMS {method}: no whole answer ({type(error).__name__})") from None
        if answer.status_code >= _SERVER_ERROR:
            self._session.close()  # It may hang up just when the next call goes out.
            raise TransientError(f"WMS {method}: HTTP {answer.status_code}")
        return content

    def _judged(self, method: str, content: bytes) -> Answer:
        # A WMS that cannot make sense of a signature may show with what it was made.
        is_secret = len(self._secret) >= _SHORTEST_SECRET
        root = read(content.replace(self._secret.encode(), b"...") if is_secret else content)
        flag, code, message = (quotable(text_at(root, name)) for name in ("flag", "code", "message"))
        if root.tag != "response" or flag not in {"success", "failure"}:
            raise ContractError(f"WMS {method}: the answer has no flag")
        if (flag == "success") != (code in _FINE) and not (flag == "failure" and code == ""):
            # Success with an error's code, or the reverse: neither is believed.
            raise ContractError(f"WMS {method}: flag {flag} with code {code!r}")
        return Answer(flag == "success", code, message[:200], root)
