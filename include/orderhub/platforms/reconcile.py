"""Compares what a platform lists with what is staged, over the last days, and reads again what is missing.

Only ranges that pulls call covered are compared: what is not covered is known to be missing and will be read.
Listing asks for no details. A record is missed when it is not staged as new as it is listed, and not parked.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import structlog
from sqlalchemy import text

from orderhub.alerts.raising import Alert, close_alerts, raise_alerts
from orderhub.db.leases import hold_scope
from orderhub.db.windows import Request, request_range
from orderhub.platforms.backfill import Access, read_requests
from orderhub.platforms.client import Client
from orderhub.platforms.fetching import Pull, PullCounts, with_ids
from orderhub.platforms.paging import list_rows
from orderhub.platforms.parked import waiting_among
from orderhub.platforms.planning import closed_until, find_clock
from orderhub.platforms.pull import open_client
from orderhub.platforms.records import modified_of
from orderhub.platforms.staging import newest_versions

RULE = "missed_records"
log = structlog.get_logger(__name__)

#: Missed records this close together are read again as one range.
_TOGETHER = timedelta(minutes=10)
_EXAMPLES = 100
_COVERED = text("""
    select lower(part) as start_at, upper(part) as end_at
    from unnest((
        select range_agg(tstzrange(start_at, end_at)) from ops.pull_windows
        where shop_id = :shop and stream = :stream and state = 'covered' and kind <> 'requested'
    ) * tstzmultirange(tstzrange(:since, :until))) as part
    order by 1""")
_STORE = text("""
    insert into ops.reconciliations (platform, shop_id, stream, since, until, listed_count, missing_count,
        healed_count, missing_ids, ran_at)
    values (:platform, :shop, :stream, :since, :until, :listed, :missing, :healed, :ids, :now)""")


@dataclass(frozen=True)
class Missed:
    """One record that the platform lists and staging lacks; times UTC, `modified_at` as listed."""

    record_id: str
    modified_at: datetime | None
    start_at: datetime
    end_at: datetime


@dataclass
class Reconciled:
    """What comparing one shop found; small enough for XCom. `missing_ids` are the first few."""

    listed: int = 0
    missing: int = 0
    healed: int = 0
    missing_ids: list[str] = field(default_factory=list)


def reconcile_shop(access: Access, days: int | None = None) -> dict[str, Any]:
    """Compare every stream of a shop over `days` (the shop's own when not given); heal and report.

    Raises:
        ShopError: the platform refuses the shop's account, or a person must act.
        LeaseTaken: the same comparison runs already.
        RetryError: the platform or the database failed for the moment; nothing was decided.
    """
    results: dict[str, Any] = {}
    with open_client(
        access.database, access.clock, access.settings, access.config, access.platform, access.shop
    ) as client:
        for stream in access.platform.spec.streams:
            results[stream] = asdict(reconcile_stream(access, client, stream, days))
    log.info("shop reconciled", shop_id=access.shop.id, streams=results)
    return results


def reconcile_stream(access: Access, client: Client, stream: str, days: int | None = None) -> Reconciled:
    """Compare one stream over `client`; otherwise as `reconcile_shop`."""
    pull = Pull(
        access.database, access.clock, access.platform, access.shop, client, access.config, stream,
        PullCounts(), access.settings.hash_key,
    )  # fmt: skip
    with hold_scope(access.database, f"reconcile:{access.shop.id}:{stream}") as lease:
        find_clock(pull)
        until = closed_until(pull).replace(microsecond=0)
        since = until - timedelta(days=days or access.shop.reconcile_days)
        listed, missed = _compare(pull, since, until)
        requests = [_ask_again(pull, start, end) for start, end in _ranges(missed)]
        if requests:
            read_requests(access, client, requests)
        still = _missing(pull, {one.record_id: one for one in missed})
        found = Reconciled(
            listed, len(missed), len(missed) - len(still), [one.record_id for one in missed[:_EXAMPLES]]
        )
        values = {
            "platform": access.platform.spec.name, "shop": access.shop.id, "stream": stream, "since": since,
            "until": until, "listed": found.listed, "missing": found.missing, "healed": found.healed,
            "ids": found.missing_ids, "now": access.clock.now(),
        }  # fmt: skip
        with access.database.transaction(lease) as connection:
            connection.execute(_STORE, values)
            close_alerts(connection, access.clock, RULE, [f"{pull.shop.id}/{pull.stream_name}"])
            alerts = [_alert(pull, found, since, until)] if missed else []
            raise_alerts(connection, access.clock, pull.config, alerts)
    return Reconciled(found.listed, found.missing, found.healed, found.missing_ids[:10])


def _compare(pull: Pull, since: datetime, until: datetime) -> tuple[int, list[Missed]]:
    """Return how many distinct ids are listed in covered ranges, and those that are missed."""
    ids: set[str] = set()
    missed: dict[str, Missed] = {}
    for start, end in _covered(pull, since, until):
        names, rows, _ = with_ids(pull, list(list_rows(pull, start, end)))  # The pull told of the others.
        listed = dict(zip(names, rows, strict=True))
        ids |= listed.keys()
        modified = {key: modified_of(pull.platform.spec, pull.stream, row) for key, row in listed.items()}
        missed |= _missing(pull, {key: Missed(key, at, start, end) for key, at in modified.items()})
    return len(ids), list(missed.values())


def _covered(pull: Pull, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield what is covered, cut into ranges that the platform takes."""
    values = {"shop": pull.shop.id, "stream": pull.stream_name, "since": since, "until": until}
    with pull.database.read() as connection:
        parts = connection.execute(_COVERED, values).all()
    length = timedelta(minutes=pull.stream.window.catch_up_minutes)
    for part in parts:
        start = part.start_at
        while start < part.end_at:
            yield start, min(start + length, part.end_at)
            start += length


def _missing(pull: Pull, listed: dict[str, Missed]) -> dict[str, Missed]:
    """Return which of `listed` are neither staged as new as they are listed, nor parked."""
    if not listed:
        return {}
    with pull.database.read() as connection:
        column: Literal["modified_at", "fetched_at"] = "fetched_at" if pull.stream.into else "modified_at"
        staged = newest_versions(connection, pull.table, pull.shop.id, list(listed), column)
        parked = waiting_among(connection, pull.source, list(listed))
    return {
        key: one
        for key, one in listed.items()
        if key not in parked and not (key in staged and _is_as_new(staged[key], one.modified_at))
    }


def _is_as_new(staged: datetime | None, listed: datetime | None) -> bool:
    return staged is None or listed is None or staged >= listed


def _ranges(missed: Iterable[Missed]) -> list[tuple[datetime, datetime]]:
    """Return the ranges to read again: around the seconds that are listed, else the whole range listed."""
    second = timedelta(seconds=1)
    wanted = sorted(
        (one.modified_at, one.modified_at + second) if one.modified_at else (one.start_at, one.end_at)
        for one in missed
    )
    ranges: list[tuple[datetime, datetime]] = []
    for start, end in wanted:
        if ranges and start <= ranges[-1][1] + _TOGETHER:
            ranges[-1] = (ranges[-1][0], max(end, ranges[-1][1]))
        else:
            ranges.append((start, end))
    return ranges


def _ask_again(pull: Pull, start: datetime, end: datetime) -> Request:
    return request_range(
        pull.database,
        pull.clock,
        platform=pull.platform.spec.name,
        shop_id=pull.shop.id,
        stream=pull.stream_name,
        since=start,
        until=end,
        length=timedelta(minutes=pull.stream.window.catch_up_minutes),
        actor="reconcile",
    )


def _alert(pull: Pull, found: Reconciled, since: datetime, until: datetime) -> Alert:
    shown = ", ".join(found.missing_ids[:10])
    period = f"{since:%Y-%m-%d %H:%M}–{until:%Y-%m-%d %H:%M} UTC"
    return Alert(
        rule_id=RULE,
        severity="warning",
        subject=f"{pull.shop.id}/{pull.stream_name}",
        fingerprint=until.isoformat(),
        title_zh=f"对账发现漏单:{pull.shop.name},{found.missing} 条",
        title_en=f"Reconciling {pull.shop.name} found {found.missing} missed record(s)",
        text_zh=(
            f"店铺 {pull.shop.name}({pull.shop.id})的 {pull.stream_name},{period}:"
            f"平台列出 {found.listed} 条,其中 {found.missing} 条系统里没有(或不是最新),"
            f"已补回 {found.healed} 条。例如:{shown}。步骤见 docs/runbooks/reconcile.md。"
        ),
        text_en=(
            f"Shop {pull.shop.id}, {pull.stream_name}, {period}: of {found.listed} listed records "
            f"{found.missing} were missed, {found.healed} were read again just now: {shown}. "
            "See docs/runbooks/reconcile.md."
        ),
        shop_id=pull.shop.id,
    )
