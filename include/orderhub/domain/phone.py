"""Rules for Chinese phone numbers: how one is written for comparison, and whether it can be one."""

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum

_MOBILE = re.compile(r"(?:(?:\+|00)?86)?(1[3-9]\d{9})(?:[-转#,;x](\d{1,6}))?")
#: Area codes begin with 01 to 09, numbers behind them with 2 to 9: eleven zeros are nobody's.
_LANDLINE = re.compile(r"(0[1-9]\d{1,2})-?([2-9]\d{6,7})(?:[-转#,;x](\d{1,6}))?")
_NOISE = re.compile(r"[\s()（）]+|(?<=\d)\.0$|^'")


class PhoneVerdict(StrEnum):
    """What is wrong with a phone number."""

    OK = "ok"
    INVALID = "invalid"
    MISSING = "missing"


@dataclass(frozen=True)
class ParsedPhone:
    """A phone number.

    Attributes:
        number: digits for comparison, extension after a hyphen; plain text: never store it.
        verdict: None when the text is masked, so that nothing can be said.
    """

    number: str = field(repr=False)
    verdict: PhoneVerdict | None


def parse_phone(text: str) -> ParsedPhone:
    """Return the number in `text`: mobile, landline with area code, either with an extension."""
    plain = _NOISE.sub("", unicodedata.normalize("NFKC", text)).lower()
    if not plain:
        return ParsedPhone("", PhoneVerdict.MISSING)
    if "*" in plain:
        return ParsedPhone(plain, None)
    mobile = _MOBILE.fullmatch(_without_hyphens(plain))
    if mobile:
        return ParsedPhone(_with_extension(mobile[1], mobile[2]), PhoneVerdict.OK)
    landline = _LANDLINE.fullmatch(plain)
    if landline:
        return ParsedPhone(_with_extension(landline[1] + landline[2], landline[3]), PhoneVerdict.OK)
    return ParsedPhone(plain, PhoneVerdict.INVALID)


def _without_hyphens(text: str) -> str:
    """Join 138-0013-8000 and +86-138…, keep the hyphen before an extension."""
    if "-" not in text:
        return text
    return re.sub(
        r"^((?:\+|00)?86)-", r"\1", re.sub(r"^((?:(?:\+|00)?86-?)?1\d{2})-(\d{4})-(\d{4})", r"\1\2\3", text)
    )


def _with_extension(number: str, extension: str | None) -> str:
    return f"{number}-{extension}" if extension else number
