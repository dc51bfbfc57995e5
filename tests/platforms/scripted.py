"""Platforms that exist only as a script: a spec in a few lines, and a transport that plays answers."""

import json
from typing import Any

import requests
import yaml

from orderhub.clock import Clock
from orderhub.connections import Connection
from orderhub.platforms.client import Client
from orderhub.platforms.protocol import Api, Call, ListCall
from tests.answers import body_of


class Script(requests.adapters.BaseAdapter):
    """Plays the given answers (JSON value, or status and value), the last one for ever; keeps the requests."""

    def __init__(self, *answers: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__()
        self.answers = list(answers)
        self.headers = headers or {}
        self.requests: list[requests.PreparedRequest] = []

    def send(self, request: Any, *_: Any, **__: Any) -> requests.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        response = requests.Response()
        response.status_code, value = answer if isinstance(answer, tuple) else (200, answer)
        response.raw = body_of(json.dumps(value, ensure_ascii=False).encode())
        response.headers.update(self.headers)
        return response

    def close(self) -> None:
        """Nothing is open."""


def api(text: str) -> Api:
    """Return the API described by YAML."""
    return Api.model_validate(yaml.safe_load(text))


def call(text: str) -> Call:
    """Return the call described by YAML."""
    return Call.model_validate(yaml.safe_load(text))


def list_call(text: str) -> ListCall:
    """Return the list call described by YAML."""
    return ListCall.model_validate(yaml.safe_load(text))


def client(spec: Api, clock: Clock, script: Script, **connection: Any) -> Client:
    """Return a client whose platform plays `script`; it never sleeps."""
    made = Client(spec, Connection(host="http://platform", **connection), clock, wait=lambda _: None)
    made._session.mount("http://", script)
    return made
