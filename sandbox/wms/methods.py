"""Qimen's methods on the ledger: what a request must hold, and what its answer says."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.gateway.text import beijing
from sandbox.wms.ledger import Document, Ledger, Return, RuleError
from sandbox.wms.wire import answer, text_of

ITEMS_PER_QUERY = 100
ORDERS_PER_BATCH = 200
REQUIRED = (
    "deliveryOrderCode", "orderType", "warehouseCode", "createTime", "placeOrderTime", "operateTime",
    "shopNick", "logisticsCode", "senderInfo/name", "senderInfo/mobile", "senderInfo/province",
    "senderInfo/city",
    "senderInfo/detailAddress", "receiverInfo/name", "receiverInfo/mobile", "receiverInfo/province",
    "receiverInfo/city", "receiverInfo/detailAddress",
)  # fmt: skip
REQUIRED_OF_RETURN = (
    "returnOrderCode", "warehouseCode", "orderType", "preDeliveryOrderCode", "logisticsCode",
    "senderInfo/name",
    "senderInfo/mobile", "senderInfo/province", "senderInfo/city", "senderInfo/detailAddress",
)  # fmt: skip
PLACE = ("province", "city", "area", "town", "detailAddress")
REQUIRED_OF_LINE = ("ownerCode", "itemCode", "planQty", "actualPrice")


@dataclass(slots=True)
class Methods:
    """The methods, by name without Qimen's prefix."""

    ledger: Ledger
    warehouses: frozenset[str]
    _numbers: int = field(default=900_000_000)

    def of(self, name: str) -> Callable[[ET.Element, datetime], bytes] | None:
        """Return a method, or nothing where there is none of that name."""
        return {
            "deliveryorder.create": self.create,
            "deliveryorder.batchcreate": self.create_many,
            "deliveryorder.query": self.query,
            "order.cancel": self.cancel,
            "inventory.query": self.inventory,
            "returnorder.create": self.announce,
            "returnorder.query": self.query_return,
        }.get(name)

    def create(self, request: ET.Element, now: datetime) -> bytes:
        """Take one delivery order."""
        document = self._take(request, now)
        return answer("success", "0", "", {"createTime": beijing(now), "deliveryOrderId": document.wms_id})

    def create_many(self, request: ET.Element, now: datetime) -> bytes:
        """Take a batch; the answer lists those that were not taken, with a message and no code."""
        orders = request.findall("orders/order")
        if not 0 < len(orders) <= ORDERS_PER_BATCH:
            raise RuleError("isv.invalid-parameter", f"orders: 1 to {ORDERS_PER_BATCH}, not {len(orders)}")
        return batch_answer([self.refusal(order, now) for order in orders])

    def refusal(self, order: ET.Element, now: datetime) -> dict[str, str] | None:
        """Take one order of a batch, and return its line of the answer where it is not taken."""
        try:
            self._take(order, now)
        except RuleError as error:
            code = text_of(order, "deliveryOrder/deliveryOrderCode")
            return {"deliveryOrderCode": code, "message": f"{error.code}:{error}"}
        return None

    def query(self, request: ET.Element, _now: datetime) -> bytes:
        """Show a delivery order, its parcels and a page of its lines."""
        document = self.ledger.find(text_of(request, "orderCode"), text_of(request, "orderId"))
        return answer("success", "0", "", shown(document))

    def cancel(self, request: ET.Element, _now: datetime) -> bytes:
        """Cancel a delivery order that nobody has begun to pick."""
        self.ledger.cancel(text_of(request, "orderCode"), text_of(request, "orderId"))
        return answer("success", "0", "")

    def inventory(self, request: ET.Element, _now: datetime) -> bytes:
        """Show the stock of the named items: a row per kind; unknown items have none."""
        criteria = request.findall("criteriaList/criteria")
        if not 0 < len(criteria) <= ITEMS_PER_QUERY:
            raise RuleError("isv.invalid-parameter", f"criteria: 1 to {ITEMS_PER_QUERY}, not {len(criteria)}")
        rows: list[dict[str, Any]] = []
        for one in criteria:
            warehouse, item = self._warehouse(one), text_of(one, "itemCode")
            held = self.ledger.stock.get((warehouse, item))
            if held is None:
                continue
            where = {"warehouseCode": warehouse, "itemCode": item, "itemId": f"W{item}"}
            rows.append({**where, "inventoryType": "ZP", "quantity": held.free, "lockQuantity": held.locked})
            if held.defective and text_of(one, "inventoryType") in {"", "CC"}:
                rows.append({**where, "inventoryType": "CC", "quantity": held.defective, "lockQuantity": 0})
        return answer("success", "0", "", {"items": {"item": rows}})

    def announce(self, request: ET.Element, now: datetime) -> bytes:
        """Take one return that is announced."""
        coming = request.find("returnOrder")
        lines = request.findall("orderLines/orderLine")
        if coming is None:
            raise RuleError("isv.missing-parameter", "缺少 returnOrder")
        missing = [path for path in REQUIRED_OF_RETURN if not text_of(coming, path)]
        missing += [
            name for line in lines for name in ("ownerCode", "itemCode", "planQty") if not text_of(line, name)
        ]
        if missing or not lines:
            raise RuleError("isv.missing-parameter", f"缺少 {', '.join(missing) or 'orderLines'}")
        self._numbers += 1
        taken = self.ledger.announce(
            Return(
                code=text_of(coming, "returnOrderCode"),
                wms_id=f"RMA{self._numbers}",
                warehouse=self._warehouse(coming),
                planned=dict(map(_line, lines)),
            )
        )
        return answer("success", "0", "", {"createTime": beijing(now), "returnOrderId": taken.wms_id})

    def query_return(self, request: ET.Element, _now: datetime) -> bytes:
        """Show a return and what has come of it, a line per item and grade."""
        coming = self.ledger.find_return(text_of(request, "returnOrderCode"))
        return answer("success", "0", "", shown_return(coming))

    def _take(self, request: ET.Element, now: datetime) -> Document:
        order = request.find("deliveryOrder")
        if order is None:
            raise RuleError("isv.missing-parameter", "缺少 deliveryOrder")
        _check(order, request.findall("orderLines/orderLine"))
        self._numbers += 1
        lines = {
            text_of(line, "orderLineNo") or str(place): _line(line)
            for place, line in enumerate(request.findall("orderLines/orderLine"), start=1)
        }
        if len(lines) != len(request.findall("orderLines/orderLine")):
            raise RuleError("isv.invalid-parameter", "orderLineNo 重复")
        return self.ledger.accept(
            Document(
                code=text_of(order, "deliveryOrderCode"),
                wms_id=f"WMS{self._numbers}",
                warehouse=self._warehouse(order),
                logistics_code=text_of(order, "logisticsCode"),
                lines=lines,
                created_at=now,
                oaid=text_of(order, "receiverInfo/oaid"),
                receiver="".join(text_of(order, f"receiverInfo/{part}") for part in PLACE),
                express_code=text_of(order, "expressCode"),
                due=text_of(order, "arAmount") or "0",
                order_type=text_of(order, "orderType"),
            )
        )

    def _warehouse(self, element: ET.Element) -> str:
        code = text_of(element, "warehouseCode")
        if code not in self.warehouses:
            raise RuleError("WAREHOUSE_NOT_FOUND", f"仓库编码不存在: {code}")
        return code


