"""Calls one shop's platform: fills parameters, signs, sends, and turns error answers into our errors."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import requests
import tenacity

from orderhub.clock import Clock
from orderhub.connections import Connection
from orderhub.errors import ContractError, CredentialError, RetryError, ThrottledError, TransientError
from orderhub.platforms.encoding import Request, Stamp, encode, fill
from orderhub.platforms.envelope import Answer, body_of, refusal_in
from orderhub.platforms.protocol import Api, Call
from orderhub.platforms.times import write_time

MAX_ANSWER_BYTES = 32 << 20
ATTEMPTS = 4
#: A shorter ban is waited for in place; a longer one is stored, and the task ends.
SHORT_WAIT_SECONDS = 30.0


class Client:
    """One shop's access to its platform; safe to use from several threads.

    Args:
        api: how calls are made.
        connection: credentials; a non-empty host overrides the endpoint.
        clock: stamps requests.
        wait: sleeps between attempts; tests pass one that does not.
    """

    def __init__(self, api: Api, connection: Connection, clock: Clock, wait: Any = None) -> None:
        self._api = api
        self._connection = connection
        self._clock = clock
        self._endpoint = connection.host or api.endpoint
        self._skew = timedelta()
        self._zone = ZoneInfo(api.zone)
        self._session = requests.Session()
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=api.concurrency + 1)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        self._retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=_pause,
            retry=tenacity.retry_if_exception(_is_worth_retrying),
            reraise=True,
            **({"sleep": wait} if wait else {}),
        )

    @property
    def concurrency(self) -> int:
        """Return how many calls may run at once."""
        return self._api.concurrency

    def platform_now(self) -> datetime:
        """Return the platform's present, UTC: our clock corrected by the last answer's Date header."""
        return self._clock.now() + self._skew

    def call(self, call: Call, values: Mapping[str, Any], changed: Mapping[str, Any] | None = None) -> Any:
        """Return the body (at `call.root`) of one answer.

        Args:
            call: the method.
            values: what {start} {end} {page} {size} {cursor} {id} stand for; times are UTC.
            changed: parameters that replace those of the call.

        Raises:
            ThrottledError: the platform asks us to wait longer than we wait in place.
            TransientError: network or back end, after the last attempt.
            ContractError: the answer is not what the protocol documents, after the last attempt.
            CredentialError: token, key or signature refused.
            ConfigError: the request itself is refused.
        """
        return self._retrying(self._once, call, values, changed or {})

    def close(self) -> None:
        """Close pooled connections."""
        self._session.close()

    def _once(self, call: Call, values: Mapping[str, Any], changed: Mapping[str, Any]) -> Any:
        answer = self._send(call.method, self._request(call, values, changed))
        refusal = refusal_in(self._api.envelope, call.method, answer)
        if refusal is not None:
            raise refusal
        if answer.status != requests.codes.ok:
            raise TransientError(f"{call.method}: HTTP {answer.status}")
        return body_of(self._api.envelope, call, answer)

    def _request(self, call: Call, values: Mapping[str, Any], changed: Mapping[str, Any]) -> Request:
        api = self._api
        form = api.time_format or api.timestamp_format
        plain = {
            name: write_time(value, form, self._zone) if isinstance(value, datetime) else value
            for name, value in values.items()
        }
        business = fill({**call.parameters, **changed}, plain)
        path = call.path.format_map({name: quote(str(value), safe="") for name, value in plain.items()})
        stamp = Stamp(
            str(write_time(self.platform_now(), api.timestamp_format, self._zone)), secrets.token_hex(8)
        )
        protocol = {**api.common, **{name: self._account(field) for name, field in api.account.items()}}
        own = {
            api.method_parameter: call.method,
            api.timestamp_parameter: stamp.timestamp,
            api.nonce_parameter: stamp.nonce,
        }
        protocol |= {name: value for name, value in own.items() if name is not None}
        secret = self._connection.password.get_secret_value()
        return encode(api, self._endpoint.rstrip("/") + path, protocol, business, stamp, secret)

    def _account(self, field: str) -> str:
        connection = self._connection
        match field:
            case "login":
                value = connection.login
            case "password":
                value = connection.password.get_secret_value()
            case _:
                value = str(connection.extra.get(field.removeprefix("extra."), ""))
        if not value:
            raise CredentialError(f"the connection has no {field}; add it where the credentials are kept")
        return value

    def _send(self, method: str, request: Request) -> Answer:
        try:
            answer = self._session.request(
                request.verb, request.url, data=request.body or None, headers=request.headers,
                timeout=(5, self._api.timeout_seconds), allow_redirects=False,
            )  # fmt: skip
        except requests.RequestException as error:
            raise TransientError(f"{method}: {type(error).__name__} at {self._endpoint}") from None
        self._note_skew(answer.headers.get("Date"))
        if len(answer.content) > MAX_ANSWER_BYTES:
            raise ContractError(
                f"{method}: the answer has {len(answer.content)} bytes, more than any page has"
            )
        return Answer(answer.status_code, answer.content, answer.headers.get("Retry-After", ""))

    def _note_skew(self, date: str | None) -> None:
        if date is None:
            return
        try:
            skew = parsedate_to_datetime(date) - self._clock.now()
        except (TypeError, ValueError):
            return
        # The header has whole seconds; smaller differences say nothing.
        self._skew = skew if abs(skew) > timedelta(seconds=5) else timedelta()


def _is_worth_retrying(error: BaseException) -> bool:
    if isinstance(error, ThrottledError):
        return error.wait_seconds <= SHORT_WAIT_SECONDS
    return isinstance(error, RetryError)


def _pause(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, ThrottledError):
        return error.wait_seconds + 0.1
    return float(tenacity.wait_random_exponential(multiplier=0.3, max=8)(state))
