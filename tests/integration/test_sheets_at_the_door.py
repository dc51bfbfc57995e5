"""A file of orders that are paid at the door: what is owed is what it calls paid, else its total."""

from pathlib import Path

import pytest

from orderhub.db.engine import Database
from orderhub.transform.run import run_transform
from tests.integration.test_drop_folder import Folder

HEADER = "订单号,商品编码,数量,收货人,手机,收货地址,状态"
ROW = "A1,TS-001-BLK-M,2,张三丰,13800000001,浙江省杭州市西湖区文三路478号"
OWED = "select paid_fen from core.orders"
HELD = "select rule_id from core.holds where state = 'active' and rule_id in ('untold_cod_amount', 'amount_mismatch', 'unreadable_value') order by 1"


@pytest.fixture
def folder(database: Database, tmp_path: Path) -> Folder:
    return Folder(database, tmp_path / "home")


def drop(folder: Folder, columns: str, values: str, status: str = "货到付款") -> None:
    folder.drop("march.csv", [f"{HEADER},{columns}", f"{ROW},{status},{values}"])
    folder.extract()
    run_transform(folder.database, folder.clock, folder.config)


@pytest.mark.parametrize("column", ["应付金额", "订单金额", "总金额", "Total"])
def test_a_total_alone_is_what_is_owed(folder: Folder, column: str):
    drop(folder, column, "156.50")

    assert (folder.query(OWED), folder.query(HELD)) == ([(15_650,)], [])


@pytest.mark.parametrize(
    ("columns", "values", "owed"),
    [
        ("实付金额,应付金额", "0,156.50", 15_650),
        ("实付金额,应付金额", ",156.50", 15_650),
        ("实付金额,应付金额", "150,156.50", 15_000),
        ("优惠,应付金额", "0.00,156.50", 15_650),
        ("应付金额,小计", "156.50,156.50", 15_650),
    ],
)
def test_what_it_calls_paid_comes_first_unless_it_is_nothing(
    folder: Folder, columns: str, values: str, owed: int
):
    drop(folder, columns, values)

    assert (folder.query(OWED), folder.query(HELD)) == ([(owed,)], [])


@pytest.mark.parametrize(
    ("columns", "values", "held"),
    [
        # Nobody says whether the total is with the discount or without.
        ("优惠,订单金额", "6.50,156.50", ["untold_cod_amount"]),
        ("应付金额", "0", ["untold_cod_amount"]),
        ("应付金额", "", ["untold_cod_amount"]),
        ("实付金额,应付金额", "约150,156.50", ["unreadable_value", "untold_cod_amount"]),
        ("应付金额,小计", "156.50,100.00", ["amount_mismatch"]),
    ],
)
def test_a_total_that_does_not_say_it_surely_waits_for_a_person(
    folder: Folder, columns: str, values: str, held: list[str]
):
    drop(folder, f"{columns},运费", f"{values},0")

    assert [rule for (rule,) in folder.query(HELD)] == held


def test_what_was_paid_before_is_told_by_no_total(folder: Folder):
    drop(folder, "应付金额", "156.50", "已付款")

    assert folder.query(OWED) == [(None,)]