def batch_answer(refusals: list[dict[str, str] | None]) -> bytes:
    """Return the answer to a batch: failure where none was taken."""
    failed = [refusal for refusal in refusals if refusal]
    flag, code = ("failure", "BATCH_FAILED") if len(failed) == len(refusals) else ("success", "0")
    return answer(flag, code, "", {"orders": {"order": failed}})


def shown(document: Document, *, repeat: bool = False) -> dict[str, Any]:
    """Return a document as query and confirm show it; `repeat` lists every parcel twice."""
    last = document.parcels[-1].shipped_at if document.parcels else document.created_at
    parcels = document.parcels * (2 if repeat else 1)
    return {
        "totalLines": len(document.lines),
        "deliveryOrder": {
            "deliveryOrderCode": document.code,
            "deliveryOrderId": document.wms_id,
            "warehouseCode": document.warehouse,
            "orderType": document.order_type,
            "status": document.status,
            "outBizCode": f"{document.wms_id}-{len(document.parcels)}",
            "confirmType": 1 if document.left else 0,
            "orderConfirmTime": beijing(last),
            "operateTime": beijing(last),
        },
        "packages": {"package": [_package(parcel) for parcel in parcels]},
        "orderLines": {"orderLine": _lines(document)},
    }


def shown_return(coming: Return) -> dict[str, Any]:
    """Return a return as a query shows it: pieces are those of all confirmations together."""
    return {
        "returnOrder": {
            "returnOrderCode": coming.code,
            "returnOrderId": coming.wms_id,
            "warehouseCode": coming.warehouse,
            "orderConfirmTime": beijing(coming.confirmed_at) if coming.confirmed_at else "",
        },
        "orderLines": {
            "orderLine": [
                {
                    "itemCode": item, "inventoryType": grade, "planQty": coming.planned.get(item, 0),
                    "actualQty": pieces,
                }
                for (item, grade), pieces in coming.came.items()
                if pieces
            ]
        },
    }  # fmt: skip


def _package(parcel: Any) -> dict[str, Any]:
    return {
        "logisticsCode": parcel.logistics_code,
        "expressCode": parcel.express_code,
        "packageCode": parcel.express_code,
        "weight": "0.60",
        "items": {"item": [{"itemCode": item, "quantity": n} for item, n in parcel.items.items()]},
    }


def _lines(document: Document) -> list[dict[str, Any]]:
    left = document.left
    lines = []
    for number, (item, planned) in document.lines.items():
        short = min(planned, left[item])
        left[item] -= short
        lines.append(
            {"orderLineNo": number, "itemCode": item, "planQty": planned, "actualQty": planned - short}
        )
    return lines


def _check(order: ET.Element, lines: list[ET.Element]) -> None:
    missing = [path for path in REQUIRED if not text_of(order, path)]
    missing += [name for line in lines for name in REQUIRED_OF_LINE if not text_of(line, name)]
    if missing or not lines:
        raise RuleError("isv.missing-parameter", f"缺少 {', '.join(missing) or 'orderLines'}")
    try:
        total, item, discount, freight, due, got = (
            Decimal(text_of(order, name) or "0")
            for name in ("totalAmount", "itemAmount", "discountAmount", "freight", "arAmount", "gotAmount")
        )
    except InvalidOperation:
        raise RuleError("isv.invalid-parameter", "金额不是数字") from None
    if not total == due + got == item - discount + freight:
        raise RuleError("isv.invalid-parameter", "totalAmount 与 arAmount、gotAmount、明细不符")


def _line(line: ET.Element) -> tuple[str, int]:
    return text_of(line, "itemCode"), int(text_of(line, "planQty"))
