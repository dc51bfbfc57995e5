"""What a WMS says of a document, also where its times, weights and words are odd."""

from datetime import UTC, datetime

import pytest

from orderhub.config.models import Wms
from orderhub.fulfillment.wms.account import Known, is_absent, known_in
from orderhub.fulfillment.wms.qimen import stamped
from orderhub.fulfillment.wms.returns import confirmation_in
from orderhub.fulfillment.wms.stock import figures_in
from orderhub.fulfillment.wms.xml import read

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("said", ["", "-", "2026-02-30 00:00:00", "0001-01-01 00:00:00"])
def test_a_time_that_cannot_be_read_is_long_ago(said: str):
    assert stamped(said) == LONG_AGO


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


def answered(items: str, status: str = "DELIVERED") -> Known:
    return known_in(
        read(
            f"<response><deliveryOrder><deliveryOrderCode>A</deliveryOrderCode><status>{status}</status></deliveryOrder>"
            f"<packages><package><expressCode>1</expressCode>{items}</package></packages></response>".encode()
        ),
        "A",
    )


def item(quantity: str) -> str:
    return f"<items><item><itemCode>MUG</itemCode><quantity>{quantity}</quantity></item></items>"


@pytest.mark.parametrize(
    ("said", "pieces", "unreadable"),
    [
        ("2", {"MUG": 2}, ""),
        ("2.0", {"MUG": 2}, ""),
        ("2.000", {"MUG": 2}, ""),
        ("2.5", None, "MUG: 2.5"),
        ("abc", None, "MUG: abc"),
        ("-1", None, "MUG: -1"),
        ("", None, "MUG: "),
        ("0.0", None, "MUG: 0.0"),
        ("99999999999999999999", None, "MUG: 99999999999999999999"),
    ],
)
def test_pieces_may_be_written_with_zeros_behind_the_point_and_nothing_else(
    said: str, pieces: dict[str, int] | None, unreadable: str
):
    [parcel] = answered(item(said)).shipped

    assert (parcel.pieces, parcel.unreadable) == (pieces, unreadable)


@pytest.mark.parametrize(("status", "unreadable"), [("DELIVERED", ""), ("PARTDELIVERED", "no items")])
def test_a_package_without_items_holds_the_rest_once_nothing_more_leaves(status: str, unreadable: str):
    [parcel] = answered("", status).shipped

    assert (parcel.pieces, parcel.unreadable) == (None, unreadable)


@pytest.mark.parametrize(
    ("packages", "actual", "pieces", "unreadable"),
    [
        (1, "1", {"MUG": 1}, ""),
        (1, "2", None, ""),
        (1, "", None, ""),
        (1, "0", None, ""),
        (2, "2", None, ""),
        (2, "1", None, "no items"),
        (1, "1.5", None, "MUG: 1.5"),
    ],
)
def test_of_packages_without_items_the_lines_say_how_much_has_left(
    packages: int, actual: str, pieces: dict[str, int] | None, unreadable: str
):
    line = (
        f"<orderLine><itemCode>MUG</itemCode><planQty>2</planQty><actualQty>{actual}</actualQty></orderLine>"
    )
    numbers = "".join(f"<package><expressCode>{number}</expressCode></package>" for number in range(packages))
    body = read(
        "<response><deliveryOrder><deliveryOrderCode>A</deliveryOrderCode><status>DELIVERED</status></deliveryOrder>"
        f"<packages>{numbers}</packages><orderLines>{line}</orderLines></response>".encode()
    )

    found = known_in(body, "A").shipped

    assert {(str(one.pieces), one.unreadable) for one in found} == {(str(pieces), unreadable)}


def test_what_came_back_in_pieces_that_nobody_can_read_is_said_and_not_taken():
    lines = "".join(
        f"<orderLine><itemCode>{sku}</itemCode><inventoryType>ZP</inventoryType><actualQty>{said}</actualQty></orderLine>"
        for sku, said in [("MUG", "2.0"), ("CUP", "1.5"), ("HAT", "")]
    )
    body = read(
        "<response><returnOrder><returnOrderCode>R</returnOrderCode></returnOrder>"
        f"<orderLines>{lines}</orderLines></response>".encode()
    )

    found = confirmation_in(body, "R", "r")

    assert (found.pieces, found.unreadable) == ({("MUG", "sellable"): 2}, {"CUP": "1.5"})


