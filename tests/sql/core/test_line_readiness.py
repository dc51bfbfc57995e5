"""A gift goes with what was bought: cases of core.line_readiness."""

import pytest

from orderhub.db.engine import Database
from tests.builders import Line, Order, activate, put, rows

GIFT = Line(sku_id="BAG", kind="gift", line_id="gift")
BLOCKED = "select line_id, blocked_by from core.line_readiness order by line_id"


@pytest.mark.parametrize(
    "bought, expected",
    [
        (("ship",), None),
        (("ship", "wait"), None),
        (("wait",), "gift_without_goods"),
        (("stop", "wait"), "gift_without_goods"),
        ((), "gift_without_goods"),
    ],
)
def test_gift_leaves_only_with_bought_goods(
    database: Database, bought: tuple[str, ...], expected: str | None
):
    lines = [Line(gate=gate, line_id=f"bought{number}") for number, gate in enumerate(bought)]
    with database.engine.begin() as connection:
        activate(connection)
        put(connection, Order(lines=(*lines, GIFT)))

    assert dict(rows(database, BLOCKED))["gift"] == expected
