"""The fulfil pass: withdraw what may not ship any more, route what may, reserve stock for it."""

import json
from collections import Counter
from dataclasses import asdict, dataclass

import structlog
from sqlalchemy import Connection, text

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.leases import Lease, hold_scope
from orderhub.errors import StockTaken
from orderhub.fulfillment.carry import choose_carriers, close_no_carrier, settle_carriers
from orderhub.fulfillment.held import hold_refused
from orderhub.fulfillment.recalls import request_recalls
from orderhub.fulfillment.replacements import make_replacements
from orderhub.fulfillment.reserve import reserve
from orderhub.fulfillment.returns import announce_returns
from orderhub.fulfillment.route import decide
from orderhub.fulfillment.sellable import refresh_sellable
from orderhub.fulfillment.touched import Look, look
from orderhub.fulfillment.waybill.errands import void_waybills
from orderhub.fulfillment.withdraw import Withdrawn, withdraw

log = structlog.get_logger(__name__)
#: Deciding again after somebody else took the stock; more often means something takes it all the time.
ATTEMPTS = 5
_BEGIN = text("""
    insert into ops.passes (kind, config_version, started_at) values ('fulfill', :config_version, :now)
    returning pass_id""")
_FINISH = text("""
    update ops.passes
    set finished_at = :now, counts = cast(:counts as jsonb), seen_pass_id = :seen_pass_id,
        all_seen_at = :all_seen_at
    where pass_id = :pass_id""")


@dataclass(frozen=True)
class FulfillCounts:
    """What a fulfil pass did, in orders unless named otherwise."""

    pass_id: int
    allocated: int
    out_of_stock: int
    no_rule: int
    withdrawn_reservations: int
    cancelled_documents: int
    recalled_documents: int = 0
    announced_returns: int = 0
    backorder: int = 0
    no_warehouse: int = 0
    suspended: int = 0
    held: int = 0
    replacements: int = 0


def run_fulfillment(database: Database, clock: Clock, config: MerchantConfig) -> FulfillCounts:
    """Run one fulfil pass under the lease `route`; running it again with nothing new changes no row of core.

    Raises:
        LeaseTaken: another pass is at work.
        FencedError: our lease was taken over; the step at hand was rolled back.
        StockTaken: stock kept being taken in between.
        DatabaseFault: the server failed.
    """
    with hold_scope(database, "route") as lease:
        with database.transaction(lease) as connection:
            stamp = {"config_version": config.version, "now": clock.now()}
            pass_id: int = connection.execute(_BEGIN, stamp).scalar_one()
            replaced = make_replacements(connection, clock, config, pass_id)
            seen = look(connection, clock, config)
            withdrawn = withdraw(connection, clock, config, seen)
            recalled = request_recalls(connection, clock, config, seen)
            announced = announce_returns(connection, clock, config)
            close_no_carrier(connection, config, clock.now())
            void_waybills(connection, clock)
        outcomes = _route(database, lease, clock, config, pass_id, seen)
        told = Counter(recalled=recalled, announced=announced, replaced=replaced)
        counts = _counts(pass_id, outcomes, withdrawn, told)
        with database.transaction(lease) as connection:
            refresh_sellable(connection, clock, config, pass_id)
            _finish(connection, clock, counts, seen)
    log.info("fulfil pass", config_version=config.version[:12], **asdict(counts))
    return counts


def _route(
    database: Database, lease: Lease, clock: Clock, config: MerchantConfig, pass_id: int, seen: Look
) -> Counter[str]:
    for _ in range(ATTEMPTS):
        try:
            with database.transaction(lease) as connection:
                stamp = {"pass_id": pass_id, "config_version": config.version}
                if not seen.is_all:
                    seen.name_touched(connection)
                outcomes = decide(connection, config, clock.now(), seen, stamp=stamp)
                choose_carriers(connection, config, clock.now(), seen)
                reserve(connection, clock.now(), stamp=stamp)
                held = hold_refused(connection, clock, config, pass_id=pass_id, now=clock.now())
                settle_carriers(connection, clock, config, pass_id=pass_id)
        except StockTaken:
            continue
        else:
            return outcomes + Counter(held=held)
    raise StockTaken(
        f"fulfil pass {pass_id}: stock changed during each of {ATTEMPTS} attempts; the next pass tries again"
    )


def _counts(pass_id: int, outcomes: Counter[str], withdrawn: Withdrawn, told: Counter[str]) -> FulfillCounts:
    return FulfillCounts(
        pass_id=pass_id,
        allocated=outcomes["allocated"],
        out_of_stock=outcomes["out_of_stock"],
        no_rule=outcomes["no_rule"],
        withdrawn_reservations=withdrawn.reservations,
        cancelled_documents=withdrawn.documents,
        recalled_documents=told["recalled"],
        announced_returns=told["announced"],
        backorder=outcomes["backorder"],
        no_warehouse=outcomes["no_warehouse"],
        suspended=outcomes["suspended"],
        held=outcomes["held"],
        replacements=told["replaced"],
    )


def _finish(connection: Connection, clock: Clock, counts: FulfillCounts, seen: Look) -> None:
    values = {name: value for name, value in asdict(counts).items() if name != "pass_id"}
    given = {
        "now": clock.now(), "counts": json.dumps(values), "pass_id": counts.pass_id,
        "seen_pass_id": seen.seen_pass_id, "all_seen_at": seen.all_seen_at,
    }  # fmt: skip
    connection.execute(_FINISH, given)
