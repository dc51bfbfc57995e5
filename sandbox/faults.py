"""Planned failures: which call breaks, how, and how often."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sandbox.planned import Planned

KINDS = {
    "throttle": "the platform's throttle error until `seconds` (default 1) are over, for the method",
    "error": "error answer with `code`, `msg`, `sub_code`, `sub_msg`",
    "status": "HTTP status `status` (default 503) with an HTML body",
    "cut": "the connection closes in the middle of the body",
    "html": "HTTP 200 with a login page instead of JSON",
    "body": "HTTP 200 with the text `body` (default: empty), whatever it is",
    "gbk": "the right answer, encoded as GBK",
    "slow": "the answer comes after `seconds` (default 1, at most 30)",
    "drip": "the body comes drop by drop and takes `seconds` (default 1, at most 300)",
    "skewed_clock": "the Date header is `seconds` (default 1) ahead, behind if negative",
    "lying_total": "the total is wrong by `delta` (default +7)",
    "endless_has_next": "there is always a next page",
    "expire_token": "the shop's session expires before this call and stays so",
}


@dataclass(slots=True)
class Fault(Planned):
    """One entry of a plan for a platform. Conditions that are set must all hold."""

    kinds: ClassVar[Mapping[str, str]] = KINDS

    shop: str = ""
    page: int = 0
    id_mod: tuple[int, int] | None = None
    status: int = 503
    delta: int = 7
    body: str = ""
    code: int = 15
    msg: str = "Remote service error"
    sub_code: str = "isp.top-remote-connection-timeout"
    sub_msg: str = "the sandbox planned this"

    def strikes_call(self, method: str, page: int, record_id: str, shop_id: str) -> bool:
        """Return whether this call breaks, and count it when it is one of the shop's and the method's."""
        if self.method not in {"*", method} or self.shop not in {"", shop_id}:
            return False
        is_page = not self.page or page == self.page
        is_record = self.id_mod is None or _digits(record_id) % self.id_mod[0] == self.id_mod[1]
        return self.counted(here=is_page and is_record)


@dataclass(slots=True)
class FaultPlan:
    """The faults that are waiting, and the bans that are running ((method, shop or "") → end, epoch s)."""

    faults: list[Fault] = field(default_factory=list)
    bans: dict[tuple[str, str], float] = field(default_factory=dict)
    calls_while_banned: int = 0

    def replace(self, entries: list[dict[str, Any]]) -> None:
        """Forget the old plan and its bans, and wait for the faults in `entries`.

        Raises:
            ValueError: an entry cannot be understood; the old plan stays.
        """
        self.faults = [Fault.of(entry) for entry in entries]
        self.bans = {}
        self.calls_while_banned = 0

    def take(self, method: str, page: int, record_id: str, shop_id: str) -> list[Fault]:
        """Return the faults that strike this call."""
        return [fault for fault in self.faults if fault.strikes_call(method, page, record_id, shop_id)]

    def ban(self, method: str, shop_id: str, until: float) -> None:
        """Refuse a method until an epoch second, for one shop or (empty) for all."""
        self.bans[method, shop_id] = until

    def banned_until(self, method: str, shop_id: str) -> float:
        """Return the epoch second at which the method is free for the shop."""
        return max(self.bans.get((method, ""), 0.0), self.bans.get((method, shop_id), 0.0))


def _digits(record_id: str) -> int:
    return int("".join(character for character in record_id if character.isdigit()) or "0")
