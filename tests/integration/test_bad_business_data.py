"""Groups G and H of the fault matrix: what people and platforms send enters as a file and is found in the anomaly.

What a file cannot carry (lossy numbers, passwords, two sheets) is refused with a report: test_drop_folder.py.
"""

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest

from orderhub.db.engine import Database
from orderhub.transform.run import run_transform
from tests.integration.test_drop_folder import Folder

GOOD = {
    "订单号": "B1", "商品编码": "TS-001-BLK-M", "商品名称": "极简圆领T恤", "数量": "2", "单价": "60.00", "商品实付": "120.00", "实付金额": "120.00",
    "运费": "0.00", "币种": "CNY", "客户编号": "c-1", "下单时间": "2026-03-02 09:00:00", "付款时间": "2026-03-02 09:01:00",
    "收货人": "张三丰", "手机": "13800000001", "收货地址": "浙江省杭州市西湖区文三路478号", "买家留言": "",
}  # fmt: skip
FOUND = (
    "select a.rule_id, o.platform_order_id from core.anomalies a join core.orders o using (order_id) "
    "where a.state = 'open' order by 1, 2"
)
SHIPPABLE = (
    "select o.platform_order_id from core.line_readiness l join core.orders o using (order_id) "
    "where l.blocked_by is null order by 1"
)


@pytest.fixture
def folder(database: Database, tmp_path: Path) -> Folder:
    return Folder(database, tmp_path / "home")


def drop(folder: Folder, *rows: dict[str, str], name: str = "march.csv") -> None:
    """Drop one file of `rows`, take it and transform it."""
    written = io.StringIO()
    writer = csv.DictWriter(written, list(GOOD | {name: "" for row in rows for name in row}))
    writer.writeheader()
    writer.writerows({**GOOD, **row} for row in rows)
    folder.drop(name, [written.getvalue()])
    folder.extract()
    run_transform(folder.database, folder.clock, folder.config)


#: What is changed of the good row, and the rules that must say so; everything enters in one file.
CASES: list[tuple[dict[str, str], list[str]]] = [
    ({}, []),
    ({"数量": "-1"}, ["bad_quantity"]),
    ({"数量": "0"}, ["bad_quantity"]),
    ({"数量": "1000000000"}, ["bad_quantity", "large_quantity", "price_under_floor", "unusual_price"]),
    ({"数量": "1.5"}, ["missing_quantity", "unreadable_line_value"]),
    ({"数量": ""}, ["missing_quantity"]),
    ({"单价": "0"}, ["zero_price"]),
    ({"单价": "-5"}, ["negative_price"]),
    ({"单价": "NaN"}, ["unreadable_line_value"]),
    ({"单价": "1.005"}, ["unreadable_line_value"]),
    ({"实付金额": "0", "商品实付": "0"}, ["price_under_floor", "unusual_price", "zero_amount"]),
    ({"实付金额": "-100.00", "商品实付": "-100.00"}, ["price_under_floor", "unusual_price", "zero_amount"]),
    ({"实付金额": "103.00", "商品实付": "103.00"}, ["price_under_floor"]),
    ({"实付金额": "10000.00"}, ["amount_mismatch"]),
    ({"实付金额": "119.99"}, []),
    ({"商品编码": "NO-SUCH-CODE"}, ["sku_not_mapped"]),
    ({"商品编码": ""}, ["sku_not_mapped"]),
    ({"收货地址": "", "收货人": "", "手机": ""}, ["missing_region"]),
    ({"收货地址": "测试"}, ["missing_region", "vague_address"]),
    ({"手机": "12345"}, ["invalid_phone"]),
    ({"收货人": ""}, ["missing_receiver_name"]),
    ({"收货人": " \u3000 "}, ["missing_receiver_name"]),
    ({"收货人": "-"}, ["missing_receiver_name"]),
    ({"收货人": "。~"}, ["missing_receiver_name"]),
    ({"收货人": "\u200b? ?\u202e"}, ["missing_receiver_name"]),
    ({"收货人": "🌸"}, []),
    ({"收货人": "1号"}, []),
    ({"收货人": "*"}, []),
    ({"收货人": "张*"}, []),
    ({"收货人": "", "手机": "138****0000"}, []),
    ({"币种": "USD"}, ["wrong_currency"]),
    ({"下单时间": "2099-01-01 00:00:00", "付款时间": ""}, ["impossible_time"]),
    ({"下单时间": "0000-00-00 00:00:00"}, []),
    ({"付款时间": "2026-03-02 08:00:00"}, ["impossible_time"]),
    ({"买家留言": "请改地址到公司"}, ["memo_instruction"]),
    ({"买家留言": "谢谢老板,尽快发货 😀𠮷"}, []),
    ({"买家留言": "麻烦开发票"}, ["invoice_request"]),
    ({"收货人": "\u202e张👨‍👩‍👧\u0301" + "\u0301" * 50}, []),
    ({"收货地址": "浙江省杭州市西湖区文三路478号" + "长" * 5000}, []),
]


