"""Which express company takes a parcel: what must be, what was asked for, then rules, cost and shares.

Standard library only. Every carrier gets an answer with its figures, also those that lost. Nothing here knows
what day it is: who is closed, full or past its cut-off today comes in.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from zlib import crc32

#: (province, city) pairs; an empty city is the whole province.
Places = frozenset[tuple[str, str]]
COD = "cod"


@dataclass(frozen=True, slots=True)
class Tariff:
    """One row of a freight table: the first weight and what is over it, in grams and fen.

    Attributes:
        places: where it holds; None is everywhere else.
    """

    places: Places | None
    first_g: int
    first_fen: int
    next_g: int
    next_fen: int

    def fee(self, weight_g: int) -> int:
        """Return what a parcel of this weight costs, fen; a begun continued weight counts whole."""
        return self.first_fen + -(-max(0, weight_g - self.first_g) // self.next_g) * self.next_fen


@dataclass(frozen=True, slots=True)
class Carrier:
    """One express company as choosing sees it.

    Attributes:
        serves: where it goes; None is everywhere.
        spares: where it does not go, though it goes around it.
        tariffs: read from top to bottom.
        capabilities: what it can do besides carrying: `cod`, `fragile`, `home_delivery`.
        codes: platform → its code for this carrier.
    """

    carrier_id: str
    serves: Places | None = None
    spares: Places = frozenset()
    tariffs: tuple[Tariff, ...] = ()
    capabilities: frozenset[str] = frozenset()
    most_g: int | None = None
    codes: Mapping[str, str] | None = None

    def fee(self, province: str | None, city: str | None, weight_g: int) -> int | None:
        """Return the freight, fen; None where its table says nothing of the place."""
        for tariff in self.tariffs:
            if tariff.places is None or (province and _lies_in(province, city, tariff.places)):
                return tariff.fee(weight_g)
        return None


@dataclass(frozen=True, slots=True)
class CarrierRule:
    """One rule: which carriers are tried first, and in which order.

    An empty part of the condition always holds; several parts must all hold.

    Attributes:
        is_only: no other carrier is tried after those of the rule.
        is_cheapest: the rule's carriers are tried by cost, not in the order given.
        shares: carrier → its share of the orders; who is drawn is tried first.
    """

    rule_id: str
    carriers: tuple[str, ...]
    places: Places | None = None
    platforms: frozenset[str] = frozenset()
    shops: frozenset[str] = frozenset()
    warehouses: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    weight_g: tuple[int | None, int | None] = (None, None)
    paid_fen: tuple[int | None, int | None] = (None, None)
    is_only: bool = False
    is_cheapest: bool = False
    shares: tuple[tuple[str, int], ...] = ()

    def draw(self, order_id: str) -> str | None:
        """Return the carrier whose turn it is by share; the same order always draws the same."""
        total = sum(share for _, share in self.shares)
        point = crc32(order_id.encode()) % total if total else 0
        for carrier_id, share in self.shares:
            point -= share
            if point < 0:
                return carrier_id
        return None


@dataclass(frozen=True, slots=True)
class Consignment:
    """What a choice may look at; orders with the same values get the same answer.

    Attributes:
        tags: of its goods, those that rules or needs know.
        required: carriers of which the platform wants one, by the platform's codes.
        services: what the platform asks for.
        asked: carriers that a memo asks for.
        unwanted: carriers that a memo does not want.
        is_due_today: it must leave today.
    """

    province: str | None
    city: str | None
    platform: str
    shop_id: str
    warehouse_id: str
    weight_g: int
    paid_fen: int
    tags: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    asked: frozenset[str] = frozenset()
    unwanted: frozenset[str] = frozenset()
    is_cod: bool = False
    is_due_today: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """One carrier that was looked at.

    Attributes:
        freight_fen: what it would charge; None where its table says nothing.
        why: empty while it may take the parcel; else what keeps it from it: `not_served`, `lacks cod`.
    """

    carrier_id: str
    freight_fen: int | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Ranking:
    """All carriers in the order in which they are tried.

    Attributes:
        rule_id: the rule that put them in order; None: cost alone.
    """

    looks: tuple[Look, ...]
    rule_id: str | None = None


class CarrierTable:
    """Carriers and ordered rules, as one file gives them.

    Args:
        carriers: in the order of the file, which breaks ties.
        rules: read from top to bottom; the first that holds decides.
        needs: tag of goods → capability that its carrier must have.
    """

    def __init__(
        self, carriers: Iterable[Carrier], rules: Iterable[CarrierRule], needs: Mapping[str, str]
    ) -> None:
        self._carriers = tuple(carriers)
        self._rules = tuple(rules)
        self._needs = dict(needs)

    def rule_of(self, parcel: Consignment) -> CarrierRule | None:
        """Return the first rule that holds; one about regions never holds where the region is unknown."""
        return next((rule for rule in self._rules if _holds(rule, parcel)), None)

    def rank(self, parcel: Consignment, rule: CarrierRule | None, drawn: str | None = None) -> Ranking:
        """Return every carrier with its figures, those that may take the parcel first, as they are tried.

        A wish of a memo goes before the rule, and gives way when nobody can fulfil it.
        """
        looks = [self._look(carrier, parcel, rule) for carrier in self._carriers]

        def place(look: Look) -> tuple[int, ...]:
            wish = (look.carrier_id in parcel.unwanted) - (look.carrier_id in parcel.asked)
            return bool(look.why), wish, *_place_in(rule, look, drawn)

        return Ranking(tuple(sorted(looks, key=place)), None if rule is None else rule.rule_id)

    def _look(self, carrier: Carrier, parcel: Consignment, rule: CarrierRule | None) -> Look:
        fee = carrier.fee(parcel.province, parcel.city, parcel.weight_g)
        why = self._obstacle(carrier, parcel)
        is_left_out = rule is not None and rule.is_only and carrier.carrier_id not in rule.carriers
        if not why and is_left_out and carrier.carrier_id not in parcel.asked:
            why = "not_in_rule"
        return Look(carrier.carrier_id, fee, why)

    def _obstacle(self, carrier: Carrier, parcel: Consignment) -> str:
        """Return the first thing that keeps a carrier from a parcel; the platform's word comes first."""
        code = (carrier.codes or {}).get(parcel.platform)
        if parcel.required and code not in parcel.required:
            return "not_required"
        wanted = [service for service in parcel.services if service != "transit"]
        wanted += [COD] if parcel.is_cod else []
        wanted += [self._needs[tag] for tag in sorted(parcel.tags) if tag in self._needs]
        lacking = [name for name in wanted if name not in carrier.capabilities]
        if lacking:
            return f"lacks {lacking[0]}"
        if carrier.most_g is not None and parcel.weight_g > carrier.most_g:
            return "too_heavy"
        return _unreached(carrier, parcel)


