"""One gateway call from request to reply: checks, planned faults, the method, the wire form."""

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from sandbox.credentials import Credentials
from sandbox.faults import Fault, FaultPlan
from sandbox.gateway.call import Behavior, Call, Version
from sandbox.gateway.dialect import Cost, Dialect, Grant, Subject
from sandbox.gateway.limits import Budget
from sandbox.gateway.tokens import Standing, Tokens
from sandbox.gateway.wire import Incoming, RefusalError, Reply
from sandbox.world.world import World

LOGIN_PAGE = "<!DOCTYPE html><html><head><title>登录</title></head><body>请登录 - 商家后台</body></html>"
LONGEST_SLOW_S = 30.0
LONGEST_DRIP_S = 300.0


@dataclass(slots=True)
class Gateway:
    """One platform's gateway to the world."""

    dialect: Dialect
    world: World
    credentials: Credentials
    tokens: Tokens
    budget: Budget
    faults: FaultPlan = field(default_factory=FaultPlan)
    behavior: Behavior = field(default_factory=Behavior)
    calls: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    noise: random.Random = field(default_factory=lambda: random.Random(0))
    seen_words: dict[str, datetime] = field(default_factory=dict)
    encoded: dict[str, tuple[Version, bytes]] = field(default_factory=dict)

    @classmethod
    def of(cls, dialect: Dialect, world: World, credentials: Credentials) -> "Gateway":
        """Return a well-behaved gateway with valid tokens."""
        noise = random.Random(f"{world.seed}:noise")
        tokens = Tokens.of(credentials, shops_sign=dialect.shops_sign)
        return cls(dialect, world, credentials, tokens, Budget(dialect.limits), noise=noise)

    def answer(self, incoming: Incoming, now: datetime) -> Reply:
        """Answer one call made at platform time `now`."""
        subject = self.dialect.subject(incoming)
        self.calls[subject.method or "(none)"] += 1
        number = sum(self.calls.values())
        shop_id = self.tokens.shops.get(subject.token, "")
        struck = self.faults.take(subject.method, subject.page, subject.record_id, shop_id)
        try:
            body = self._body(incoming, subject, struck, now)
            reply = self.dialect.encode(incoming, subject.method, body, number)
        except RefusalError as refused:
            self.errors[refused.label] += 1
            reply = self.dialect.encode_error(incoming, refused, number)
        return _damage(replace(reply, delay_s=self._delay(subject.method)), struck, now)

    def _body(self, incoming: Incoming, subject: Subject, struck: list[Fault], now: datetime) -> Any:
        if any(fault.kind == "expire_token" for fault in struck) and subject.token in self.tokens.shops:
            self.tokens.expire(self.tokens.shops[subject.token], now)
        self.dialect.check(incoming, self.credentials, now)
        self._refuse_repeated(incoming, now)
        grants = self.dialect.authorize or {}
        if subject.method in grants:
            self._refuse(subject.method, "", struck, now)
            return grants[subject.method](Grant(incoming, self.tokens, self.credentials, now))
        method = self.dialect.methods.get(subject.method)
        if method is None:
            raise self.dialect.unknown_method()
        shop_id = self._shop_of(subject.token, now) if method.needs_token else ""
        self._refuse(subject.method, shop_id, struck, now)
        return method.answer(
            Call(incoming, shop_id, now, self.world, self.behavior, self.noise, tuple(struck), self.encoded)
        )

    def _refuse_repeated(self, incoming: Incoming, now: datetime) -> None:
        once = self.dialect.once
        if once is None:
            return
        while self.seen_words and now - self.seen_words[oldest := next(iter(self.seen_words))] > once.lasts:
            del self.seen_words[oldest]
        word = once.word(incoming)
        if word in self.seen_words:
            raise once.refuse()
        self.seen_words[word] = now

    def _shop_of(self, token: str, now: datetime) -> str:
        standing, shop_id = self.tokens.look(token, now)
        if standing is not Standing.VALID:
            raise self.dialect.refuse_token(standing)
        return shop_id

    def _refuse(self, method: str, shop_id: str, struck: list[Fault], now: datetime) -> None:
        moment = now.timestamp()
        banned_until = self.faults.banned_until(method, shop_id)
        self.faults.calls_while_banned += moment < banned_until
        for fault in struck:
            if fault.kind == "throttle":
                self.faults.ban(method, shop_id if fault.shop else "", moment + fault.seconds)
            if fault.kind == "error":
                raise self.dialect.refuse_planned(fault)
        left = self.faults.banned_until(method, shop_id) - moment
        if left <= 0:
            left = self.budget.spend(method, shop_id, now)
        if left > 0:
            raise self.dialect.refuse_throttled(left)

    def _delay(self, name: str) -> float:
        method = self.dialect.methods.get(name)
        delays = {Cost.LIST: self.behavior.list_delay_ms, Cost.DETAIL: self.behavior.detail_delay_ms}
        return delays.get(method.cost, 0) / 1000 if method else 0.0

    def expire(self, shop_id: str, at: datetime | None) -> None:
        """Let the shop's tokens end at `at`; None makes them valid again.

        Raises:
            ValueError: there is no such shop.
        """
        self.tokens.expire(shop_id, at)

    def set_lag(self, seconds: float) -> None:
        """Show a record in lists only `seconds` after it was modified."""
        self.behavior.lag = timedelta(seconds=max(0.0, seconds))


def _damage(reply: Reply, struck: list[Fault], now: datetime) -> Reply:
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
            case "drip":
                reply = replace(reply, drip_s=min(LONGEST_DRIP_S, fault.seconds))
            case "skewed_clock":
                date = format_datetime(now + timedelta(seconds=fault.seconds), usegmt=True)
                reply = replace(reply, headers={**reply.headers, "date": date})
            case _:
                continue
    return reply
