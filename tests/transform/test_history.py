"""What a later version changed of a known order leaves a row; what was known at once leaves none."""

import pytest

from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.transform.run import run_transform
from tests.builders import rows
from tests.transform.payloads import NOW, StoppedClock, stage, trade

LATER = "2026-11-20 10:00:00"
CHANGES = "select line_id, field, before_value, after_value from core.order_changes order by 1, 2"


def pull(database: Database, config: MerchantConfig, **changes: object) -> None:
    stage(database, [trade("1", **changes)], "tb")
    run_transform(database, StoppedClock(), config)


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({"payment": "200.00"}, [("", "paid", "22800", "20000")]),
        ({"line_num": 3}, [("1", "quantity", "2", "3")]),
        ({"line_price": "130.00"}, [("1", "unit_price", "12900", "13000")]),
        ({"line_refund_status": "WAIT_SELLER_AGREE"}, [("1", "refund", "none", "pending")]),
        ({"status": "TRADE_CLOSED"}, [("", "payment_state", "paid", "refunded"), ("", "status", "to_ship", "closed")]),
        ({"receiver_name": "王**"}, [("", "name", "李**", "王**")]),
        (
            {"receiver_district": "上城区"},
            [("", "address", "浙江省杭州市西湖区文新街道 文*街道****号", "浙江省杭州市上城区文新街道 文*街道****号")],
        ),
        ({"seller_flag": 3}, [("", "seller_flag", "1", "3")]),
    ],
)  # fmt: skip
def test_a_later_version_leaves_a_row_per_field_it_changed(
    database: Database, config: MerchantConfig, changes: dict[str, object], expected: list[tuple[str, ...]]
):
    pull(database, config)

    pull(database, config, modified=LATER, **changes)

    assert rows(database, CHANGES) == expected


def test_what_people_wrote_is_told_by_a_digest(database: Database, config: MerchantConfig):
    pull(database, config)

    pull(database, config, modified=LATER, buyer_message="请送到王小明家 13800138000")

    ((_, field, before, after),) = rows(database, CHANGES)
    assert (field, before) == ("buyer_message", None)
    assert str(after).startswith("#")
    assert "王" not in str(after)


def test_a_line_that_comes_or_goes_is_told(database: Database, config: MerchantConfig):
    pull(database, config)
    value = trade("1", modified=LATER)
    value["orders"]["order"][0] |= {"oid": 2, "oid_str": "2", "title": "帆布袋"}

    stage(database, [value], "tb")
    run_transform(database, StoppedClock(), config)

    told = [row for row in rows(database, CHANGES) if row[1] == "line"]
    assert told == [("1", "line", "极简圆领T恤", None), ("2", "line", None, "帆布袋")]


def test_a_row_names_both_versions_and_when(database: Database, config: MerchantConfig):
    pull(database, config)
    ((first,),) = rows(database, "select version_id from core.orders")

    pull(database, config, modified=LATER, payment="200.00")

    ((second,),) = rows(database, "select version_id from core.orders")
    assert rows(database, "select before_version, after_version, changed_at from core.order_changes") == [
        (first, second, NOW)
    ]


def test_a_new_order_and_a_second_look_leave_no_row(database: Database, config: MerchantConfig):
    pull(database, config)
    pull(database, config)
    stage(database, [trade("2"), trade("2", modified=LATER, payment="1.00")], "tb")
    run_transform(database, StoppedClock(), config)

    assert rows(database, CHANGES) == []


def test_an_older_version_that_comes_late_changes_nothing(database: Database, config: MerchantConfig):
    pull(database, config, modified=LATER)

    pull(database, config, payment="200.00", receiver_name="王**")

    assert rows(database, CHANGES) == []
