"""Tasks of sync_stock."""

from typing import Any

from airflow.sdk import task

from orderhub.orchestration.hub import open_hub


@task
def read_stock_and_shipments() -> dict[str, Any]:
    """Read every warehouse's stock and what left it; fail when one could not be read, the others taken."""
    from orderhub.errors import TransientError
    from orderhub.fulfillment.sync import sync_stock

    with open_hub("stock") as hub:
        done = sync_stock(hub.database, hub.clock, hub.settings, hub.config)
    if done.failed:
        raise TransientError("; ".join(f"{warehouse}: {why}" for warehouse, why in done.failed.items()))
    return {stock.warehouse_id: f"{stock.skus} SKU, {stock.changed} changed" for stock in done.synced}


@task
def look_for_scans() -> dict[str, Any]:
    """Ask whether carriers have collected what was sent; nothing when no service is configured."""
    from dataclasses import asdict

    from orderhub.fulfillment.traces import trace_parcels

    with open_hub("traces") as hub:
        return asdict(trace_parcels(hub.database, hub.clock, hub.settings, hub.config))
