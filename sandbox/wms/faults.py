"""How the WMS misbehaves: which call, how, how often."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from sandbox.planned import Planned

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
class Fault(Planned):
    """One entry of a plan for the WMS."""

    kinds: ClassVar[Mapping[str, str]] = KINDS

    status: int = 502
    flag: str = "success"
    code: str = "E500"
    message: str = "SYSTEM_BUSY:系统繁忙"
