"""One step of an order's story, as `orderhub explain` tells it."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Step:
    """One thing that happened to the order.

    Attributes:
        at: UTC; None when it is a state, not an event.
        what: one of received, mapped, changed, checked, anomaly, hold, corrected, decided, replaced, routed,
            reserved, carrier, merged, manifest, waybill, sent, wms, shipped, told.
        text: for people, in Chinese.
        text_en: the same in English.
        ids: what decided: load, mapping, rule, config version, reservation, manifest.
    """

    at: datetime | None
    what: str
    text: str
    text_en: str
    ids: dict[str, str] = field(default_factory=dict)
