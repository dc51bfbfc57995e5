"""Tasks of fulfill_orders."""

from typing import Any

from airflow.sdk import task

from orderhub.orchestration.hub import open_hub


@task
def route_and_reserve() -> dict[str, Any]:
    """Withdraw what may no longer ship, route the rest, reserve real stock."""
    from dataclasses import asdict

    from orderhub.fulfillment.run import run_fulfillment

    with open_hub("fulfill") as hub:
        return asdict(run_fulfillment(hub.database, hub.clock, hub.config))


@task
def close_manifests() -> list[str]:
    """Read the orders of all due cut-offs a last time, close their manifests and return their ids."""
    from orderhub.fulfillment.due import hand_over_due

    with open_hub("close_manifests") as hub:
        closed = hand_over_due(hub.database, hub.clock, hub.settings, hub.config)
        return [manifest.manifest_id for manifest in closed]


@task
def publish() -> dict[str, Any]:
    """Send what the outbox holds: manifest files and mails."""
    from dataclasses import asdict

    from orderhub.delivery.dispatch import deliver_pending

    with open_hub("publish") as hub:
        return asdict(deliver_pending(hub.database, hub.clock, hub.settings))


@task
def publish_books() -> dict[str, Any]:
    """Write the workbooks and pick lists of manifests: for people, and slow."""
    from dataclasses import asdict

    from orderhub.delivery.dispatch import deliver_books

    with open_hub("publish_books") as hub:
        return asdict(deliver_books(hub.database, hub.clock, hub.settings))
