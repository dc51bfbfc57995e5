"""What a person does about manifests: list, show, reprint, void; as functions, and as commands."""

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from typer.testing import CliRunner

from orderhub.cli import app
from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.postgres import Server
from orderhub.delivery.dispatch import deliver_books, deliver_pending
from orderhub.errors import StopError
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import ensure_first_start, request_extra
from orderhub.fulfillment.manifest_copies import remove_old_copies
from orderhub.fulfillment.manifest_desk import (
    VOID,
    describe_manifest,
    find_manifest,
    reprint,
    void_manifest,
)
from orderhub.fulfillment.run import run_fulfillment
from orderhub.operate.explain import explain
from orderhub.operate.verify import verify
from orderhub.settings import Settings
from tests.builders import NOON, Line, Order, activate, put, rows, stock
from tests.conftest import PASSWORDS, create_database, drop_database

NUMBERS = itertools.count(1)
ID = "hangzhou/20261123T040000Z"
FILES = {
    "handover_list.csv", "label_import.csv", "manifest.xlsx", "pick_list.csv", "pick_list.pdf",
    "shipping_list.csv",
}  # fmt: skip


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@dataclass(frozen=True)
class Published:
    """What each test copies."""

    database_name: str
    home: Path
    config: MerchantConfig


@pytest.fixture(scope="module")
def published(
    server: Server, admin: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Published]:
    """A merchant with one published manifest of two orders, made once; once more where a worker comes back."""
    name = f"published_{next(NUMBERS)}"
    create_database(admin, name)
    database = Database(server.url(name, "orderhub_app", PASSWORDS.app), "tests")
    home, clock = tmp_path_factory.mktemp("home"), FixedClock(NOON)
    with database.engine.begin() as connection:
        active = activate(connection)
        stock(connection, hangzhou__MUG=50, hangzhou__CUP=50)
        put(connection, Order("1"), Order("2", (Line(quantity=2), Line("CUP"))))
    ensure_first_start(database, clock)
    run_fulfillment(database, clock, active)
    request_extra(database, clock, active, "hangzhou", "lin")
    close_due(database, clock, active, {})
    deliver_pending(database, clock, settings_at(home))
    deliver_books(database, clock, settings_at(home))
    database.close()
    yield Published(name, home, active)
    drop_database(admin, name)


@pytest.fixture
def database_name(request: pytest.FixtureRequest, admin: Database) -> Iterator[str]:
    """Name of a copy; of an empty one where a test has orders of its own."""
    name = f"desk_{next(NUMBERS)}"
    if "config" in request.fixturenames:
        create_database(admin, name, request.getfixturevalue("published").database_name)
    else:
        create_database(admin, name)
    yield name
    drop_database(admin, name)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_at(tmp_path)


@pytest.fixture
def config(published: Published, settings: Settings) -> MerchantConfig:
    shutil.copytree(published.home, settings.home, dirs_exist_ok=True)
    return published.config


def settings_at(home: Path) -> Settings:
    return Settings(home=home, database_url=SecretStr("x"), hash_key=SecretStr("x"))


def names(settings: Settings) -> set[str]:
    return {file.name for file in settings.manifests.rglob("*") if file.is_file()}


def test_reprinting_writes_every_file_as_it_was_and_names_what_changed_since(
    database: Database, clock: FixedClock, settings: Settings, config: MerchantConfig
):
    before = {file.name: file.read_bytes() for file in settings.manifests.rglob("*.*")}
    for file in settings.manifests.rglob("*.*"):
        file.write_bytes(b"spoilt")
    with database.engine.begin() as connection:
        connection.execute(text("update core.receivers set city = '宁波市'"))
        connection.execute(
            text(
                "insert into core.order_changes values "
                "('tb/1', '', 'address', 'a', 'b', 'v1', 'v2', timestamptz '2026-11-23 05:00Z', 1)"
            )
        )

    done = reprint(database, clock, settings, ID, "lin")

    assert before == {file.name: file.read_bytes() for file in settings.manifests.rglob("*.*")}
    assert ({Path(name).name for name in done.files}, done.changed) == (FILES, {"tb/1": "address"})
    assert rows(database, "select actor, action from ops.audit where subject_type = 'manifest'") == [
        ("lin", "reprint")
    ]


