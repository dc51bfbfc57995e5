"""The WMS's doors: Qimen's for clients, `/admin/wms` for people and tests, its part of the state page."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from html import escape
from typing import Any

import requests
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox.gateway.wire import Incoming, Reply
from sandbox.pages import table
from sandbox.wms.faults import KINDS, Fault
from sandbox.wms.ledger import OPEN, RuleError
from sandbox.wms.service import PATH, WAREHOUSES, Wms

LONGEST_DELAY_S = 30.0


@dataclass(slots=True)
class WmsRoutes:
    """Routes of one WMS."""

    wms: Wms
    clock: Callable[[], datetime]

    def routes(self) -> list[Route]:
        """Return the gateway, the truth and the controls."""
        return [
            Route(PATH, self._call, methods=["POST"]),
            Route("/admin/wms", self._truth),
            Route("/admin/wms", self._drive, methods=["POST"]),
        ]

    async def _call(self, request: Request) -> Response:
        incoming = Incoming(
            request.url.path, request.method, dict(request.query_params), {}, await request.body()
        )
        reply = self.wms.answer(incoming, self.clock())
        if reply.delay_s:
            await asyncio.sleep(min(reply.delay_s, LONGEST_DELAY_S))
        return (
            _cut(reply) if reply.cut else Response(reply.content, reply.status, media_type=reply.media_type)
        )

    async def _truth(self, _request: Request) -> Response:
        return JSONResponse(truth(self.wms))

    async def _drive(self, request: Request) -> Response:
        try:
            wish = await request.json()
            done = self.drive(wish)
            if "push" in wish:
                done["told"] = await asyncio.to_thread(self._push, wish["push"], wish["to"])
            return JSONResponse(done)
        except (ValueError, TypeError, KeyError, AttributeError, RuleError, OSError) as error:
            return JSONResponse({"error": str(error), "usage": self.drive.__doc__}, status_code=400)

    def drive(self, wish: dict[str, Any]) -> dict[str, Any]:
        """`{ship: "all"|[code, …], items?: {item: n}, …}`: any of these, in this order.

        put: [[warehouse, item, free], …]; pick: [code, …]; ship;
        grade: [[warehouse, item, good, defective], …]; returned: [[code, item, good, defective], …];
        faults: [{kind, method?, nth?, times?, …}, …], `[]` heals; release: true works on what a fault holds;
        dedupes: true|false; push: [code, …] and to: the hub's door. Warehouses are the WMS's codes.
        """
        ledger, done = self.wms.ledger, {}
        for warehouse, item, free in wish.get("put", []):
            ledger.put(warehouse, item, int(free))
        for code in wish.get("pick", []):
            ledger.find(code).status = "PICK"
        if "ship" in wish:
            done["shipped"] = [
                parcel.express_code
                for code in self._codes(wish["ship"])
                for parcel in ledger.ship(code, self.clock(), wish.get("items"))
            ]
        for warehouse, item, good, defective in wish.get("grade", []):
            ledger.grade_return(warehouse, item, int(good), int(defective))
        for code, item, good, defective in wish.get("returned", []):
            ledger.receive(code, item, int(good), int(defective), self.clock())
        if "faults" in wish:
            self.wms.faults = [Fault.of(entry) for entry in wish["faults"]]
        if wish.get("release"):
            done["released"] = self.wms.release(self.clock())
        ledger.dedupes = bool(wish.get("dedupes", ledger.dedupes))
        return {**done, "documents": len(ledger.documents), "parcels": len(ledger.parcels)}

    def _push(self, codes: list[str], address: str) -> list[str]:
        """Tell the hub what of these documents has left, and return what it answered."""
        pushes = [self.wms.confirmation(code, self.clock()) for code in codes]
        return [
            requests.post(address, params=query, data=body, timeout=LONGEST_DELAY_S).text
            for query, body in pushes
        ]

    def _codes(self, wished: str | list[str]) -> list[str]:
        return list(self.wms.ledger.documents) if wished == "all" else list(wished)


def truth(wms: Wms) -> dict[str, Any]:
    """Return stock, documents and parcels as they truly are."""
    ledger = wms.ledger
    return {
        "stock": [
            {"warehouse": warehouse, "item": item, **asdict(held)}
            for (warehouse, item), held in ledger.stock.items()
        ],
        "documents": [
            {
                "code": one.code, "wms_id": one.wms_id, "warehouse": one.warehouse, "status": one.status,
                "items": dict(one.planned), "due": one.due, "created_at": one.created_at.isoformat(),
                "receiver": one.receiver, "express_code": one.express_code,
            }
            for known in ledger.documents.values()
            for one in known
        ],
        "parcels": [
            {**asdict(parcel), "items": dict(parcel.items), "shipped_at": parcel.shipped_at.isoformat()}
            for parcel in ledger.parcels
        ],
        "returns": [
            {
                "code": one.code, "wms_id": one.wms_id, "warehouse": one.warehouse,
                "planned": dict(one.planned),
                "came": [[item, grade, pieces] for (item, grade), pieces in one.came.items() if pieces],
            }
            for one in ledger.returns.values()
        ],
        "calls": dict(wms.calls), "errors": dict(wms.errors),
        "faults": [asdict(fault) for fault in wms.faults], "held": len(wms.held),
    }  # fmt: skip


def section(wms: Wms) -> str:
    """Return the part of the state page about the WMS."""
    ledger = wms.ledger
    documents = [one for known in ledger.documents.values() for one in known]
    states = Counter(one.status for one in documents)
    names = {code: warehouse for warehouse, code in WAREHOUSES.items()}
    rows = (
        (
            f"<code>{escape(code)}</code> {escape(names[code])}",
            f"{sum(held.free for (where, _), held in ledger.stock.items() if where == code):,}",
            f"{sum(held.locked for (where, _), held in ledger.stock.items() if where == code):,}",
            f"{sum(1 for one in documents if one.warehouse == code and one.status in OPEN):,}",
        )
        for code in names
    )
    calls = ((f"<code>{escape(name)}</code>", f"{n:,}") for name, n in wms.calls.most_common())
    told = ", ".join(f"{state} {n:,}" for state, n in states.items()) or "还没有单"
    kinds = "".join(f"<li><code>{kind}</code> {escape(about)}</li>" for kind, about in KINDS.items())
    return (
        f"<h2>仓库系统(WMS,奇门)</h2><p>地址 <code>{PATH}</code>;单据:{told};"
        f"包裹 {len(ledger.parcels):,} 个。"
        '<a href="/admin/wms">真实台账(JSON)</a>。向 <code>/admin/wms</code> POST '
        '<code>{"ship": "all"}</code> 就把接了的单全部发出。</p>'
        + table("", ("仓", "可用件数", "锁定件数", "未发单据"), rows, numbers={1, 2, 3})
        + table("", ("方法", "调用"), calls, numbers={1})
        + f"<details><summary>可计划的故障</summary><ul>{kinds}</ul></details>"
    )


def _cut(reply: Reply) -> Response:
    async def half() -> Any:
        yield reply.content[: len(reply.content) // 2]

    headers = {"content-length": str(len(reply.content)), "content-type": reply.media_type}
    return StreamingResponse(half(), headers=headers)
