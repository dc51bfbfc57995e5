"""Personal data that a platform gives in clear ends at the door: in no payload, no hash, no message."""

import copy
from typing import Any

import pytest
from pydantic import SecretStr

from orderhub.config.models import Shop
from orderhub.errors import ConfigError, ContractError
from orderhub.platforms.plain import Door
from orderhub.platforms.protocol import Stream
from orderhub.platforms.records import record_of

KEY = SecretStr("key of the hashes")
STREAM = Stream.model_validate(
    {
        "paging": "cursor",
        "window": {"live_minutes": 1, "catch_up_minutes": 1, "lag_seconds": 1},
        "list": {
            "method": "list", "root": "", "rows": "items", "next_cursor": "next", "id": "no", "page_size": 9,
            "is_complete": True,
        },
        "volatile": ["views"],
        "plain": {
            "receiver": {
                "at": "ship.to", "name": "who", "phone": "tel", "address": "where", "province": "province",
                "city": "city", "district": "district", "town": "town",
            },
            "names": ["buyer.nick"],
            "texts": ["note", "lines.*.wish"],
            "dropped": ["change.to"],
        },
    }
)  # fmt: skip
TO = {
    "who": "欧阳娜娜", "tel": "13800138000", "where": "文新街道文一路478号3幢1201室", "province": "浙江省",
    "city": "杭州市", "district": "西湖区", "town": "文新街道", "identity": "33010619900101012X",
}  # fmt: skip
ROW: dict[str, Any] = {
    "no": "M1", "ship": {"way": "express", "to": TO}, "buyer": {"id": "o1", "nick": "小明的妈妈"},
    "note": "急 13912345678 欧阳娜娜收", "lines": [{"sku": "A", "wish": "打18600001111"}], "change": {"to": {"tel": "1"}},
}  # fmt: skip
SECRETS = (
    "欧阳娜娜",
    "13800138000",
    "478号",
    "33010619900101012X",
    "小明的妈妈",
    "13912345678",
    "18600001111",
)


def shop(**changes: Any) -> Shop:
    given = {
        "id": "mp",
        "platform": "own",
        "name": "own",
        "go_live_at": "2026-01-01T00:00:00+08:00",
        **changes,
    }
    return Shop.model_validate(given)


def staged(row: dict[str, Any], **of_shop: Any) -> str:
    return record_of(STREAM, row, 0, door=Door(shop(**of_shop), KEY)).payload.decode()


def with_to(**changes: Any) -> dict[str, Any]:
    return {**ROW, "ship": {"way": "express", "to": {**TO, **changes}}}


def test_nothing_that_is_named_is_stored_in_clear():
    payload = staged(ROW)

    assert [] == [secret for secret in SECRETS if secret in payload]


def test_masks_hashes_region_and_verdicts_take_the_receivers_place():
    payload = staged(ROW)

    for part in (
        '"way":"express"', '"name_masked":"欧**"', '"phone_masked":"138****8000"',
        '"address_masked":"浙江省杭州市西湖区***"', '"address_verdict":"ok"', '"phone_verdict":"ok"',
        '"phone_hash":"', '"address_hash":"', '"receiver_state":"clear"', '"nick":"小**"',
        '"note":"急 139****5678 欧**收"', '"wish":"打186****1111"', '"to":null',
    ):  # fmt: skip
        assert part in payload


def test_the_record_that_was_given_is_left_as_it_is():
    before = copy.deepcopy(ROW)

    staged(ROW)

    assert before == ROW


@pytest.mark.parametrize(
    "again",
    [
        {"contact": "13800138000"},
        {"contact": 13800138000},
        {"contact": ["欧阳娜娜 ", {"tel": "电话13800138000"}]},
        {"label": "收:文新街道文一路478号3幢1201室"},
    ],
)
def test_what_a_record_says_once_more_in_unknown_fields_is_masked_there_too(again: dict[str, Any]):
    payload = staged({**ROW, **again})

    assert [] == [secret for secret in SECRETS if secret in payload]


def test_a_number_with_country_code_is_masked_wherever_it_stands_without():
    payload = staged({**with_to(tel="+86 13800138000"), "contact": "13800138000"})

    assert "13800138000" not in payload
    assert '"phone_masked":"138****8000"' in payload


def test_goods_that_are_called_like_the_receiver_keep_their_name():
    payload = staged({**with_to(who="李宁"), "title": "李宁 跑步鞋"})

    assert '"title":"李宁 跑步鞋"' in payload


@pytest.mark.parametrize(
    "to",
    [
        None,
        "欧阳娜娜 13800138000 文一路478号",
        ["13800138000"],
        {},
        {"who": {"first": "欧阳娜娜"}, "tel": ["13800138000"]},
    ],
)
def test_a_receiver_of_another_shape_is_left_out_and_counts_as_absent(to: Any):
    payload = staged({**ROW, "note": "急", "ship": {"way": "express", "to": to}})

    assert [] == [secret for secret in SECRETS if secret in payload]
    assert '"receiver_state":"absent"' in payload
    assert "_hash" not in payload


@pytest.mark.parametrize("change", ["13800138000", ["13800138000"], {"to": "13800138000"}])
@pytest.mark.parametrize("lines", ["打18600001111", [["18600001111"]], [{"wish": {"tel": "18600001111"}}]])
def test_named_paths_of_another_shape_are_left_out(change: Any, lines: Any):
    payload = staged(
        {**ROW, "change": change, "lines": lines, "buyer": "小明的妈妈", "note": {"a": "13912345678"}}
    )

    assert [] == [secret for secret in SECRETS if secret in payload]


def test_a_masked_receiver_stays_masked_and_has_no_hash():
    payload = staged(with_to(who="欧**", tel="138****8000", where="文一路***"))

    assert '"receiver_state":"masked"' in payload
    assert "_hash" not in payload


def test_a_shop_without_address_rules_has_no_verdict_and_a_hash():
    payload = staged(ROW, address_source="none")

    assert "address_verdict" not in payload
    assert '"address_hash":"' in payload


def test_another_address_is_another_version_and_another_view_is_none():
    door = Door(shop(), KEY)
    first, same, other = (
        record_of(STREAM, row, 0, door=door).payload_sha256
        for row in (ROW, {**ROW, "views": 7}, with_to(where="文新街道文一路479号1幢"))
    )

    assert first == same
    assert first != other


def test_the_same_receiver_has_the_same_hashes_in_every_shop():
    def hashes(**of_shop: Any) -> list[str]:
        return [part for part in staged(ROW, **of_shop).split(",") if "_hash" in part]

    assert 2 == len(hashes())
    assert hashes() == hashes(id="other")


def test_without_a_key_nothing_is_taken_and_the_message_says_what_to_set():
    with pytest.raises(ConfigError, match="ORDERHUB_HASH_KEY") as refused:
        record_of(STREAM, ROW, 0)

    assert [] == [secret for secret in SECRETS if secret in str(refused.value)]


@pytest.mark.parametrize(
    "row", ["欧阳娜娜 13800138000", ["13800138000"], {**ROW, "no": None}, {**ROW, "no": ["欧阳娜娜"]}]
)
def test_a_refused_record_is_refused_without_saying_what_is_in_it(row: Any):
    with pytest.raises(ContractError) as refused:
        record_of(STREAM, row, 0, door=Door(shop(), KEY))

    assert [] == [secret for secret in SECRETS if secret in str(refused.value)]


def test_the_key_and_the_door_do_not_show_it():
    assert "key of the hashes" not in repr(Door(shop(), KEY))
