"""Masks show no more than they may; keyed hashes compare without keeping."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from orderhub.privacy.hashes import keyed_hash, normalise_address
from orderhub.privacy.masks import mask_address, mask_name, mask_numbers, mask_phone


@pytest.mark.parametrize(
    "name, masked",
    [("张三", "张*"), ("欧阳娜娜", "欧**"), ("𠮷野家", "𠮷**"), ("é́da", "é́**"), ("王", "王*"), ("", "")],
)
def test_a_name_shows_its_first_character(name: str, masked: str) -> None:
    assert masked == mask_name(name)


def test_a_joined_emoji_is_one_character() -> None:
    assert "👨‍👩‍👧**" == mask_name("👨‍👩‍👧小明")


@pytest.mark.parametrize(
    "number, masked",
    [("13800138000", "138****8000"), ("13800138000-123", "138****8000"), ("12345", "*****"), ("", "")],
)
def test_a_phone_shows_three_and_four_digits(number: str, masked: str) -> None:
    assert masked == mask_phone(number)


@given(st.text(alphabet="0123456789", min_size=8, max_size=20))
def test_no_phone_shows_more_than_seven_digits(number: str) -> None:
    assert 7 == sum(character.isdigit() for character in mask_phone(number))


def test_an_address_ends_at_the_district_and_says_a_municipality_once() -> None:
    assert "北京市朝阳区***" == mask_address("北京市", "北京市", "朝阳区")


def test_numbers_inside_a_message_are_masked_and_order_numbers_are_not() -> None:
    assert "打138****8000,单号163288460521882636" == mask_numbers("打13800138000,单号163288460521882636")


@pytest.mark.parametrize(
    "written",
    [
        "138 0013 8000",
        "138-0013-8000",
        "+8613800138000",
        "+86 138 0013 8000",
        "86-13800138000",
        "\uff11380013800\uff10",
    ],
)
def test_a_phone_in_a_message_is_masked_however_it_is_written(written: str):
    assert mask_numbers(f"送货前打{written},谢谢") == "送货前打138****8000,谢谢"


@pytest.mark.parametrize(
    "number", ["2160451543726114828", "8613812345678", "1.13812345670", "138 0013 80001", "180*2000*1500"]
)
def test_a_number_that_is_no_phone_stays_in_a_message(number: str):
    assert mask_numbers(f"单 {number}") == f"单 {number}"


def test_an_identity_card_in_a_message_is_masked() -> None:
    assert "证件330***********012X" == mask_numbers("证件33010619900101012X")


def test_another_key_gives_another_hash() -> None:
    first, second = (keyed_hash(SecretStr(key), "13800138000") for key in ("one", "two"))

    assert (64, False) == (len(first), first == second)


def test_an_address_is_compared_without_blanks_width_and_punctuation() -> None:
    assert normalise_address("文三路 478 号,A座") == normalise_address("文三路４７８号 ,Ａ座")
