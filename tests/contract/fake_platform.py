"""A platform that exists only as a connector's own description: it serves lists, details, counts and tokens.

It stands behind a transport without sockets. What it promises beyond the spec (window limits, both ends of a
window, late visibility) is read from contract.yaml, so that spec and documents are compared, not repeated.
"""

import copy
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import requests

from orderhub.clock import FixedClock
from tests.answers import body_of
from tests.contract.connector import Connector, Refusal, StreamFacts
from tests.contract.records import id_of, modified_at, put, row_of
from tests.contract.wire import Asked, Sent, asked_of, read, succeeded, token_in, token_of

Key = tuple[datetime, str]


@dataclass
class Kept:
    """One record of the platform: its present version and when that was made."""

    record: dict[str, Any]
    modified: datetime


@dataclass
class Reply:
    """An answer before it goes over the wire; `cut` breaks the connection instead."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


#: Looks at a call; what it returns is answered instead of the truth.
Fault = Callable[[Asked], Reply | None]


class FakePlatform(requests.adapters.BaseAdapter):
    """Serves the records on its shelves as the connector's spec expects answers.

    Attributes:
        shelves: stream → id → record.
        asked: every call that was understood, in order.
        instants: method and time (epoch seconds) of every list call.
        unknown: requests that no call of the spec explains.
        faults: asked in turn before each call; the first reply wins.
        rewrites: change what stands at an answer's root before it is written.
        after: called after each answered call; may change the shelves.
        tokens: access tokens that are valid now.
        renewals: how many tokens were handed out.
        is_revoked: no token is handed out any more.
        dates_ahead: how far the Date headers of the next answers are ahead.
    """

    def __init__(self, connector: Connector, clock: FixedClock, token: str) -> None:
        super().__init__()
        self.connector = connector
        self.clock = clock
        self.shelves: dict[str, dict[str, Kept]] = {name: {} for name in connector.platform.spec.streams}
        self.asked: list[Asked] = []
        self.instants: list[tuple[str, float]] = []
        self.unknown: list[Sent] = []
        self.faults: list[Fault] = []
        self.rewrites: list[Callable[[Asked, Any], Any]] = []
        self.after: list[Callable[[Asked], None]] = []
        self.tokens = {token}
        self.refresh_token = "contract-refresh-0"
        self.renewals = 0
        self.is_revoked = False
        self.dates_ahead: list[timedelta] = []
        self._lock = threading.RLock()

    def put(self, stream: str, record: dict[str, Any], modified: datetime) -> str:
        """Put a record on its shelf, or replace it, and return its id."""
        record_id = id_of(self.connector, stream, record)
        self.shelves[stream][record_id] = Kept(record, modified)
        return record_id

    def touch(self, stream: str, record_id: str, at: datetime) -> None:
        """Let a record change at `at`."""
        kept = self.shelves[stream][record_id]
        changed = modified_at(self.connector, stream, copy.deepcopy(kept.record), at)
        self.shelves[stream][record_id] = Kept(changed, at)

    def holds(self, asked: Asked) -> bool:
        """Return whether the window that is asked for has records."""
        return "start" in asked.values and bool(self._matching(asked, self.connector.facts(asked.stream)))

    def first_of(self, asked: Asked) -> str:
        """Return the id of the record that the list begins with."""
        return self._matching(asked, self.connector.facts(asked.stream))[0][0][1]

    def send(self, request: Any, *_: Any, **__: Any) -> requests.Response:
        with self._lock:
            reply = self._answer(request)
        if reply.cut:
            raise requests.ConnectionError("cut")
        response = requests.Response()
        response.status_code = reply.status
        response.raw = body_of(reply.body)
        response.headers.update(reply.headers)
        ahead = self.dates_ahead.pop(0) if self.dates_ahead else timedelta()
        response.headers["Date"] = format_datetime(self.clock.now() + ahead, usegmt=True)
        return response

    def close(self) -> None:
        """Nothing is open."""

    def _answer(self, request: requests.PreparedRequest) -> Reply:
        api = self.connector.api
        if api.auth is not None:
            found = token_of(self.connector, read(request, api, api.auth.encoding or api.encoding))
            if found is not None:
                self.asked.append(found)
                return self._hand_out(found)
        sent = read(request, api, api.encoding)
        asked = asked_of(self.connector, sent)
        if asked is None:
            self.unknown.append(sent)
            return Reply(b'{"unknown": "call"}', 404)
        self.asked.append(asked)
        if asked.kind != "detail":
            method = self.connector.stream(asked.stream).list.method
            self.instants.append((method, self.clock.now().timestamp()))
        reply = self._reply(asked)
        for look in self.after:
            look(asked)
        return reply

    def _reply(self, asked: Asked) -> Reply:
        for fault in self.faults:
            planned = fault(asked)
            if planned is not None:
                return planned
        if (
            self.connector.api.auth is not None
            and token_in(self.connector.api, asked.sent) not in self.tokens
        ):
            return refused(self.connector.refusals("token")[0])
        content = self._detail(asked) if asked.kind == "detail" else self._page(asked)
        if isinstance(content, Reply):
            return content
        for rewrite in self.rewrites:
            content = rewrite(asked, content)
        stream = self.connector.stream(asked.stream)
        call = stream.detail if stream.detail and asked.kind == "detail" else stream.list
        return written(succeeded(self.connector, call, content))

    def _hand_out(self, asked: Asked) -> Reply:
        auth = self.connector.api.auth
        assert auth is not None
        if self.is_revoked or asked.secrets.get("refresh_token", self.refresh_token) != self.refresh_token:
            return refused(self.connector.refusals("credential")[0])
        self.renewals += 1
        token = f"contract-token-{self.renewals}"
        self.tokens = {token}
        content: dict[str, Any] = {}
        put(content, auth.access_token.split("|")[0], token)
        put(content, auth.expires_in.split("|")[0], 7200)
        if auth.refresh_token is not None:
            self.refresh_token = f"contract-refresh-{self.renewals}"
            put(content, auth.refresh_token.split("|")[0], self.refresh_token)
        return written(succeeded(self.connector, auth.call, content))

    def _detail(self, asked: Asked) -> Any:
        stream = self.connector.stream(asked.stream)
        kept = self.shelves[asked.stream].get(stream.id_prefix + str(asked.values["id"]))
        if kept is None:
            return Reply(b'{"unknown": "record"}', 404)
        return copy.deepcopy(kept.record)

    def _page(self, asked: Asked) -> Any:
        stream = self.connector.stream(asked.stream)
        facts = self.connector.facts(asked.stream)
        matching = self._matching(asked, facts)
        size = int(asked.values.get("size") or stream.list.page_size)
        content: dict[str, Any] = {}
        if stream.paging == "pages":
            first = (int(asked.values.get("page") or stream.list.first_page) - stream.list.first_page) * size
            page = matching[first : first + size]
        else:
            page, cursor, has_more = after(matching, str(asked.values.get("cursor") or ""), size)
            if has_more or facts.cursor_at_end:
                put(content, (stream.list.next_cursor or "").split("|")[0], cursor)
            if stream.list.has_more:
                put(content, stream.list.has_more.split("|")[0], has_more)
        put(content, stream.list.rows, [self._row(asked.stream, kept) for _, kept in page])
        if stream.list.total:
            put(content, stream.list.total.split("|")[0], len(matching))
        return content

    def _matching(self, asked: Asked, facts: StreamFacts) -> list[tuple[Key, Kept]]:
        start, end = asked.values["start"], asked.values["end"]
        seen = self.clock.now() - timedelta(seconds=facts.visible_after_seconds)
        found = [
            ((kept.modified, record_id), kept)
            for record_id, kept in self.shelves[asked.stream].items()
            if start <= kept.modified <= (end if facts.end_inclusive else end - timedelta(microseconds=1))
            and kept.modified <= seen
        ]
        return sorted(found, key=lambda pair: pair[0], reverse=facts.newest_first)

    def _row(self, stream: str, kept: Kept) -> Any:
        if self.connector.stream(stream).list.is_complete:
            return copy.deepcopy(kept.record)
        return row_of(self.connector, stream, kept.record)


def after(
    matching: list[tuple[Key, Kept]], cursor: str, size: int
) -> tuple[list[tuple[Key, Kept]], str, bool]:
    """Return the rows behind `cursor`, the next cursor, and whether there is more; a cursor names a record."""
    rest = matching
    if re.fullmatch(r"\d+ .+", cursor):
        at, _, last = cursor.partition(" ")
        key = (datetime.fromtimestamp(int(at), UTC), last)
        descending = len(matching) > 1 and matching[0][0] > matching[-1][0]
        rest = [pair for pair in matching if (pair[0] < key if descending else pair[0] > key)]
    page = rest[:size]
    last_key = page[-1][0] if page else None
    following = f"{int(last_key[0].timestamp())} {last_key[1]}" if last_key else cursor
    return page, following, len(rest) > size


def written(value: Any) -> Reply:
    """Return a JSON answer."""
    return Reply(json.dumps(value).encode())


def refused(refusal: Refusal) -> Reply:
    """Return a recorded refusal as an answer."""
    return Reply(json.dumps(refusal.body).encode(), refusal.status, dict(refusal.headers))
