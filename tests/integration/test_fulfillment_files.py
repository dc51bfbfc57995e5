import csv
import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook
from pydantic import SecretStr
from sqlalchemy import text

from orderhub.clock import FixedClock
from orderhub.db.engine import Database
from orderhub.errors import EnvironmentFault, StopError
from orderhub.fulfillment import manifest_files
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import ensure_first_start, request_extra
from orderhub.fulfillment.manifest_files import publish
from orderhub.fulfillment.run import run_fulfillment
from orderhub.settings import Settings
from tests.builders import NOON, Line, Order, activate, put, rows, stock


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, database_url=SecretStr("x"), hash_key=SecretStr("x"))


def closed_manifest(database: Database, clock: FixedClock, *orders: Order, **shop: str) -> dict[str, str]:
    with database.engine.begin() as connection:
        config = activate(connection, **shop)
        stock(connection, hangzhou__MUG=50, hangzhou__CUP=50)
        put(connection, *orders)
    ensure_first_start(database, clock)
    run_fulfillment(database, clock, config)
    request_extra(database, clock, config, "hangzhou", "test")
    (closed,) = close_due(database, clock, config, {})
    return {"manifest_id": closed.manifest_id}


def table(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.reader(lines))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


ONE = Order("18000000000000000001", (Line("MUG", 2), Line("CUP", 1, title="杯子")))
TWO = Order("g1", (Line("MUG", 3),), shop_id="group", platform="spreadsheet")


def test_lists_say_what_to_ship_and_what_to_pick(database: Database, clock: FixedClock, settings: Settings):
    payload = closed_manifest(database, clock, ONE, TWO)

    publish(database, clock, settings, payload)

    folder = settings.manifests / "hangzhou" / "20261123-1200"
    shipping = table(folder / "shipping_list.csv")
    assert [row[0] for row in shipping] == [
        "发货单号",
        "group/g1@1",
        f"{ONE.order_id}@1",
        f"{ONE.order_id}@1",
    ]
    assert shipping[2][3] == "18000000000000000001"
    assert table(folder / "pick_list.csv") == [
        ["商品编码", "商品名称", "数量", "行数"],
        ["CUP", "杯子", "1", "1"],
        ["MUG", "马克杯", "5", "2"],
    ]
    assert rows(database, "select state, published_at from core.manifests") == [("published", NOON)]


def test_receivers_appear_only_as_far_as_the_shop_allows(
    database: Database, clock: FixedClock, settings: Settings
):
    payload = closed_manifest(database, clock, ONE, TWO)

    publish(database, clock, settings, payload)

    shipping = table(settings.manifests / "hangzhou" / "20261123-1200" / "shipping_list.csv")
    receivers = {row[0]: row[7:14] for row in shipping[1:]}
    assert receivers == {
        "group/g1@1": ["OAID-1", "浙江省", "杭州市", "西湖区", "张**", "138****0000", "文三路***"],
        f"{ONE.order_id}@1": ["OAID-1", "浙江省", "杭州市", "西湖区", "", "", ""],
    }


def test_writing_again_gives_the_same_bytes(database: Database, clock: FixedClock, settings: Settings):
    payload = closed_manifest(database, clock, ONE, TWO)
    publish(database, clock, settings, payload)
    first = contents(settings.manifests)
    for name in first:
        (settings.manifests / name).unlink()
    clock.move(timedelta(hours=1))

    publish(database, clock, settings, payload)

    assert first == contents(settings.manifests)
    assert rows(database, "select file_name, file_sha256 from core.manifest_files order by 1") == [
        (name, hashlib.sha256(content).hexdigest()) for name, content in first.items()
    ]


def test_files_are_for_their_owner_only(database: Database, clock: FixedClock, settings: Settings):
    payload = closed_manifest(database, clock, ONE)

    publish(database, clock, settings, payload)

    assert {f.stat().st_mode & 0o777 for f in settings.manifests.rglob("*.*")} == {0o600}


def test_an_empty_manifest_is_a_file_that_says_zero(
    database: Database, clock: FixedClock, settings: Settings
):
    payload = closed_manifest(database, clock)

    publish(database, clock, settings, payload)

    folder = settings.manifests / "hangzhou" / "20261123-1200"
    book = load_workbook(folder / "manifest.xlsx")
    assert book.sheetnames == ["发货清单", "拣货单"]
    assert book["发货清单"]["A1"].value == "杭州仓 2026-11-23 12:00 截单:0 单,0 行,0 件"
    assert len(table(folder / "shipping_list.csv")) == 1


def test_a_publisher_killed_between_two_files_is_completed_by_the_next(
    database: Database, clock: FixedClock, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    payload = closed_manifest(database, clock, ONE)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(manifest_files, "write_workbook", die)
        with pytest.raises(KeyboardInterrupt):
            publish(database, clock, settings, payload)
    state = rows(database, "select state from core.manifests")

    answer = publish(database, clock, settings, payload)

    assert state == [("closed",)]
    assert sorted(answer["files"]) == sorted(contents(settings.manifests))
    assert len(answer["files"]) == 3


def test_an_unwritable_folder_leaves_nothing_half_visible(
    database: Database, clock: FixedClock, settings: Settings
):
    payload = closed_manifest(database, clock, ONE)
    settings.manifests.mkdir()
    (settings.manifests / "hangzhou").write_text("a file where the folder should be")

    with pytest.raises(EnvironmentFault, match="cannot be written"):
        publish(database, clock, settings, payload)

    assert rows(database, "select state from core.manifests") == [("closed",)]


def test_a_handed_over_list_is_never_rewritten_differently(
    database: Database, clock: FixedClock, settings: Settings
):
    payload = closed_manifest(database, clock, ONE)
    publish(database, clock, settings, payload)
    listed = settings.manifests / "hangzhou" / "20261123-1200" / "shipping_list.csv"
    listed.unlink()
    with database.engine.begin() as connection:
        connection.execute(text("update core.receivers set city = '宁波市'"))

    with pytest.raises(StopError, match="changed after"):
        publish(database, clock, settings, payload)

    assert not listed.exists()


def test_lines_beyond_the_limit_go_into_further_workbooks(
    database: Database, clock: FixedClock, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(manifest_files, "WORKBOOK_LINES", 2)
    payload = closed_manifest(database, clock, ONE, TWO)

    answer = publish(database, clock, settings, payload)

    books = [load_workbook(settings.manifests / name) for name in sorted(answer["files"]) if "xlsx" in name]
    assert sorted(tuple(book.sheetnames) for book in books) == [("发货清单",), ("发货清单", "拣货单")]
    assert sorted(book["发货清单"].max_row for book in books) == [3, 4]
