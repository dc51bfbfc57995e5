"""Posts a form to a waybill service and reads JSON back; whatever goes wrong on the way is nothing known."""

from collections.abc import Mapping
from typing import Any

import requests

from orderhub.connections import Connection
from orderhub.errors import ConfigError, ContractError, TransientError

_SERVER_ERROR = 500


class FormDoor:
    """One address that takes forms.

    Raises:
        ConfigError: the connection has no address, key or secret.
    """

    def __init__(self, connection: Connection, what: str) -> None:
        self.secret = connection.password.get_secret_value()
        if not (connection.host and connection.login and self.secret):
            raise ConfigError(f"{what}: the connection must give host, login and password")
        self.key = connection.login
        self._what = what
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
            answer = self._session.post(
                self._address, data=dict(form), timeout=self._timeout, allow_redirects=False
            )
        except requests.RequestException as error:
            # Their texts quote what was sent, and that holds the signature.
            raise TransientError(f"{self._what}: no whole answer ({type(error).__name__})") from None
        if answer.status_code >= _SERVER_ERROR:
            raise TransientError(f"{self._what}: HTTP {answer.status_code}")
        try:
            said = answer.json()
        except ValueError:
            raise ContractError(f"{self._what}: the answer is not JSON") from None
        if not isinstance(said, dict):
            raise ContractError(f"{self._what}: the answer is not a JSON object")
        return said
