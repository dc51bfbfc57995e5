"""The other door of the sandbox: read the truth, change the world, plan failures. Loopback only, JSON."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.faults import KINDS
from sandbox.mailbox import Mailbox
from sandbox.taobao.gateway import Gateway
from sandbox.world.truth import truth_of

MOST_AT_ONCE = 20_000
LONGEST_DELAY_MS = 5000

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(slots=True)
class Admin:
    """The admin endpoints of one sandbox."""

    gateway: Gateway
    mailbox: Mailbox
    clock: Callable[[], datetime]

    def routes(self) -> list[Route]:
        """Return the routes; every POST takes one JSON object and answers what it did."""
        posts: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "touch": self.touch,
            "place": self.place,
            "churn": self.churn,
            "noise": self.noise,
            "faults": self.faults,
            "delay": self.delay,
            "lag": self.lag,
            "tokens": self.tokens,
            "mail_faults": self.mail_faults,
            "reset_counters": self.reset_counters,
        }
        gets = [
            Route("/admin/truth", self._truth),
            Route("/admin/state", self._state),
            Route("/admin/mails", self._mails),
        ]
        return gets + [
            Route(f"/admin/{name}", _post(action), methods=["POST"]) for name, action in posts.items()
        ]

    async def _truth(self, _request: Request) -> Response:
        orders = [truth_of(order) for order in self.gateway.world.orders.values()]
        return JSONResponse({"now": self.clock().isoformat(), "orders": orders})

    async def _mails(self, _request: Request) -> Response:
        return JSONResponse({"mails": [mail.as_json() for mail in self.mailbox.mails]})

    async def _state(self, _request: Request) -> Response:
        gateway, behavior = self.gateway, self.gateway.behavior
        return JSONResponse(
            {
                "seed": gateway.world.seed,
                "started_at": gateway.world.started_at.isoformat(),
                "now": self.clock().isoformat(),
                "orders": len(gateway.world.orders),
                "mails": len(self.mailbox.mails),
                "calls": gateway.calls,
                "errors": gateway.errors,
                "calls_while_banned": gateway.faults.calls_while_banned,
                "faults": [asdict(fault) for fault in gateway.faults.faults],
                "fault_kinds": KINDS,
                "behavior": {**asdict(behavior), "lag": behavior.lag.total_seconds()},
            }
        )

    def touch(self, wish: dict[str, Any]) -> dict[str, Any]:
        """`{n, shop?, what?, tids?}`: a memo (default), address, refund, close or ship happens now."""
        tids = [int(tid) for tid in wish.get("tids", [])]
        what, shop_id = wish.get("what", "memo"), wish.get("shop", "")
        orders = self.gateway.world.touch(_count(wish, "n"), self.clock(), shop_id, what, tids)
        return {"touched": [str(order.tid) for order in orders]}

    def place(self, wish: dict[str, Any]) -> dict[str, Any]:
        """`{n, shop?}`: n new orders are placed and paid now."""
        orders = self.gateway.world.place(_count(wish, "n"), self.clock(), wish.get("shop", ""))
        return {"placed": [str(order.tid) for order in orders]}

    def churn(self, wish: dict[str, Any]) -> dict[str, Any]:
        """`{per_call: k, place: m}`: before each list call k orders leave its window and m are placed."""
        self.gateway.behavior.churn_per_call = _count(wish, "per_call")
        self.gateway.behavior.churn_place = _count(wish, "place")
        return wish

    def noise(self, wish: dict[str, Any]) -> dict[str, Any]:
        """`{on, rate?}`: a meaningless field changes in each answer, list rows are shuffled and repeated."""
        self.gateway.behavior.noise = bool(wish.get("on", True))
        self.gateway.behavior.duplicate_rate = float(wish.get("rate", 0.0))
        return wish

    def faults(self, wish: dict[str, Any]) -> dict[str, Any]:
        """`{plan: [{kind, method?, nth?, page?, tid_mod?, times?, …}]}`: replaces the plan; `[]` heals."""
        self.gateway.faults.replace(list(wish.get("plan", [])))
        return {"waiting": len(self.gateway.faults.faults)}

    def delay(self, wish: dict[str, Any]) -> dict[str, Any]:
        """`{detail_ms, list_ms}`: every answer takes so long (at most 5000)."""
        self.gateway.behavior.detail_delay_ms = min(LONGEST_DELAY_MS, _count(wish, "detail_ms"))
        self.gateway.behavior.list_delay_ms = min(LONGEST_DELAY_MS, _count(wish, "list_ms"))
        return wish

    def lag(self, wish: dict[str, Any]) -> dict[str, Any]:
        """`{seconds}`: a change shows in lists only so much later."""
        self.gateway.set_lag(float(wish.get("seconds", 0)))
        return wish

    def tokens(self, wish: dict[str, Any]) -> dict[str, Any]:
        """`{shop, valid}`: the shop's session expires now, or is valid again."""
        self.gateway.expire(str(wish.get("shop", "")), None if wish.get("valid", True) else self.clock())
        return wish

    def mail_faults(self, wish: dict[str, Any]) -> dict[str, Any]:
        """`{refuse: n, drop_after_data: n}`: the next n mails are refused, or kept without an answer."""
        self.mailbox.refuse = _count(wish, "refuse")
        self.mailbox.drop_after_data = _count(wish, "drop_after_data")
        return wish

    def reset_counters(self, wish: dict[str, Any]) -> dict[str, Any]:
        """`{}`: calls and errors start at zero."""
        self.gateway.calls.clear()
        self.gateway.errors.clear()
        self.gateway.faults.calls_while_banned = 0
        return wish


def _post(action: Callable[[dict[str, Any]], dict[str, Any]]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            wish = await request.json()
            if not isinstance(wish, dict):
                raise ValueError("send one JSON object")  # noqa: TRY004, TRY301 - answered below as a bad wish
            return JSONResponse(action(wish))
        except (ValueError, TypeError, KeyError) as error:
            return JSONResponse({"error": str(error), "usage": action.__doc__}, status_code=400)

    return endpoint


def _count(wish: dict[str, Any], name: str) -> int:
    value = wish.get(name, 0)
    if not isinstance(value, int) or not 0 <= value <= MOST_AT_ONCE:
        raise ValueError(f"{name} is {value!r}; it must be a whole number from 0 to {MOST_AT_ONCE}")
    return value
