"""Reads answers by the envelope that the spec describes: the body asked for, or what a refusal means."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import requests

from orderhub.errors import (
    ContractError,
    CredentialError,
    NotTaken,
    OrderhubError,
    RequestRefused,
    ThrottledError,
    TokenError,
    TransientError,
)
from orderhub.platforms.payload import all_at, at_path, decode_json_text, parse_json, quotable
from orderhub.platforms.protocol import Call, Envelope, ErrorClass, Refusal, Result
from orderhub.platforms.writes import Write, WriteAnswer

#: A platform that names a longer ban is asked again after this; its number may be a mistake.
LONGEST_WAIT_SECONDS = 86_400.0
_YES = {"true", "1"}
_SHORTEST_SECRET = 8


@dataclass(frozen=True)
class Answer:
    """One HTTP answer; `retry_after` is that header's text, `method` names it in messages."""

    status: int
    body: bytes
    retry_after: str = ""
    method: str = ""

    @cached_property
    def value(self) -> dict[str, Any]:
        """Return the answer's JSON object, read once.

        Raises:
            ContractError: it is none.
        """
        value = parse_json(self.body, self.method)
        if not isinstance(value, dict):
            raise ContractError(f"{self.method}: the answer is a {type(value).__name__}, expected an object")
        return value


@dataclass(frozen=True)
class _Said:
    """What a refusing answer says."""

    code: str
    sub_code: str
    said: str
    wait: str


def refusal_in(
    envelope: Envelope, method: str, answer: Answer, answers: Sequence[WriteAnswer] = ()
) -> Exception | None:
    """Return our error when the answer is a refusal, else None; `answers` are looked at first.

    Raises:
        ContractError: HTTP 200 with something that is not a JSON object.
    """
    try:
        value = answer.value
    except ContractError:
        if answer.status == requests.codes.ok:
            raise
        value = {}
    refusal = _refusal(envelope, value, answer)
    if refusal is not None:
        return _our_error([*answers, *envelope.errors], method, refusal, answer)
    if answer.status == requests.codes.too_many_requests:
        return ThrottledError(f"{method}: HTTP 429", _seconds(answer.retry_after) or 5.0)
    return None


def body_of(envelope: Envelope, call: Call, answer: Answer) -> Any:
    """Return what stands at the call's root, JSON texts decoded.

    Raises:
        ContractError: nothing stands there.
        CredentialError, NotTaken, RequestRefused, ThrottledError, TransientError: the body says it failed.
    """
    value = answer.value
    found = at_path(value, call.root)
    if found is None:
        has = quotable(", ".join(value))
        raise ContractError(f"{call.method}: the answer has no {call.root}; it has {has}")
    for path in call.json_texts:
        found = decode_json_text(found, path, call.method)
    if call.result is not None and not _is_success(call.result, found):
        refusal = _Said("", _first(found, call.result.code), _first(found, call.result.message), "")
        answers = call.answers if isinstance(call, Write) else ()
        raise _our_error([*answers, *envelope.errors], call.method, refusal, answer)
    return found


def _is_success(result: Result, found: Any) -> bool:
    """Return whether the second layer says yes; a list that is not there says nothing against it."""
    said = [
        value
        for path in result.success.split("&")
        for value in (all_at(found, path) if "*" in path else [at_path(found, path)])
    ]
    return all(_code(value).lower() in _YES for value in said)


def _first(found: Any, path: str) -> str:
    """Return the first text at a path in which * is every item of a list; empty when there is none."""
    texts = (_code(value) for way in path.split("|") for value in all_at(found, way))
    return next((text for text in texts if text), "")


def silence(error: OrderhubError, secrets: Iterable[str]) -> None:
    """Take `secrets` out of the message of `error`: a platform may repeat a token that it refuses.

    The message may have cut one off, so its beginning is enough; what is shorter is no secret.
    """
    message = str(error)
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            message = re.sub(re.escape(secret[:_SHORTEST_SECRET]) + r"\S*", "…", message)
    error.args = (message, *error.args[1:])


def _refusal(envelope: Envelope, value: dict[str, Any], answer: Answer) -> _Said | None:
    said: Any = at_path(value, envelope.error) if envelope.error is not None else None
    if said is None:
        code = at_path(value, envelope.code)
        if not envelope.success or code is None or _code(code) in envelope.success:
            return None
        said = value
    return _Said(
        _code(at_path(said, envelope.code)),
        _code(at_path(said, envelope.sub_code)) if envelope.sub_code else "",
        _code(at_path(said, envelope.message)),
        (_code(at_path(said, envelope.wait)) if envelope.wait else "") or answer.retry_after,
    )


def _our_error(
    entries: Sequence[ErrorClass | WriteAnswer], method: str, refusal: _Said, answer: Answer
) -> Exception:
    text = f"{method}: code {quotable(f'{refusal.code} {refusal.sub_code} {refusal.said}')}"
    for entry in entries:
        if _matches(entry, refusal):
            if isinstance(entry, WriteAnswer):
                return NotTaken(text, entry.means)
            return _classified(entry, text, refusal)
    if answer.status >= requests.codes.server_error:
        return TransientError(f"{text} (HTTP {answer.status})")
    return ContractError(f"{text} (a code that platform.yaml does not know)")


def _matches(entry: Refusal, refusal: _Said) -> bool:
    if entry.code is not None and entry.code != refusal.code:
        return False
    patterns = ((entry.sub_code, refusal.sub_code), (entry.said, refusal.said))
    return all(pattern is None or re.search(pattern, text) for pattern, text in patterns)


def _classified(entry: ErrorClass, text: str, refusal: _Said) -> Exception:
    match entry.means:
        case "throttle":
            found = re.search(entry.wait_pattern, refusal.said) if entry.wait_pattern else None
            named = _seconds(found.group(1)) if found else _seconds(refusal.wait)
            return ThrottledError(text, entry.wait_seconds if named is None else named)
        case "transient":
            return TransientError(text)
        case "token":
            return TokenError(f"{text}; the access token is over, authorize this shop again")
        case "credential":
            return CredentialError(f"{text}; check the app key, secret and authorisation of this shop")
        case "request":
            return RequestRefused(f"{text}; the request in platform.yaml is refused")


def _seconds(text: str) -> float | None:
    return min(float(text), LONGEST_WAIT_SECONDS) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else None


def _code(value: Any) -> str:
    """Return a code as text; booleans are true and false, nothing is empty."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
