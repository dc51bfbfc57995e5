"""The task of resume_source: a person lets a stopped source go on."""

from airflow.sdk import Param, get_current_context, task

from orderhub.orchestration.hub import open_hub, triggered_by
from orderhub.quality.reasons import LONGEST_REASON


def resume_params() -> dict[str, Param]:
    """Return the fields of the trigger form."""
    return {
        "shop": Param(
            type="string",
            minLength=1,
            title="店铺 / shop",
            description="提醒里写的店铺编号 / the shop id of the alert",
        ),
        "reason": Param(
            type="string",
            minLength=1,
            maxLength=LONGEST_REASON,
            title="原因 / reason",
            description="为什么可以恢复;会记下来 / why it may go on; it is kept",
        ),
    }


@task
def resume() -> list[str]:
    """Resume the source and return the rules that had stopped it."""
    from orderhub.quality.sources import resume_source

    given = get_current_context()["params"]
    shop, reason = str(given["shop"]), str(given["reason"])
    with open_hub("resume") as hub:
        return resume_source(hub.database, hub.clock, shop, reason, triggered_by())
