"""The drop folder: files are staged once, moved aside with a report, and no personal data stays behind."""

import json
import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from orderhub import paths
from orderhub.clock import FixedClock
from orderhub.config.store import apply_directory
from orderhub.db.engine import Database
from orderhub.errors import EnvironmentFault
from orderhub.platforms.field_map import FieldMap
from orderhub.platforms.spreadsheet import FileCounts, extract, extract_shop
from orderhub.settings import Settings
from orderhub.transform.run import run_transform

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
EXAMPLE = paths.project_root() / "examples" / "orders-zh.xlsx"
HEADER = "订单号,商品编码,数量,收货人,手机,收货地址,备用电话,买家留言"
ROW = "A1,TS-001-BLK-M,2,张三丰,13800000001,浙江省杭州市西湖区文三路478号,13900000002,打13700000003"


class Folder:
    """The drop folder of the shop `group_orders` and what stands around it."""

    def __init__(self, database: Database, home: Path) -> None:
        self.database = database
        self.clock = FixedClock(NOW)
        self.settings = Settings(home=home, database_url=SecretStr("unused"), hash_key=SecretStr("test key"))
        self.config = apply_directory(database, self.clock, paths.shipped_config_directory(), home, "test")
        self.shop_id = "group_orders"
        self.path = self.settings.drop / self.shop_id
        self.path.mkdir(parents=True)

    def drop(self, name: str, lines: Sequence[str], *, age: timedelta = timedelta(minutes=1)) -> None:
        file = self.path / name
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.rest(file, age)

    def rest(self, file: Path, age: timedelta = timedelta(minutes=1)) -> None:
        written = (self.clock.now() - age).timestamp()
        os.utime(file, (written, written))

    def extract(self) -> FileCounts:
        return extract_shop(self.database, self.clock, self.settings, self.config.shop(self.shop_id))

    def names(self) -> list[str]:
        return sorted(str(file.relative_to(self.path)) for file in self.path.rglob("*") if file.is_file())

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with self.database.read() as connection:
            return [tuple(row) for row in connection.execute(text(sql))]


@pytest.fixture
def folder(database: Database, tmp_path: Path) -> Folder:
    return Folder(database, tmp_path / "home")


def test_a_good_file_is_staged_and_moved_with_its_report(folder: Folder) -> None:
    folder.drop("march.csv", [HEADER, ROW])

    counts = folder.extract()

    assert FileCounts(files_accepted=1, rows_read=1, rows_accepted=1, orders=1, orders_staged=1) == counts
    assert ["accepted/march.csv", "accepted/march.csv.report.txt"] == folder.names()
    assert [("A1",)] == folder.query("select record_id from staging.spreadsheet_orders")


def test_no_plain_name_phone_or_address_reaches_the_database_or_the_report(folder: Folder) -> None:
    folder.drop("march.csv", [HEADER, ROW, ROW.replace("A1", "1.6E+17")])

    folder.extract()

    stored = str(folder.query("select payload::text from staging.spreadsheet_orders"))
    stored += str(folder.query("select report::text, file_name from ops.file_drops"))
    stored += (folder.path / "accepted" / "march.csv.report.txt").read_text(encoding="utf-8-sig")
    plain = ("三丰", "13800000001", "13900000002", "13700000003", "文三路")
    assert [] == [value for value in plain if value in stored]


def test_the_receiver_is_masked_hashed_and_judged_before_it_is_stored(folder: Folder) -> None:
    folder.drop("march.csv", [HEADER, ROW])

    folder.extract()

    receiver = folder.query("select payload -> 'receiver' from staging.spreadsheet_orders")[0][0]
    shown = {name: value for name, value in dict(receiver).items() if not name.endswith("_hash")}
    assert {
        "name_masked": "张**",
        "phone_masked": "138****0001",
        "phone_verdict": "ok",
        "province": "浙江省",
        "city": "杭州市",
        "district": "西湖区",
        "address_masked": "浙江省杭州市西湖区***",
        "address_verdict": "ok",
        "address_evidence": {"province": "literal", "city": "literal", "district": "literal"},
        "receiver_state": "clear",
    } == shown


def test_a_partly_bad_file_keeps_its_good_orders_and_lists_the_bad_rows(folder: Folder) -> None:
    folder.drop("march.csv", [HEADER, ROW, ROW.replace("A1", "1.6E+17")])

    counts = folder.extract()

    report = (folder.path / "accepted" / "march.csv.report.txt").read_text(encoding="utf-8-sig")
    assert (1, 1, True) == (
        counts.files_partly_accepted,
        counts.orders,
        "第 3 行:“订单号”被存成了数字" in report,
    )


