"""The other door of the sandbox: read the truth, change the world, plan failures. Loopback only, JSON."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.faults import KINDS
from sandbox.gateway.gateway import Gateway
from sandbox.gateway.limits import Limit
from sandbox.mailbox import Mailbox
from sandbox.world.truth import truth_of, truth_of_after_sale
from sandbox.world.world import World

MOST_AT_ONCE = 20_000
LONGEST_DELAY_MS = 5000

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(slots=True)
class Admin:
    """The admin endpoints of one sandbox."""

    gateways: Mapping[str, Gateway]
    mailbox: Mailbox
    clock: Callable[[], datetime]

    @property
    def world(self) -> World:
        """The world that all gateways show."""
        return next(iter(self.gateways.values())).world

    def routes(self) -> list[Route]:
        """Return the routes; every POST takes one JSON object and answers what it did."""
        posts: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "touch": self.touch,
            "place": self.place,
            "shelve": self.shelve,
            "churn": self.churn,
            "noise": self.noise,
            "faults": self.faults,
            "delay": self.delay,
            "lag": self.lag,
            "tokens": self.tokens,
            "limits": self.limits,
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

    async def _truth(self, request: Request) -> Response:
        platform, shop = (request.query_params.get(name, "") for name in ("platform", "shop"))
        chosen = [
            order
            for order in self.world.orders.values()
            if platform in {"", order.platform} and shop in {"", order.shop_id}
        ]
        after_sales = [truth_of_after_sale(one) for order in chosen for one in order.after_sales]
        orders = [truth_of(order) for order in chosen]
        return JSONResponse({"now": self.clock().isoformat(), "orders": orders, "after_sales": after_sales})

    async def _mails(self, _request: Request) -> Response:
        return JSONResponse({"mails": [mail.as_json() for mail in self.mailbox.mails]})

    async def _state(self, _request: Request) -> Response:
        world, gateways = self.world, self.gateways.values()
        return JSONResponse(
            {
                "seed": world.seed,
                "started_at": world.started_at.isoformat(),
                "now": self.clock().isoformat(),
                "shops": Counter(order.shop_id for order in world.orders.values()),
                "orders": len(world.orders),
                "after_sales": len(world.after_sales),
                "mails": len(self.mailbox.mails),
                "calls": sum((gateway.calls for gateway in gateways), Counter()),
                "errors": sum((gateway.errors for gateway in gateways), Counter()),
                "calls_while_banned": sum(gateway.faults.calls_while_banned for gateway in gateways),
                "fault_kinds": KINDS,
                "gateways": {name: _state_of(gateway) for name, gateway in self.gateways.items()},
            }
        )

    def touch(self, wish: dict[str, Any]) -> dict[str, Any]:
        """`{n, shop?, what?, orders?}`: something happens now; `what` is memo unless said otherwise."""
        named = [str(order_id) for order_id in wish.get("orders", [])]
        what, shop_id = wish.get("what", "memo"), wish.get("shop", "")
        orders = self.world.touch(_count(wish, "n"), self.clock(), shop_id, what, named)
        return {"touched": [order.order_id for order in orders]}

    def place(self, wish: dict[str, Any]) -> dict[str, Any]:
        """`{n, shop?}`: n new orders are placed and paid now."""
        orders = self.world.place(_count(wish, "n"), self.clock(), wish.get("shop", ""))
        return {"placed": [order.order_id for order in orders]}

    def shelve(self, wish: dict[str, Any]) -> dict[str, Any]:
        """`{shop, code, standing}`: a listing is off the shelf, deleted, locked by an activity or back."""
        shop_id, code = str(wish["shop"]), str(wish["code"])
        self._gateway_of(shop_id)
        self.world.shelve(shop_id, code, str(wish["standing"]), self.clock())
        return wish

    def churn(self, wish: dict[str, Any]) -> dict[str, Any]:
        """`{per_call: k, place: m, platform?, shop?}`: before each list call k leave its window, m come."""
        for gateway in self._chosen(wish):
            gateway.behavior.churn_per_call = _count(wish, "per_call")
            gateway.behavior.churn_place = _count(wish, "place")
            gateway.behavior.churn_shop = str(wish.get("shop", ""))
        return wish

    def noise(self, wish: dict[str, Any]) -> dict[str, Any]:
        """`{on, rate?, platform?}`: a meaningless field changes, list rows are shuffled and repeated."""
        for gateway in self._chosen(wish):
            gateway.behavior.noise = bool(wish.get("on", True))
            gateway.behavior.duplicate_rate = float(wish.get("rate", 0.0))
        return wish

    def faults(self, wish: dict[str, Any]) -> dict[str, Any]:
        """`{plan: [{kind, method?, shop?, nth?, page?, id_mod?, times?, …}], platform?}`: `[]` heals."""
        chosen = self._chosen(wish)
        for gateway in chosen:
            gateway.faults.replace(list(wish.get("plan", [])))
        return {"waiting": sum(len(gateway.faults.faults) for gateway in chosen)}

    def delay(self, wish: dict[str, Any]) -> dict[str, Any]:
        """`{detail_ms, list_ms, platform?}`: every answer takes so long (at most 5000)."""
        for gateway in self._chosen(wish):
            gateway.behavior.detail_delay_ms = min(LONGEST_DELAY_MS, _count(wish, "detail_ms"))
            gateway.behavior.list_delay_ms = min(LONGEST_DELAY_MS, _count(wish, "list_ms"))
        return wish

    def lag(self, wish: dict[str, Any]) -> dict[str, Any]:
        """`{seconds, platform?}`: a change shows in lists only so much later."""
        for gateway in self._chosen(wish):
            gateway.set_lag(float(wish.get("seconds", 0)))
        return wish

    def limits(self, wish: dict[str, Any]) -> dict[str, Any]:
        """`{limits: [{method, calls, seconds, per_shop?}], platform?}`: replaces the budgets of calls."""
        limits = tuple(Limit(**entry) for entry in wish.get("limits", []))
        for gateway in self._chosen(wish):
            gateway.budget.limits = limits
        return {"limits": [asdict(limit) for limit in limits]}

    def tokens(self, wish: dict[str, Any]) -> dict[str, Any]:
        """`{shop, valid, revoke?}`: the shop's tokens expire now or are valid again; `revoke`: for good."""
        shop_id = str(wish.get("shop", ""))
        gateway = self._gateway_of(shop_id)
        gateway.expire(shop_id, None if wish.get("valid", True) else self.clock())
        if wish.get("revoke"):
            gateway.tokens.revoke(shop_id)
        return wish

    def _gateway_of(self, shop_id: str) -> Gateway:
        for gateway in self.gateways.values():
            if shop_id in gateway.tokens.shops.values():
                return gateway
        known = ", ".join(shop.shop_id for shop in self.world.shops)
        raise ValueError(f"shop {shop_id!r} is unknown; known: {known}")

    def _chosen(self, wish: dict[str, Any]) -> list[Gateway]:
        name = wish.get("platform", "")
        if name and name not in self.gateways:
            raise ValueError(f"platform {name!r} is unknown; known: {', '.join(self.gateways)}")
        return [self.gateways[name]] if name else list(self.gateways.values())

    def mail_faults(self, wish: dict[str, Any]) -> dict[str, Any]:
        """`{refuse: n, drop_after_data: n}`: the next n mails are refused, or kept without an answer."""
        self.mailbox.refuse = _count(wish, "refuse")
        self.mailbox.drop_after_data = _count(wish, "drop_after_data")
        return wish

    def reset_counters(self, wish: dict[str, Any]) -> dict[str, Any]:
        """`{}`: calls and errors start at zero."""
        for gateway in self.gateways.values():
            gateway.calls.clear()
            gateway.errors.clear()
            gateway.faults.calls_while_banned = 0
        return wish


def _state_of(gateway: Gateway) -> dict[str, Any]:
    behavior = gateway.behavior
    return {
        "calls": gateway.calls,
        "errors": gateway.errors,
        "faults": [asdict(fault) for fault in gateway.faults.faults],
        "limits": [asdict(limit) for limit in gateway.budget.limits],
        "behavior": {**asdict(behavior), "lag": behavior.lag.total_seconds()},
    }


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
