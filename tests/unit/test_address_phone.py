"""Phone numbers as people type them."""

import pytest

from orderhub.domain.phone import PhoneVerdict, parse_phone


@pytest.mark.parametrize(
    "text, number",
    [
        ("13800138000", "13800138000"),
        (" 138-0013-8000 ", "13800138000"),
        ("+86 138 0013 8000", "13800138000"),
        ("86-13800138000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("13800138000.0", "13800138000"),
        ("13800138000-1234", "13800138000-1234"),
        ("13800138000转1234", "13800138000-1234"),
        ("0571-88888888", "057188888888"),
        ("(010) 88888888", "01088888888"),
    ],
)
def test_a_number_has_one_form_for_comparison(text: str, number: str) -> None:
    parsed = parse_phone(text)

    assert (number, PhoneVerdict.OK) == (parsed.number, parsed.verdict)


@pytest.mark.parametrize(
    "text", ["00000000000", "0571-0000000", "12345", "1380013800", "1.38E+10", "23800138000", "电话联系"]
)
def test_what_cannot_be_a_number_is_invalid(text: str) -> None:
    assert PhoneVerdict.INVALID == parse_phone(text).verdict


def test_an_empty_number_is_missing() -> None:
    assert PhoneVerdict.MISSING == parse_phone("  ").verdict


def test_a_masked_number_cannot_be_judged() -> None:
    assert parse_phone("138****8000").verdict is None
