"""Who hears of which alerts: supervisors of all, other recipients of their part."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orderhub.config.models import Alerts, Recipient

#: Severity, shop and warehouse of alerts.
Facet = tuple[str, str | None, str | None]


@dataclass(frozen=True)
class Audience:
    """Those who get one message.

    Attributes:
        heard: indexes of the facets that the message is about.
        to: mail addresses; empty for a robot.
        robot: the robot's id; None for mail.
    """

    heard: tuple[int, ...]
    to: tuple[str, ...] = ()
    robot: str | None = None


def audiences(alerts: Alerts, facets: Sequence[Facet]) -> Iterator[Audience]:
    """Yield who is told of `facets`: addresses that hear the same share a mail; a robot has its own.

    An address or robot that is named several times hears everything that one of the entries takes.
    """
    by_address: dict[str, set[int]] = defaultdict(set)
    by_robot: dict[str, set[int]] = defaultdict(set)
    for index, facet in enumerate(facets):
        taking = [entry for entry in alerts.recipients if _takes(entry, facet)]
        if alerts.supervisors_get == "everything" or not taking:
            for address in alerts.supervisors:
                by_address[address].add(index)
        for entry in taking:
            for address in entry.to:
                by_address[address].add(index)
            for robot in entry.robots:
                by_robot[robot].add(index)
    same: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for address, heard in by_address.items():
        same[tuple(sorted(heard))].append(address)
    for indexes, addresses in same.items():
        yield Audience(indexes, to=tuple(sorted(addresses)))
    for robot, heard in sorted(by_robot.items()):
        yield Audience(tuple(sorted(heard)), robot=robot)


def _takes(entry: Recipient, facet: Facet) -> bool:
    severity, shop_id, warehouse_id = facet
    return (
        (not entry.severity or severity in entry.severity)
        and (not entry.shop or shop_id in entry.shop)
        and (not entry.warehouse or warehouse_id in entry.warehouse)
    )
