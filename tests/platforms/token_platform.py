"""A platform in a transport that knows which tokens are good, and counts who asks for new ones."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from cryptography.fernet import Fernet
from pydantic import SecretStr

from orderhub.clock import FixedClock
from orderhub.connections import Connection
from orderhub.db.engine import Database
from orderhub.platforms.budgets import CallBudgets, Caller
from orderhub.platforms.client import Client
from orderhub.platforms.protocol import Api, Call
from orderhub.platforms.token_store import Account, TokenStore, fingerprint_of
from tests.answers import body_of
from tests.platforms.scripted import api, call

KEY = SecretStr(Fernet.generate_key().decode())
LIST: Call = call("{method: list, path: /list, root: data}")
GRANT = """
auth:
  grant: {grant}
  signed: false
  call:
    method: renew
    path: /renew
    root: data
    parameters: {{refresh_token: "{{refresh_token}}", app_key: "{{app_key}}", app_secret: "{{app_secret}}"}}
  access_token: access_token
  refresh_token: refresh_token
  expires_in: expires_in
  renew_before_seconds: 600
"""
PROTOCOL = """
endpoint: https://real.example
encoding: json
signing: none
account: {{token: token}}
envelope:
  success: ["0"]
  code: code
  message: said
  wait: wait
  errors:
    - {{code: "401", means: token}}
    - {{code: "403", means: credential}}
    - {{code: "429", means: throttle}}
    - {{code: "500", means: transient}}
budgets: {budgets}
"""


def api_of(grant: str = "refresh_token", budgets: str = "[]", **changed: Any) -> Api:
    """Return the protocol of the platform below."""
    return api((PROTOCOL + GRANT).format(grant=grant, budgets=budgets)).model_copy(update=changed)


class TokenPlatform(requests.adapters.BaseAdapter):
    """Gives out `access-<n>` and `refresh-<n>`; each pair ends the one before.

    Attributes:
        lasts: of a new access token.
        keeps_refresh: the refresh token stays the same for ever.
        says_end: what it says of a new token's end; None: the seconds that it lasts.
        renewal_status: HTTP status that calls for tokens are answered with.
        refuses: a code that every call for tokens is answered with.
        while_renewing: called between the question and the answer.
    """

    def __init__(self, clock: FixedClock, lasts: timedelta = timedelta(hours=2)) -> None:
        super().__init__()
        self.clock = clock
        self.lasts = lasts
        self.number = 0
        self.ends_at: datetime | None = None
        self.keeps_refresh = False
        self.refuses = 0
        self.renewal_status = 200
        self.says_end: Any = None
        self.while_renewing: Callable[[], Any] = lambda: None
        self.renewals = 0
        self.refused = 0
        self.answered = 0
        self.hosts: list[str] = []
        self.banned_until: datetime | None = None
        self.while_banned = 0
        self.said = "the token is over"
        self._lock = threading.Lock()

    def expire(self) -> None:
        """Let the token that is good now end."""
        self.ends_at = self.clock.now()

    def send(self, request: Any, *_: Any, **__: Any) -> requests.Response:
        address = urlsplit(request.url)
        self.hosts.append(address.netloc)
        renews = address.path.endswith("/renew")
        if renews and self.renewal_status != requests.codes.ok:
            return self._reply(self.renewal_status, {"error": "invalid_grant"})
        value = self._renew(json.loads(request.body)) if renews else self._list(parse_qs(address.query))
        return self._reply(requests.codes.ok, value)

    def _reply(self, status: int, value: dict[str, Any]) -> requests.Response:
        response = requests.Response()
        response.status_code, response.raw = status, body_of(json.dumps(value).encode())
        return response

    def close(self) -> None:
        """Nothing is open."""

    def _list(self, query: dict[str, list[str]]) -> dict[str, Any]:
        with self._lock:
            if self.banned_until is not None and self.clock.now() < self.banned_until:
                self.while_banned += 1
                return {"code": 429, "said": "slow down", "wait": 60}
            is_over = self.ends_at is not None and self.clock.now() >= self.ends_at
            if is_over or query.get("token") != [f"access-{self.number}"]:
                self.refused += 1
                return {"code": 401, "said": self.said}
            self.answered += 1
            return {"code": 0, "data": {"rows": []}}

    def _renew(self, asked: dict[str, str]) -> dict[str, Any]:
        with self._lock:
            self.renewals += 1
        self.while_renewing()
        with self._lock:
            kept = "refresh-0" if self.keeps_refresh else f"refresh-{self.number}"
            if self.refuses or asked["refresh_token"] not in (kept, ""):
                return {"code": self.refuses or 403, "said": "no"}
            self.number += 1
            self.ends_at = self.clock.now() + self.lasts
            data = {"access_token": f"access-{self.number}", "expires_in": self._end()}
            if not self.keeps_refresh:
                data["refresh_token"] = f"refresh-{self.number}"
            return {"code": 0, "data": data}

    def _end(self) -> Any:
        return self.lasts.total_seconds() if self.says_end is None else self.says_end


def connection(**changed: Any) -> Connection:
    """Return the account as it is kept outside the database."""
    extra = {"access_token": "access-0", "refresh_token": "refresh-0"}
    fields = {"host": "http://platform", "login": "app", "password": "secret", "extra": extra} | changed
    return Connection.model_validate(fields)


@contextmanager
def opened() -> Iterator[Callable[..., Client]]:
    """Yield `client_of`, whose clients are closed at the end."""
    with ExitStack() as stack:

        def make(*given: Any, **named: Any) -> Client:
            return stack.enter_context(closing(client_of(*given, **named)))

        yield make


def client_of(
    database: Database, platform: TokenPlatform, protocol: Api | None = None, given: Connection | None = None,
    *, key: SecretStr | None = KEY, wait: Callable[[float], Any] | None = None, shop_id: str = "shop",
) -> Client:  # fmt: skip
    """Return what one process would call the platform with."""
    protocol, given = protocol or api_of(), given or connection()
    account = Account("toy", "toy_connection", shop_id, fingerprint_of(protocol, given))
    wait = wait or (lambda seconds: platform.clock.move(timedelta(seconds=seconds)))
    made = Client(
        protocol, given, platform.clock, wait,
        store=TokenStore(database, platform.clock, account, key),
        budgets=CallBudgets(database, platform.clock, Caller("toy", given.login, shop_id), protocol.budgets, wait),
    )  # fmt: skip
    for scheme in ("http://", "https://"):
        made._session.mount(scheme, platform)
    return made
