"""The task of watch_hub."""

from typing import Any

from airflow.sdk import task

from orderhub.orchestration.hub import open_hub


@task
def look_around_and_send() -> dict[str, Any]:
    """Raise and close what is seen by looking, then send what the outbox holds; one task, for idle cost."""
    from dataclasses import asdict

    from orderhub.alerts.watch import look_around
    from orderhub.delivery.dispatch import deliver_pending
    from orderhub.errors import LeaseTaken
    from orderhub.fulfillment.manifest_copies import remove_old_copies
    from orderhub.quality.watch import watch_holds

    with open_hub("watch") as hub:
        looked = asdict(look_around(hub.database, hub.clock, hub.config))
        looked |= asdict(watch_holds(hub.database, hub.clock, hub.config))
        looked |= {"removed_copies": remove_old_copies(hub.database, hub.clock, hub.config)}
        try:
            return looked | asdict(deliver_pending(hub.database, hub.clock, hub.settings))
        except LeaseTaken:
            return looked  # Fulfilment is sending now.
