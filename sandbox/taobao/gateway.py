"""One gateway call from form to wire: checks, planned faults, the method, the envelope."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sandbox.credentials import Credentials
from sandbox.faults import Fault, FaultPlan
from sandbox.taobao.envelope import TopError, encode, success_root
from sandbox.taobao.methods import DETAIL, LIST, METHODS, WITHOUT_SESSION, Behavior, Call
from sandbox.taobao.request import Sessions, check_common
from sandbox.world.world import World

LOGIN_PAGE = "<!DOCTYPE html><html><head><title>登录</title></head><body>请登录 - 淘宝网</body></html>"
THROTTLED = "accesscontrol.limited-by-api-access-count"
LONGEST_SLOW_S = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes over the wire; `cut` closes the connection half way through."""

    content: bytes
    media_type: str
    status: int = 200
    delay_s: float = 0.0
    cut: bool = False


@dataclass(slots=True)
class Gateway:
    """The Taobao gateway of one world."""

    world: World
    credentials: Credentials
    sessions: Sessions
    faults: FaultPlan = field(default_factory=FaultPlan)
    behavior: Behavior = field(default_factory=Behavior)
    calls: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    noise: random.Random = field(default_factory=lambda: random.Random(0))

    @classmethod
    def of(cls, world: World, credentials: Credentials) -> "Gateway":
        """Return a well-behaved gateway with valid sessions."""
        return cls(world, credentials, Sessions.of(credentials), noise=random.Random(f"{world.seed}:noise"))

    def answer(self, form: Mapping[str, str], now: datetime) -> Reply:
        """Answer one call made at platform time `now`."""
        method = form.get("method", "")
        self.calls[method or "(none)"] += 1
        struck = self.faults.take(method, _whole(form.get("page_no", "1")), _whole(form.get("tid", "0")))
        try:
            body, root = self._body(form, method, struck, now), success_root(method)
        except TopError as error:
            self.errors[f"{error.body['code']} {error.body.get('sub_code', '')}".strip()] += 1
            body, root = error.body, "error_response"
        request_id = f"sandbox{sum(self.calls.values()):012d}"
        answer_format = "json" if form.get("format") == "json" else "xml"
        content, media_type = encode(root, {**body, "request_id": request_id}, answer_format)
        return self._damage(Reply(content, media_type, delay_s=self._delay(method)), struck)

    def _body(
        self, form: Mapping[str, str], method: str, struck: list[Fault], now: datetime
    ) -> dict[str, Any]:
        self._expire(form, struck, now)
        check_common(form, self.credentials, now)
        if method not in METHODS:
            raise TopError(22, "Invalid Method")
        needs_session = method not in WITHOUT_SESSION
        shop_id = self.sessions.shop_of(form.get("session", ""), now) if needs_session else ""
        self._refuse(method, struck, now)
        body = METHODS[method](self.world, self.behavior, Call(form, shop_id, now))
        for fault in struck:
            if fault.kind == "lying_total" and "total_results" in body:
                body["total_results"] = max(0, body["total_results"] + fault.delta)
            if fault.kind == "endless_has_next" and "has_next" in body:
                body["has_next"] = True
        return self._disturb(method, body) if self.behavior.noise else body

    def _expire(self, form: Mapping[str, str], struck: list[Fault], now: datetime) -> None:
        shop_id = self.sessions.shops.get(form.get("session", ""))
        if shop_id and any(fault.kind == "expire_token" for fault in struck):
            self.sessions.expires_at[shop_id] = now

    def _refuse(self, method: str, struck: list[Fault], now: datetime) -> None:
        moment = now.timestamp()
        self.faults.calls_while_banned += moment < self.faults.bans.get(method, 0.0)
        for fault in struck:
            if fault.kind == "throttle":
                self.faults.bans[method] = moment + fault.seconds
            if fault.kind == "error":
                raise TopError(fault.code, fault.msg, fault.sub_code, fault.sub_msg)
        left = self.faults.bans.get(method, 0.0) - moment
        if left > 0:
            message = f"This ban will last for {int(left) + (left % 1 > 0)} more seconds"
            raise TopError(7, "App Call Limited", THROTTLED, message)

    def _disturb(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        if method == DETAIL and "available_confirm_fee" in body["trade"]:
            cents = self.noise.randrange(100)
            body["trade"]["available_confirm_fee"] = f"{self.noise.randrange(1000)}.{cents:02d}"
        if method == LIST and "trades" in body:
            rows = body["trades"]["trade"]
            rows += [row for row in rows if self.noise.random() < self.behavior.duplicate_rate]
            self.noise.shuffle(rows)
        return body

    def _delay(self, method: str) -> float:
        delays = {LIST: self.behavior.list_delay_ms, DETAIL: self.behavior.detail_delay_ms}
        return delays.get(method, 0) / 1000

    def _damage(self, reply: Reply, struck: list[Fault]) -> Reply:
        for fault in struck:
            match fault.kind:
                case "status":
                    page = f"<html><body>{fault.status}</body></html>".encode()
                    reply = replace(reply, status=fault.status, content=page, media_type="text/html")
                case "html":
                    reply = replace(reply, content=LOGIN_PAGE.encode(), media_type="text/html;charset=UTF-8")
                case "body":
                    reply = replace(reply, content=fault.body.encode())
                case "gbk":
                    reply = replace(reply, content=reply.content.decode().encode("gbk", "replace"))
                case "cut":
                    reply = replace(reply, cut=True)
                case "slow":
                    reply = replace(reply, delay_s=min(LONGEST_SLOW_S, fault.seconds))
                case _:
                    continue
        return reply

    def expire(self, shop_id: str, at: datetime | None) -> None:
        """Let the shop's session end at `at`; None makes it valid again.

        Raises:
            ValueError: there is no such shop.
        """
        if shop_id not in self.sessions.expires_at:
            raise ValueError(f"shop {shop_id!r} is unknown; known: {', '.join(self.sessions.expires_at)}")
        self.sessions.expires_at[shop_id] = at

    def set_lag(self, seconds: float) -> None:
        """Show an order in lists only `seconds` after it was modified."""
        self.behavior.lag = timedelta(seconds=max(0.0, seconds))


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
