"""Reads requests back into what was asked, and writes answers, by the shapes that a connector's spec names."""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from string import Formatter
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

import requests

from orderhub.platforms.protocol import Api, Call, ListCall
from tests.contract.connector import Connector
from tests.contract.records import put


@dataclass(frozen=True)
class Sent:
    """A request in the parts that encodings put into different places."""

    verb: str
    url: str
    path: str
    protocol: dict[str, str]
    business: Any
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Asked:
    """What a request asked for.

    Attributes:
        stream: orders or refunds; empty for tokens.
        kind: count, list, detail or token.
        values: what the placeholders of the call held; times are UTC.
        sent: the request.
        secrets: values of a token call.
    """

    stream: str
    kind: str
    values: dict[str, Any]
    sent: Sent
    token: str = ""
    secrets: dict[str, Any] = field(default_factory=dict)


def read(request: requests.PreparedRequest, api: Api, encoding: str) -> Sent:
    """Return the parts of a prepared request."""
    address = urlsplit(request.url or "")
    query = dict(parse_qsl(address.query, keep_blank_values=True))
    raw = request.body or b""
    body = raw.encode() if isinstance(raw, str) else raw
    headers = {name.lower(): str(value) for name, value in request.headers.items()}
    match encoding:
        case "rest":
            protocol, business = headers, query
        case "json":
            protocol, business = query, json.loads(body or b"{}")
        case _:
            protocol = query | dict(parse_qsl(body.decode(), keep_blank_values=True))
            business = json.loads(protocol[str(api.body_parameter)]) if encoding == "form_json" else protocol
    return Sent(request.method or "", request.url or "", address.path, protocol, business, headers, body)


def asked_of(connector: Connector, sent: Sent) -> Asked | None:
    """Return what `sent` asks of the platform's streams; None when it is no documented call."""
    api = connector.api
    for stream, spec in connector.platform.spec.streams.items():
        for kind, call, parameters in _calls(spec.list, spec.detail):
            values = _matched(api, call, parameters, sent)
            if values is not None:
                return Asked(stream, kind, _timed(api, values), sent, token_in(api, sent))
    return None


def token_of(connector: Connector, sent: Sent) -> Asked | None:
    """Return what `sent` asks of the method that hands out tokens; None when it is another one."""
    auth = connector.api.auth
    values = _matched(connector.api, auth.call, auth.call.parameters, sent) if auth else None
    return None if values is None else Asked("", "token", {}, sent, "", values)


def token_in(api: Api, sent: Sent) -> str:
    """Return the access token that a request carries."""
    for name, source in api.account.items():
        if source == "token":
            return carried(sent, name)
    return ""


def carried(sent: Sent, name: str) -> str:
    """Return a parameter or header of the protocol; empty when it is not there."""
    return str(sent.protocol.get(name) or sent.headers.get(name.lower()) or "")


def _calls(listing: ListCall, detail: Call | None) -> list[tuple[str, Call, dict[str, Any]]]:
    pages = {**listing.parameters, **listing.page_parameters}
    counts = {**listing.parameters, **listing.count_parameters}
    found: list[tuple[str, Call, dict[str, Any]]] = [("list", listing, pages)]
    if counts != pages:
        found.append(("count", listing, counts))
    if detail is not None:
        found.append(("detail", detail, detail.parameters))
    return found


def _matched(api: Api, call: Call, parameters: dict[str, Any], sent: Sent) -> dict[str, Any] | None:
    named = carried(sent, api.method_parameter or "") or call.method
    at = re.fullmatch(".*" + _pattern(call.path), sent.path) if call.path else re.match("", "")
    if named != call.method or at is None:
        return None
    values = unfilled(parameters, sent.business)
    if values is not None and "" in (values.get("start"), values.get("end")):
        return None  # Another list of the same method, which names its window otherwise.
    if values is None or "" in (values.get("start"), values.get("end")):
        return None
    return {**values, **{name: unquote(text) for name, text in at.groupdict().items()}}


def _pattern(template: str) -> str:
    return "".join(
        re.escape(before) + (f"(?P<{name}>[^/]*)" if name else "")
        for before, name, _, _ in Formatter().parse(template)
    )


def unfilled(template: Any, actual: Any) -> dict[str, Any] | None:
    """Return placeholder → value such that filling `template` gives `actual`; None when nothing does."""
    match template:
        case dict():
            given = actual if isinstance(actual, dict) else {}
            return _merged([unfilled(inner, given.get(name, "")) for name, inner in template.items()])
        case list():
            same_length = isinstance(actual, list) and len(actual) == len(template)
            return _merged(
                [unfilled(*pair) for pair in zip(template, actual, strict=True)] if same_length else [None]
            )
        case str() if alone := re.fullmatch(r"\{(\w+)(!s)?\}", template):
            return {alone[1]: actual}
        case str() if "{" in template:
            said = re.fullmatch(_pattern(template), str(actual))
            return said.groupdict() if said else None
        case _:
            return {} if _same(template, actual) else None


def _merged(parts: list[dict[str, Any] | None]) -> dict[str, Any] | None:
    """Return all parts as one, None when one of them is."""
    found: dict[str, Any] = {}
    for part in parts:
        if part is None:
            return None
        found |= part
    return found


def _same(expected: Any, actual: Any) -> bool:
    if isinstance(expected, bool):
        return str(actual).lower() == str(expected).lower()
    return str(actual) == str(expected)


def _timed(api: Api, values: dict[str, Any]) -> dict[str, Any]:
    form = api.time_format or api.timestamp_format
    times = {
        name: _time(values[name], form, ZoneInfo(api.zone)) for name in ("start", "end") if name in values
    }
    numbers = {name: int(values[name]) for name in ("page", "size") if values.get(name) not in (None, "")}
    return {**values, **times, **numbers}


def _time(text: Any, form: str, zone: ZoneInfo) -> datetime:
    match form:
        case "epoch_s":
            return datetime.fromtimestamp(int(text), UTC)
        case "epoch_ms":
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        case _:
            found = datetime.strptime(str(text), form)
            return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def succeeded(connector: Connector, call: Call, content: Any) -> Any:
    """Return the whole answer that carries `content` at the call's root."""
    envelope = connector.api.envelope
    for path in call.json_texts:
        content = _as_text(content, path)
    if call.result is not None:
        put(content, call.result.success.split("|")[0], True)  # noqa: FBT003 - the value that is put
    answer: dict[str, Any] = {}
    if call.root:
        put(answer, call.root.split("|")[0], content)
    else:
        answer = content
    if envelope.success and isinstance(answer, dict):
        code = envelope.success[0]
        put(answer, envelope.code.split("|")[0], int(code) if code.isdigit() else code)
    return answer


def _as_text(value: Any, path: str) -> Any:
    """Return `value` with what stands at `path` written as JSON text."""
    if not path:
        return json.dumps(value, ensure_ascii=False)
    key, _, rest = path.partition(".")
    if key == "*":
        return [_as_text(item, rest) for item in value] if isinstance(value, list) else value
    if isinstance(value, dict) and key in value:
        return {**value, key: _as_text(value[key], rest)}
    return value
