"""Tasks of the extract DAGs."""

from typing import Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from orderhub.errors import ShopError
from orderhub.orchestration.backfill_tasks import backfilled_interval, read_interval
from orderhub.orchestration.hub import open_hub
from orderhub.platforms.spec import load_platform


def checked_platform(name: str) -> str:
    """Return `name` after reading its spec: a broken one stops this DAG's file, and only this one.

    Raises:
        ConfigError: naming file, line, key, value and the nearest valid one.
    """
    return load_platform(name).spec.name


@task
def list_shops(platform: str) -> list[str]:
    """Return the ids of the shops on `platform`."""
    with open_hub("list_shops") as hub:
        return [shop.id for shop in hub.config.shops_of(platform)]


@task(map_index_template="{{ task.op_kwargs['shop_id'] }}", max_active_tis_per_dagrun=2)
def pull_shop(platform: str, shop_id: str) -> dict[str, Any]:
    """Pull one shop; the others run on whatever happens here.

    A shop that waits for a person is skipped, not failed: its one mail has been written. A run of Airflow's
    own backfill reads its data interval again and nothing else.
    """
    from orderhub.platforms.pull import pull

    with open_hub(f"pull:{shop_id}") as hub:
        interval = backfilled_interval()
        if interval and load_platform(platform).spec.kind == "api":
            return read_interval(hub, platform, shop_id, *interval)
        try:
            return pull(hub.database, hub.clock, hub.settings, hub.config, platform, shop_id)
        except ShopError as error:
            raise AirflowSkipException(f"{shop_id} waits for a person: {error}") from None
