"""Calls one shop's platform: fills parameters, signs, sends, and turns error answers into our errors."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo

import requests
import tenacity

from orderhub.clock import Clock
from orderhub.connections import Connection
from orderhub.errors import (
    ConfigError,
    ContractError,
    CredentialError,
    RetryError,
    ThrottledError,
    TransientError,
)
from orderhub.platforms.payload import at_path, parse_json, quotable
from orderhub.platforms.signing import SCHEMES
from orderhub.platforms.spec import Api, Call, ErrorClass

MAX_ANSWER_BYTES = 32 << 20
ATTEMPTS = 4
#: A shorter ban is waited for in place; a longer one is stored, and the task ends.
SHORT_WAIT_SECONDS = 30.0
#: A platform that names a longer ban is asked again after this; its number may be a mistake.
LONGEST_WAIT_SECONDS = 86_400.0


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

    def call(self, call: Call, values: Mapping[str, Any], changed: Mapping[str, str] | None = None) -> Any:
        """Return the body (at `call.root`) of one answer.

        Args:
            call: the method.
            values: what {start} {end} {page} {size} {id} stand for; times are UTC.
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

    def _once(self, call: Call, values: Mapping[str, Any], changed: Mapping[str, str]) -> Any:
        parameters = self._parameters(call, values, changed)
        body = self._send(call.method, parameters)
        answer = parse_json(body, call.method)
        if not isinstance(answer, dict):
            raise ContractError(f"{call.method}: the answer is a {type(answer).__name__}, expected an object")
        envelope = self._api.envelope
        if envelope.error in answer:
            raise self._failure(call.method, answer[envelope.error])
        found = at_path(answer, call.root)
        if found is None:
            raise ContractError(
                f"{call.method}: the answer has no {call.root}; it has {quotable(', '.join(answer))}"
            )
        return found

    def _parameters(
        self, call: Call, values: Mapping[str, Any], changed: Mapping[str, str]
    ) -> dict[str, str]:
        texts = {name: self._text(value) for name, value in values.items()}
        api = self._api
        filled = {name: value.format_map(texts) for name, value in {**call.parameters, **changed}.items()}
        parameters = {
            **api.common,
            **{name: self._account(field) for name, field in api.account.items()},
            **filled,
            api.method_parameter: call.method,
            api.timestamp_parameter: self._local(self.platform_now()).strftime(api.timestamp_format),
        }
        scheme = SCHEMES[api.signing]
        parameters["sign"] = scheme(parameters, self._connection.password.get_secret_value())
        return parameters

    def _account(self, field: str) -> str:
        connection = self._connection
        value = (
            connection.extra.get(field.removeprefix("extra."))
            if field.startswith("extra.")
            else connection.login
        )
        if not value:
            raise CredentialError(f"the connection has no {field}; add it where the credentials are kept")
        return str(value)

    def _send(self, method: str, parameters: Mapping[str, str]) -> bytes:
        try:
            answer = self._session.post(
                self._endpoint, data=parameters, timeout=(5, self._api.timeout_seconds), allow_redirects=False
            )
        except requests.RequestException as error:
            raise TransientError(f"{method}: {type(error).__name__} at {self._endpoint}") from None
        self._note_skew(answer.headers.get("Date"))
        if answer.status_code == requests.codes.too_many_requests:
            wait = answer.headers.get("Retry-After", "")
            raise ThrottledError(f"{method}: HTTP 429", _seconds(wait) if wait.isdecimal() else 5.0)
        if answer.status_code != requests.codes.ok:
            raise TransientError(f"{method}: HTTP {answer.status_code}")
        if len(answer.content) > MAX_ANSWER_BYTES:
            raise ContractError(
                f"{method}: the answer has {len(answer.content)} bytes, more than any page has"
            )
        return answer.content

    def _note_skew(self, date: str | None) -> None:
        if date is None:
            return
        try:
            skew = parsedate_to_datetime(date) - self._clock.now()
        except (TypeError, ValueError):
            return
        # The header has whole seconds; smaller differences say nothing.
        self._skew = skew if abs(skew) > timedelta(seconds=5) else timedelta()

    def _failure(self, method: str, error: Any) -> Exception:
        envelope = self._api.envelope
        code = str(at_path(error, envelope.code))
        sub_code = str(at_path(error, envelope.sub_code) or "") if envelope.sub_code else ""
        said = str(at_path(error, envelope.message) or "")
        text = f"{method}: code {quotable(f'{code} {sub_code} {said}')}"
        for entry in envelope.errors:
            if _matches(entry, code, sub_code):
                return _our_error(entry, text, said)
        return ContractError(f"{text} (a code that platform.yaml does not know)")

    def _text(self, value: Any) -> str:
        if isinstance(value, datetime):
            return self._local(value).strftime(self._api.timestamp_format)
        return str(value)

    def _local(self, instant: datetime) -> datetime:
        return instant.astimezone(self._zone)


def _matches(entry: ErrorClass, code: str, sub_code: str) -> bool:
    if entry.code is not None and entry.code != code:
        return False
    return entry.sub_code is None or re.search(entry.sub_code, sub_code) is not None


def _our_error(entry: ErrorClass, text: str, said: str) -> Exception:
    match entry.means:
        case "throttle":
            found = re.search(entry.wait_pattern, said) if entry.wait_pattern else None
            return ThrottledError(text, _seconds(found.group(1)) if found else 1.0)
        case "transient":
            return TransientError(text)
        case "credential":
            return CredentialError(f"{text}; check the app key, secret and authorisation of this shop")
        case "request":
            return ConfigError(f"{text}; the request in platform.yaml is refused")


def _seconds(digits: str) -> float:
    return min(float(digits), LONGEST_WAIT_SECONDS)


def _is_worth_retrying(error: BaseException) -> bool:
    if isinstance(error, ThrottledError):
        return error.wait_seconds <= SHORT_WAIT_SECONDS
    return isinstance(error, RetryError)


def _pause(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, ThrottledError):
        return error.wait_seconds + 0.1
    return float(tenacity.wait_random_exponential(multiplier=0.3, max=8)(state))
