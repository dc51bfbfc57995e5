"""Calls one shop's platform: fills parameters, signs, sends, and turns error answers into our errors."""

import logging
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import requests
import tenacity
from pydantic import SecretStr

from orderhub.clock import Clock
from orderhub.config.models import Shop
from orderhub.connections import Connection
from orderhub.db.engine import Database
from orderhub.errors import (
    ConfigError,
    CredentialError,
    OrderhubError,
    RetryError,
    ThrottledError,
    TokenError,
    TransientError,
)
from orderhub.platforms.authorize import (
    ACCESS_TOKEN,
    authorizing_api,
    authorizing_endpoint,
    granted_by,
)
from orderhub.platforms.budgets import SHORT_WAIT_SECONDS, CallBudgets, Caller
from orderhub.platforms.encoding import Request, Stamp, encode, fill
from orderhub.platforms.envelope import Answer, body_of, refusal_in, silence
from orderhub.platforms.protocol import Api, Call
from orderhub.platforms.receiving import read_body
from orderhub.platforms.spec import Platform
from orderhub.platforms.times import write_time
from orderhub.platforms.token_store import Account, Granted, Token, TokenStore, fingerprint_of, own_tokens
from orderhub.platforms.tokens import Tokens
from orderhub.platforms.writes import Write

#: A whole answer may take so many times the longest silence in it.
_LONGEST_ANSWER = 3
_DENIED = (requests.codes.bad_request, requests.codes.unauthorized, requests.codes.forbidden)
ATTEMPTS = 4


def shop_client(
    database: Database,
    clock: Clock,
    platform: Platform,
    shop: Shop,
    connection: Connection,
    token_key: SecretStr | None,
    wait: Callable[[float], Any] = time.sleep,
) -> "Client":
    """Return the shop's client, which shares tokens and call budgets with all other processes.

    Raises:
        ConfigError: the shop has no connection, or its platform no API.
    """
    api = platform.spec.api
    if shop.connection is None or api is None:
        raise ConfigError(f"shops.yaml: shop {shop.id} has no connection; name the one with its credentials")
    account = Account(platform.spec.name, shop.connection, shop.id, fingerprint_of(api, connection))
    caller = Caller(platform.spec.name, connection.login, shop.id)
    return Client(
        api, connection, clock, wait,
        store=TokenStore(database, clock, account, token_key),
        budgets=CallBudgets(database, clock, caller, api.budgets, wait),
    )  # fmt: skip


