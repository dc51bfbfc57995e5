"""Traces of parcels in Kuaidi100's words: what carriers have scanned of what the WMS sent.

Written from its documents: a signed form, the answer in JSON; codes of failures are from memory.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.gateway.text import beijing
from sandbox.wms.service import Wms

PATH = "/kuaidi100/poll/query.do"
#: A carrier fetches what was sent after so long.
COLLECTED_AFTER = timedelta(hours=3)
ON_THE_WAY_AFTER = timedelta(hours=9)


@dataclass(slots=True)
class Traces:
    """What carriers know. Numbers in `left` stand in the warehouse and are never collected."""

    wms: Wms
    clock: Callable[[], datetime]
    left: set[str] = field(default_factory=set)
    calls: int = 0

    @property
    def customer(self) -> str:
        """The customer's name at the service."""
        return f"CUST{_digest(self.wms.seed, 'customer')[:8]}"

    @property
    def key(self) -> str:
        """The key that signs."""
        return _digest(self.wms.seed, "key")[:16]

    def routes(self) -> list[Route]:
        """Return the service and its controls."""
        return [
            Route(PATH, self._query, methods=["POST"]),
            Route("/admin/traces", self._drive, methods=["POST"]),
        ]

    def answer(self, form: dict[str, str]) -> dict[str, Any]:
        """Return what one signed query gets."""
        self.calls += 1
        param = form.get("param", "")
        signed = hashlib.md5(f"{param}{self.key}{self.customer}".encode()).hexdigest()  # noqa: S324 - their protocol
        if form.get("customer") != self.customer or form.get("sign") != signed.upper():
            return {"result": False, "returnCode": "503", "message": "验证签名失败"}
        wanted = json.loads(param)
        rows = self._rows(str(wanted.get("num", "")))
        if not rows:
            return {"result": False, "returnCode": "500", "message": "查询无结果，请隔段时间再查"}
        return {
            "message": "ok", "status": "200", "ischeck": "0", "state": "0", "com": wanted.get("com"),
            "nu": wanted.get("num"), "data": rows,
        }  # fmt: skip

    def _rows(self, number: str) -> list[dict[str, str]]:
        """Return the rows of a number, the newest first; the label's row is no scan."""
        sent = next((one for one in self.wms.ledger.parcels if one.express_code == number), None)
        if sent is None:
            return []
        told = [(sent.shipped_at, "下单", "商家已下单，等待揽收")]
        if number not in self.left:
            told.append((sent.shipped_at + COLLECTED_AFTER, "揽收", "【杭州】已揽收"))
            told.append((sent.shipped_at + ON_THE_WAY_AFTER, "在途", "快件已发往下一站"))
        return [
            {"time": beijing(at), "ftime": beijing(at), "status": status, "context": said}
            for at, status, said in reversed(told)
            if at <= self.clock()
        ]

    async def _query(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
        return JSONResponse(self.answer(form))

    async def _drive(self, request: Request) -> Response:
        """`{"left": [numbers]}`: these are never collected."""
        wish = await request.json()
        self.left = {str(number) for number in wish.get("left", [])}
        return JSONResponse({"left": sorted(self.left), "calls": self.calls})


def trace_connections(seed: int, base: str) -> dict[str, dict[str, Any]]:
    """Return the connection `kuaidi100` in Airflow's JSON form."""
    traces = Traces(Wms(seed), lambda: datetime.min)  # noqa: DTZ901 - only its names are asked
    return {
        "kuaidi100": {
            "conn_type": "http", "host": f"{base}{PATH}", "login": traces.customer, "password": traces.key
        }
    }  # fmt: skip


def _digest(seed: int, name: str) -> str:
    return hashlib.sha256(f"sandbox:traces:{seed}:{name}".encode()).hexdigest()
