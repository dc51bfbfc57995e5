"""Masks: what may be shown of a name, a phone number, an address (class P1)."""

import re
import unicodedata

STAR = "*"
_JOINER = "\u200d"
_MOST_STARS = 2
#: As people write one to people: grouped or not, with the country or not, in digits of any width.
_MOBILE_IN_TEXT = re.compile(
    r"(?<![\d.])(?:[+\uff0b]?86[- ]|[+\uff0b]86)?([1\uff11][3-9\uff13-\uff19]\d)[- ]?\d{4}[- ]?(\d{4})(?!\d)"
)
_IDENTITY_CARD = re.compile(r"(?<!\d)([1-9]\d\d)\d{3}(?:19|20)\d\d[01]\d[0-3]\d(\d{3}[\dXx])(?!\d)")
_SHOWN_PHONE = 7


def mask_name(name: str) -> str:
    """Return the first character and stars; a joined emoji or an accented letter is one character."""
    text = name.strip()
    if not text:
        return ""
    first = _first_cluster(text)
    return first + STAR * max(1, min(_MOST_STARS, len(text) - len(first)))


def mask_phone(number: str) -> str:
    """Return the first 3 and last 4 digits; shorter numbers show nothing but stars."""
    digits = number.split("-", maxsplit=1)[0]
    if STAR in number:
        return number
    if len(digits) <= _SHOWN_PHONE:
        return STAR * len(digits)
    return digits[:3] + STAR * (len(digits) - _SHOWN_PHONE) + digits[-4:]


def mask_address(province: str | None, city: str | None, district: str | None) -> str:
    """Return the address down to the district, then stars; 北京市 is said once."""
    parts: list[str] = []
    for part in (province, city, district):
        if part and part not in parts:
            parts.append(part)
    return "".join(parts) + STAR * 3


def mask_numbers(text: str) -> str:
    """Return free text with mobile and identity card numbers masked, as buyers write them into messages."""
    return _MOBILE_IN_TEXT.sub(_masked_mobile, _IDENTITY_CARD.sub(r"\1***********\2", text))


def _masked_mobile(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", f"{found[1]}{STAR * 4}{found[2]}")


def _first_cluster(text: str) -> str:
    end = 1
    while end < len(text) and (text[end - 1] == _JOINER or _extends(text[end])):
        end += 1
    return text[:end]


def _extends(character: str) -> bool:
    if "\u4e00" <= character <= "\u9fff":  # A Chinese character, as nearly always.
        return False
    return character == _JOINER or unicodedata.category(character) in {"Mn", "Me", "Sk"}
