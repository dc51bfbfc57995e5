"""Makes of a refusal that is about the receiver's address what the checks make of one: an anomaly that holds.

It counts in the buyer's row. What was handed over stays so: people make the label at the carrier and release,
or call the parcel back. What services say is text only; nothing but their code is kept with the anomaly.
"""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.quality.refusals import Refusal, raise_anomaly

_OF_THE_SENDER = re.compile("发件|寄件|发货|sender", re.IGNORECASE)
_RULES = (
    (
        "unreachable_region",
        re.compile("超区|超出.{0,4}范围|不在.{0,6}范围|(无法|不能|不)(派送|配送|送达|到达)|停发"),
    ),
    ("vague_address", re.compile("地址|address", re.IGNORECASE)),
)
_CODE = re.compile(r"[\w.:-]{1,40}", re.ASCII)


def doubted_rule(answer: str) -> str | None:
    """Return the rule of the checks that says what a service says; None when it is not about the address."""
    if _OF_THE_SENDER.search(answer):
        return None
    return next((rule_id for rule_id, words in _RULES if words.search(answer)), None)


def doubt_addresses(
    connection: Connection, clock: Clock, config: MerchantConfig, refused: Sequence[Row[Any]]
) -> None:
    """Raise the anomalies of labels (order_id, answer) that were refused for their address."""
    for row in refused:
        rule_id = doubted_rule(row.answer)
        if rule_id is not None:
            code = _CODE.match(row.answer)
            evidence = {"code": code[0] if code else "-"}
            raise_anomaly(connection, clock, config, Refusal(row.order_id, rule_id, evidence))
