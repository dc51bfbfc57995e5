"""The services' doors, and `/admin/waybill` for people and tests."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox.waybill import labels, top
from sandbox.waybill.ledger import Fault, Ledger

TOP_PATH, LABEL_PATH = "/router/waybill", "/label/order"
LONGEST_DELAY_S = 30.0
_CUTS = frozenset({"silent", "drop"})


@dataclass(slots=True)
class WaybillRoutes:
    """Both services over one ledger; credentials are fixed by the seed."""

    seed: int
    clock: Callable[[], datetime]
    ledger: Ledger = field(default_factory=Ledger)
    faults: list[Fault] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)

    def routes(self) -> list[Route]:
        """Return the gateways, the truth and the controls."""
        return [
            Route(TOP_PATH, self._top, methods=["POST"]),
            Route(LABEL_PATH, self._label, methods=["POST"]),
            Route("/admin/waybill", self._truth),
            Route("/admin/waybill", self._drive, methods=["POST"]),
        ]

    async def _top(self, request: Request) -> Response:
        form = await _form(request)
        known = (key(self.seed), secret(self.seed, top.SERVICE), session(self.seed))
        method = top.method_of(form)
        fault = self._fault(method)
        kind = fault.kind if fault else ""
        if kind in top.FAILURES:
            return JSONResponse(top.failure(*top.FAILURES[kind], kind))
        said = top.refused(form, *known, self.clock())
        return await self._given(fault, lambda: said or top.work(self.ledger, form))

    async def _label(self, request: Request) -> Response:
        form = await _form(request)
        method = labels.method_of(form)
        fault = self._fault(method)
        kind = fault.kind if fault else ""
        if kind in labels.FAILURES:
            return JSONResponse(labels.failure(labels.FAILURES[kind], kind))
        said = labels.refused(form, key(self.seed), secret(self.seed, labels.SERVICE), self.clock())
        return await self._given(fault, lambda: said or labels.work(self.ledger, form))

    def _fault(self, method: str) -> Fault | None:
        self.calls[method] += 1
        return next((fault for fault in self.faults if fault.strikes(method)), None)

    async def _given(self, fault: Fault | None, work: Callable[[], dict[str, Any]]) -> Response:
        kind = fault.kind if fault else ""
        if kind == "status":
            return Response("<html>Bad Gateway</html>", 502, media_type="text/html")
        if kind == "twice":
            work()
        content = {} if kind == "silent" else work()
        if fault and kind == "late":
            await asyncio.sleep(min(fault.seconds, LONGEST_DELAY_S))
        return _cut(content) if kind in _CUTS else JSONResponse(content)

    async def _truth(self, _request: Request) -> Response:
        made = [asdict(label) for label in self.ledger.labels]
        return JSONResponse({"labels": made, "left": self.ledger.left, "calls": dict(self.calls)})

    async def _drive(self, request: Request) -> Response:
        """`{faults: [{kind, method?, nth?, times?}, …], left: n | null, dedupes: true | false}`."""
        try:
            wish = await request.json()
            if "faults" in wish:
                self.faults = [Fault.of(entry) for entry in wish["faults"]]
            self.ledger.left = wish.get("left", self.ledger.left)
            self.ledger.dedupes = bool(wish.get("dedupes", self.ledger.dedupes))
        except (ValueError, TypeError, AttributeError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse({"labels": len(self.ledger.labels)})


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))


def _cut(content: dict[str, Any]) -> Response:
    whole = json.dumps(content).encode()

    async def half() -> Any:
        yield whole[: len(whole) // 2]

    return StreamingResponse(half(), headers={"content-length": str(len(whole))})


def key(seed: int) -> str:
    """Return the application's key."""
    return f"23{int(_digest(seed, 'key'), 16) % 1_000_000:06d}"


def secret(seed: int, service: str) -> str:
    """Return the secret that signs at a service."""
    return _digest(seed, service)[:32]


def session(seed: int) -> str:
    """Return the merchant's session at TOP."""
    return _digest(seed, "session")[:32]


def _digest(seed: int, name: str) -> str:
    return hashlib.sha256(f"sandbox:waybill:{seed}:{name}".encode()).hexdigest()


def waybill_connections(seed: int, base: str) -> dict[str, dict[str, Any]]:
    """Return `waybill_cainiao` and `waybill_kuaidi100` in Airflow's JSON form."""
    return {
        "waybill_cainiao": {
            "conn_type": "http",
            "host": f"{base}{TOP_PATH}",
            "login": key(seed),
            "password": secret(seed, top.SERVICE),
            "extra": {"session": session(seed), "user_id": "2200000001"},
        },
        "waybill_kuaidi100": {
            "conn_type": "http",
            "host": f"{base}{LABEL_PATH}",
            "login": key(seed),
            "password": secret(seed, labels.SERVICE),
        },
    }
