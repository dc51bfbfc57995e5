"""What a warehouse's WMS said of an order's documents, and the parcels that left: steps of its story."""

from sqlalchemy import Connection, RowMapping, text

from orderhub.domain.parcels import NO_NUMBER
from orderhub.fulfillment.tracking_words import said
from orderhub.operate.step import Step

_DOCUMENTS = text("""
    select d.* from core.delivery_orders as d
    join core.fulfillment_orders as f using (fulfillment_order_id)
    where f.order_id = :order_id order by d.created_at, d.fulfillment_order_id""")
_PARCELS = text("select * from core.shipments where order_id = :order_id order by shipped_at, shipment_id")
_STATES = {
    "pending": "等 WMS 回音",
    "accepted": "WMS 已接单",
    "refused": "WMS 拒收",
    "shipped": "WMS 已全部发出",
    "cancelled": "WMS 已撤单",
}


_TOLD = text("""
    select w.*, s.tracking_number from core.tracking_writes as w
    join core.shipments as s using (shipment_id)
    where w.order_id = :order_id order by w.recorded_at, w.shipment_id""")


def shipped(connection: Connection, order_id: str) -> list[Step]:
    """Return the documents at a WMS, and the parcels."""
    key = {"order_id": order_id}
    documents = [_document(row) for row in connection.execute(_DOCUMENTS, key).mappings()]
    parcels = [_parcel(row) for row in connection.execute(_PARCELS, key).mappings()]
    return documents + parcels + [_told(row) for row in connection.execute(_TOLD, key).mappings()]


def _document(row: RowMapping) -> Step:
    said = f":{row['answer']}" if row["answer"] else ""
    zh = f"交给 WMS,单号 {row['delivery_order_code']}({_STATES[row['state']]}{said})"
    en = f"handed to the WMS as {row['delivery_order_code']} ({row['state']}{said})"
    return Step(row["created_at"], "wms", zh, en, {"wms_order": row["wms_order_id"] or "-"})


def _parcel(row: RowMapping) -> Step:
    by = f"{row['carrier_code']} {row['tracking_number']}"
    is_numbered = row["tracking_number"] != NO_NUMBER
    zh = f"{row['warehouse_id']} 已发出,{by if is_numbered else '没有运单号'}"
    en = f"{row['warehouse_id']} sent it, {by if is_numbered else 'by no known number'}"
    return Step(row["shipped_at"], "shipped", zh, en, {"shipment": row["shipment_id"]})


def _told(row: RowMapping) -> Step:
    zh, en = said(row["state"], row["reason"])
    at = row["ended_at"] or row["tried_at"] or row["recorded_at"]
    answer = f": {row['answer']}" if row["answer"] else ""
    number = row["tracking_number"]
    ids = {"shipment": row["shipment_id"]}
    return Step(at, "told", f"{zh} {number}{answer}", f"{en}: {number}{answer}", ids)
