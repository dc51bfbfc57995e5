"""One transform pass over the loads no finished pass has taken: map, merge, check, hold.

One transaction; of a pass of several slices the merge is one, and the judgement another
(`orderhub.transform.judge`).
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict
from typing import Any

import structlog
from sqlalchemy import Connection, text

from orderhub.alerts.raising import Alert, close_alerts, raise_alerts
from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.mapped import AS_SETS
from orderhub.db.sql_files import source, statement
from orderhub.errors import ConfigError
from orderhub.platforms.spec import Platform, load_platform
from orderhub.quality.active import active_suites
from orderhub.transform.compile_refunds import compile_refunds
from orderhub.transform.gifts import give_gifts
from orderhub.transform.history import note_before, write_changes
from orderhub.transform.indexes import lay_aside
from orderhub.transform.judge import Judge
from orderhub.transform.lines import remap_lines, replace_lines
from orderhub.transform.map_ahead import Mapper, WaitingLoad, cut
from orderhub.transform.overlay import lay, lift_touched
from orderhub.transform.passes import NEW_CONFIG, TransformCounts, note_counts, open_pass

BROKEN_PLATFORM = "broken_platform"
log = structlog.get_logger(__name__)

#: From so many staged rows on a pass is joined as sets; an hour of a live-stream peak stays far below.
_LARGE_PASS_ROWS = 5_000
_PENDING = """
    from ops.loads as l
    where not exists (
        select from ops.pass_loads as t join ops.passes as p using (pass_id)
        where t.load_id = l.load_id and p.finished_at is not null)"""
_PASS_LOADS = text("""
    insert into ops.pass_loads (pass_id, load_id) select :pass_id, unnest(cast(:loads as bigint[]))""")
_REFUND_LOADS = text("""
    select load_id from ops.pass_loads join ops.loads using (load_id)
    where pass_id = :pass_id and platform = :platform and stream = 'refunds'""")
_NEW_ORDERS = statement("core/orders")
_KNOWN_ORDERS = text(source("core/orders") + source("core/known_orders"))
_TOUCHED = "insert into touched_orders select order_id, shop_id from changed_orders"


def is_work_pending(database: Database) -> bool:
    """Return whether a pass would find anything: loads, unchecked orders, mappings that arrived, new files.

    New files of the merchant's may map what waits to other goods.
    """
    with database.read() as connection:
        return bool(
            connection.execute(
                text(
                    f"select exists(select {_PENDING}) "  # noqa: S608 - constants
                    "or exists(select from core.orders where checked_version is distinct from version_id) "
                    "or exists(select from core.order_lines l join core.sku_mappings m on m.platform_sku in "
                    "(upper(btrim(normalize(l.merchant_code, nfkc))), "
                    "upper(btrim(normalize(l.platform_sku_id, nfkc)))) "
                    "join core.orders o on o.order_id = l.order_id and m.shop_id in (o.shop_id, '*') "
                    "where l.sku_id is null and o.order_kind = 'sale') "
                    f"or exists({NEW_CONFIG})"
                )
            ).scalar_one()
        )


def run_transform(database: Database, clock: Clock, config: MerchantConfig) -> TransformCounts:
    """Run one pass and return its counts. Running it again without new loads changes nothing.

    A platform whose spec or field map is broken is left out: its loads wait, the others go on, one
    alert says so.

    Raises:
        LeaseTaken: another pass runs now.
        ConfigError: a suite is broken and none was ever proven; nothing was changed.
        DatabaseFault: the database failed; nothing was changed.
    """
    with hold_scope(database, "transform") as lease:
        judge = Judge(database, lease, config, clock)
        judge.left()
        counts = _merge_and_judge(database, judge)
    log.info("transform pass", config_version=config.version[:12], **asdict(counts))
    return counts


def _merge_and_judge(database: Database, judge: Judge) -> TransformCounts:
    """Do both in one transaction; of a pass of several slices in two."""
    counts, clock, config = TransformCounts(), judge.clock, judge.config
    with database.transaction(judge.lease) as connection:
        suites = active_suites(connection, clock, config)
        counts.pass_id = open_pass(connection, clock, config)
        is_large = _plan_for_size(connection)
        platforms, waiting = _take_loads(connection, clock, config, counts)
        slices = cut(waiting)
        mapper = Mapper(database, judge.lease, config, counts.pass_id)
        staged = sum(load.staged_count for load in waiting)
        if len(slices) > 1:
            lay_aside(connection, staged)
        with closing(mapper.mapped(connection, slices)) as mapped:
            _merge(connection, clock, counts, mapped, suites.version)
        _merge_rest(connection, clock, config, counts, platforms)
        judge.mark(connection, suites, counts)
        if len(slices) == 1:
            judge.at_once(connection, suites, counts)
        else:
            note_counts(connection, counts)
    if len(slices) > 1:
        judge.beside(suites, counts)
    elif is_large:
        judge.count_anew()
    return counts


def _plan_for_size(connection: Connection) -> bool:
    """Let the planner join large passes as sets; return whether this one is large.

    Statistics are those of before the pass: they say of a table that a million rows were just written to that
    it is empty, and the planner would then join it row by row with itself.
    """
    staged = connection.execute(text(f"select coalesce(sum(l.staged_count), 0) {_PENDING}")).scalar_one()
    is_large = staged > _LARGE_PASS_ROWS
    if is_large:
        connection.exec_driver_sql(AS_SETS)
    return bool(is_large)


def _take_loads(
    connection: Connection, clock: Clock, config: MerchantConfig, counts: TransformCounts
) -> tuple[list[Platform], list[WaitingLoad]]:
    """Return the platforms of the waiting loads, and the loads of orders; those of broken ones wait."""
    loads = connection.execute(
        text(f"select l.platform, l.stream, l.load_id, l.staged_count {_PENDING}")
    ).all()
    platforms: dict[str, Platform] = {}
    for name in sorted({load.platform for load in loads}):
        try:
            platforms[name] = load_platform(name, config)
        except ConfigError as error:
            counts.skipped_platforms[name] = str(error)
            raise_alerts(connection, clock, config, [_broken_platform(name, str(error))])
    close_alerts(connection, clock, BROKEN_PLATFORM, list(platforms))
    taken = [load for load in loads if load.platform in platforms]
    counts.loads = len(taken)
    connection.execute(_PASS_LOADS, {"pass_id": counts.pass_id, "loads": [load.load_id for load in taken]})
    return list(platforms.values()), [
        WaitingLoad(load.load_id, platforms[load.platform], load.staged_count)
        for load in taken
        if load.stream == "orders"
    ]


def _merge(
    connection: Connection,
    clock: Clock,
    counts: TransformCounts,
    mapped: Iterator[int],
    checks_version: str,
) -> None:
    """Merge orders, receivers and lines, slice by slice."""
    connection.exec_driver_sql(source("core/notes"))
    stamp = {"pass_id": counts.pass_id, "now": clock.now(), "checks_version": checks_version}
    for versions in mapped:
        counts.versions += versions
        connection.exec_driver_sql(source("core/changed_orders"))
        connection.exec_driver_sql("analyze changed_orders")
        connection.exec_driver_sql(_TOUCHED)
        lift_touched(connection)
        note_before(connection, counts.pass_id)
        counts.orders_changed += _write_orders(connection, stamp)
        counts.lines += replace_lines(connection)
        connection.exec_driver_sql("drop table changed_orders")


def _write_orders(connection: Connection, stamp: Mapping[str, Any]) -> int:
    """Write orders and receivers of `changed_orders`; return how many orders.

    New ones apart: looking for the row that is not there costs a quarter of writing it.
    """
    new = connection.execute(_NEW_ORDERS, {**stamp, "is_new": True}).rowcount
    known = connection.execute(_KNOWN_ORDERS, {**stamp, "is_new": False}).rowcount
    connection.exec_driver_sql(source("core/new_receivers"))
    connection.exec_driver_sql(source("core/receivers"))
    return new + known


def _merge_rest(
    connection: Connection,
    clock: Clock,
    config: MerchantConfig,
    counts: TransformCounts,
    platforms: list[Platform],
) -> None:
    """Merge refunds, and do what is done once for all orders that the pass touched."""
    stamp = {"pass_id": counts.pass_id, "now": clock.now()}
    counts.versions += _map_refunds(connection, platforms, counts.pass_id)
    counts.refunds_changed = connection.execute(statement("core/refunds"), stamp).rowcount
    counts.lines_remapped = remap_lines(connection, config.version)
    counts.gift_lines = give_gifts(connection, clock)
    counts.fields_changed = write_changes(connection, clock.now(), counts.pass_id)
    counts.corrections_laid = lay(connection, clock.now())


def _map_refunds(connection: Connection, platforms: list[Platform], pass_id: int) -> int:
    connection.exec_driver_sql(source("core/incoming_refunds"))
    versions = 0
    for platform in platforms:
        given = {"pass_id": pass_id, "platform": platform.spec.name}
        loads = connection.execute(_REFUND_LOADS, given).scalars().all()
        if loads:
            versions += connection.execute(text(compile_refunds(platform)), {"loads": loads}).rowcount
    return versions


def _broken_platform(name: str, said: str) -> Alert:
    return Alert(
        rule_id=BROKEN_PLATFORM,
        severity="critical",
        subject=name,
        fingerprint=hashlib.sha256(said.encode()).hexdigest()[:16],
        title_zh=f"平台 {name} 的配置有误,已暂停",
        title_en=f"Platform {name} is paused: its configuration is wrong",
        text_zh=f"{said}\n其它平台照常运行;改好后自动继续。",
        text_en=f"{said}\nOther platforms go on; this one continues once it is fixed.",
    )
