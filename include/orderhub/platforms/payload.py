"""Payloads at the door: strict JSON in, text that PostgreSQL takes out, and the hash that names a version."""

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from orderhub.errors import ContractError
from orderhub.privacy.masks import mask_numbers

#: Blanks before a colon, and a quote written as an escape.
_UNCERTAIN = (b" :", b"\t:", b"\n:", b"\r:", b"\\u0022")
_SORTED = msgspec.json.Encoder(order="sorted")
#: Takes half the time of the sorting one.
AS_GIVEN = msgspec.json.Encoder()
#: More of a foreign text than this helps nobody.
LONGEST_QUOTE = 300
#: What text and JSONB refuse: NUL, and surrogates that stand alone after decoding.
_REFUSED = re.compile("[\x00\ud800-\udfff]")
_SURROGATE = re.compile(rb"\xed[\xa0-\xbf]")
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)
#: The JSON escape of NUL; after an odd backslash it is the text of an escape, not one.
_ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def parse_json(body: bytes, what: str) -> Any:
    """Return the JSON value of an answer; whole numbers of any length stay exact.

    Raises:
        ContractError: not UTF-8, not JSON, NaN or Infinity, an object with a repeated key, nested too deep.
    """
    try:
        value = _quick(body)
        return value if value is not None else _strict(body)
    except (ValueError, RecursionError) as error:
        kind = "an HTML page" if body.lstrip()[:1] == b"<" else "not the documented JSON"
        raise ContractError(
            f"{what}: the answer is {kind} ({type(error).__name__}, {len(body)} bytes)"
        ) from None


def _quick(body: bytes) -> Any:
    """Return the value of an answer in a sixth of the time; None unless it is certain to repeat no key.

    A value that is written out again as it came, byte for byte, has lost nothing. Where only the spelling
    differs, keys are counted: each ends in `":`, and a repeated one was dropped; a text in which something
    else may change their number is left to the strict parser.
    """
    try:
        value = msgspec.json.decode(body)
        again = AS_GIVEN.encode(value)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if again == body:
        return value
    is_certain = not any(mark in body for mark in _UNCERTAIN)
    return value if is_certain and again.count(b'":') == body.count(b'":') else None


def _strict(body: bytes) -> Any:
    return json.loads(
        body.decode("utf-8-sig"),
        parse_constant=_refuse_constant,
        parse_float=_finite,
        object_pairs_hook=_unique_keys,
    )


def dump_json(value: Any) -> str:
    """Return compact JSON text in a fixed key order, so that equal records have equal texts.

    Raises:
        ContractError: nested too deep.
    """
    try:
        return _SORTED.encode(value).decode()
    except UnicodeEncodeError:
        return _COMPACT.encode(value)  # A surrogate that stands alone; `clean` replaces it afterwards.
    except RecursionError:
        raise ContractError("a record is nested too deep to be stored") from None


def written(value: Any, encoder: msgspec.json.Encoder = _SORTED) -> bytes:
    """Return the text of `dump_json` in UTF-8; surrogates that stand alone are written like letters.

    With the encoder AS_GIVEN, keys stand in the order in which they came.

    Raises:
        ContractError: nested too deep.
    """
    try:
        return encoder.encode(value)
    except (UnicodeEncodeError, RecursionError):
        return dump_json(value).encode("utf-8", "surrogatepass")


def storable(text: bytes) -> tuple[bytes, str | None]:
    """Return what `written` made as the database takes it, and a note when something was replaced."""
    if b"\\u0000" not in text and not (b"\xed" in text and _SURROGATE.search(text)):
        return text, None
    cleaned, note = clean(text.decode("utf-8", "surrogatepass"))
    return cleaned.encode(), note


def clean(text: str) -> tuple[str, str | None]:
    """Return text that the database takes, and a note when something was replaced by U+FFFD.

    `dump_json` writes characters, except for NUL, which it writes as a JSON escape.
    """
    if "\\u0000" not in text and not _REFUSED.search(text):
        return text, None
    cleaned = _REFUSED.sub("\ufffd", _ESCAPED_NUL.sub("\\1\ufffd", text))
    return cleaned, "refused characters replaced" if cleaned != text else None


def quotable(said: str, longest: int = LONGEST_QUOTE) -> str:
    """Return what another side said as it may stand in a message: one short line that the database takes.

    Whoever makes labels of tokens knows the receiver, and may say whom it means: no phone stays in it.
    """
    line = " ".join(clean(said[: 2 * longest])[0].split())
    return mask_numbers(line)[:longest]


def storable_answer(answer: Mapping[str, Any]) -> str:
    """Return what became of an effect as JSON that the database takes, without phones."""
    return clean(dump_json(_without_phones(answer)))[0]


def _without_phones(value: Any) -> Any:
    match value:
        case str():
            return mask_numbers(value)
        case Mapping():
            return {str(name): _without_phones(one) for name, one in value.items()}
        case list() | tuple():
            return [_without_phones(one) for one in value]
        case _:
            return value


def version_hash(record: dict[str, Any], volatile: Sequence[str] = ()) -> str:
    """Return SHA-256 (hex) of a record without its volatile top-level keys: the version's name."""
    stable = {key: value for key, value in record.items() if key not in volatile} if volatile else record
    return hash_of(written(stable))


def hash_of(text: bytes) -> str:
    """Return SHA-256 (hex) of what `written` made of a whole record."""
    return hashlib.sha256(text).hexdigest()


def at_path(value: Any, path: str) -> Any:
    """Return what stands at a dotted path, or None; `a|b` tries paths in order; "" is the value itself."""
    for steps in _steps(path):
        found = value
        for key in steps:
            found = found.get(key) if isinstance(found, dict) else None
        if found is not None:
            return found
    return None


def all_at(value: Any, path: str) -> list[Any]:
    """Return everything that stands at a dotted path; `*` is every item of a list."""
    found = [value]
    for key in path.split("."):
        if key == "*":
            found = [item for each in found if isinstance(each, list) for item in each]
        else:
            found = [each[key] for each in found if isinstance(each, dict) and each.get(key) is not None]
    return found


@lru_cache(maxsize=4096)  # The paths of a few specs, each asked for of every record.
def _steps(path: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(way.split(".")) if way else () for way in path.split("|"))


def decode_json_text(value: Any, path: str, what: str) -> Any:
    """Return `value` with the JSON text at `path` decoded; "" is the value itself, `*` every item of a list.

    Empty text, and what is no text, stays as it is.

    Raises:
        ContractError: a text there is not JSON.
    """
    if not path:
        return parse_json(value.encode(), what) if isinstance(value, str) and value.strip() else value
    key, _, rest = path.partition(".")
    if key == "*":
        return [decode_json_text(item, rest, what) for item in value] if isinstance(value, list) else value
    if isinstance(value, dict) and key in value:
        return {**value, key: decode_json_text(value[key], rest, what)}
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError("a number is too large")
    return value


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key is given twice")
    return result
