"""The row of a transform pass in `ops.passes`: opened, merged, finished. Not for what a pass does."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields

from sqlalchemy import Connection, text

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.quality.check import CheckCounts

#: The active configuration, when it is another one than that of the last finished pass.
NEW_CONFIG = """
    select from ops.config_versions as c join ops.passes as p on p.pass_id = (
        select max(pass_id) from ops.passes where kind = 'transform' and finished_at is not null)
    where c.is_active and p.config_version <> c.config_version"""
_OPEN = text("""
    insert into ops.passes (kind, config_version, started_at) values ('transform', :config, :now)
    returning pass_id""")
_NOTE = text("update ops.passes set counts = cast(:counts as jsonb) where pass_id = :pass_id")
_FINISH = text("update ops.passes set finished_at = :now where pass_id = :pass_id")
_UNFINISHED = text("""
    select counts from ops.passes
    where kind = 'transform' and finished_at is null and counts ? 'pass_id'
    order by pass_id""")


@dataclass
class TransformCounts:
    """What one pass did; small enough for XCom. `skipped_platforms` names platform → why."""

    pass_id: int = 0
    loads: int = 0
    versions: int = 0
    orders_changed: int = 0
    refunds_changed: int = 0
    lines: int = 0
    lines_remapped: int = 0
    gift_lines: int = 0
    fields_changed: int = 0
    corrections_laid: int = 0
    checks: CheckCounts | None = None
    skipped_platforms: dict[str, str] = field(default_factory=dict)


def open_pass(connection: Connection, clock: Clock, config: MerchantConfig) -> int:
    """Open a pass and return its id."""
    given = {"config": config.version, "now": clock.now()}
    return int(connection.execute(_OPEN, given).scalar_one())


def note_counts(connection: Connection, counts: TransformCounts) -> None:
    """Write down what the pass has done so far."""
    said = json.dumps(asdict(counts), ensure_ascii=False)
    connection.execute(_NOTE, {"counts": said, "pass_id": counts.pass_id})


def finish_pass(connection: Connection, clock: Clock, counts: TransformCounts) -> None:
    """Finish a pass: its loads are taken, and its orders may ship."""
    note_counts(connection, counts)
    connection.execute(_FINISH, {"now": clock.now(), "pass_id": counts.pass_id})


def merged_passes(connection: Connection) -> Sequence[TransformCounts]:
    """Return the passes that were merged and died before they were judged: under the lease, nobody works.

    Other code may have merged them: what it counted and we do not is left out.
    """
    known = {each.name for each in fields(TransformCounts)}
    return [
        TransformCounts(**{name: value for name, value in row.counts.items() if name in known})
        for row in connection.execute(_UNFINISHED)
    ]
