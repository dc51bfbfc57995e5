"""Turns a call and its values into one signed HTTP request, by the encoding that the spec names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from orderhub.platforms.payload import dump_json
from orderhub.platforms.protocol import UNSIGNED, Api
from orderhub.platforms.signing import SCHEMES, Unsigned

_ALONE = re.compile(r"\{(\w+)\}")
_JSON_TYPE = "application/json"
_FORM_TYPE = "application/x-www-form-urlencoded;charset=utf-8"


@dataclass(frozen=True)
class Request:
    """One HTTP request, ready to be sent."""

    verb: str
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Stamp:
    """What makes a request unique: its time and nonce, as sent."""

    timestamp: str
    nonce: str


def fill(value: Any, values: Mapping[str, Any]) -> Any:
    """Return `value` with its placeholders filled at every level; one that stands alone keeps its type.

    `{1}` is the number itself: all values of a YAML file are text.
    """
    match value:
        case dict():
            return {name: fill(inner, values) for name, inner in value.items()}
        case list():
            return [fill(inner, values) for inner in value]
        case str():
            alone = _ALONE.fullmatch(value)
            if alone is None:
                return value.format_map(values)
            return int(alone[1]) if alone[1].isdecimal() else values[alone[1]]
        case _:
            return value


def encode(
    api: Api, url: str, protocol: Mapping[str, str], business: Mapping[str, Any], stamp: Stamp, secret: str,
    *, is_write: bool = False,
) -> Request:  # fmt: skip
    """Return the signed request.

    Args:
        api: names encoding and scheme.
        url: endpoint and path of the call, without query.
        protocol: parameters of the protocol: account, method, timestamp, what is common.
        business: the call's own parameters, filled.
        stamp: time and nonce.
        secret: the signing key.
        is_write: it changes something; matters to encoding rest alone.
    """
    if api.encoding == "rest":
        make = _rest_write if is_write else _rest
        return make(api, url, protocol, business, stamp, secret)
    if api.encoding == "json":
        return _json(api, url, protocol, business, stamp, secret)
    flat = _flat(business) if api.encoding == "form" else {str(api.body_parameter): dump_json(business)}
    parameters = {**protocol, **flat}
    signed = {**parameters, **_signature(api, url, parameters, stamp, secret)}
    headers = {**api.headers, "Content-Type": _FORM_TYPE}
    return Request("POST", url, headers, urlencode(signed).encode())


def _json(
    api: Api, url: str, protocol: Mapping[str, str], business: Mapping[str, Any], stamp: Stamp, secret: str
) -> Request:
    text = dump_json(business)
    named = {**protocol, api.body_parameter: text} if api.body_parameter else dict(protocol)
    query = {**protocol, **_signature(api, url, named, stamp, secret, body=text.encode())}
    headers = {**api.headers, "Content-Type": _JSON_TYPE}
    return Request("POST", f"{url}?{_query(query)}" if query else url, headers, text.encode())


def _rest(
    api: Api, url: str, protocol: Mapping[str, str], business: Mapping[str, Any], stamp: Stamp, secret: str
) -> Request:
    query = _query({name: value for name, value in _flat(business).items() if value})
    sign = _signature(api, url, protocol, stamp, secret, verb="GET", query=query)
    headers = {**api.headers, **protocol, **sign}
    return Request("GET", f"{url}?{query}" if query else url, headers, b"")


def _rest_write(
    api: Api, url: str, protocol: Mapping[str, str], business: Mapping[str, Any], stamp: Stamp, secret: str
) -> Request:
    body = dump_json(business).encode()
    sign = _signature(api, url, protocol, stamp, secret, body=body)
    return Request("POST", url, {**api.headers, **protocol, **sign, "Content-Type": _JSON_TYPE}, body)


def _signature(
    api: Api, url: str, parameters: Mapping[str, str], stamp: Stamp, secret: str,
    *, verb: str = "POST", query: str = "", body: bytes = b"",
) -> dict[str, str]:  # fmt: skip
    if api.signing == UNSIGNED:
        return {}
    named = {name: parameters[name] for name in api.signed or parameters}
    unsigned = Unsigned(named, verb, urlsplit(url).path, query, body, stamp.timestamp, stamp.nonce)
    return {api.sign_parameter: SCHEMES[api.signing](unsigned, secret)}


def _flat(business: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(value) for name, value in business.items() if value is not None}


def _text(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case dict() | list():
            return dump_json(value)
        case _:
            return str(value)


def _query(parameters: Mapping[str, str]) -> str:
    """Return the query in RFC 3986 form, sorted by name."""
    return urlencode(sorted(parameters.items()), quote_via=quote, safe="")
