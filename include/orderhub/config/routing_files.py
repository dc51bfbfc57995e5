"""Reads what routing is made of: `routing.yaml`, `routing/*.yaml`, `regions.csv`, `tiers.csv`, backups.

Every name that a rule gives must exist; the message names the line of the very word.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from orderhub.config.csv_table import read_table
from orderhub.config.located_yaml import LocatedDocument, model_of, nearest, read_document
from orderhub.config.routing import Routing, RoutingProfile, RoutingRule
from orderhub.domain.backups import circle_of
from orderhub.domain.province import FULL_NAMES, PROVINCES
from orderhub.errors import ConfigError

PROFILES = "routing/*.yaml"
#: What the full name of a city, or of a county that a province runs itself, ends with.
_CITY_ENDS = ("市", "州", "盟", "地区", "县", "区")
_PLURALS = {"warehouses": "warehouse"}


#: Key of a rule → the names that exist; a key that is missing takes anything.
Known = Mapping[str, Sequence[str]]


def read_routing(source: str, known: Known) -> Routing:
    """Return routing.yaml; the tiers that its rules name are those that it lists.

    Raises:
        ConfigError: the first thing wrong.
    """
    document = read_document(source, "routing.yaml")
    routing = model_of(Routing, document)
    _check_names(document, routing.rules, {**known, "tier": routing.tiers})
    for position, tag in enumerate(routing.no_split if "no_split" in routing.model_fields_set else ()):
        if said := _refusal(known, "tag", tag):
            raise ConfigError(f"routing.yaml:{document.line_of(('no_split', position))}: tag {tag!r} {said}")
    return routing


def read_profiles(files: Mapping[str, str], known: Known) -> dict[str, RoutingProfile]:
    """Return profile name → profile; no two are in force at once.

    Raises:
        ConfigError: the first thing wrong.
    """
    profiles: dict[str, RoutingProfile] = {}
    for file in sorted(name for name in files if name.startswith("routing/")):
        name = file.removeprefix("routing/").removesuffix(".yaml")
        if not re.fullmatch("[a-z0-9][a-z0-9_-]{0,39}", name):
            raise ConfigError(f"{file}: the name of the file must be lower-case letters, digits, - and _")
        document = read_document(files[file], file)
        profile = model_of(RoutingProfile, document)
        _check_names(document, profile.rules, known)
        for other, earlier in profiles.items():
            ours, theirs = profile.effective, earlier.effective
            if ours.since < theirs.until and theirs.since < ours.until:
                line = document.line_of(("effective",))
                raise ConfigError(
                    f"{file}:{line}: effective: is in force together with routing/{other}.yaml; "
                    "one time has one set of rules"
                )
        profiles[name] = profile
    return profiles


def check_backups(source: str, backups: Mapping[str, str], warehouses: Sequence[str]) -> None:
    """Refuse a backup that does not exist, and warehouses that stand in for one another in a circle.

    Args:
        source: the text of warehouses.yaml.
        backups: warehouse → its backup.
        warehouses: ids that exist, in the order of the file.

    Raises:
        ConfigError: naming the line, and the circle.
    """
    document = read_document(source, "warehouses.yaml")

    def place(warehouse_id: str) -> str:
        line = document.line_of(("warehouses", warehouses.index(warehouse_id), "backup"))
        return f"warehouses.yaml:{line}: backup of {warehouse_id}"

    for warehouse_id, backup in backups.items():
        if backup not in warehouses:
            hint = nearest(backup, list(warehouses))
            raise ConfigError(f"{place(warehouse_id)}: warehouse {backup!r} does not exist; {hint}")
    circle = circle_of(backups)
    if circle:
        raise ConfigError(
            f"{place(circle[0])}: {' -> '.join(circle)} is a circle; take the backup of one of them out"
        )


def read_regions(source: str) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return region set → (province, city) pairs; an empty city means the whole province.

    Raises:
        ConfigError: the first thing wrong, with its line.
    """
    regions: dict[str, list[tuple[str, str]]] = {}
    for row in read_table(source, "regions.csv", ("region", "province"), ("city",)):
        if not row["region"] or not row["province"]:
            raise row.refuse("region", "and province must both be given")
        # Latin letters name a country or a state, as in the example of a shop abroad.
        if row["province"] not in PROVINCES and not row["province"].isascii():
            full = FULL_NAMES.get(row["province"])
            hint = f"did you mean {full!r}?" if full else nearest(row["province"], list(PROVINCES))
            raise row.refuse("province", f"is not the full name of a province; {hint}")
        regions.setdefault(row["region"], []).append((row["province"], row["city"]))
    return {name: tuple(pairs) for name, pairs in regions.items()}


def read_tiers(source: str, shops: Sequence[str], tiers: Sequence[str]) -> dict[tuple[str, str], str]:
    """Return (shop, the platform's id of the buyer) → tier.

    Raises:
        ConfigError: the first thing wrong, with its line.
    """
    found: dict[tuple[str, str], str] = {}
    for row in read_table(source, "tiers.csv", ("shop_id", "customer_id", "tier"), ("comment",)):
        if row["shop_id"] not in shops:
            raise row.refuse("shop_id", f"is not a shop; {nearest(row['shop_id'], list(shops))}")
        if not row["customer_id"]:
            raise row.refuse("customer_id", "must be given; core.customers has it")
        if row["tier"] not in tiers:
            raise row.refuse("tier", f"is not in tiers of routing.yaml; {nearest(row['tier'], list(tiers))}")
        if (row["shop_id"], row["customer_id"]) in found:
            raise row.refuse("customer_id", f"is given twice for {row['shop_id']}")
        found[row["shop_id"], row["customer_id"]] = row["tier"]
    return found


def _check_names(document: LocatedDocument, rules: Sequence[RoutingRule], known: Known) -> None:
    for number, rule in enumerate(rules):
        for place, position, value in _names_in(rule):
            said = _refusal(known, place[-1], value)
            if said:
                line = document.line_of(("rules", number, *place, position))
                what = _PLURALS.get(place[-1], place[-1])
                raise ConfigError(f"{document.file}:{line}: rule {rule.id}: {what} {value!r} {said}")


def _refusal(known: Known, key: str, value: str) -> str | None:
    """Return what is wrong with `value` under `key`; None when nothing is."""
    if key == "city":
        return None if value.endswith(_CITY_ENDS) else "is not the full name of a city, for example 金华市"
    allowed = known.get(key)
    if allowed is None or value in allowed:
        return None
    full_name = FULL_NAMES.get(value) if key == "province" else None
    hint = f"did you mean {full_name!r}?" if full_name else nearest(value, list(allowed))
    return f"does not exist; {hint[:200]}" if allowed else "does not exist; there is none"


def _names_in(rule: RoutingRule) -> Iterator[tuple[tuple[str, ...], int, str]]:
    """Yield where in a rule a name stands, its position there, and the name."""
    for position, warehouse_id in enumerate(rule.warehouses):
        yield ("warehouses",), position, warehouse_id
    for key in type(rule.when).model_fields:
        values = getattr(rule.when, key)
        if isinstance(values, tuple):
            for position, value in enumerate(values):
                yield ("when", key), position, value
