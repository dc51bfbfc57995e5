"""What a WMS says of a document, also where its times, weights and words are odd."""

from datetime import UTC, datetime

import pytest

from orderhub.fulfillment.wms.account import instant, is_absent, known_in
from orderhub.fulfillment.wms.xml import read

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("said", ["", "-", "2026-02-30 00:00:00", "0001-01-01 00:00:00"])
def test_a_time_that_cannot_be_read_is_long_ago(said: str):
    assert instant(said) == LONG_AGO


@pytest.mark.parametrize(
    ("said", "grams"),
    [
        ("0.35", 350),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("1e300", None),
        ("9000000", None),
        ("-1", None),
    ],
)
def test_a_weight_that_no_parcel_has_is_none(said: str, grams: int | None):
    body = read(
        "<response><deliveryOrder><deliveryOrderCode>A</deliveryOrderCode></deliveryOrder><packages><package>"
        f"<expressCode>1</expressCode><weight>{said}</weight></package></packages></response>".encode()
    )

    assert [parcel.weight_g for parcel in known_in(body, "A").shipped] == [grams]


@pytest.mark.parametrize(
    ("said", "is_gone"),
    [
        ("ORDER_NOT_FOUND 单据不存在: tb-1-1", True),
        ("E1 order does not exist", True),
        ("E1 仓库中未找到该单据", True),
        ("E1 仓库编码不存在", False),
        ("E1 货主不存在: JYS", False),
        ("WAREHOUSE_NOT_FOUND HZ01", False),
        ("E1 owner code not found", False),
        ("E1 无权限", False),
    ],
)
def test_a_document_is_unknown_only_where_it_is_the_document_that_is_not_found(said: str, *, is_gone: bool):
    assert is_absent(said) is is_gone
