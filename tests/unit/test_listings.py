"""Which listings of a SKU a call can name, and what each is told."""

from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from orderhub.fulfillment.listings import Listing, divide, listings_of
from orderhub.platforms.writes import StockWrite


def call(**changed: object) -> StockWrite:
    said = {
        "method": "set",
        "root": "",
        "parameters": {"item": "{item_id}", "sku": "{sku_id}", "n": "{quantity}"},
    }
    return StockWrite.model_validate(said | changed)


def row(item_id: str, sku_id: str, code: str = "C") -> SimpleNamespace:
    return SimpleNamespace(item_id=item_id, platform_sku_id=sku_id, merchant_code=code)


def test_listings_are_told_apart_by_what_the_call_names():
    rows = [row("1", "11", "A"), row("1", "11", "B"), row("2", "21", "A")]

    assert [listing.item_id for listing in listings_of(call(), rows)] == ["1", "2"]
    by_code = call(parameters={"code": "{merchant_code}", "n": "{quantity}"})
    assert [listing.merchant_code for listing in listings_of(by_code, rows)] == ["A", "B"]


def test_a_listing_without_an_id_that_is_needed_is_not_told():
    rows = [row("1", ""), row("", "21")]

    assert listings_of(call(), rows) == []
    assert listings_of(call(optional=["sku_id"]), rows) == [Listing("1", "", "C")]


def test_an_id_may_be_a_number_and_one_that_is_not_there_is_left_out():
    values = Listing("3539925204033339668", "", "C").values(4, 7)

    assert (values["item_id"], values["item_number"]) == ("3539925204033339668", 3539925204033339668)
    assert (values["sku_id"], values["sku_number"], values["quantity"], values["version"]) == (
        None,
        None,
        4,
        7,
    )


@pytest.mark.parametrize("pieces, parts", [(0, [0, 0, 0]), (2, [1, 1, 0]), (7, [3, 2, 2])])
def test_parts_are_never_more_than_there_is(pieces: int, parts: list[int]):
    listings = [Listing(str(number), "", "C") for number in range(3)]

    assert [part for _, part in divide(pieces, listings)] == parts


@pytest.mark.parametrize(
    "changed, said",
    [
        ({"parameters": {"n": "{quantity}"}}, "no parameter names the listing"),
        ({"answers": [{"code": "1", "means": "refund_open"}]}, "cannot mean refund_open"),
        ({"parameters": {"a": "{order_id}"}}, "means nothing here"),
    ],
)
def test_a_call_that_cannot_mean_a_listing_is_refused(changed: dict[str, object], said: str):
    with pytest.raises(ValidationError, match=said):
        call(**changed)
