"""What never holds in valid files: rules behind others that take all of theirs, cities that do not exist.

Not for what a file must not say at all: reading it refuses that.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import chain
from typing import Any

from orderhub.config import carriers, routing
from orderhub.config.carriers import CarrierRule
from orderhub.config.models import MerchantConfig
from orderhub.config.routing import RoutingRule
from orderhub.domain.calendar import CalendarKind
from orderhub.domain.divisions import Form, Level
from orderhub.platforms.address import gazetteer

_RANGES = (routing.Amount, routing.Range, carriers.Range, carriers.YuanRange)
Rules = Sequence[RoutingRule | CarrierRule]


def rule_warnings(config: MerchantConfig) -> list[str]:
    """Return what a merchant should know of rules and places that will never be met."""
    files: dict[str, Rules] = {"routing.yaml": config.rules, "carriers.yaml": config.carriers.rules}
    files |= {f"routing/{name}.yaml": profile.rules for name, profile in config.profiles.items()}
    each = (chain(_unreached(file, rules), _repeated(file, rules)) for file, rules in files.items())
    return [*chain.from_iterable(each), *_unknown_cities(config, files)]


def _unreached(file: str, rules: Rules) -> Iterator[str]:
    """Tell of rules whose orders all fall under a rule before them, and of those whose time is none."""
    for place, rule in enumerate(rules):
        asked = _asked(rule)
        if _is_over(asked):
            yield f"{file}: {rule.id} 从不成立:since 晚于 until / never holds: it begins after it ends"
            continue
        before = next((other for other in rules[:place] if _covers(_asked(other), asked)), None)
        if before is not None:
            yield (
                f"{file}: {rule.id} 永远轮不到:它的订单都先归了 {before.id},把它移到前面 / is never reached: "
                f"{before.id} before it takes all of its orders; move it up"
            )


def _repeated(file: str, rules: Rules) -> Iterator[str]:
    for rule in rules:
        tried = rule.warehouses if isinstance(rule, RoutingRule) else rule.carriers
        for name in sorted({name for name in tried if tried.count(name) > 1}):
            yield f"{file}: {rule.id}: {name} 写了两次 / is named twice"


def _asked(rule: RoutingRule | CarrierRule) -> dict[str, Any]:
    """Return the parts of a rule's condition that are given, ranges as two, by name."""
    given = {name: getattr(rule.when, name) for name in type(rule.when).model_fields}
    given |= {name: getattr(rule, name) for name in ("since", "until") if hasattr(rule, name)}
    parts: dict[str, Any] = {}
    for name, value in given.items():
        if isinstance(value, _RANGES):
            parts |= {f"{name}.since": value.min, f"{name}.until": value.max}
        else:
            parts[name] = value
    return {name: value for name, value in parts.items() if value not in (None, ())}


def _covers(wide: Mapping[str, Any], narrow: Mapping[str, Any]) -> bool:
    """Return whether whatever meets `narrow` meets `wide`, as far as their words tell."""
    return all(name in narrow and _holds(name, value, narrow[name]) for name, value in wide.items())


def _holds(name: str, wide: Any, narrow: Any) -> bool:
    if name.endswith("since"):
        return bool(wide <= narrow)
    if name.endswith("until"):
        return bool(wide >= narrow)
    return set(narrow) <= set(wide)


def _is_over(asked: Mapping[str, Any]) -> bool:
    since, until = asked.get("since"), asked.get("until")
    if since is None or until is None:
        return False
    last_day_counts = isinstance(until, date) and not isinstance(until, datetime)
    return bool(since > until or (since == until and not last_day_counts))


def _unknown_cities(config: MerchantConfig, files: Mapping[str, Rules]) -> Iterator[str]:
    for where, city in dict.fromkeys(_cities(config, files)):
        if city and not any(place.form in {Form.FULL, Form.FORMER} for place in gazetteer().places(city)):
            yield f"{where}: 没有叫 {city!r} 的市,要写全称 / no city is called {city!r}; write its full name"
        elif today := gazetteer().names_of_today(Level.CITY).get(city):
            yield (
                f"{where}: {city!r} 今为 {today!r},订单里只有今名 "
                f"/ {city!r} is {today!r} today, and orders have that name only; write it"
            )


def _cities(config: MerchantConfig, files: Mapping[str, Rules]) -> Iterable[tuple[str, str]]:
    for name, pairs in config.regions.items():
        yield from ((f"regions.csv: {name}", city) for _, city in pairs)
    for closing in config.closings:
        if closing.kind is CalendarKind.AREA and closing.id not in config.regions:
            yield from ((f"calendar.csv: {closing.id}", city) for _, city in closing.places)
    for file, rules in files.items():
        for rule in rules:
            yield from ((f"{file}: {rule.id}", city) for city in getattr(rule.when, "city", ()))
