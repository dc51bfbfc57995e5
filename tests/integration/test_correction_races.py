"""A correction that meets the closing of a manifest is either in it or refused, never kept and not sent."""

import threading

from pydantic import SecretStr
from sqlalchemy import text

from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.db.document_locks import LOCK_DOCUMENTS
from orderhub.db.engine import Database
from orderhub.errors import StopError
from orderhub.fulfillment.run import run_fulfillment
from orderhub.quality.correct import Correction, correct
from tests.builders import NOON, Order, activate, put, rows, stock

CLOCK = FixedClock(NOON)
CLOSED = """
    insert into ops.cutoffs (cutoff_id, warehouse_id, cutoff_at, kind)
    values ('x', 'hangzhou', '2026-11-23T04:00Z', 'extra');
    insert into core.manifests (manifest_id, warehouse_id, cutoff_id, cutoff_at, is_shadow, state, order_count,
        line_count, quantity_total, config_version, closed_at)
    values ('x', 'hangzhou', 'x', '2026-11-23T04:00Z', false, 'closed', 1, 1, 1, 'c', '2026-11-23T04:00Z');
    insert into core.manifest_lines (manifest_id, fulfillment_order_id, order_id, line_id, sku_id, quantity)
    select 'x', fulfillment_order_id, order_id, '1', 'MUG', 1 from core.fulfillment_orders"""


def corrected(database: Database, config: MerchantConfig, said: list[str]) -> None:
    given = Correction("tb/1", "少发一件", "li", "1", quantity=5)
    try:
        said.append(correct(database, CLOCK, config, SecretStr("k"), given).after)
    except StopError as error:
        said.append(str(error))


def test_a_correction_waits_for_the_manifest_that_is_closing_and_is_refused(database: Database) -> None:
    with database.engine.begin() as connection:
        config = activate(connection)
        stock(connection, hangzhou__MUG=10)
        put(connection, Order("1"))
    run_fulfillment(database, CLOCK, config)
    said: list[str] = []
    person = threading.Thread(target=corrected, args=(database, config, said))

    with database.engine.begin() as closing:
        closing.execute(LOCK_DOCUMENTS)
        closing.execute(text(CLOSED))
        person.start()
        person.join(0.5)
    person.join(30)

    assert "manifest x" in said[0]
    assert rows(database, "select count(*) from core.corrections") == [(0,)]
