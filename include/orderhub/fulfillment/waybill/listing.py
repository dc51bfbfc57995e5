"""The waybills of a manifest, and its print tasks in the words of the printers' component (CNPrint)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, text

from orderhub.db.engine import Database
from orderhub.errors import StopError

_WAYBILLS = text("""
    select fulfillment_order_id, carrier_id, state, tracking_number, answer from core.waybills
    where manifest_id = :manifest_id order by fulfillment_order_id""")
_TASKS = text("""
    select p.fulfillment_order_id, p.template, p.data, w.tracking_number from core.print_tasks as p
    join core.waybills as w using (fulfillment_order_id)
    where p.manifest_id = :manifest_id and w.state = 'got' order by p.fulfillment_order_id""")


def waybills_of(database: Database, manifest_id: str) -> Sequence[Row[Any]]:
    """Return the waybills of a manifest, by document.

    Raises:
        StopError: it has none.
    """
    with database.read() as connection:
        found = connection.execute(_WAYBILLS, {"manifest_id": manifest_id}).all()
    if not found:
        raise StopError(f"manifest {manifest_id}: no waybill was asked for; see core.manifests for its id")
    return found


def print_tasks_of(database: Database, manifest_id: str) -> list[Mapping[str, Any]]:
    """Return one task per label that stands, a document each: printing it again prints nothing else twice."""
    with database.read() as connection:
        rows = connection.execute(_TASKS, {"manifest_id": manifest_id}).all()
    return [
        {
            "cmd": "print",
            "requestID": row.fulfillment_order_id,
            "version": "1.0",
            "task": {
                "taskID": row.fulfillment_order_id,
                "preview": False,
                "printer": "",
                "documents": [
                    {
                        "documentID": row.tracking_number,
                        "contents": [{"templateURL": row.template, **row.data}],
                    }
                ],
            },
        }
        for row in rows
    ]
