"""JD's refunds before shipping name an amount and no goods: a part waits for a person, parts that are all of it do not."""

from pathlib import Path

from orderhub.db.engine import Database
from sandbox.world.after_sales import apply_for, move, rest_of
from sandbox.world.model import AfterSaleKind, AfterSaleState, Order
from tests.builders import rows
from tests.stories.day import Day, opened_day

BLOCKED = "select line_id, coalesce(blocked_by, 'ships') from core.line_readiness order by 1"
PROMISED = "select sum(reserved)::int from core.stock"
ASKED = "select count(*) from core.holds where rule_id = 'partial_refund' and state = 'active'"


def refund_line(day: Day, order: Order, place: int) -> None:
    """Refund one line of an order whose platform goes on calling it one to ship."""
    state, now = order.state, day.box.platform_clock.now()
    asked = apply_for(order, AfterSaleKind.REFUND_ONLY, [rest_of(order, order.lines[place])], now)
    move(order, asked, AfterSaleState.REFUNDED, now)
    order.state, order.ended_at = state, None
    day.box.world._enter(order)
    day.work()


def test_two_refunds_that_together_are_all_of_a_jd_order_stop_it_before_anybody_decides(
    database: Database, tmp_path: Path
):
    with opened_day(database, tmp_path, "jd") as day:
        day.lay_in("hangzhou", MG_012=5, CB_016=5)
        order = day.buy("MG-012", "CB-016")
        day.work()
        promised = rows(database, PROMISED)

        refund_line(day, order, 0)
        in_part = {state for _, state in rows(database, BLOCKED)}, rows(database, ASKED)
        refund_line(day, order, 1)

        assert (promised, in_part) == ([(2,)], ({"line_waits"}, [(2,)]))
        assert {state for _, state in rows(database, BLOCKED)} == {"line_stopped"}
        assert (rows(database, ASKED), rows(database, PROMISED)) == ([(0,)], [(0,)])