def test_an_unknown_header_moves_the_file_to_rejected(folder: Folder) -> None:
    folder.drop("march.csv", [HEADER.replace("数量", "数目"), ROW])

    counts = folder.extract()

    report = (folder.path / "rejected" / "march.csv.report.txt").read_text(encoding="utf-8-sig")
    assert (1, True) == (counts.files_rejected, "缺少“数量”列" in report)
    assert [("rejected", 0)] == folder.query("select state, rows_accepted from ops.file_drops")


def test_a_rejected_file_is_read_again_when_it_comes_back(folder: Folder) -> None:
    folder.drop("march.csv", [HEADER.replace("数量", "数目"), ROW])
    folder.extract()
    folder.drop("march.csv", [HEADER.replace("数量", "数目"), ROW])

    assert 1 == folder.extract().files_rejected


def test_the_same_bytes_under_another_name_stage_nothing(folder: Folder) -> None:
    folder.drop("march.csv", [HEADER, ROW])
    folder.extract()
    folder.drop("copy.csv", [HEADER, ROW])

    counts = folder.extract()

    report = (folder.path / "accepted" / "copy.csv.report.txt").read_text(encoding="utf-8-sig")
    assert (FileCounts(files_known=1), True) == (counts, "没有重复导入" in report)


def test_the_same_rows_in_another_file_are_the_same_version(folder: Folder) -> None:
    folder.drop("march.csv", [HEADER, ROW])
    folder.extract()
    folder.clock.move(timedelta(hours=1))
    folder.drop("more.csv", [HEADER, ROW, ROW.replace("A1", "A2")])

    counts = folder.extract()

    assert (2, 1) == (counts.orders, counts.orders_staged)


def test_a_file_still_being_copied_waits(folder: Folder) -> None:
    folder.drop("march.csv", [HEADER, ROW], age=timedelta(seconds=1))

    assert (FileCounts(), ["march.csv"]) == (folder.extract(), folder.names())


@pytest.mark.parametrize("name", [".march.csv", "~$march.xlsx", "march.csv.part"])
def test_temporary_files_are_left_alone(folder: Folder, name: str) -> None:
    folder.drop(name, [HEADER, ROW])

    assert (FileCounts(), [name]) == (folder.extract(), [name])


def test_a_file_committed_but_not_moved_is_moved_by_the_next_pass(folder: Folder) -> None:
    folder.drop("march.csv", [HEADER, ROW])
    folder.extract()
    shutil.move(folder.path / "accepted" / "march.csv", folder.path / "march.csv")

    assert (1, True) == (folder.extract().files_known, "accepted/march.csv" in folder.names())


def test_memo_and_amount_of_a_later_row_belong_to_the_order(folder: Folder) -> None:
    header = "订单号,商品编码,数量,实付金额,备注"
    folder.drop("march.csv", [header, "A1,TS-001-BLK-M,1,,", "A1,TS-001-BLK-L,1,118.00,先别发"])
    folder.extract()

    run_transform(folder.database, folder.clock, folder.config)

    assert [(11800, "先别发")] == folder.query("select paid_fen, seller_memo from core.orders")


def test_rows_that_contradict_each_other_are_named(folder: Folder) -> None:
    header = "订单号,商品编码,数量,下单时间,收货地址"
    rows = [
        "A1,X,1,2026-03-01 10:00:00,北京市朝阳区建国路88号",
        "A1,Y,1,2026-03-01 11:00:00,上海浦东新区世纪大道1号",
    ]
    folder.drop("march.csv", [header, *rows])

    folder.extract()

    stored = folder.query("select payload ->> 'disagreeing_fields' from staging.spreadsheet_orders")[0][0]
    assert ["placed_at", "receiver"] == json.loads(str(stored))


def test_the_chinese_example_goes_through_with_its_reasons(folder: Folder) -> None:
    file = folder.path / EXAMPLE.name
    shutil.copy(EXAMPLE, file)
    folder.rest(file)

    counts = folder.extract()
    run_transform(folder.database, folder.clock, folder.config)

    reasons = folder.query(
        "select right(o.platform_order_id, 2), a.rule_id from core.anomalies a join core.orders o using (order_id) "
        "where a.action <> 'warn' order by o.platform_order_id, a.rule_id"
    )
    assert (11, 12, 13) == (counts.orders, counts.rows_accepted, counts.rows_read)
    assert [
        ("04", "missing_region"),
        ("04", "vague_address"),
        ("06", "invalid_phone"),
        ("07", "vague_address"),
        ("08", "sku_not_mapped"),
        ("09", "memo_instruction"),
        ("10", "bad_quantity"),
        ("10", "zero_amount"),
    ] == reasons


CANARY = ("13912345678", "139 1234 5678", "欧阳翠花", "隐秘路7号")


