"""Posts a form to a waybill service and reads JSON back; whatever goes wrong on the way is nothing known."""

from collections.abc import Mapping
from typing import Any

import requests

from orderhub.clock import Clock
from orderhub.connections import Connection
from orderhub.domain.parcels import is_number, plain_number
from orderhub.errors import ConfigError, ContractError, TransientError
from orderhub.platforms.payload import parse_json, quotable
from orderhub.platforms.receiving import read_body

_SERVER_ERROR = 500
#: A whole answer may take so many times the longest silence in it.
_LONGEST_ANSWER = 3
_MOST_QUOTED = 150


class FormDoor:
    """One address that takes forms.

    Raises:
        ConfigError: the connection has no address, key or secret.
    """

    def __init__(self, connection: Connection, clock: Clock, what: str) -> None:
        self.secret = connection.password.get_secret_value()
        if not (connection.host and connection.login and self.secret):
            raise ConfigError(f"{what}: the connection must give host, login and password")
        self.key = connection.login
        self._what, self._clock = what, clock
        self._address = connection.host if "://" in connection.host else f"https://{connection.host}"
        self._timeout = float(connection.extra.get("timeout", 20))
        self._session = requests.Session()
        self._session.trust_env = False

    def post(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Return the answer.

        Raises:
            TransientError: no whole answer, or a server's error; what was sent may have been worked on.
            ContractError: the answer is no JSON object.
        """
        try:
            with self._session.post(
                self._address, data=dict(form), timeout=self._timeout, allow_redirects=False, stream=True
            ) as answer:
                body = read_body(answer, self._what, self._clock, _LONGEST_ANSWER * self._timeout)
        except requests.RequestException as error:
            # Their texts quote what was sent, and that holds the signature.
            raise TransientError(f"{self._what}: no whole answer ({type(error).__name__})") from None
        if answer.status_code >= _SERVER_ERROR:
            self._session.close()  # It may hang up just when the next call goes out.
            raise TransientError(f"{self._what}: HTTP {answer.status_code}")
        said = parse_json(body, self._what)
        if not isinstance(said, dict):
            raise ContractError(f"{self._what}: the answer is not a JSON object")
        return said


def quoted(said: str, *secrets: str) -> str:
    """Return a service's words as they may be kept: one line, without our secrets and people's phones."""
    for secret in filter(None, secrets):
        said = said.replace(secret, "…")
    return quotable(said, _MOST_QUOTED)


def number_in(value: Any) -> str:
    """Return a label's tracking number.

    Raises:
        ContractError: it is none, so that nobody knows whether a label was made.
    """
    number = plain_number(str(value)) if isinstance(value, str | int) and value is not True else ""
    if not is_number(number):
        raise ContractError("waybill service: a label without a number, or with what is none")
    return number
