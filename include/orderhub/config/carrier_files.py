"""Reads carriers.yaml; refuses a region, shop, platform, warehouse or tag that does not exist."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orderhub.config.carriers import Carrier, CarrierRule, Carriers
from orderhub.config.located_yaml import LocatedDocument, Path, model_of, nearest, read_document
from orderhub.errors import ConfigError

FILE = "carriers.yaml"
#: Where one thing is named: its place in the file, what kind of thing it is, and its name.
_Named = tuple[Path, str, str]


@dataclass(frozen=True)
class Known:
    """What the other files know, by kind; `nameless` are warehouses that no label could name as sender."""

    regions: Sequence[str]
    platforms: Sequence[str]
    shops: Sequence[str]
    warehouses: Sequence[str]
    nameless: Sequence[str]
    tags: Sequence[str]


def read_carriers(source: str | None, known: Known) -> Carriers:
    """Return what carriers.yaml says; without the file, no carriers.

    Raises:
        ConfigError: the first thing wrong, with file, line, value and the nearest valid one.
    """
    if source is None:
        return Carriers()
    document = read_document(source, FILE)
    carriers = model_of(Carriers, document)
    allowed = {
        "region": known.regions,
        "platform": known.platforms,
        "shop": known.shops,
        "warehouse": known.warehouses,
        "tag": known.tags,
        "carrier": [carrier.id for carrier in carriers.carriers],
    }
    for path, kind, name in _names(carriers):
        if name not in allowed[kind]:
            raise _refused(document, path, kind, name, allowed[kind])
    _check_senders(carriers, known)
    return carriers


def _check_senders(carriers: Carriers, known: Known) -> None:
    labelled = [carrier.id for carrier in carriers.carriers if carrier.waybill is not None]
    if labelled and known.nameless:
        raise ConfigError(
            f"warehouses.yaml: warehouse {known.nameless[0]}: sender is missing; {labelled[0]} gets its "
            f"waybills by {FILE}, and a label names its sender"
        )


def _refused(
    document: LocatedDocument, path: Path, kind: str, name: str, allowed: Sequence[str]
) -> ConfigError:
    hint = nearest(name, list(allowed)) if allowed else "there is none"
    return ConfigError(f"{FILE}:{document.line_of(path)}: {kind} {name!r} does not exist; {hint}")


def _names(carriers: Carriers) -> Iterator[_Named]:
    for number, carrier in enumerate(carriers.carriers):
        yield from _names_of_carrier(("carriers", number), carrier)
    for number, rule in enumerate(carriers.rules):
        yield from _names_of_rule(("rules", number), rule)
    for tag in carriers.ship_weekdays:
        yield ("ship_weekdays", tag), "tag", tag


def _names_of_carrier(place: Path, carrier: Carrier) -> Iterator[_Named]:
    yield from _listed((*place, "serves"), "region", carrier.serves)
    yield from _listed((*place, "not_served"), "region", carrier.not_served)
    for platform in carrier.waybill.channels if carrier.waybill else ():
        yield (*place, "waybill", "channels", platform), "platform", platform
    for number, tariff in enumerate(carrier.freight):
        yield from _listed((*place, "freight", number, "region"), "region", tariff.region)


def _names_of_rule(place: Path, rule: CarrierRule) -> Iterator[_Named]:
    yield from _listed((*place, "carriers"), "carrier", rule.carriers)
    for kind, names in (
        ("region", rule.when.region),
        ("platform", rule.when.platform),
        ("shop", rule.when.shop),
        ("warehouse", rule.when.warehouse),
        ("tag", rule.when.tag),
    ):
        yield from _listed((*place, "when", kind), kind, names)


def _listed(place: Path, kind: str, names: Sequence[str]) -> Iterator[_Named]:
    for number, name in enumerate(names):
        yield (*place, number), kind, name
