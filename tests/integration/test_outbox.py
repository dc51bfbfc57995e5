import pytest
from sqlalchemy import text

from orderhub.clock import FixedClock
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.outbox import Effect, enqueue
from orderhub.errors import DatabaseFault
from tests.builders import NOON, rows

MAIL = Effect("mail:held:1", "mail", "pass:1", {"text": "挂起 'quoted' \\"})
FILES = Effect("files:m1", "manifest_files", "m1", {})


def write(database: Database, *effects: Effect) -> int:
    with hold_scope(database, "test") as lease, database.transaction(lease) as connection:
        return enqueue(connection, effects, FixedClock(NOON))


def test_effect_waits_until_it_is_sent(database: Database):
    assert write(database, MAIL, FILES) == 2
    assert rows(database, "select outbox_id, target, subject, payload, state, created_at from ops.outbox order by sequence") == [
        ("mail:held:1", "mail", "pass:1", {"text": "挂起 'quoted' \\"}, "pending", NOON),
        ("files:m1", "manifest_files", "m1", {}, "pending", NOON),
    ]  # fmt: skip


def test_same_fact_twice_adds_nothing(database: Database):
    write(database, MAIL)

    assert write(database, MAIL, FILES, FILES) == 1
    assert rows(database, "select count(*) from ops.outbox") == [(2,)]


def test_nothing_to_send_writes_nothing(database: Database):
    assert write(database) == 0


def test_effect_vanishes_with_the_fact_that_was_rolled_back(database: Database):
    with (
        pytest.raises(DatabaseFault),
        hold_scope(database, "test") as lease,
        database.transaction(lease) as connection,
    ):
        assert connection.execute(text("select 1 / 0")) == enqueue(connection, [MAIL], FixedClock(NOON))

    assert rows(database, "select * from ops.outbox") == []
