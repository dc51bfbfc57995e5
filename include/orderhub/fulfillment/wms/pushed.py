"""Answers what a WMS sends to us, in Qimen's words: it sends again what was not taken. Protocol: docs/wms.md.

A stranger learns nothing: whatever is not signed by the warehouse's WMS gets one and the same answer.
"""

from collections.abc import Mapping

import structlog

from orderhub.clock import Clock
from orderhub.config.store import load_active
from orderhub.db.engine import Database
from orderhub.errors import ConfigError, ContractError, CredentialError, OrderhubError
from orderhub.fulfillment.wms.account import open_account
from orderhub.fulfillment.wms.confirm import take_push
from orderhub.fulfillment.wms.xml import write
from orderhub.platforms.payload import quotable
from orderhub.settings import Settings

log = structlog.get_logger(__name__)


def _told(flag: str, code: str, message: str) -> bytes:
    return write("response", {"flag": flag, "code": code, "message": message})


BUSY = _told("failure", "SYSTEM_BUSY", "系统繁忙,请稍后再推")


def answer_push(
    database: Database,
    clock: Clock,
    settings: Settings,
    warehouse_id: str,
    query: Mapping[str, str],
    body: bytes,
) -> bytes:
    """Record what the WMS of `warehouse_id` sends, and return what it is told; again it changes nothing.

    Args:
        database: the hub's database.
        clock: tells whether it was sent just now.
        settings: where the WMS's connection is.
        warehouse_id: as in warehouses.yaml; it stands in the address that the WMS was given.
        query: the parameters of the call, with its signature.
        body: XML exactly as it came.
    """
    try:
        account = open_account(clock, settings, load_active(database), warehouse_id)
        recorded = take_push(database, clock, account, query, body)
    except OrderhubError as error:
        log.warning("a WMS's message was not taken", warehouse_id=quotable(warehouse_id), why=str(error))
        return _refusal(error)
    log.info("a WMS's message was taken", warehouse_id=warehouse_id, **vars(recorded))
    return _told("success", "0", "")


def _refusal(error: OrderhubError) -> bytes:
    match error:
        case ContractError():  # Of what was signed, or of its length alone.
            return _told("failure", "isv.invalid-parameter", quotable(str(error)))
        case CredentialError() | ConfigError():
            return _told("failure", "sign-check-failure", "Illegal request")
        case _:
            return BUSY
