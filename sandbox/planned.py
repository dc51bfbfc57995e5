"""What every plan of failures has in common: which call of a method breaks, and how often."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Self


@dataclass(slots=True)
class Planned:
    """One entry of a plan; strikes `times` calls of `method` from the `nth` on; `times` 0 means for ever."""

    #: Kind → what it does; each plan has its own.
    kinds: ClassVar[Mapping[str, str]] = {}

    kind: str
    method: str = "*"
    nth: int = 1
    times: int = 1
    seconds: float = 1.0
    seen: int = field(default=0, kw_only=True)
    fired: int = field(default=0, kw_only=True)

    @classmethod
    def of(cls, entry: dict[str, Any]) -> Self:
        """Return the fault that `entry` describes.

        Raises:
            ValueError: its kind or one of its keys is unknown.
        """
        known = {each.name for each in fields(cls)} - {"seen", "fired"}
        if entry.get("kind") not in cls.kinds:
            raise ValueError(f"fault kind {entry.get('kind')!r} is unknown; known: {', '.join(cls.kinds)}")
        if unknown := set(entry) - known:
            raise ValueError(f"fault key(s) {sorted(unknown)} are unknown; known: {', '.join(sorted(known))}")
        return cls(**entry)

    def strikes(self, method: str) -> bool:
        """Return whether this call breaks, and count it."""
        return self.method in {"*", method} and self.counted()

    def counted(self, *, here: bool = True) -> bool:
        """Count a call that the fault is about, and return whether it breaks; never when it is not `here`."""
        self.seen += 1
        if not here or self.seen < self.nth or (self.times and self.fired >= self.times):
            return False
        self.fired += 1
        return True
