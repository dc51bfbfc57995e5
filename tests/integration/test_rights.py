"""What each role may not do, asked of the server itself: a test that forgets a new table cannot pass."""

import pytest

from orderhub.db.engine import Database
from orderhub.errors import DatabaseFault
from tests.builders import rows

APPEND_ONLY = ("ops.audit", "core.stock_ledger", "staging.taobao_orders", "staging.spreadsheet_orders")
RIGHTS = """
    select n.nspname || '.' || c.relname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'v', 'm', 'p') and n.nspname in ('staging', 'core', 'mart', 'ops', 'pii')
      and has_table_privilege('{role}', c.oid, '{right}') and has_schema_privilege('{role}', n.oid, 'usage')
    order by 1"""


@pytest.mark.parametrize("right", ["update", "delete", "truncate"])
def test_what_is_append_only_cannot_be_changed_by_the_application(database: Database, right: str):
    changeable = {name for (name,) in rows(database, RIGHTS.format(role="orderhub_app", right=right))}

    assert changeable.intersection(APPEND_ONLY) == set()
    assert not any(str(name).startswith(("staging.", "pii.")) for name in changeable)


def test_application_cannot_read_back_what_it_encrypted(database: Database):
    with pytest.raises(DatabaseFault, match="permission denied"):
        rows(database, "select * from pii.receivers")


def test_analyst_reads_nothing_of_receivers_as_received_or_encrypted(database: Database):
    readable = {
        str(name) for (name,) in rows(database, RIGHTS.format(role="orderhub_analyst", right="select"))
    }

    assert [name for name in readable if not name.startswith(("core.", "mart."))] == []
    assert "core.receivers" not in readable
    assert "mart.orders" in readable


@pytest.mark.parametrize("right", ["insert", "update", "delete", "truncate"])
def test_analyst_writes_nothing(database: Database, right: str):
    assert rows(database, RIGHTS.format(role="orderhub_analyst", right=right)) == []
