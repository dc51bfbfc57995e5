"""Removes the copies of old handed-over files: they hold receivers, and nobody prints those lists again.

What was on a list stays in `core.manifest_lines`; only the bytes of its files end. Files in the folder stay.
"""

import structlog

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.sql_files import statement

log = structlog.get_logger(__name__)
#: Removed by one look at most; the next goes on.
REMOVED_AT_ONCE = 500


def remove_old_copies(database: Database, clock: Clock, config: MerchantConfig) -> int:
    """Remove copies of lists closed over `copies_days` ago of which nothing may still leave; return how many.

    Raises:
        LeaseTaken: somebody else removes them now.
        DatabaseFault: the server failed; nothing was removed.
    """
    given = {"now": clock.now(), "copies_days": config.copies_days, "most": REMOVED_AT_ONCE}
    with hold_scope(database, "manifest_copies") as lease, database.transaction(lease) as connection:
        removed = len(connection.execute(statement("core/remove_manifest_copies"), given).all())
    log.info("old copies of handed-over files removed", copies=removed)
    return removed