def test_canary_stands_nowhere_in_the_hub_nor_beside_the_file(folder: Folder, tmp_path: Path) -> None:
    header = "订单号,商品编码,数量,会员编号,收货人,手机,收货地址,买家留言,微信号,备用,买家昵称"
    personal = "13912345678,欧阳翠花,139 1234 5678,浙江省杭州市隐秘路7号,打13912345678,13912345678,13912345678,欧阳翠花"
    folder.drop("欧阳13912345678.csv", [header, f"A1,TS-001-BLK-M,1,{personal}", f"1.6E+17,TS,1,{personal}"])
    folder.drop("13912345678.xlsx", ["no workbook at all"])
    folder.extract()
    run_transform(folder.database, folder.clock, folder.config)

    tables = folder.query(
        "select format('%I.%I', schemaname, tablename) from pg_tables "
        "where schemaname in ('staging', 'core', 'ops')"
    )
    stored = "".join(str(folder.query(f"select to_jsonb(t)::text from {table} as t")) for (table,) in tables)
    stored += "".join(file.read_text(encoding="utf-8-sig") for file in folder.path.rglob("*.report.txt"))
    assert [] == [value for value in CANARY if value in stored]


def test_a_buyer_named_by_phone_stays_one_buyer(folder: Folder) -> None:
    header = "订单号,商品编码,数量,会员编号"
    folder.drop("march.csv", [header, "A1,X,1,13912345678", "A2,X,1,13912345678", "A3,X,1,13912345679"])
    folder.extract()

    run_transform(folder.database, folder.clock, folder.config)

    assert [(3, 2)] == folder.query("select count(*), count(distinct customer_id) from core.orders")


def test_a_correction_wins_though_the_clock_was_set_back(folder: Folder) -> None:
    folder.drop("first.csv", [HEADER, ROW])
    folder.extract()
    folder.clock.move(timedelta(hours=-1))
    folder.drop("second.csv", [HEADER, ROW.replace(",2,", ",5,")])
    folder.extract()

    run_transform(folder.database, folder.clock, folder.config)

    assert [(5,)] == folder.query("select quantity from core.order_lines")


def test_of_two_files_in_one_pass_the_later_one_corrects(folder: Folder) -> None:
    folder.drop("b.csv", [HEADER, ROW], age=timedelta(minutes=2))
    folder.drop("a.csv", [HEADER, ROW.replace(",2,", ",5,")])

    folder.extract()
    run_transform(folder.database, folder.clock, folder.config)

    assert [(5,)] == folder.query("select quantity from core.order_lines")


def test_a_file_from_a_clock_that_is_ahead_is_taken(folder: Folder) -> None:
    folder.drop("march.csv", [HEADER, ROW], age=timedelta(days=-400))

    assert 1 == folder.extract().files_accepted


def test_a_file_replaced_while_it_is_read_is_neither_staged_nor_moved(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.drop("march.csv", [HEADER, ROW])
    read = extract.read_orders

    def replaced(file: Path, field_map: FieldMap) -> extract.Reading:
        reading = read(file, field_map)
        other = file.with_name("new.part")
        other.write_text(f"{HEADER}\n{ROW.replace('A1', 'A2')}\n", encoding="utf-8")
        other.replace(file)
        folder.rest(file)
        return reading

    monkeypatch.setattr(extract, "read_orders", replaced)
    first = (folder.extract(), folder.names())
    monkeypatch.setattr(extract, "read_orders", read)
    folder.extract()

    assert (FileCounts(), ["march.csv"]) == first
    assert [("A2",)] == folder.query("select record_id from staging.spreadsheet_orders")


def test_a_file_that_cannot_be_read_does_not_stop_the_others(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.drop("bad.csv", [HEADER, ROW], age=timedelta(minutes=2))
    folder.drop("good.csv", [HEADER, ROW])
    digest = extract._sha256

    def denied(file: Path) -> str:
        if file.name == "bad.csv":
            raise PermissionError(13, "Permission denied", str(file))
        return digest(file)

    monkeypatch.setattr(extract, "_sha256", denied)

    with pytest.raises(EnvironmentFault, match=r"bad\.csv: Permission denied"):
        folder.extract()

    assert "accepted/good.csv" in folder.names()


def test_files_of_one_name_count_what_came_with_their_own_bytes(folder: Folder) -> None:
    for number in ("A1", "A2"):
        folder.drop("march.csv", [HEADER, ROW.replace("A1", number)])
        folder.extract()
        folder.clock.move(timedelta(days=1))
    run_transform(folder.database, folder.clock, folder.config)

    counted = folder.query("select source, canonical from ops.completeness where stream = 'orders'")

    assert counted == [("march.csv", 1), ("march.csv", 1)]