class Client:
    """One shop's access to its platform; safe to use from several threads.

    Args:
        api: how calls are made.
        connection: credentials; a non-empty host overrides the endpoint.
        clock: stamps requests.
        wait: sleeps between attempts; tests pass one that does not.
        store: keeps renewed tokens; without one the connection's own token is all there is.
        budgets: asked before each call.
    """

    def __init__(
        self, api: Api, connection: Connection, clock: Clock, wait: Callable[[float], Any] = time.sleep,
        *, store: TokenStore | None = None, budgets: CallBudgets | None = None,
    ) -> None:  # fmt: skip
        self._api = api
        self._connection = connection
        self._clock = clock
        self._endpoint = connection.host or api.endpoint
        self._tokens = Tokens(api.auth, connection, store, self._authorize, clock, wait)
        self._can_renew = api.auth is not None and store is not None
        self._budgets = budgets
        self._is_accepted = False
        self._skew = timedelta()
        self._least_skew = timedelta.max  # No answer has told a time yet.
        self._zone = ZoneInfo(api.zone)
        # At its lowest level it would write whole addresses, and some platforms want the token in them.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
        self._session = requests.Session()
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=api.concurrency + 1)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        self._retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=_pause,
            retry=tenacity.retry_if_exception(_is_worth_retrying),
            reraise=True,
            sleep=wait,
        )
        # The answer to a write may be lost though it was done: only what was surely refused is repeated.
        self._waiting = self._retrying.copy(retry=tenacity.retry_if_exception(_is_short_ban))

    @property
    def concurrency(self) -> int:
        """Return how many calls may run at once."""
        return self._api.concurrency

    @property
    def is_accepted(self) -> bool:
        """Return whether the platform has answered a call of ours, so that it knows the account."""
        return self._is_accepted

    def platform_now(self) -> datetime:
        """Return the platform's present, UTC: our clock corrected by the Date headers of its answers.

        By the earliest of them: one server whose clock is ahead must not close a window that is not over.
        """
        told = self._least_skew != timedelta.max
        return self._clock.now() + (self._least_skew if told else timedelta())

    def call(self, call: Call, values: Mapping[str, Any], changed: Mapping[str, Any] | None = None) -> Any:
        """Return the body (at `call.root`) of one answer.

        Args:
            call: the method.
            values: what its placeholders stand for ({start}, {id}, {order_id}, …); times are UTC. {seller_id}
                is the connection's extra.seller_id.
            changed: parameters that replace those of the call.

        Raises:
            ThrottledError: the platform asks us to wait longer than we wait in place.
            TransientError: network or back end, after the last attempt.
            ContractError: the answer is not what the protocol documents, after the last attempt.
            CredentialError: token, key or signature refused.
            ConfigError: the request itself is refused.
            NotTaken: a write is refused, and the spec knows what that means.
        """
        repeating = self._waiting if isinstance(call, Write) else self._retrying
        return repeating(self._once, call, values, changed or {})

    def close(self) -> None:
        """Close pooled connections."""
        self._session.close()
        if self._budgets is not None:
            self._budgets.close()

    def _once(self, call: Call, values: Mapping[str, Any], changed: Mapping[str, Any]) -> Any:
        token = self._tokens.current() if ACCESS_TOKEN in self._api.account.values() else Token("")
        try:
            body = self._ask(self._api, self._endpoint, call, values, changed, token)
        except TokenError:
            if not self._can_renew:
                raise
            token = self._tokens.after_refusal(token)
            body = self._ask(self._api, self._endpoint, call, values, changed, token)
        self._is_accepted = True
        return body

    def _authorize(self, refresh_token: str) -> Granted:
        """Ask the platform for the next access token.

        Raises:
            CredentialError: it gives none; a person must act.
            RetryError: it could not be asked.
        """
        auth, connection = self._api.auth, self._connection
        assert auth is not None
        endpoint = authorizing_endpoint(auth, connection, self._endpoint)
        values = {
            "refresh_token": refresh_token,
            "app_key": connection.login,
            "app_secret": connection.password.get_secret_value(),
        }
        body = self._ask(authorizing_api(self._api, auth), endpoint, auth.call, values, {}, Token(""))
        return granted_by(auth, body, self._clock.now())

    def _ask(
        self, api: Api, endpoint: str, call: Call, values: Mapping[str, Any], changed: Mapping[str, Any],
        token: Token,
    ) -> Any:  # fmt: skip
        if self._budgets is not None:
            self._budgets.take(call.method)
        request = self._request(api, endpoint, call, values, changed, token)
        answer = self._send(call.method, endpoint, request)
        try:
            answers = call.answers if isinstance(call, Write) else ()
            refusal = refusal_in(api.envelope, call.method, answer, answers)
            if refusal is not None:
                raise refusal
            if answer.status != requests.codes.ok:
                raise self._unanswered(call, answer.status)
            return body_of(api.envelope, call, answer)
        except OrderhubError as error:
            silence(error, self._secrets(token, values))
            if isinstance(error, ThrottledError) and self._budgets is not None:
                self._budgets.ban(call.method, error.wait_seconds, str(error))
            raise

    def _unanswered(self, call: Call, status: int) -> OrderhubError:
        """Return what a bare HTTP status means: servers that renew tokens say a refusal by it."""
        is_renewal = self._api.auth is not None and call is self._api.auth.call
        if is_renewal and status in _DENIED:
            return CredentialError(f"{call.method}: HTTP {status}")
        return TransientError(f"{call.method}: HTTP {status}")

    def _secrets(self, token: Token, values: Mapping[str, Any]) -> list[str]:
        known = own_tokens(self._api, self._connection).values()
        renewing = str(values.get("refresh_token", ""))
        return [token.value, renewing, self._connection.password.get_secret_value(), *known]

    def _request(
        self, api: Api, endpoint: str, call: Call, values: Mapping[str, Any], changed: Mapping[str, Any],
        token: Token,
    ) -> Request:  # fmt: skip
        form = api.time_format or api.timestamp_format
        plain = {
            name: write_time(value, form, self._zone) if isinstance(value, datetime) else value
            for name, value in values.items()
        }
        plain |= self._own_values(call)
        filled = fill({**call.parameters, **changed}, plain)
        business = {name: value for name, value in filled.items() if value is not None}
        path = call.path.format_map({name: quote(str(value), safe="") for name, value in plain.items()})
        stamp = Stamp(
            str(write_time(self._clock.now() + self._skew, api.timestamp_format, self._zone)),
            secrets.token_hex(8),
        )
        account = {name: self._account(field, token) for name, field in api.account.items()}
        own = {
            api.method_parameter: call.method,
            api.timestamp_parameter: stamp.timestamp,
            api.nonce_parameter: stamp.nonce,
        }
        protocol = {**api.common, **account}
        protocol |= {name: value for name, value in own.items() if name is not None}
        secret = self._connection.password.get_secret_value()
        url, is_write = endpoint.rstrip("/") + path, isinstance(call, Write)
        return encode(api, url, protocol, business, stamp, secret, is_write=is_write)

    def _own_values(self, call: Call) -> dict[str, str]:
        """Return what {seller_id} stands for, where the call asks for it."""
        is_asked = any("{seller_id}" in str(value) for value in call.parameters.values())
        return {"seller_id": self._account("extra.seller_id", Token(""))} if is_asked else {}

    def _account(self, field: str, token: Token) -> str:
        connection = self._connection
        match field:
            case "token":
                value, field = token.value, "extra.access_token"
            case "login":
                value = connection.login
            case "password":
                value = connection.password.get_secret_value()
            case _:
                value = str(connection.extra.get(field.removeprefix("extra."), ""))
        if not value:
            raise CredentialError(f"the connection has no {field}; add it where the credentials are kept")
        return value

    def _send(self, method: str, endpoint: str, request: Request) -> Answer:
        limit = self._api.timeout_seconds
        try:
            with self._session.request(
                request.verb, request.url, data=request.body or None, headers=request.headers,
                timeout=(5, limit), allow_redirects=False, stream=True,
            ) as answer:  # fmt: skip
                self._note_skew(answer.headers.get("Date"))
                body = read_body(answer, method, self._clock, _LONGEST_ANSWER * limit)
        except requests.RequestException as error:
            raise TransientError(f"{method}: {type(error).__name__} at {endpoint}") from None
        return Answer(answer.status_code, body, answer.headers.get("Retry-After", ""), method)

    def _note_skew(self, date: str | None) -> None:
        if date is None:
            return
        try:
            skew = parsedate_to_datetime(date) - self._clock.now()
        except (TypeError, ValueError):
            return
        # The header has whole seconds; smaller differences say nothing.
        self._skew = skew if abs(skew) > timedelta(seconds=5) else timedelta()
        self._least_skew = min(self._skew, self._least_skew)


def _is_worth_retrying(error: BaseException) -> bool:
    if isinstance(error, ThrottledError):
        return _is_short_ban(error)
    return isinstance(error, RetryError)


def _is_short_ban(error: BaseException) -> bool:
    return isinstance(error, ThrottledError) and error.wait_seconds <= SHORT_WAIT_SECONDS


def _pause(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, ThrottledError):
        return error.wait_seconds + 0.1
    return float(tenacity.wait_random_exponential(multiplier=0.3, max=8)(state))
