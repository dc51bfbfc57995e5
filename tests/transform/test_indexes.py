"""The first import writes three indexes once at its end; others keep them, and nothing is ever left without."""

from typing import Any

import pytest
from sqlalchemy import text

from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.postgres import Server
from orderhub.transform import map_ahead
from orderhub.transform import run as transform_run
from orderhub.transform.run import run_transform
from tests.builders import rows
from tests.transform.payloads import StoppedClock, stage, trade

DEFINED = "select indexname, indexdef from pg_indexes where schemaname = 'core' order by indexname"
ASIDE = """
    select relname, oid from pg_class
    where relname in ('orders_by_customer', 'receivers_by_phone', 'receivers_by_address') order by relname"""


@pytest.fixture(autouse=True)
def slices_of_one_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_ahead, "SLICE_ROWS", 1)


def staged(database: Database, tids: range) -> None:
    stage(database, [trade(str(tid)) for tid in tids], "tb")


def index_rows(database: Database, statement: str) -> list[Any]:
    return [tuple(row) for row in rows(database, statement)]


def test_first_import_builds_its_indexes_anew_and_as_they_were(database: Database, config: MerchantConfig):
    defined, before = index_rows(database, DEFINED), index_rows(database, ASIDE)
    assert len(before) == 3
    staged(database, range(1, 11))
    staged(database, range(11, 21))

    counts = run_transform(database, StoppedClock(), config)

    assert counts.orders_changed == 20
    assert index_rows(database, DEFINED) == defined
    assert {oid for _, oid in before}.isdisjoint(oid for _, oid in index_rows(database, ASIDE))


def test_pass_beside_as_many_orders_keeps_them(database: Database, config: MerchantConfig):
    staged(database, range(1, 4))
    run_transform(database, StoppedClock(), config)
    before = index_rows(database, ASIDE)
    staged(database, range(4, 14))
    staged(database, range(14, 24))

    assert run_transform(database, StoppedClock(), config).orders_changed == 20

    assert index_rows(database, ASIDE) == before


def test_pass_of_one_slice_keeps_them(
    database: Database, config: MerchantConfig, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(map_ahead, "SLICE_ROWS", 50_000)
    before = index_rows(database, ASIDE)
    staged(database, range(1, 21))

    assert run_transform(database, StoppedClock(), config).orders_changed == 20

    assert index_rows(database, ASIDE) == before


def test_somebody_who_reads_orders_is_not_waited_for(database: Database, config: MerchantConfig):
    before = index_rows(database, ASIDE)
    staged(database, range(1, 11))
    staged(database, range(11, 21))

    with database.read() as reader:
        reader.execute(text("select count(*) from core.receivers"))
        counts = run_transform(database, StoppedClock(), config)

    assert counts.orders_changed == 20
    assert index_rows(database, ASIDE) == before


def test_import_that_fails_leaves_them(
    database: Database, config: MerchantConfig, monkeypatch: pytest.MonkeyPatch
):
    before = index_rows(database, ASIDE)
    staged(database, range(1, 11))
    staged(database, range(11, 21))

    def fail(*_: object) -> int:
        raise RuntimeError("the last slice")

    monkeypatch.setattr(transform_run, "replace_lines", fail)
    with pytest.raises(RuntimeError, match="the last slice"):
        run_transform(database, StoppedClock(), config)

    assert index_rows(database, ASIDE) == before


def test_first_import_builds_what_the_owner_had_removed_by_hand(
    database: Database, owner: Database, config: MerchantConfig
):
    defined = index_rows(database, DEFINED)
    with owner.engine.begin() as connection:
        connection.exec_driver_sql("drop index core.receivers_by_phone")
    staged(database, range(1, 11))
    staged(database, range(11, 21))

    assert run_transform(database, StoppedClock(), config).orders_changed == 20

    assert index_rows(database, DEFINED) == defined


@pytest.mark.parametrize(
    "taken",
    [
        "alter table core.receivers owner to postgres; grant all on core.receivers to orderhub_owner",
        "revoke create on schema core from orderhub_owner",
    ],
)
def test_hub_whose_owner_may_not_make_an_index_keeps_them(
    database: Database,
    admin: Database,
    server: Server,
    database_name: str,
    config: MerchantConfig,
    taken: str,
):
    before = index_rows(database, ASIDE)
    superuser = Database(server.url(database_name), "tests")
    with superuser.engine.begin() as connection:
        connection.exec_driver_sql(taken)
    superuser.close()
    staged(database, range(1, 11))
    staged(database, range(11, 21))

    assert run_transform(database, StoppedClock(), config).orders_changed == 20

    assert index_rows(database, ASIDE) == before


def test_hub_that_lacks_an_index_and_may_not_make_one_goes_on_without(
    database: Database,
    owner: Database,
    admin: Database,
    server: Server,
    database_name: str,
    config: MerchantConfig,
):
    with owner.engine.begin() as connection:
        connection.exec_driver_sql("drop index core.receivers_by_phone")
    superuser = Database(server.url(database_name), "tests")
    with superuser.engine.begin() as connection:
        connection.exec_driver_sql("revoke create on schema core from orderhub_owner")
    superuser.close()
    staged(database, range(1, 11))
    staged(database, range(11, 21))

    counts = run_transform(database, StoppedClock(), config)

    assert (counts.orders_changed, counts.checks.judged_orders) == (20, 20)
    assert "receivers_by_phone" not in [name for name, _ in index_rows(database, ASIDE)]
