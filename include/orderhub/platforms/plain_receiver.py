"""A receiver in plain text (files, own shop): region and verdicts come from the text, then it is masked."""

import string
import unicodedata
from collections.abc import Mapping

from pydantic import SecretStr

from orderhub.config.models import Shop
from orderhub.domain.address import AddressVerdict, ParsedAddress, parse_address
from orderhub.domain.phone import parse_phone
from orderhub.platforms.address import gazetteer
from orderhub.privacy.hashes import keyed_hash, normalise_address
from orderhub.privacy.masks import STAR, mask_address, mask_name, mask_phone

Receiver = dict[str, object]
#: What names nobody: blanks, punctuation, control characters, and marks that stand on nothing.
_NOTHING = frozenset({"Zs", "Zl", "Zp", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Cc", "Cf", "Mn", "Me"})


def protect(plain: Mapping[str, str], shop: Shop, key: SecretStr) -> Receiver:
    """Return the receiver fields that may be stored (P0, P1) for what a source says in plain text.

    Args:
        plain: receiver field → text, under the names of fields.csv (`name_masked` is still the plain name).
        shop: decides by `address_source` whether addresses are judged at all.
        key: of the hashes.
    """
    given = {field: text.strip() for field, text in plain.items() if text.strip()}
    receiver = {**_address(given, shop, key), **_phone(given, shop, key)}
    name = given.get("name_masked", "")
    receiver["name_masked"] = mask_name(name) if STAR in name or _names_somebody(name) else None
    receiver["town"] = given.get("town")
    receiver["receiver_state"] = _state(given)
    return {field: value for field, value in receiver.items() if value}


def _state(given: Mapping[str, str]) -> str:
    if not given:
        return "absent"
    return "masked" if any(STAR in text for text in given.values()) else "clear"


def _names_somebody(name: str) -> bool:
    """Say whether a name has a letter, a digit or an emoji: `-`, `。` and `??` have none."""
    return any(
        character not in string.punctuation and unicodedata.category(character) not in _NOTHING
        for character in unicodedata.normalize("NFKC", name)
    )


def _address(given: Mapping[str, str], shop: Shop, key: SecretStr) -> Receiver:
    text = given.get("address_masked", "")
    columns = (given.get("province", ""), given.get("city", ""), given.get("district", ""))
    address_hash = (
        keyed_hash(key, normalise_address("".join(columns) + text)) if text and STAR not in text else None
    )
    if shop.address_source == "none":
        province, city, district = columns
        masked = mask_address(province, city, district) if text else None
        return {
            "province": province,
            "city": city,
            "district": district,
            "address_masked": masked,
            "address_hash": address_hash,
        }
    town = given.get("town", "") if all(columns) else ""
    parsed = parse_address(gazetteer(), columns, _with_town(town, text))
    return {**_judged(parsed), "address_hash": address_hash}


def _with_town(town: str, text: str) -> str:
    """Return the text behind its town: 3组 is enough of an address where the town is a field of its own."""
    return text if not text or not town or town in text else f"{town}{text}"


def _judged(parsed: ParsedAddress) -> Receiver:
    return {
        "province": parsed.province,
        "city": parsed.city,
        "district": parsed.district,
        "address_masked": mask_address(parsed.province, parsed.city, parsed.district)
        if parsed.detail
        else None,
        "address_verdict": None if parsed.verdict is AddressVerdict.MASKED else parsed.verdict.value,
        "address_evidence": dict(parsed.evidence),
    }


def _phone(given: Mapping[str, str], shop: Shop, key: SecretStr) -> Receiver:
    phone = parse_phone(given.get("phone_masked", ""))
    is_judged = shop.address_source != "none" or bool(phone.number)
    return {
        "phone_masked": mask_phone(phone.number),
        "phone_hash": keyed_hash(key, phone.number) if phone.number and phone.verdict else None,
        "phone_verdict": phone.verdict.value if is_judged and phone.verdict else None,
    }
