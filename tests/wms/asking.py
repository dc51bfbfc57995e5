"""Asks every WMS what has left, without its figures; the hub does both in one round (`sync_stock`)."""

from contextlib import suppress

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.errors import RetryError
from orderhub.fulfillment.wms.account import open_account
from orderhub.fulfillment.wms.confirm import Confirmed, ask_open_documents
from orderhub.settings import Settings


def confirm_shipments(
    database: Database, clock: Clock, settings: Settings, config: MerchantConfig
) -> list[Confirmed]:
    """Return what each said; one that does not answer is left out."""
    said: list[Confirmed] = []
    for warehouse in config.warehouses:
        if warehouse.wms is not None:
            with suppress(RetryError):
                said.append(
                    ask_open_documents(database, clock, open_account(clock, settings, config, warehouse.id))
                )
    return said
