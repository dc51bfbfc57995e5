"""What the services truly made; tests compare with it, never with an answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from sandbox.planned import Planned

KINDS = {
    "late": "worked on at once; the answer comes after `seconds`",
    "silent": "not worked on, and the connection closes without an answer",
    "drop": "worked on, and the connection closes without an answer",
    "twice": "worked on twice, as a gateway that repeats does; the second answer is given",
    "quota": "not worked on; the merchant's numbers are used up",
    "busy": "not worked on; the service asks to come back",
    "status": "not worked on; HTTP status 502",
}


class RefusalError(Exception):
    """The service refuses; `code` is its own word for why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class Fault(Planned):
    """One entry of a plan for the waybill services."""

    kinds: ClassVar[Mapping[str, str]] = KINDS


@dataclass(slots=True)
class Label:
    """One label that was made.

    `channel`: whose token it was made from, in the service's words. `address`: where to, as it is printed.
    """

    service: str
    carrier: str
    object_id: str
    number: str
    order: str
    oaid: str
    receiver: str
    cod: str = ""
    weight_g: int = 0
    channel: str = ""
    address: str = ""
    is_void: bool = False


@dataclass(slots=True)
class Ledger:
    """All labels. `dedupes` off: the same id makes a second label, as bad services do."""

    labels: list[Label] = field(default_factory=list)
    left: int | None = None
    dedupes: bool = True

    def find(self, service: str, object_id: str) -> Label | None:
        """Return the label with this id that stands, or None."""
        return next(
            (
                one
                for one in self.labels
                if one.service == service and one.object_id == object_id and not one.is_void
            ),
            None,
        )

    def make(self, label: Label) -> Label:
        """Return the label of this id: the first one, unless there is none.

        Raises:
            RefusalError: no numbers are left.
        """
        known = self.find(label.service, label.object_id) if self.dedupes else None
        if known is not None:
            return known
        if self.left == 0:
            raise RefusalError("quota", "单号余额不足")
        self.left = None if self.left is None else self.left - 1
        label.number = f"7860{len(self.labels) + 1:010d}"
        self.labels.append(label)
        return label

    def void(self, number: str) -> None:
        """Take a label back; again is fine.

        Raises:
            RefusalError: there is no such label.
        """
        found = [one for one in self.labels if one.number == number]
        if not found:
            raise RefusalError("unknown", f"单号不存在: {number}")
        found[0].is_void = True