def figures(*items: str, **settings: object) -> dict[str, int]:
    body = read(
        f"<response><items>{''.join(f'<item>{item}</item>' for item in items)}</items></response>".encode()
    )
    wms = Wms.model_validate(
        {
            "connection": "c", "warehouse_code": "HZ01", "owner_code": "JYS", "carrier_code": "ZTO",
            "sender": {"name": "a", "phone": "1", "province": "b", "city": "c", "address": "d"}, **settings,
        }
    )  # fmt: skip
    return figures_in(body, wms, ["MUG", "CUP"])


@pytest.mark.parametrize(
    ("items", "pieces"),
    [
        (["<itemCode>MUG</itemCode><quantity>3</quantity><lockQuantity>2</lockQuantity>"], {"MUG": 5}),
        (["<itemCode>MUG</itemCode><quantity>3.00</quantity>"], {"MUG": 3}),
        (
            [
                "<itemCode>MUG</itemCode><quantity>3</quantity><batchCode>A</batchCode>",
                "<itemCode>MUG</itemCode><quantity>4</quantity><batchCode>B</batchCode>",
            ],
            {"MUG": 7},
        ),
        (
            [
                "<itemCode>MUG</itemCode><quantity>3</quantity><warehouseCode>HZ01</warehouseCode>",
                "<itemCode>MUG</itemCode><quantity>90</quantity><warehouseCode>YW01</warehouseCode>",
                "<itemCode>MUG</itemCode><quantity>80</quantity><ownerCode>ELSE</ownerCode>",
                "<itemCode>MUG</itemCode><quantity>70</quantity><inventoryType>CC</inventoryType>",
                "<itemCode>HAT</itemCode><quantity>60</quantity>",
            ],
            {"MUG": 3},
        ),
    ],
)
def test_a_figure_is_the_pieces_of_this_building_and_owner_that_may_be_sold(
    items: list[str], pieces: dict[str, int]
):
    assert figures(*items) == pieces


@pytest.mark.parametrize("said", ["-3", "2.5", "1e3", "", "12 3", "１２x", "99999999999999999999"])
@pytest.mark.parametrize("name", ["quantity", "lockQuantity"])
def test_a_figure_that_nobody_can_read_says_nothing_of_its_sku(said: str, name: str):
    other = "<quantity>3</quantity>" if name == "lockQuantity" else ""
    odd = f"<itemCode>MUG</itemCode>{other}<{name}>{said}</{name}>"

    found = figures(odd, "<itemCode>CUP</itemCode><quantity>1</quantity>")

    assert found == ({"CUP": 1, "MUG": 3} if (name, said) == ("lockQuantity", "") else {"CUP": 1})


def test_a_row_that_comes_twice_says_nothing_of_its_sku():
    """A page that shifted, or as much once more in another place: nobody knows."""
    row = "<itemCode>MUG</itemCode><quantity>3</quantity><batchCode>A</batchCode>"

    assert figures(row, row, "<itemCode>CUP</itemCode><quantity>1</quantity>") == {"CUP": 1}


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
        ("404 service not found", False),
        ("E9 API method not found: deliveryorder.query", False),
        ("E9 接口不存在", False),
        ("E9 未找到对应的接口", False),
        ("E9 找不到该方法", False),
        ("E9 不存在此货主", False),
        ("E9 app_key not exist", False),
        ("E9 商家未找到", False),
        ("E9 该店铺授权不存在", False),
        ("E9 用户名不存在", False),
        ("404 Not Found", False),
        ("isv.order-not-exist 订单找不到", True),
        ("E1 找不到该出库单", True),
        ("E1 单号 tb-1-1 不存在", True),
        ("E1 单据不存在: app-1-1", True),
        ("E1 app-1-1 not found", True),
        ("E9 未找到对应的 API 方法", False),
    ],
)
def test_a_document_is_unknown_only_where_it_is_the_document_that_is_not_found(said: str, *, is_gone: bool):
    assert is_absent(said) is is_gone
