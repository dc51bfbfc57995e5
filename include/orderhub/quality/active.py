"""Which suites judge: those of the configuration once proven, else the last that were.

Proven once per set of files (`ops.suite_versions`, by hash). A broken suite stops no pass: the last good one
goes on, and somebody is told.
"""

import hashlib
import json

from sqlalchemy import Connection, text

from orderhub.alerts.raising import Alert, close_alerts, raise_alerts
from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.errors import ConfigError
from orderhub.quality.canaries import refuse_dead_canaries, refuse_patterns
from orderhub.quality.suites import Suites, load_suites, parse_suites, suite_texts

BROKEN = "broken_suite"
_ACTIVE = text("select suites_version, files from ops.suite_versions where is_active")
_RETIRE = text("update ops.suite_versions set is_active = false where is_active")
_PROVE = text("""
    insert into ops.suite_versions values (:version, cast(:files as jsonb), :now, true)
    on conflict (suites_version) do update set is_active = true""")
_IS_PROVEN = text("select exists(select from ops.suite_versions where suites_version = :version)")


def active_suites(connection: Connection, clock: Clock, config: MerchantConfig) -> Suites:
    """Return the suites that judge this pass, proven by their canaries.

    Raises:
        ConfigError: they are broken and none was ever proven.
    """
    kept = connection.execute(_ACTIVE).one_or_none()
    try:
        suites = _proven(connection, clock, config, kept.suites_version if kept else None)
    except ConfigError as error:
        if kept is None:
            raise
        raise_alerts(connection, clock, config, [_broken(str(error))])
        return parse_suites(kept.files["suites"], kept.files["queries"])
    if kept:
        close_alerts(connection, clock, BROKEN, [BROKEN])
    return suites


def suites_in_force(database: Database, config: MerchantConfig) -> Suites:
    """Return the suites that judged last; before any pass, those of the configuration."""
    with database.read() as connection:
        kept = connection.execute(_ACTIVE).one_or_none()
    return parse_suites(kept.files["suites"], kept.files["queries"]) if kept else load_suites(config)


def try_suites(database: Database, config: MerchantConfig) -> None:
    """Try the suites and the words of a configuration that is not active yet; nothing is kept.

    Raises:
        ConfigError: a canary is not caught, a good row is, or a pattern is none.
    """
    suites = load_suites(config)
    with hold_scope(database, "checks") as lease, database.transaction(lease) as connection:
        refuse_patterns(connection, config.checks.memo)
        refuse_dead_canaries(connection, suites)


def _proven(connection: Connection, clock: Clock, config: MerchantConfig, version: str | None) -> Suites:
    given = suite_texts(config)
    suites = parse_suites(given.suites, given.queries)
    if suites.version == version:
        return suites
    row = {
        "version": suites.version,
        "now": clock.now(),
        "files": json.dumps(vars(given), ensure_ascii=False),
    }
    if not connection.execute(_IS_PROVEN, row).scalar_one():
        refuse_dead_canaries(connection, suites)
    connection.execute(_RETIRE)
    connection.execute(_PROVE, row)
    return suites


def _broken(said: str) -> Alert:
    return Alert(
        rule_id=BROKEN,
        severity="critical",
        subject=BROKEN,
        fingerprint=hashlib.sha256(said.encode()).hexdigest()[:16],
        title_zh="检查规则有误,仍用上一套",
        title_en="The checks are broken; the last good ones go on",
        text_zh=f"{said}。改好后运行 ./hub config apply。",
        text_en=f"{said}. Correct it and run ./hub config apply.",
    )
