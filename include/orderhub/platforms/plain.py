"""Personal data that a platform gives in clear: replaced at the door, before a record is stored or hashed.

What replaces it is the same as for files: masks, keyed hashes, region, and what is wrong with the address.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import SecretStr

from orderhub.config.models import Shop
from orderhub.errors import ConfigError, ContractError
from orderhub.platforms.payload import at_path, written
from orderhub.platforms.plain_receiver import protect
from orderhub.platforms.protocol import Plain, PlainReceiver
from orderhub.privacy.masks import STAR, mask_name, mask_numbers, mask_phone

#: Key of platform.yaml → the name that `protect` and fields.csv use.
_FIELDS = {
    "name": "name_masked", "phone": "phone_masked", "address": "address_masked", "province": "province",
    "city": "city", "district": "district", "town": "town",
}  # fmt: skip
#: Shorter texts stand in too many places to be searched for.
_SHORTEST_NAME, _SHORTEST_PHONE, _SHORTEST_ADDRESS = 2, 7, 6
_MOBILE_DIGITS = 11


@dataclass(frozen=True)
class Door:
    """Where personal data is replaced: whose it is, and the key of the hashes."""

    shop: Shop
    key: SecretStr


def without_plain(plain: Plain, row: Mapping[str, Any], door: Door | None) -> tuple[dict[str, Any], bytes]:
    """Return a record, and what `written` makes of it, without the personal data that `plain` names.

    The receiver's name, phone and address are masked wherever else the record says them, too. What
    stands at a named path in another shape than text is left out: it cannot be masked.

    Raises:
        ConfigError: there is no door.
        ContractError: nested too deep.
    """
    if door is None:
        raise ConfigError(
            "the platform gives personal data in clear, and there is no key to hash it; set ORDERHUB_HASH_KEY"
        )
    kept: Any = row
    for path in plain.dropped:
        kept = _changed(kept, _steps(path), lambda _: None)
    for path in plain.names:
        kept = _changed(kept, _steps(path), lambda found: mask_name(_text(found)))
    given = _given(plain.receiver, row) if plain.receiver else {}
    name = _name_of(given)
    for path in plain.texts:
        kept = _changed(kept, _steps(path), lambda found: _masked(mask_numbers(_text(found)), name, {}))
    if plain.receiver is None:
        return kept, written(kept)
    protected = protect(given, door.shop, door.key)
    kept = _placed(kept, _steps(plain.receiver.at), protected)
    return _without_repeats(kept, given, name)


@cache  # The paths of a few specs.
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


@cache  # The receivers of a few specs.
def _keys(receiver: PlainReceiver) -> tuple[tuple[str, str], ...]:
    """Return (field of `protect`, the platform's key) of what the platform gives."""
    pairs = ((field, getattr(receiver, key)) for key, field in _FIELDS.items())
    return tuple((field, key) for field, key in pairs if key is not None)


def _given(receiver: PlainReceiver, row: Mapping[str, Any]) -> dict[str, str]:
    found = at_path(row, receiver.at)
    if not isinstance(found, dict):
        return {}
    return {field: _text(found.get(key)) for field, key in _keys(receiver)}


def _name_of(given: Mapping[str, str]) -> dict[str, str]:
    """Return the receiver's name and its mask; nothing when it is too short to be looked for."""
    name = given.get(_FIELDS["name"], "").strip()
    return {name: mask_name(name)} if len(name) >= _SHORTEST_NAME else {}


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _changed(value: Any, keys: tuple[str, ...], change: Callable[[Any], Any]) -> Any:
    """Return `value` with what stands at the path changed; `*` is every item of a list."""
    if not keys:
        return None if value is None else change(value)
    key, rest = keys[0], keys[1:]
    if key == "*" and isinstance(value, list):
        return [_changed(item, rest, change) for item in value]
    if isinstance(value, dict):
        return {**value, key: _changed(value[key], rest, change)} if value.get(key) else value
    return None  # Another shape than the document's: nobody knows what is in it.


def _placed(value: Any, keys: tuple[str, ...], placed: Mapping[str, object]) -> dict[str, Any]:
    outer = value if isinstance(value, dict) else {}
    key, rest = keys[0], keys[1:]
    return {**outer, key: _placed(outer.get(key), rest, placed) if rest else dict(placed)}


def _without_repeats(
    row: dict[str, Any], given: Mapping[str, str], whole: Mapping[str, str]
) -> tuple[dict[str, Any], bytes]:
    """Mask what a record says once more of its receiver, in fields that no spec knows.

    Raises:
        ContractError: nested too deep.
    """
    phone, address = (given.get(_FIELDS[key], "").strip() for key in ("phone", "address"))
    digits = phone if phone.isdigit() else "".join(character for character in phone if character.isdigit())
    digits = digits[-_MOBILE_DIGITS:]
    needles = {said: mask_phone(said) for said in {phone, digits} if len(said) >= _SHORTEST_PHONE}
    if len(address) >= _SHORTEST_ADDRESS:
        needles[address] = STAR * 3
    text = written(row)
    if not any(written(needle)[1:-1] in text for needle in (*needles, *whole)):
        return row, text  # The usual case.
    try:
        masked = {key: _masked(value, needles, whole) for key, value in row.items()}
    except RecursionError:
        raise ContractError("a record is nested too deep to be stored") from None
    return masked, written(masked)


def _masked(value: Any, needles: Mapping[str, str], whole: Mapping[str, str]) -> Any:
    match value:
        case dict():
            return {key: _masked(inner, needles, whole) for key, inner in value.items()}
        case list():
            return [_masked(inner, needles, whole) for inner in value]
        case str():
            for needle, mask in needles.items():
                value = value.replace(needle, mask)
            return whole.get(value.strip(), value)
        case bool() | None:
            return value
        case _:
            return needles.get(str(value), value)
