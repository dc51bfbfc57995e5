"""blacklist.csv: buyers, phones and addresses that a person should look at.

A clerk writes a phone as it is; it is sealed, turned into the hub's keyed hash, before the file is stored.
"""

import csv
import io
import re
from collections.abc import Iterable
from typing import Literal

from pydantic import SecretStr

from orderhub.config.csv_table import Row, read_table
from orderhub.config.frozen import Frozen, ZonedTime
from orderhub.config.located_yaml import nearest
from orderhub.domain.phone import PhoneVerdict, parse_phone
from orderhub.errors import ConfigError
from orderhub.privacy.hashes import keyed_hash, normalise_address
from orderhub.privacy.masks import mask_numbers

FILE = "blacklist.csv"
REQUIRED = ("entry_id", "kind", "value", "shop_id", "reason", "author")
OPTIONAL = ("effect", "starts_at", "ends_at")
PLAIN = ("phone", "address")
_SEALED = ("customer", "phone_hash", "address_hash")
_HASH = re.compile(r"[0-9a-f]{64}")


class BlacklistEntry(Frozen):
    """One row of blacklist.csv, phones and addresses as keyed hashes."""

    entry_id: str
    kind: Literal["customer", "phone_hash", "address_hash"]
    value: str
    shop_id: str
    effect: Literal["hold", "no_ship"]
    reason: str
    starts_at: ZonedTime
    ends_at: ZonedTime | None
    author: str


def seal(source: str, key: SecretStr | None) -> str:
    """Return the text of blacklist.csv with every plain phone and address as its keyed hash.

    Comments go, and numbers in reasons are masked: nothing plain is left. Rows stay on their lines, which
    messages name. Sealing twice changes nothing.

    Raises:
        ConfigError: a plain value and no key, or a value that is no phone number.
    """
    rows = read_table(source, FILE, REQUIRED, OPTIONAL)
    written = [_line((*REQUIRED, *OPTIONAL))]
    for row in rows:
        written += ["#"] * (row.line - 1 - len(written))
        values = dict(row.values)
        if row["kind"] in PLAIN:
            values |= {"kind": f"{row['kind']}_hash", "value": _hashed(row, key)}
        values["reason"] = mask_numbers(row["reason"])
        written.append(_line(values[name] for name in (*REQUIRED, *OPTIONAL)))
    return "\n".join([*written, ""])


def _line(cells: Iterable[str]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(cells)
    return written.getvalue()


def _hashed(row: Row, key: SecretStr | None) -> str:
    if key is None:
        raise ConfigError(
            f"{row.file}:{row.line}: value: a plain {row['kind']} needs ORDERHUB_HASH_KEY to be hashed with"
        )
    if row["kind"] == "address":
        return keyed_hash(key, normalise_address(row["value"]))
    phone = parse_phone(row["value"])
    if phone.verdict is not PhoneVerdict.OK:  # The value is not repeated: it may be somebody's number.
        raise ConfigError(
            f"{row.file}:{row.line}: value: is no phone number; 11 digits, or area code and number"
        )
    return keyed_hash(key, phone.number)


def read_blacklist(source: str, shops: list[str]) -> tuple[BlacklistEntry, ...]:
    """Return the entries of a sealed blacklist.csv.

    Raises:
        ConfigError: naming the line, the column and the rule.
    """
    rows = read_table(source, FILE, REQUIRED, OPTIONAL)
    entries: dict[str, BlacklistEntry] = {}
    for row in rows:
        if row["entry_id"] in entries or not row["entry_id"]:
            raise row.refuse("entry_id", "must be given, and only once")
        entries[row["entry_id"]] = _entry(row, shops)
    return tuple(entries.values())


def _entry(row: Row, shops: list[str]) -> BlacklistEntry:
    if row["shop_id"] != "*" and row["shop_id"] not in shops:
        raise row.refuse("shop_id", f"is not a shop; {nearest(row['shop_id'], [*shops, '*'])}")
    if row["kind"] not in _SEALED:
        raise row.refuse("kind", f"is not known; {nearest(row['kind'], [*_SEALED, *PLAIN])}")
    if not row["value"] or (row["kind"] != "customer" and not _HASH.fullmatch(row["value"])):
        raise row.refuse("value", "must be an open id, or for a hash 64 digits and letters a to f")
    if row["effect"] not in ("", "hold", "no_ship"):
        raise row.refuse("effect", "is not known; hold or no_ship")
    if not row["reason"] or not row["author"]:
        raise row.refuse("reason", "and author must both be given: somebody will ask")
    given = dict(row.values) | {"effect": row["effect"] or "hold", "ends_at": row["ends_at"] or None}
    given["starts_at"] = row["starts_at"] or "2000-01-01T00:00:00+08:00"
    try:
        return BlacklistEntry.model_validate(given)
    except ValueError:
        raise row.refuse(
            "starts_at", "and ends_at must be written out, for example 2026-01-01T00:00:00+08:00"
        ) from None
