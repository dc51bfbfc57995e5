"""Tasks of reconcile_platforms."""

from datetime import timedelta
from typing import Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowRescheduleException, AirflowSkipException

from orderhub.errors import ShopError, ThrottledError
from orderhub.orchestration.hub import open_hub


@task
def list_pulled_shops() -> list[dict[str, str]]:
    """Return platform and id of every shop that is pulled over an API; a broken one fails by itself."""
    from orderhub.platforms.spec import visibility_lags

    with open_hub("list_shops") as hub:
        pulled = visibility_lags(hub.config)
        return [
            {"platform": shop.platform, "shop_id": shop.id}
            for shop in hub.config.shops
            if shop.platform in pulled
        ]


@task(map_index_template="{{ task.op_kwargs['pulled']['shop_id'] }}", max_active_tis_per_dagrun=2)
def compare_and_heal(pulled: dict[str, str]) -> dict[str, Any]:
    """Compare one shop's ids with staging and read again what is missing; a ban gives the slot back."""
    from orderhub.platforms.backfill import access_to
    from orderhub.platforms.reconcile import reconcile_shop

    shop_id = pulled["shop_id"]
    with open_hub(f"reconcile:{shop_id}") as hub:
        try:
            access = access_to(hub.database, hub.clock, hub.settings, hub.config, pulled["platform"], shop_id)
            return reconcile_shop(access)
        except ShopError as error:
            raise AirflowSkipException(f"{shop_id} waits for a person: {error}") from None
        except ThrottledError as error:
            raise AirflowRescheduleException(
                hub.clock.now() + timedelta(seconds=error.wait_seconds)
            ) from None
