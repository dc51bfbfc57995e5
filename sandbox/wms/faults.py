"""How the WMS misbehaves: which call, how, how often."""

from dataclasses import dataclass, field, fields
from typing import Any

KINDS = {
    "late": "worked on at once; the answer comes after `seconds`",
    "silent": "not worked on, and the connection closes without an answer",
    "drop": "worked on, and the connection closes without an answer",
    "later": "the connection closes without an answer; worked on when `/admin/wms` says release",
    "twice": "worked on twice, as a gateway that repeats does; the second answer is given",
    "repeat": "query: every parcel is listed twice",
    "half": "batch: the second half is refused with `message`",
    "half_drop": "batch: the first half is worked on, then the connection closes without an answer",
    "exists": "worked on, and the answer says it was there already",
    "odd": "worked on; the answer is `flag` with `code`",
    "status": "not worked on; HTTP status `status` (default 502)",
    "busy": "not worked on; failure SYSTEM_BUSY",
}
CUTS = frozenset({"silent", "drop", "later", "half_drop"})


@dataclass(slots=True)
class Fault:
    """One entry of a plan; strikes `times` calls of `method` from the `nth` on; `times` 0 means for ever."""

    kind: str
    method: str = "*"
    nth: int = 1
    times: int = 1
    seconds: float = 1.0
    status: int = 502
    flag: str = "success"
    code: str = "E500"
    message: str = "SYSTEM_BUSY:系统繁忙"
    seen: int = field(default=0)
    fired: int = field(default=0)

    @classmethod
    def of(cls, entry: dict[str, Any]) -> "Fault":
        """Return the fault that `entry` describes.

        Raises:
            ValueError: its kind or one of its keys is unknown.
        """
        known = {f.name for f in fields(cls)} - {"seen", "fired"}
        if entry.get("kind") not in KINDS:
            raise ValueError(f"fault kind {entry.get('kind')!r} is unknown; known: {', '.join(KINDS)}")
        if unknown := set(entry) - known:
            raise ValueError(f"fault key(s) {sorted(unknown)} are unknown; known: {', '.join(sorted(known))}")
        return cls(**entry)

    def strikes(self, method: str) -> bool:
        """Return whether this call breaks, and count it."""
        if self.method not in {"*", method}:
            return False
        self.seen += 1
        if self.seen < self.nth or (self.times and self.fired >= self.times):
            return False
        self.fired += 1
        return True