def everything_left(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("update core.fulfillment_orders set state = 'shipped'"))


def test_a_copy_ends_and_the_list_is_printed_from_its_orders_unless_they_changed(
    database: Database, clock: FixedClock, settings: Settings, config: MerchantConfig
):
    before = {file.name: file.read_bytes() for file in settings.manifests.rglob("*.*")}
    everything_left(database)
    clock.move(timedelta(days=91))

    removed = [remove_old_copies(database, clock, config), remove_old_copies(database, clock, config)]

    for file in settings.manifests.rglob("*.*"):
        file.unlink()
    reprint(database, clock, settings, ID, "lin")
    assert ([len(FILES), 0], before) == (
        removed,
        {file.name: file.read_bytes() for file in settings.manifests.rglob("*.*")},
    )
    with database.engine.begin() as connection:
        connection.execute(text("update core.receivers set city = '宁波市'"))
    for file in settings.manifests.rglob("*.*"):
        file.unlink()
    with pytest.raises(StopError, match=r"copy was removed on 2027-02-22 \(copies_days .* manifest show"):
        reprint(database, clock, settings, ID, "lin")


def test_copies_stay_while_they_are_young_and_while_anything_of_the_list_may_leave(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    clock.move(timedelta(days=200))
    waits = remove_old_copies(database, clock, config)
    clock.move(timedelta(days=-111))
    everything_left(database)

    young = remove_old_copies(database, clock, config)

    assert (waits, young) == (0, 0)


def test_a_void_list_frees_its_lines_for_another_and_marks_its_files(
    database: Database, clock: FixedClock, settings: Settings, config: MerchantConfig
):
    void_manifest(database, clock, settings, ID, "lin", "打错仓")

    assert names(settings) == {VOID + name for name in FILES} | {"VOID.txt"}
    assert rows(database, "select state, voided_by, void_reason from core.manifests") == [
        ("void", "lin", "打错仓")
    ]
    assert rows(database, "select distinct reserved from core.stock") == [(0,)]
    run_fulfillment(database, clock, config)
    assert rows(database, "select fulfillment_order_id, state from core.fulfillment_orders order by 1") == [
        ("tb/1@1", "cancelled"),
        ("tb/1@2", "allocated"),
        ("tb/2@1", "cancelled"),
        ("tb/2@2", "allocated"),
    ]
    assert [result.name for result in verify(database) if result.violations] == []


def test_voiding_twice_changes_nothing_and_reprinting_a_void_list_is_refused(
    database: Database, clock: FixedClock, settings: Settings, config: MerchantConfig
):
    void_manifest(database, clock, settings, ID, "lin", "打错仓")
    before = names(settings)

    void_manifest(database, clock, settings, ID, "wang", "又一次")

    assert before == names(settings)
    assert rows(database, "select voided_by from core.manifests") == [("lin",)]
    with pytest.raises(StopError, match="is void"):
        reprint(database, clock, settings, ID, "lin")


def test_a_list_of_which_something_left_is_not_voided(
    database: Database, clock: FixedClock, settings: Settings, config: MerchantConfig
):
    with database.engine.begin() as connection:
        connection.execute(
            text("update core.fulfillment_orders set state = 'shipped' where order_id = 'tb/1'")
        )

    with pytest.raises(StopError, match="1 order"):
        void_manifest(database, clock, settings, ID, "lin", "打错仓")

    assert names(settings) == FILES


def test_a_list_that_a_wms_holds_is_not_voided_until_it_gives_it_back(
    database: Database, clock: FixedClock, settings: Settings, config: MerchantConfig
):
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "insert into core.delivery_orders (fulfillment_order_id, delivery_order_code, warehouse_id, "
                "manifest_id, chunk, state, created_at) values ('tb/1@1', 'x', 'hangzhou', :id, 1, 'accepted', now())"
            ),
            {"id": ID},
        )

    with pytest.raises(StopError, match="WMS holds 1"):
        void_manifest(database, clock, settings, ID, "lin", "打错仓")


