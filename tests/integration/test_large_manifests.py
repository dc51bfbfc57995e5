"""Files of lists that are too large for one workbook, or whose books take minutes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook
from pydantic import SecretStr
from sqlalchemy import Connection, text

from orderhub.clock import FixedClock
from orderhub.db.engine import Database
from orderhub.fulfillment import manifest_lists
from orderhub.fulfillment.labels import LABELS
from orderhub.fulfillment.manifest_files import publish
from orderhub.settings import Settings
from tests.builders import NOON, Line, Order
from tests.integration.test_fulfillment_files import closed_manifest


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, database_url=SecretStr("x"), hash_key=SecretStr("x"))


def test_parcels_and_shelves_beyond_the_limit_go_into_further_workbooks(
    database: Database, clock: FixedClock, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(manifest_lists, "WORKBOOK_LINES", 2)
    orders = [Order("1", (Line("MUG", 2), Line("CUP"))), *(Order(number) for number in "234")]
    payload = closed_manifest(database, clock, *orders)

    answer = publish(database, clock, settings, payload, "books")

    words = LABELS["zh"]
    found: dict[str, list[object]] = {words.picking_sheet: [], words.handover_sheet: []}
    for name in sorted(name for name in answer["files"] if "xlsx" in name):
        book = load_workbook(settings.manifests / name)
        for sheet in found.keys() & set(book.sheetnames):
            found[sheet] += [
                row[2 if sheet == words.picking_sheet else 1] for row in list(book[sheet].values)[2:]
            ]
    assert sorted(map(str, found[words.handover_sheet])) == [f"tb/{number}@1" for number in "1234"]
    assert sorted(map(str, found[words.picking_sheet])) == ["CUP", "MUG", "MUG"]


def test_a_book_that_takes_minutes_keeps_its_reading(
    database: Database, clock: FixedClock, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    payload = closed_manifest(database, clock, Order("1"))
    patience: list[object] = []

    def slow(connection: Connection, *_: object) -> Iterator[tuple[str, manifest_lists.Write]]:
        patience.append(connection.execute(text("show idle_in_transaction_session_timeout")).scalar_one())
        yield "pick_list.pdf", lambda path: None

    monkeypatch.setattr("orderhub.fulfillment.manifest_files.WRITERS", {"books": slow})

    publish(database, clock, settings, payload, "books")

    assert patience == ["20min"]
