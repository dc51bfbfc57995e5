"""What a platform's folder has to say: one `Dialect`, made of functions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sandbox.credentials import Credentials
from sandbox.faults import Fault
from sandbox.gateway.call import Call
from sandbox.gateway.limits import Limit
from sandbox.gateway.tokens import Standing, Tokens
from sandbox.gateway.wire import Incoming, RefusalError, Reply
from sandbox.world.catalog import Shop


class Cost(Enum):
    """Which of the planned delays a method has."""

    LIST = "list"
    DETAIL = "detail"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Method:
    """One method: a checked call in, the body of the answer out; it raises `RefusalError`."""

    answer: Callable[[Call], Any]
    cost: Cost = Cost.NONE
    needs_token: bool = True


@dataclass(frozen=True, slots=True)
class Subject:
    """What a call asks for, as far as it says so unchecked; planned faults choose calls by it."""

    method: str
    token: str = ""
    page: int = 0
    record_id: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a call without a token may use to get one (`Dialect.authorize`)."""

    incoming: Incoming
    tokens: Tokens
    credentials: Credentials
    now: datetime


@dataclass(frozen=True, slots=True)
class Once:
    """A platform that takes no request twice: `word` reads what must be new, for as long as it `lasts`."""

    word: Callable[[Incoming], str]
    lasts: timedelta
    refuse: Callable[[], RefusalError]


@dataclass(frozen=True, slots=True)
class Dialect:
    """A platform's protocol.

    `subject` reads a request without judging it. `check` judges application, time and signature.
    `refuse_token`, `refuse_throttled` (seconds left), `refuse_planned` and `unknown_method` say the
    platform's errors. `encode` and `encode_error` (with the request's number) make the wire form.
    `connection` is what a client of a shop needs, in Airflow's JSON form, given the base address.
    `authorize` holds the methods that hand out tokens; they are called instead of `methods`.
    `shops_sign`: each shop signs with a key pair of its own, and its key stands for a token.
    """

    name: str
    title: str
    paths: tuple[str, ...]
    subject: Callable[[Incoming], Subject]
    check: Callable[[Incoming, Credentials, datetime], None]
    methods: Mapping[str, Method]
    refuse_token: Callable[[Standing], RefusalError]
    refuse_throttled: Callable[[float], RefusalError]
    refuse_planned: Callable[[Fault], RefusalError]
    unknown_method: Callable[[], RefusalError]
    encode: Callable[[Incoming, str, Any, int], Reply]
    encode_error: Callable[[Incoming, RefusalError, int], Reply]
    connection: Callable[[Credentials, Shop, str], dict[str, Any]]
    limits: tuple[Limit, ...] = ()
    authorize: Mapping[str, Callable[[Grant], Any]] | None = None
    shops_sign: bool = False
    once: Once | None = None


def is_skewed(sent: datetime, now: datetime, allowed: timedelta) -> bool:
    """Return whether a request's time is further from the platform's than allowed."""
    return abs(sent - now) > allowed