def test_a_list_voided_before_it_was_handed_over_gets_no_files(
    database: Database, clock: FixedClock, settings: Settings
):
    with database.engine.begin() as connection:
        active = activate(connection)
        stock(connection, hangzhou__MUG=50)
        put(connection, Order("1"))
    ensure_first_start(database, clock)
    run_fulfillment(database, clock, active)
    request_extra(database, clock, active, "hangzhou", "lin")
    close_due(database, clock, active, {})
    void_manifest(database, clock, settings, ID, "lin", "打错仓")

    deliver_pending(database, clock, settings)

    assert names(settings) == set()
    with pytest.raises(StopError, match="needs a reason"):
        void_manifest(database, clock, settings, ID, "lin", " ")


def test_a_void_list_marks_also_the_file_whose_publisher_was_killed_before_it_was_recorded(
    database: Database, clock: FixedClock, settings: Settings, config: MerchantConfig
):
    with database.engine.begin() as connection:
        connection.execute(
            text("delete from core.manifest_copies where file_name like '%/shipping_list.csv'")
        )
        connection.execute(text("delete from core.manifest_files where file_name like '%/shipping_list.csv'"))

    void_manifest(database, clock, settings, ID, "lin", "打错仓")

    assert names(settings) == {VOID + name for name in FILES} | {"VOID.txt"}


def test_a_manifest_is_shown_with_waves_files_documents_and_who_asked(
    database: Database, config: MerchantConfig
):
    found = describe_manifest(database, ID)

    assert (found.row.requested_by, found.row.order_count) == ("lin", 2)
    assert [tuple(wave) for wave in found.waves] == [("mixed", 1, 3), ("single", 1, 1)]
    assert {Path(file.file_name).name for file in found.files} == FILES
    assert [(one.fulfillment_order_id, one.pieces, one.state) for one in found.documents] == [
        ("tb/1@1", 1, "manifested"),
        ("tb/2@1", 3, "manifested"),
    ]


@pytest.mark.parametrize(
    "given",
    [
        ID, f" {ID} ", "hangzhou/20261123-1200", "/srv/hub/manifests/hangzhou/20261123-1200/",
        "manifests/hangzhou/20261123-1200/pick_list.pdf", "C:\\hub\\hangzhou\\20261123-1200\\VOID-manifest.xlsx",
    ],
)  # fmt: skip
def test_a_manifest_is_found_by_its_folder_or_a_file_of_it(
    database: Database, config: MerchantConfig, given: str
):
    assert find_manifest(database, given) == ID


def test_a_folder_means_the_live_list_and_not_the_one_that_was_only_tried(
    database: Database, config: MerchantConfig
):
    """The shadow's row stands before the live one in the table: nothing but the preference tells them apart."""
    with database.engine.begin() as connection:
        connection.execute(text("update core.manifests set is_shadow = true"))
        connection.execute(
            text(
                "insert into core.manifests select (jsonb_populate_record(m, jsonb_build_object("
                "'manifest_id', m.manifest_id || '/live', 'is_shadow', false))).* from core.manifests as m"
            )
        )

    assert find_manifest(database, "hangzhou/20261123-1200") == f"{ID}/live"


@pytest.mark.parametrize(
    "given", ["", "yiwu/20261123-1200", "hangzhou/20261123-120001", "hangzhou/20261123-1200-amendment-1", "x/99999999-9999"]
)  # fmt: skip
def test_what_is_no_manifest_is_not_found(database: Database, config: MerchantConfig, given: str):
    with pytest.raises(StopError, match=r"does not exist; \./hub manifest list"):
        find_manifest(database, given)