def _place_in(rule: CarrierRule | None, look: Look, drawn: str | None) -> tuple[int, int]:
    """Return what sorts carriers: the place in the rule, then the cost; no freight table is dearest."""
    cost = look.freight_fen if look.freight_fen is not None else 1 << 62
    if rule is None or look.carrier_id not in rule.carriers:
        return 1 << 30, cost
    if look.carrier_id == drawn:
        return -1, cost
    return 0 if rule.is_cheapest else rule.carriers.index(look.carrier_id), cost


def _holds(rule: CarrierRule, parcel: Consignment) -> bool:
    return (
        (not rule.platforms or parcel.platform in rule.platforms)
        and (not rule.shops or parcel.shop_id in rule.shops)
        and (not rule.warehouses or parcel.warehouse_id in rule.warehouses)
        and (not rule.tags or not rule.tags.isdisjoint(parcel.tags))
        and _lies_between(parcel.weight_g, rule.weight_g)
        and _lies_between(parcel.paid_fen, rule.paid_fen)
        and (
            rule.places is None
            or bool(parcel.province and _lies_in(parcel.province, parcel.city, rule.places))
        )
    )


def _lies_between(value: int, bounds: tuple[int | None, int | None]) -> bool:
    least, most = bounds
    return (least is None or value >= least) and (most is None or value <= most)


def _lies_in(province: str, city: str | None, places: Places) -> bool:
    return (province, "") in places or (province, city or "") in places


def _unreached(carrier: Carrier, parcel: Consignment) -> str:
    if carrier.serves is None and not carrier.spares:
        return ""
    if not parcel.province:
        return "region_unknown"
    is_served = carrier.serves is None or _lies_in(parcel.province, parcel.city, carrier.serves)
    is_spared = _lies_in(parcel.province, parcel.city, carrier.spares)
    return "" if is_served and not is_spared else "not_served"
