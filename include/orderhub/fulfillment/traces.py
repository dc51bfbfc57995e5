"""Asks whether carriers collected what was sent, and keeps when: the first scan is `collected_at`.

Only asks; what is late is told by `orderhub.alerts.parcels`.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, text

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.connections import load_connection
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.sql_files import statement
from orderhub.errors import ConfigError
from orderhub.fulfillment.asking import ask_each
from orderhub.fulfillment.kuaidi100 import Kuaidi100
from orderhub.platforms.carriers import CarrierCode, carriers_for, code_of
from orderhub.settings import Settings

log = structlog.get_logger(__name__)
#: Its word in the codes of carriers.yaml.
SERVICE = "kuaidi100"
#: A carrier needs some time; asking sooner costs a call and brings nothing.
ASKED_FROM = timedelta(hours=2)
ASKED_AGAIN_AFTER = timedelta(hours=3)
FORGOTTEN_AFTER = timedelta(days=10)
MOST_ASKED = 500
_END_OF_PHONE = 4
_CARRIERS = text("""
    select carrier_code, count(distinct (tracking_number, warehouse_id)) as parcels from core.shipments
    where collected_at is null and tracking_number <> '-'
        and shipped_at < :sent_before and shipped_at > :sent_after
    group by carrier_code""")


@dataclass(frozen=True)
class Traced:
    """What asking brought: parcels asked about, those with a scan, those whose carrier has no code."""

    asked: int
    collected: int
    without_code: int


def trace_parcels(database: Database, clock: Clock, settings: Settings, config: MerchantConfig) -> Traced:
    """Ask about parcels without a scan, the longest unasked first; nothing when no service is configured.

    Raises:
        LeaseTaken: somebody else asks now.
        CredentialError: the service refuses our key.
        RetryError: it stopped answering; what it said before is kept.
        ConfigError: its connection is unusable.
    """
    if config.alerts.traces is None:
        return Traced(0, 0, 0)
    client = Kuaidi100(load_connection(config.alerts.traces, settings.connections))
    with closing(client), hold_scope(database, "traces") as lease:
        carriers = carriers_for(SERVICE, config.carriers.carriers)
        due, without_code = _due(database, clock, carriers)
        parcels = {row.shipment_ids[0]: row for row in due}
        asked = ask_each(parcels, lambda name: _first_scan(client, config, carriers, parcels[name]))
        # One of which nothing clear was said goes behind the others as well.
        first_scans = {**dict.fromkeys(asked.unclear), **asked.said}
        stamped = [
            {"shipment_ids": parcels[name].shipment_ids, "collected_at": at, "now": clock.now()}
            for name, at in first_scans.items()
        ]
        if stamped:
            with database.transaction(lease) as connection:
                connection.execute(statement("core/traced_parcels"), stamped)
        if asked.fault is not None:
            raise asked.fault
    traced = Traced(len(stamped), sum(at is not None for at in first_scans.values()), without_code)
    log.info("parcels traced", **vars(traced))
    return traced


def _due(
    database: Database, clock: Clock, carriers: Mapping[str, CarrierCode]
) -> tuple[Sequence[Row[Any]], int]:
    """Return what is asked about now, and how many parcels wait for a code of their carrier."""
    now = clock.now()
    given = {
        "sent_before": now - ASKED_FROM,
        "sent_after": now - FORGOTTEN_AFTER,
        "asked_before": now - ASKED_AGAIN_AFTER,
        "most": MOST_ASKED,
    }
    with database.read() as connection:
        sent = {row.carrier_code: row.parcels for row in connection.execute(_CARRIERS, given)}
        nameless = [carrier for carrier in sent if not _has_code(carriers, carrier)]
        due = connection.execute(statement("core/untraced_parcels"), {**given, "nameless": nameless}).all()
    return due, sum(sent[carrier] for carrier in nameless)


def _has_code(carriers: Mapping[str, CarrierCode], carrier: str) -> bool:
    try:
        code_of(carriers, carrier, SERVICE)
    except ConfigError:
        return False
    return True


def _first_scan(
    client: Kuaidi100, config: MerchantConfig, carriers: Mapping[str, CarrierCode], row: Row[Any]
) -> datetime | None:
    code = code_of(carriers, row.carrier_code, SERVICE).code
    sender = config.sender_of(row.warehouse_id)
    digits = "".join(c for c in sender.phone if c.isdecimal()) if sender is not None else ""
    scans = client.scans(code, row.tracking_number, digits[-_END_OF_PHONE:])
    return scans[0].at if scans else None