def test_who_voids_a_void_list_is_told_who_did_so_before_and_why(
    config: MerchantConfig, settings: Settings, server: Server, database_name: str
):
    environment = {
        "ORDERHUB_HOME": str(settings.home), "ORDERHUB_HASH_KEY": "x", "COLUMNS": "200", "LOGNAME": "lin",
        "ORDERHUB_DATABASE_URL": server.url(database_name, "orderhub_app", PASSWORDS.app),
    }  # fmt: skip
    calls = [("manifest", "void", ID, "--reason", why) for why in ("打错仓", "又一次")]

    first, second = [CliRunner().invoke(app, call, env=environment) for call in calls]

    assert "已作废 / is void" in first.stdout
    assert "lin: 打错仓" in second.stdout
    assert "早已作废" in second.stdout
    assert "已标 VOID" not in second.stdout


def test_the_story_of_an_order_tells_that_its_list_was_taken_back(
    database: Database, clock: FixedClock, settings: Settings, config: MerchantConfig
):
    void_manifest(database, clock, settings, ID, "lin", "打错仓")

    told = [(step.what, step.text, step.ids) for step in explain(database, " tb/1 ").steps][-1]

    assert told == ("manifest", "lin 作废了整份清单:打错仓", {"manifest": ID})


def test_the_commands_say_it_in_chinese_and_english(
    config: MerchantConfig, settings: Settings, server: Server, database_name: str
):
    environment = {
        "ORDERHUB_HOME": str(settings.home), "ORDERHUB_HASH_KEY": "x", "COLUMNS": "200",
        "ORDERHUB_DATABASE_URL": server.url(database_name, "orderhub_app", PASSWORDS.app),
    }  # fmt: skip
    calls = (("list",), ("show", ID), ("reprint", ID), ("void", ID, "--reason", "打错仓"))

    said = [CliRunner().invoke(app, ("manifest", *call), env=environment) for call in calls]

    assert [result.exit_code for result in said] == [0, 0, 0, 0]
    assert "没带上" in said[0].stdout
    assert ("谁要的 / asked for by: lin" in said[1].stdout, "tb/2@1" in said[1].stdout) == (True, True)
    assert "多品 mixed 1/3" in said[1].stdout
    assert "pick_list.pdf" in said[2].stdout
    assert "6 个文件已标 VOID" in said[3].stdout


def test_order_numbers_stay_whole_in_a_terminal_of_80_columns_where_nothing_leaves_together(
    database: Database, clock: FixedClock, settings: Settings, server: Server, database_name: str
):
    environment = {
        "ORDERHUB_HOME": str(settings.home), "ORDERHUB_HASH_KEY": "x", "COLUMNS": "80",
        "ORDERHUB_DATABASE_URL": server.url(database_name, "orderhub_app", PASSWORDS.app),
    }  # fmt: skip
    with database.engine.begin() as connection:
        active = activate(connection)
        stock(connection, hangzhou__MUG=50)
        put(connection, Order("6921604514943713230"))
    ensure_first_start(database, clock)
    run_fulfillment(database, clock, active)
    request_extra(database, clock, active, "hangzhou", "lin")
    close_due(database, clock, active, {})

    shown = CliRunner().invoke(app, ("manifest", "show", ID), env=environment).stdout

    assert "tb/6921604514943713230@1 6921604514943713230 " in " ".join(shown.split())
    assert "合单包裹" not in shown


def test_a_list_of_a_warehouse_that_does_not_exist_is_refused(
    config: MerchantConfig, settings: Settings, server: Server, database_name: str
):
    environment = {
        "ORDERHUB_HOME": str(settings.home), "ORDERHUB_HASH_KEY": "x",
        "ORDERHUB_DATABASE_URL": server.url(database_name, "orderhub_app", PASSWORDS.app),
    }  # fmt: skip

    said = CliRunner().invoke(app, ("manifest", "list", "--warehouse", "hangzou"), env=environment)

    assert str(said.exception) == "warehouse 'hangzou' does not exist; did you mean 'hangzhou'?"
