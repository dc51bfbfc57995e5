"""The embedded server and the databases that tests get from it."""

import pytest
from sqlalchemy import text

from orderhub.db.engine import Database
from orderhub.db.postgres import Server, open_cluster, shared_buffers
from orderhub.errors import EnvironmentFault


def test_application_sees_a_migrated_database(database: Database) -> None:
    with database.read() as connection:
        present = connection.execute(text("select to_regclass('core.orders') is not null")).scalar_one()

    assert present is True


def test_each_test_gets_its_own_database(database: Database, database_name: str) -> None:
    with database.read() as connection:
        current = connection.execute(text("select current_database()")).scalar_one()

    assert current == database_name


def test_analyst_can_not_write(analyst: Database) -> None:
    with analyst.session() as session:
        setting = session.execute(text("show default_transaction_read_only")).scalar_one()

    assert setting == "on"


@pytest.mark.parametrize(
    ("gigabytes", "expected"), [(2, "256MB"), (8, "512MB"), (24, "1536MB"), (128, "1536MB")]
)
def test_server_keeps_a_sixteenth_of_the_memory_within_bounds(gigabytes: int, expected: str) -> None:
    assert shared_buffers(gigabytes * 2**30) == expected


def test_server_listens_on_loopback_only(server: Server) -> None:
    admin = Database(server.url("postgres"))

    with admin.read() as connection:
        listening = connection.execute(text("show listen_addresses")).scalar_one()

    assert listening == "127.0.0.1"
    admin.close()


def test_data_directory_of_another_version_is_refused_in_one_sentence(server: Server, tmp_path) -> None:
    cluster = tmp_path / "cluster"
    (cluster / "data").mkdir(parents=True)
    (cluster / "mode").write_text(server.cluster.mode, encoding="utf-8")
    (cluster / "data" / "PG_VERSION").write_text("13\n", encoding="utf-8")

    with pytest.raises(EnvironmentFault, match="PostgreSQL 13, this hub brings 18"):
        open_cluster(cluster)
