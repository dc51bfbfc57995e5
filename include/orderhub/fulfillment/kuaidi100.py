"""Asks Kuaidi100 (快递100) for the trace of one parcel; what is unconfirmed: docs/how-to/write-back.md."""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests

from orderhub.clock import BEIJING
from orderhub.connections import Connection
from orderhub.domain.parcels import plain_number
from orderhub.errors import ConfigError, ContractError, CredentialError, TransientError
from orderhub.platforms.payload import parse_json, quotable

_SERVER_ERROR = 500
ENDPOINT = "https://poll.kuaidi100.com/poll/query.do"
#: Nothing is known of the number yet.
_NOT_YET = frozenset({"500"})
_DENIED = frozenset({"503", "600", "601"})
#: Words of a row that is no scan: the label exists, the parcel is waited for.
_WAITED_FOR = re.compile("下单|待揽|等待|打印|面单|预约")


@dataclass(frozen=True)
class Scan:
    """One row of a trace."""

    at: datetime
    said: str


def sign(param: str, key: str, customer: str) -> str:
    """Return the signature of a query: MD5 over the three, upper-case hex."""
    return hashlib.md5(f"{param}{key}{customer}".encode()).hexdigest().upper()  # noqa: S324 - their protocol


class Kuaidi100:
    """One customer of Kuaidi100.

    Args:
        connection: `login` the customer, `password` the key; a `host` overrides the address.

    Raises:
        ConfigError: it lacks one of them.
    """

    def __init__(self, connection: Connection) -> None:
        self._customer = connection.login
        self._key = connection.password.get_secret_value()
        if not (self._customer and self._key):
            raise ConfigError("Kuaidi100: the connection must give login (customer) and password (key)")
        self._address = connection.host or ENDPOINT
        self._timeout = float(connection.extra.get("timeout", 10))
        self._session = requests.Session()
        self._session.trust_env = False

    def close(self) -> None:
        """Close pooled connections."""
        self._session.close()

    def scans(self, carrier: str, tracking_number: str, phone_end: str) -> list[Scan]:
        """Return the carrier's scans of a parcel, the oldest first; none while nothing is known.

        Args:
            carrier: by their code.
            tracking_number: of the waybill.
            phone_end: last four digits of the sender's phone, which some carriers want.

        Raises:
            CredentialError: key or customer is refused.
            TransientError: no answer.
            ContractError: an answer that is not theirs.
        """
        wanted = {"com": carrier, "num": tracking_number, "phone": phone_end, "resultv2": "1"}
        param = json.dumps(wanted, ensure_ascii=False, separators=(",", ":"))
        form = {"customer": self._customer, "param": param, "sign": sign(param, self._key, self._customer)}
        try:
            answer = self._session.post(
                self._address, data=form, timeout=self._timeout, allow_redirects=False
            )
        except requests.RequestException as error:
            raise TransientError(f"Kuaidi100: no answer ({type(error).__name__})") from None
        if answer.status_code >= _SERVER_ERROR:
            self._session.close()  # Servers that break hang up, perhaps just when the next call goes out.
            raise TransientError(f"Kuaidi100: HTTP {answer.status_code}")
        body = parse_json(answer.content, "Kuaidi100")
        if not isinstance(body, dict):
            raise ContractError("Kuaidi100: the answer is no object")
        code = str(body.get("returnCode", ""))
        if code in _DENIED:
            raise CredentialError(f"Kuaidi100 refuses our key ({code}); check its connection")
        if code and code not in _NOT_YET:
            raise ContractError(f"Kuaidi100: returnCode {quotable(code, 10)}")
        if plain_number(str(body.get("nu", tracking_number))) != plain_number(tracking_number):
            raise ContractError("Kuaidi100: the answer is about another parcel than the one asked for")
        return sorted(_scans(body.get("data")), key=lambda scan: scan.at)


def _scans(rows: Any) -> Iterator[Scan]:
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict):
            continue
        said = f"{row.get('status', '')} {row.get('context', '')}"
        if _WAITED_FOR.search(said):
            continue
        with suppress(ValueError, OverflowError):
            at = datetime.fromisoformat(str(row.get("ftime") or row.get("time")))
            yield Scan(at.replace(tzinfo=BEIJING).astimezone(UTC), said)
