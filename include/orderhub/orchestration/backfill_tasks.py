"""Tasks that read a range of the past: of backfill_orders, and of an extract DAG that Airflow backfills."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import AssetAlias, Param, get_current_context, task
from airflow.sdk.exceptions import AirflowRescheduleException

from orderhub import paths
from orderhub.errors import ConfigError, RequestRefused, TransientError
from orderhub.orchestration.assets import staging
from orderhub.orchestration.hub import Hub, open_hub
from orderhub.platforms.spec import platform_names

if TYPE_CHECKING:
    from orderhub.db.windows import Request

#: A slot is given back after each round of reading, for as long as Airflow needs to look again.
_NEXT_ROUND = timedelta(seconds=5)
_OTHERS_TURN = timedelta(minutes=1)
#: Which platform's records a range brings is known only when it was asked for.
STAGED = AssetAlias("staging")


def backfill_params() -> dict[str, Param]:
    """Return the fields of the trigger form."""
    platforms = [name for name in platform_names() if _is_pulled(name)]
    return {
        "platform": Param(
            platforms[0],
            type="string",
            enum=platforms,
            title="平台 / platform",
            description="从哪个平台重新拉取 / which platform to read again",
        ),
        "shop": Param(
            None,
            type=["null", "string"],
            title="店铺 / shop",
            description="店铺编号(shops.yaml 的 id);留空 = 全部店铺 / id of shops.yaml; empty: all",
        ),
        "since": Param(
            type="string",
            format="date-time",
            title="从 / since",
            description="含;按订单的修改时间 / inclusive, by the time an order was modified",
        ),
        "until": Param(
            type="string",
            format="date-time",
            title="到 / until",
            description="不含;须早于现在几分钟 / exclusive; must lie some minutes in the past",
        ),
        "stream": Param(
            None,
            type=["null", "string"],
            title="数据流 / stream",
            description="orders 或 refunds;留空 = 全部 / orders or refunds; empty: all",
        ),
    }


def _is_pulled(platform: str) -> bool:
    """Return whether a platform has an API, by its file's text: reading all specs takes a second."""
    file = paths.platforms_directory() / platform / "platform.yaml"
    return "\nkind: api" in file.read_text(encoding="utf-8")


@task
def ask_for_range(params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Cut the range that the form names into the platform's windows; return what to read per shop."""
    from orderhub.platforms.backfill import access_to, request_backfill

    form = params or {}
    platform, streams = form["platform"], [form["stream"]] if form["stream"] else []
    since, until = _instant(form["since"]), _instant(form["until"])
    with open_hub("backfill") as hub:
        shops = [form["shop"]] if form["shop"] else [shop.id for shop in hub.config.shops_of(platform)]
        if not shops:
            raise ConfigError(f"there is no shop on {platform}; add one to shops.yaml")
        asked = []
        for shop_id in shops:
            access = access_to(hub.database, hub.clock, hub.settings, hub.config, platform, shop_id)
            requests = request_backfill(access, streams, since, until, "backfill_orders")
            asked.append({"platform": platform, "shop_id": shop_id, "streams": streams_of(requests)})
        return asked


def streams_of(requests: "list[Request]") -> dict[str, str]:
    """Return stream → request id: small enough for XCom."""
    return {request.stream: request.request_id for request in requests}


@task(map_index_template="{{ windows_done }}", max_active_tis_per_dagrun=2)
def read_range(asked: dict[str, Any]) -> dict[str, Any]:
    """Read one shop's windows until all are covered; its label shows how many are."""
    with open_hub(f"backfill:{asked['shop_id']}") as hub:
        return read_until_covered(hub, asked["platform"], asked["shop_id"], asked["streams"])


@task(outlets=[STAGED])
def wake_transform(asked: list[dict[str, Any]]) -> None:
    """Announce the records of the platform once all shops are read.

    One task for all: Airflow ties an alias to its asset when it is first used, and of two shops that ended in
    the same moment it failed one, though everything was read.
    """
    get_current_context()["outlet_events"][STAGED].add(staging(asked[0]["platform"]))


def read_until_covered(hub: Hub, platform: str, shop_id: str, streams: dict[str, str]) -> dict[str, Any]:
    """Read for some minutes, then give the worker slot back until all windows are covered.

    Raises:
        AirflowRescheduleException: more is left, or the platform bans us until then.
        TransientError: nothing more could be proven; Airflow tries again.
        RequestRefused: the platform does not give all of it; the rest is read.
    """
    from orderhub.db.windows import Request, progress_of
    from orderhub.platforms.backfill import access_to, work_backfill

    wanted = [Request(shop_id, stream, request_id) for stream, request_id in streams.items()]
    access = access_to(hub.database, hub.clock, hub.settings, hub.config, platform, shop_id)
    before = progress_of(hub.database, wanted)
    progress = work_backfill(access, wanted) if before.left else before
    done = progress.windows - progress.left
    # What map_index_template shows.
    get_current_context()["windows_done"] = f"{shop_id}: {done}/{progress.windows}"
    if not progress.left and progress.refused:
        raise RequestRefused(
            f"{shop_id}: the platform does not give {progress.refused} of {progress.windows} windows, "
            f"the others are read: {progress.last_error}"
        )
    if not progress.left:
        return {"shop_id": shop_id, "windows": progress.windows}
    if progress.waits_until and progress.waits_until > hub.clock.now():
        raise AirflowRescheduleException(progress.waits_until)
    is_stuck = (progress.windows, progress.left) == (before.windows, before.left)
    if is_stuck and progress.last_error:
        raise TransientError(f"{shop_id}: {progress.left} windows are not covered yet: {progress.last_error}")
    # More to read, or another process reads the rest now.
    raise AirflowRescheduleException(hub.clock.now() + (_OTHERS_TURN if is_stuck else _NEXT_ROUND))


def backfilled_interval() -> tuple[datetime, datetime] | None:
    """Return the data interval when Airflow's own backfill started this run; None in every other run."""
    context = get_current_context()
    if context["dag_run"].run_type != "backfill":
        return None
    return context["data_interval_start"], context["data_interval_end"]


def read_interval(hub: Hub, platform: str, shop_id: str, since: datetime, until: datetime) -> dict[str, Any]:
    """Read one data interval of a shop again, and nothing else; green when it is covered.

    Raises:
        AirflowRescheduleException: more is left, or the platform bans us until then.
        TransientError: the interval could not be proven; Airflow tries again.
    """
    from orderhub.platforms.backfill import access_to, request_backfill

    access = access_to(hub.database, hub.clock, hub.settings, hub.config, platform, shop_id)
    requests = request_backfill(access, [], since, until, "airflow backfill")
    return read_until_covered(hub, platform, shop_id, streams_of(requests))


def _instant(value: str) -> datetime:
    """Return what the form gives, UTC; without a zone it is Beijing time."""
    from orderhub.clock import BEIJING

    found = datetime.fromisoformat(value)
    return (found if found.tzinfo else found.replace(tzinfo=BEIJING)).astimezone(UTC)
