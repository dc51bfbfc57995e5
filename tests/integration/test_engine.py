import pytest
from sqlalchemy import text

from orderhub.db import engine
from orderhub.db.copy import copy_rows
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.errors import ConfigError, DatabaseFault

PHONE = "13800001111"


def fault(database: Database, statement: str) -> str:
    with (
        pytest.raises(DatabaseFault) as caught,
        hold_scope(database, "test") as lease,
        database.transaction(lease) as connection,
    ):
        connection.execute(text(statement))
    return str(caught.value)


def test_constraint_error_carries_code_and_constraint_and_no_row_value(database: Database):
    said = fault(database, f"insert into core.stock values ('{PHONE}', 'SKU', 1, 2, now())")

    assert said == (
        'database: new row for relation "stock" violates check constraint "reserved_within_on_hand" '
        "(23514, constraint reserved_within_on_hand, table stock)"
    )


@pytest.mark.parametrize(
    "statement, said",
    [
        (f"select '{PHONE}x'::bigint", "database: invalid input syntax for type bigint (22P02)"),
        (f"select '{PHONE}'::timestamptz", "database: timestamp out of range (22008)"),
        (f"select cast('{{{PHONE}' as jsonb)", "database: invalid input syntax for type json (22P02)"),
    ],
)
def test_refused_value_is_not_quoted(database: Database, statement: str, said: str):
    assert fault(database, statement) == said


def test_refused_copy_is_a_fault_without_its_rows(database: Database):
    with (
        pytest.raises(DatabaseFault) as caught,
        hold_scope(database, "test") as lease,
        database.transaction(lease) as connection,
    ):
        copy_rows(connection, "core.stock", ("warehouse_id", "on_hand"), [(PHONE, PHONE + "x")])

    assert str(caught.value) == "database: invalid input syntax for type bigint (22P02)"


def test_reading_connection_cannot_write(database: Database):
    with pytest.raises(DatabaseFault, match="25006"), database.read() as connection:
        connection.execute(text("insert into ops.leases (scope) values ('x')"))


def test_failed_transaction_leaves_nothing(database: Database):
    with (
        pytest.raises(DatabaseFault, match="22012"),
        hold_scope(database, "test") as lease,
        database.transaction(lease) as connection,
    ):
        connection.execute(text("insert into ops.leases (scope) values ('half'); select 1 / 0"))

    with database.read() as connection:
        assert (
            connection.execute(text("select count(*) from ops.leases where scope = 'half'")).scalar_one() == 0
        )


def test_unreachable_server_is_a_fault_that_names_no_password():
    nowhere = Database("postgresql://orderhub_app:geheim@127.0.0.1:1/orderhub")

    with pytest.raises(DatabaseFault) as caught, nowhere.read():
        pass

    assert str(caught.value) == (
        "database: no connection, the server is stopped or out of reach; start the hub (`./hub demo`, "
        "`./hub up`), or check ORDERHUB_DATABASE_URL (no SQLSTATE)"
    )


def test_server_that_refuses_our_password_says_so(database: Database):
    wrong = Database(database.engine.url.set(password="geheim").render_as_string(hide_password=False))

    with pytest.raises(DatabaseFault) as caught, wrong.read():
        pass

    assert str(caught.value) == (
        'database: the server refuses us: password authentication failed for user "orderhub_app"; '
        "check ORDERHUB_DATABASE_URL (no SQLSTATE)"
    )


@pytest.mark.parametrize("address", ["nonsense", "", "postgresql://a:geheim@127.0.0.1:port/x"])
def test_address_that_is_none_is_refused_without_quoting_it(address: str):
    with pytest.raises(
        ConfigError, match=r"^the address of the database cannot be read; it is postgresql://ROLE"
    ):
        Database(address)


def kill_pooled(database: Database) -> None:
    """End the server's side of the connection that rests in the pool."""
    with database.read() as connection:
        backend = connection.execute(text("select pg_backend_pid()")).scalar_one()
    other = Database(database.engine.url.render_as_string(hide_password=False), "killer")
    with other.session() as connection:
        connection.execute(text("select pg_terminate_backend(:backend, 5000)"), {"backend": backend})
    other.close()


def test_a_connection_that_rested_and_was_lost_is_replaced_unnoticed(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(engine, "_RESTED_SECONDS", 0.0)
    kill_pooled(database)

    with database.read() as connection:
        assert connection.execute(text("select 1")).scalar_one() == 1


def test_a_connection_lost_a_moment_after_its_use_is_a_fault_and_the_next_one_is_new(database: Database):
    kill_pooled(database)

    with pytest.raises(DatabaseFault), database.read():
        pass
    with database.read() as connection:
        assert connection.execute(text("select 1")).scalar_one() == 1
