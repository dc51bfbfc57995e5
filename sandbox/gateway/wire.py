"""What comes in and what goes out, before and after a platform's words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec


@dataclass(frozen=True)
class Incoming:
    """One HTTP request as it arrived; `path` follows the host, header names are in lower case.

    It has no slots: form and JSON are read once and kept.
    """

    path: str = ""
    verb: str = "POST"
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of_form(cls, form: Mapping[str, str], path: str = "") -> "Incoming":
        """Return a POST of a URL-encoded form."""
        return cls(path, body=urlencode(form).encode())

    @classmethod
    def of_json(cls, value: Any, path: str = "", query: Mapping[str, str] | None = None) -> "Incoming":
        """Return a POST of a JSON body."""
        return cls(path, query=query or {}, body=json.dumps(value, ensure_ascii=False).encode())

    @cached_property
    def form(self) -> dict[str, str]:
        """The parameters of query and URL-encoded body together; the body wins."""
        text = self.body.decode("utf-8", "replace")
        return {**self.query, **dict(parse_qsl(text, keep_blank_values=True))}

    @cached_property
    def json(self) -> dict[str, Any]:
        """The object in the body; empty where the body is none."""
        try:
            value = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes over the wire: `cut` closes the connection half way through, the body may take `drip_s`."""

    content: bytes
    media_type: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    drip_s: float = 0.0
    cut: bool = False

    @classmethod
    def of_json(cls, value: Any, status: int = 200, media_type: str = "application/json") -> "Reply":
        """Return compact JSON with Chinese text in clear; a `msgspec.Raw` inside is JSON already."""
        return cls(msgspec.json.encode(value), media_type, status)


class RefusalError(Exception):
    """A call that the platform answers with an error; `label` counts it, `body` is what the dialect shows."""

    def __init__(self, label: str, body: Mapping[str, Any], status: int = 200) -> None:
        super().__init__(label)
        self.label = label
        self.body = dict(body)
        self.status = status