def test_every_bad_value_of_a_file_is_its_own_anomaly_and_the_good_rows_ship(folder: Folder) -> None:
    keys = [
        {
            "订单号": f"B{n}",
            "客户编号": f"c-{n}",
            "手机": f"138000000{n:02}",
            "收货地址": f"浙江省杭州市西湖区文三路{n}号甲",
        }
        for n in range(len(CASES))
    ]
    drop(folder, *({**key, **changes} for key, (changes, _) in zip(keys, CASES, strict=True)))

    found = {
        f"B{n}": [rule for rule, number in folder.query(FOUND) if number == f"B{n}"]
        for n in range(len(CASES))
    }
    assert {f"B{n}": expected for n, (_, expected) in enumerate(CASES)} == found
    held = {
        number for (number,) in folder.query("select distinct split_part(order_id, '/', 2) from core.holds")
    }
    assert {(f"B{n}",) for n in range(len(CASES)) if f"B{n}" not in held} == set(folder.query(SHIPPABLE))


def test_two_equal_orders_within_minutes_are_kept_and_the_later_is_held(folder: Folder) -> None:
    drop(folder, {}, {"订单号": "B2", "付款时间": "2026-03-02 09:06:00"})

    assert folder.query(FOUND) == [("suspected_duplicate_order", "B2")]
    assert folder.query("select platform_order_id from core.orders order by 1") == [("B1",), ("B2",)]


def test_a_real_repeat_buy_at_eleven_minutes_ships(folder: Folder) -> None:
    drop(folder, {}, {"订单号": "B2", "付款时间": "2026-03-02 09:12:00"})

    assert folder.query(FOUND) == []


def test_the_same_anomaly_of_many_passes_is_one_anomaly_and_one_message(folder: Folder) -> None:
    for number in range(6):
        drop(folder, {"币种": "USD", "买家留言": f"第{number}次"}, name=f"again-{number}.csv")
        folder.clock.move(timedelta(minutes=15))

    assert folder.query("select rule_id, state from core.anomalies") == [("wrong_currency", "open")]
    assert folder.query("select count(*) from core.holds") == [(1,)]
    assert folder.query("select count(*) from ops.outbox where payload ->> 'subject' like '%订单挂起%'") == [
        (1,)
    ]


def test_a_flood_of_one_rule_is_one_message_with_its_number(folder: Folder) -> None:
    drop(folder, *({"订单号": f"F{n}", "客户编号": f"f-{n}", "手机": "", "币种": "USD"} for n in range(60)))

    [(text,)] = folder.query(
        "select payload ->> 'text' from ops.outbox where payload ->> 'subject' like '%订单挂起%'"
    )
    assert "60 | 订单币种与店铺币种不同" in str(text)
    assert "(币种 USD,店铺币种 CNY) {airflow_url}" in str(text)
    assert str(text).count("group_orders/F") <= 60  # Twenty examples of each rule, and twenty links.
    assert folder.query(
        "select rule_id, subject from ops.alerts where rule_id = 'rule_incident' order by 2"
    ) == [
        ("rule_incident", "invalid_phone"),
        ("rule_incident", "wrong_currency"),
    ]


def test_an_order_that_was_over_before_it_came_does_not_end_the_row_of_its_buyer(folder: Folder) -> None:
    """Refunded, cancelled or sent before the hub saw it: no check could see it, so it is no proof."""

    def bought(number: int, *, vague: bool, **said: str) -> dict[str, str]:
        at, street = f"2026-03-02 0{number}:00:00", "测试" if vague else f"文三路{number}号甲"
        place = {"收货地址": f"浙江省杭州市西湖区{street}", "下单时间": at, "付款时间": at}
        return {"订单号": f"B{number}", "手机": f"1380000000{number}", **place, **said}

    doubts = [bought(number, vague=True) for number in (1, 2, 7)]
    over = [
        bought(number, vague=False, 订单状态=status)
        for number, status in enumerate(("已退款", "已取消", "已发货"), start=3)
    ]
    row = "select rule_id from core.anomalies where rule_id = 'high_risk_buyer' and state = 'open'"
    drop(folder, *doubts, *over)
    unbroken = folder.query(row)
    folder.clock.move(timedelta(minutes=15))
    drop(folder, bought(6, vague=False), name="good.csv")
    folder.clock.move(timedelta(minutes=15))
    drop(folder, bought(6, vague=False, 订单状态="已退款"), name="refunded.csv")

    assert (len(unbroken), folder.query(row)) == (3, [])
