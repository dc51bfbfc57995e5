"""A gateway without sockets, and a client that signs like a client should."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox.credentials import Credentials
from sandbox.gateway.gateway import Gateway
from sandbox.gateway.text import beijing
from sandbox.gateway.wire import Incoming
from sandbox.taobao.dialect import DIALECT
from sandbox.taobao.signature import sign
from sandbox.world.world import World

ROOT = Path(__file__).parents[2]
STARTED_AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)

Ask = Callable[..., dict]


@pytest.fixture
def root() -> Path:
    return ROOT


@pytest.fixture
def now() -> datetime:
    return STARTED_AT + timedelta(minutes=5)


@pytest.fixture
def gateway() -> Gateway:
    return Gateway.of(DIALECT, World(7, 240, STARTED_AT), Credentials.of(7))


def signed_form(credentials: Credentials, now: datetime, method: str, **parameters: str) -> dict[str, str]:
    """Return a complete form; a parameter given as None-like "" is left out."""
    form = {
        "method": method,
        "app_key": credentials.app_key,
        "session": credentials.sessions["tb_flagship"],
        "timestamp": beijing(now),
        "v": "2.0",
        "format": "json",
        "sign_method": "hmac-sha256",
        **parameters,
    }
    form = {name: value for name, value in form.items() if value}
    return {"sign": sign(form, credentials.app_secret, form["sign_method"]), **form}


@pytest.fixture
def form() -> Callable[..., dict[str, str]]:
    return signed_form


@pytest.fixture
def ask() -> Ask:
    def answer(gateway: Gateway, now: datetime, method: str, **parameters: str) -> dict:
        form = signed_form(gateway.credentials, now, method, **parameters)
        reply = gateway.answer(Incoming.of_form(form), now)
        (body,) = json.loads(reply.content).values()
        return body

    return answer
