"""The WMS behind HTTP: checks signature and time, works on the ledger, and misbehaves as planned."""

import hashlib
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.gateway.text import beijing
from sandbox.gateway.wire import Incoming, Reply
from sandbox.wms.faults import CUTS, Fault
from sandbox.wms.ledger import Ledger, RuleError
from sandbox.wms.methods import Methods, batch_answer, shown
from sandbox.wms.signature import sign
from sandbox.wms.wire import answer, document, read, text_of
from sandbox.world.catalog import stock_rows
from sandbox.world.platforms import BEIJING

PATH = "/router/qimen/service"
PREFIX = "taobao.qimen."
SKEW = timedelta(minutes=10)
#: Our id of a building → the WMS's code of it.
WAREHOUSES = {"hangzhou": "HZ01", "yiwu": "YW01"}
OWNER = "JYS"
QUERY = "deliveryorder.query"
XML = "application/xml"


@dataclass(slots=True)
class Wms:
    """One WMS with the buildings of `WAREHOUSES`; credentials are fixed by the seed."""

    seed: int
    ledger: Ledger = field(default_factory=Ledger)
    faults: list[Fault] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    held: list[tuple[str, ET.Element]] = field(default_factory=list)
    methods: Methods = field(init=False)

    def __post_init__(self) -> None:
        self.methods = Methods(self.ledger, frozenset(WAREHOUSES.values()))

    @classmethod
    def stocked(cls, seed: int) -> "Wms":
        """Return a WMS that holds what the catalog says lies in stock."""
        wms = cls(seed)
        for warehouse, item, pieces in stock_rows():
            wms.ledger.put(WAREHOUSES[warehouse], item, pieces)
        return wms

    def answer(self, incoming: Incoming, now: datetime) -> Reply:
        """Return what one call gets; `cut` replies close the connection."""
        name = incoming.query.get("method", "").removeprefix(PREFIX)
        self.calls[name] += 1
        try:
            request = self._checked(incoming, name, now)
        except (RuleError, ValueError) as error:
            code = error.code if isinstance(error, RuleError) else "isv.invalid-xml"
            self.errors[code] += 1
            return Reply(answer("failure", code, str(error)), XML)
        fault = next((fault for fault in self.faults if fault.strikes(name)), None)
        return self._work(name, request, now, fault)

    def release(self, now: datetime) -> int:
        """Work on every request that a fault `later` holds, and return how many."""
        held, self.held = self.held, []
        for name, request in held:
            self._done(name, request, now)
        return len(held)

    def confirmation(self, code: str, now: datetime) -> tuple[dict[str, str], bytes]:
        """Return the query and body with which the WMS would push a `deliveryorder.confirm`, signed."""
        body = document("request", shown(self.ledger.find(code)))
        query = {
            "method": f"{PREFIX}deliveryorder.confirm", "timestamp": beijing(now), "format": "xml",
            "app_key": app_key(self.seed), "v": "2.0", "sign_method": "md5",
            "customerId": customer(self.seed),
        }  # fmt: skip
        return {**query, "sign": sign(query, body.decode(), secret(self.seed))}, body

    def _checked(self, incoming: Incoming, name: str, now: datetime) -> ET.Element:
        query = incoming.query
        signed = sign(query, incoming.body.decode("utf-8", "replace"), secret(self.seed))
        known = {"app_key": app_key(self.seed), "customerId": customer(self.seed), "format": "xml"}
        if query.get("sign") != signed or any(query.get(key) != value for key, value in known.items()):
            raise RuleError("sign-check-failure", "Illegal request")
        if self.methods.of(name) is None:
            raise RuleError("isv.invalid-method", f"没有这个方法: {name}")
        try:
            stamp = datetime.strptime(query.get("timestamp", ""), "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
        except ValueError:
            raise RuleError("isv.timestamp-expired", "timestamp 无法识别") from None
        if abs(stamp - now) > SKEW:
            raise RuleError("isv.timestamp-expired", "timestamp 超过 10 分钟")
        return read(incoming.body)

    def _work(self, name: str, request: ET.Element, now: datetime, fault: Fault | None) -> Reply:
        kind = fault.kind if fault else ""
        if fault and kind == "status":
            return Reply(b"<html>Bad Gateway</html>", "text/html", fault.status)
        if kind == "busy":
            return Reply(answer("failure", "SYSTEM_BUSY", "系统繁忙"), XML)
        if kind == "later":
            self.held.append((name, request))
        if kind in {"silent", "later"}:
            return Reply(answer("success", "0", ""), XML, cut=True)
        if kind == "twice":
            self._done(name, request, now)
        content = self._half(request, now, fault) if fault and kind in {"half", "half_drop"} else None
        content = content or self._done(name, request, now)
        if kind == "repeat" and name == QUERY:  # Of another call it would say that what was refused is done.
            known = self.ledger.find(text_of(request, "orderCode"))
            content = answer("success", "0", "", shown(known, repeat=True))
        if fault and kind == "odd":
            content = answer(fault.flag, fault.code, "")
        if kind == "exists":
            content = _exists(name, request)
        return Reply(content, XML, delay_s=fault.seconds if fault and kind == "late" else 0, cut=kind in CUTS)

    def _done(self, name: str, request: ET.Element, now: datetime) -> bytes:
        method = self.methods.of(name)
        if method is None:
            raise LookupError(name)
        try:
            return method(request, now)
        except RuleError as error:
            self.errors[error.code] += 1
            return answer("failure", error.code, str(error))

    def _half(self, request: ET.Element, now: datetime, fault: Fault) -> bytes | None:
        orders = request.findall("orders/order")
        if not orders:
            return None
        taken = len(orders) // 2
        refusals = [self.methods.refusal(order, now) for order in orders[:taken]]
        return batch_answer([*refusals, *(_refused(order, fault.message) for order in orders[taken:])])


def _refused(order: ET.Element, message: str) -> dict[str, str]:
    return {"deliveryOrderCode": text_of(order, "deliveryOrder/deliveryOrderCode"), "message": message}


def _exists(name: str, request: ET.Element) -> bytes:
    if name.endswith("batchcreate"):
        message = "DUPLICATE_ORDER:单号已存在"
        return batch_answer([_refused(order, message) for order in request.findall("orders/order")])
    return answer("failure", "DUPLICATE_ORDER", "单号已存在")


def app_key(seed: int) -> str:
    """Return the application's key."""
    return f"23{int(_digest(seed, 'app_key'), 16) % 1_000_000:06d}"


def secret(seed: int) -> str:
    """Return the secret that signs."""
    return _digest(seed, "secret")[:32]


def customer(seed: int) -> str:
    """Return the id of the merchant at the WMS."""
    return f"c{int(_digest(seed, 'customer'), 16) % 10_000_000_000:010d}"


def _digest(seed: int, name: str) -> str:
    return hashlib.sha256(f"sandbox:wms:{seed}:{name}".encode()).hexdigest()


def wms_connections(seed: int, base: str) -> dict[str, dict[str, Any]]:
    """Return `wms_<warehouse>` in Airflow's JSON form, one per building."""
    return {
        f"wms_{warehouse}": {
            "conn_type": "http",
            "host": f"{base}{PATH}",
            "login": app_key(seed),
            "password": secret(seed),
            "extra": {"customer_id": customer(seed)},
        }
        for warehouse in WAREHOUSES
    }
