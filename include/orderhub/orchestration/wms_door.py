"""The door of Airflow's API server through which a WMS tells what has left; its signature is its login."""

from collections.abc import Mapping

import structlog
from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool

from orderhub.clock import SystemClock
from orderhub.db.engine import Database
from orderhub.db.migrations import check_version
from orderhub.errors import OrderhubError
from orderhub.fulfillment.wms.pushed import BUSY, answer_push
from orderhub.fulfillment.wms.qimen import MOST_PUSHED
from orderhub.settings import load_settings

log = structlog.get_logger(__name__)


async def take_from_wms(warehouse_id: str, request: Request) -> Response:
    """Answer one message of the WMS of `warehouse_id`; of one that is too large, the rest is not read."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_PUSHED:
            break
    told = await run_in_threadpool(_answered, warehouse_id, dict(request.query_params), bytes(body))
    return Response(told, media_type="application/xml")


def _answered(warehouse_id: str, query: Mapping[str, str], body: bytes) -> bytes:
    try:
        settings = load_settings()
        database = Database(settings.database_url.get_secret_value(), "WMS door")
        try:
            check_version(database)
            return answer_push(database, SystemClock(), settings, warehouse_id, query, body)
        finally:
            database.close()
    except OrderhubError as error:
        log.warning("the hub cannot take what a WMS sends", why=str(error))
        return BUSY
