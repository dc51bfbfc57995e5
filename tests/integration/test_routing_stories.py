"""From what a clerk writes in the files to the decision that `orderhub explain` tells, one story per promise."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import event, text

from orderhub.alerts.watch import look_around
from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.config.store import apply_directory, load_active
from orderhub.db.engine import Database
from orderhub.fulfillment.cutoffs import due_cutoffs, ensure_first_start
from orderhub.fulfillment.run import FulfillCounts, run_fulfillment
from orderhub.operate.explain import explain
from orderhub.quality.correct import Correction, correct
from orderhub.quality.decide import Choice, Decision, decide, holds_of_rule
from orderhub.transform.run import run_transform
from tests.builders import FILES, NOON, Line, Order, put, rows, shops_file, stock

SKUS = "sku_id,name,weight_g,tags\nMUG,马克杯,400,易碎\nTEA,茶叶,200,\nSOFA,沙发,30000,\n"
OTHERS = "  - {id: elsewhere, warehouses: [hangzhou, yiwu], reason: {zh: 其余, en: rest}}\n"
DECIDED = "select order_id, outcome, warehouse_id from core.routing_decisions order by order_id"
DAY = timedelta(days=1)


def rule(when: str, more: str = "", warehouses: str = "[yiwu, hangzhou]") -> str:
    return f"  - {{id: special, when: {when}, warehouses: {warehouses}, reason: {{zh: 特殊, en: special}}{more}}}\n"


@dataclass
class Merchant:
    """A hub whose files a test writes."""

    database: Database
    clock: FixedClock
    folder: Path

    @property
    def active(self) -> MerchantConfig:
        """The files in force."""
        return load_active(self.database)

    def writes(self, **files: str) -> None:
        """Put the files of these tests, with changes, in force: `routing=` is routing.yaml."""
        names = {
            "routing": "routing.yaml",
            "warehouses": "warehouses.yaml",
            "tiers": "tiers.csv",
            "calendar": "calendar.csv",
        }
        given = {names.get(name, name): text for name, text in files.items()}
        whole = {**FILES, "shops.yaml": shops_file(), "skus.csv": SKUS, **given}
        for name, content in whole.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(content, encoding="utf-8")
        apply_directory(self.database, self.clock, self.folder, self.folder / "home", "clerk", force=True)

    def has(self, *orders: Order, **pieces: int) -> None:
        """Put stock and orders."""
        with self.database.engine.begin() as connection:
            stock(connection, **pieces)
            put(connection, *orders)

    def routes(self, later: timedelta = timedelta()) -> FulfillCounts:
        """Run a pass, perhaps later."""
        self.clock.move(later)
        return run_fulfillment(self.database, self.clock, self.active)

    def told(self, number: str = "1001") -> str:
        """What explain says of the decision, in Chinese."""
        return next(s.text for s in explain(self.database, f"tb/{number}").steps if s.what == "routed")


@pytest.fixture
def merchant(database: Database, tmp_path: Path) -> Merchant:
    return Merchant(database, FixedClock(NOON), tmp_path)


@pytest.mark.parametrize(
    ("when", "order", "told"),
    [
        ("{province: [浙江省]}", Order(), "条件 province=浙江省;省市 浙江省 杭州市;"),
        ("{city: [杭州市]}", Order(), "条件 city=杭州市;省市 浙江省 杭州市;"),
        ("{platform: [taobao], shop: [tb]}", Order(), "条件 platform=taobao, shop=tb;平台 taobao、店铺 tb;"),
        ("{sku: [SOFA]}", Order(lines=(Line("SOFA"), Line("MUG"))), "条件 sku=SOFA;商品 SOFA;"),
        ("{tag: [易碎]}", Order(), "条件 tag=易碎;标签 易碎;"),
        ("{amount: {min: 99.50}}", Order(paid_fen=9950), "条件 amount=99.50..;实付 99.50;"),
        ("{weight_g: {max: 800}}", Order(lines=(Line(quantity=2),)), "条件 weight_g=..800;重量(克) 800;"),
        ("{pieces: {min: 2, max: 3}}", Order(lines=(Line(quantity=3),)), "条件 pieces=2..3;件数 3;"),
        ("{tier: [gold]}", Order(customer_id="open-1"), "条件 tier=gold;买家等级 gold;"),
        ("{promotion: [sale]}", Order(promotion_mark="D11-A"), "条件 promotion=sale;大促 sale;"),
        ("{since: 2026-11-23}", Order(), "条件 since=2026-11-23 00:00;付款时间 2026-11-23 11:00;"),
    ],
)  # fmt: skip
def test_an_order_is_routed_by_each_kind_of_condition_and_told_why(
    merchant: Merchant, when: str, order: Order, told: str
):
    sale = (
        '{id: sale, mark: D11, starts_at: "2026-11-01T00:00:00+08:00", ends_at: "2026-12-01T00:00:00+08:00"}'
    )
    merchant.writes(
        **{
            "routing": "tiers: [gold]\nrules:\n" + rule(when) + OTHERS,
            "tiers": "shop_id,customer_id,tier\ntb,open-1,gold\n",
            "checks.yaml": f"memo: {{hold: [a], invoice: [b], no_ship: [c]}}\npromotions: [{sale}]\n",
        }
    )
    merchant.has(order, yiwu__MUG=9, yiwu__SOFA=9, hangzhou__MUG=9)

    merchant.routes()

    assert f"分仓到 yiwu(特殊;{told}yiwu 选中:" in merchant.told()


def test_an_order_that_lacks_what_a_rule_asks_is_never_guessed(merchant: Merchant):
    merchant.writes(routing="rules:\n" + rule("{amount: {min: 99}}") + OTHERS)
    merchant.has(Order(paid_fen=None), hangzhou__MUG=9)

    merchant.routes()

    assert "没有适用的规则(规则 special 要知道实付,订单没有)" == merchant.told()


def test_a_rule_that_holds_asks_a_person_once_and_released_the_order_waits_for_goods(merchant: Merchant):
    merchant.writes(routing="rules:\n" + rule("{}", ", none_can_fill: hold"))
    merchant.has(Order(), yiwu__MUG=0)

    first, again = merchant.routes(), merchant.routes()
    [hold_id] = holds_of_rule(merchant.database, "tb/1001", "no_stock")
    decide(merchant.database, merchant.clock, Decision(hold_id, Choice.RELEASE, "等货", "chief"))
    released = merchant.routes()
    with merchant.database.engine.begin() as connection:
        stock(connection, hangzhou__MUG=5)
    filled = merchant.routes()

    passes = [(c.held, c.out_of_stock, c.allocated) for c in (first, again, released, filled)]
    assert [(1, 1, 0), (0, 0, 0), (0, 1, 0), (0, 0, 1)] == passes
    assert [("closed", {"routing_rule": "special", "short": ["MUG"]})] == rows(
        merchant.database, "select state, evidence from core.anomalies"
    )
    assert [("held", "tb/1001", "没有仓库凑得齐,按分仓规则等人决定")] == rows(
        merchant.database, "select topic, subject, title_zh from ops.alerts"
    )


@pytest.mark.parametrize(("quantity", "held", "allocated"), [(1, 0, 1), (2, 1, 0)])
def test_an_order_that_a_person_corrected_is_tried_again_and_its_hold_ends_or_stays(
    merchant: Merchant, quantity: int, held: int, allocated: int
):
    merchant.writes(routing="rules:\n" + rule("{}", ", none_can_fill: hold"))
    merchant.has(Order(lines=(Line(quantity=3),)), yiwu__MUG=1)
    merchant.routes()
    active = "select count(*) from core.holds where rule_id = 'no_stock' and state = 'active'"
    before = rows(merchant.database, active)
    (line_id,) = rows(merchant.database, "select line_id from core.order_lines")[0]

    given = Correction("tb/1001", "买家少要几件", "li", str(line_id), quantity=quantity)
    correct(merchant.database, merchant.clock, merchant.active, SecretStr("k"), given)
    run_transform(merchant.database, merchant.clock, merchant.active)
    counts = merchant.routes()

    assert ([(1,)], [(held,)], allocated) == (before, rows(merchant.database, active), counts.allocated)


def test_a_backorder_keeps_the_day_it_promised(merchant: Merchant):
    merchant.writes(routing="rules:\n" + rule("{}", ", none_can_fill: backorder, promise_days: 7"))
    merchant.has(Order(lines=(Line(quantity=3),)), yiwu__MUG=1)
    promised = "select outcome, promised_date::text from core.routing_decisions"

    merchant.routes()
    merchant.routes(later=DAY)
    with merchant.database.engine.begin() as connection:
        connection.execute(text("update core.stock set on_hand = 2"))
    merchant.routes(later=DAY)

    told = "select subject from ops.alerts where rule_id = 'backorder_due'"
    look_around(merchant.database, merchant.clock, merchant.active)
    in_time = rows(merchant.database, told)
    merchant.clock.move(5 * DAY)
    look_around(merchant.database, merchant.clock, merchant.active)

    assert ([], [("2026-11-30",)]) == (in_time, rows(merchant.database, told))
    assert [("backorder", "2026-11-30")] == rows(merchant.database, promised)
    assert "缺货预订,承诺 2026-11-30 发货(特殊;yiwu 库存不足:MUG 需 3 可承诺 2" in merchant.told()


def test_the_backup_takes_over_when_stock_is_under_its_safety_threshold(merchant: Merchant):
    merchant.writes(
        routing="rules:\n" + rule("{}", warehouses="[hangzhou]"),
        warehouses="warehouses:\n  - {id: hangzhou, name: 杭州仓, backup: yiwu}\n  - {id: yiwu, name: 义乌仓}\n",
        **{"safety_stock.csv": "warehouse_id,sku_id,quantity\nhangzhou,*,2\n"},
    )
    merchant.has(Order(), hangzhou__MUG=2, yiwu__MUG=5)

    merchant.routes()

    assert (
        "分仓到 yiwu(特殊;hangzhou 库存不足:MUG 需 1 可承诺 0(安全库存留 2);yiwu (hangzhou 的备用仓)选中:MUG 需 1 可承诺 5)"
        == merchant.told()
    )


def test_of_several_goods_those_that_lack_are_marked(merchant: Merchant):
    merchant.writes(routing="rules:\n" + rule("{}", warehouses="[hangzhou]"))
    merchant.has(Order("1001", (Line("CUP", 3), Line("MUG"))), hangzhou__MUG=5, hangzhou__CUP=1)

    merchant.routes()

    assert "CUP 需 3 可承诺 1,缺 2、MUG 需 1 可承诺 5" in merchant.told()


def test_a_bonded_warehouse_takes_no_order_without_customs_fields(merchant: Merchant):
    merchant.writes(
        routing="rules:\n" + rule("{}"),
        warehouses="warehouses:\n  - {id: hangzhou, name: 杭州仓}\n  - {id: yiwu, name: 义乌保税仓, kind: bonded}\n",
    )
    merchant.has(Order(), hangzhou__MUG=5, yiwu__MUG=5)

    merchant.routes()

    assert "分仓到 hangzhou(特殊;yiwu 保税仓,订单没有报关信息;hangzhou 选中" in merchant.told()


def test_a_warehouse_takes_so_many_documents_a_day_and_the_rest_goes_on_tomorrow(merchant: Merchant):
    merchant.writes(
        routing="rules:\n" + rule("{}", warehouses="[hangzhou]"),
        warehouses="warehouses:\n  - {id: hangzhou, name: 杭州仓, daily_orders: 2}\n  - {id: yiwu, name: 义乌仓}\n",
    )
    merchant.has(Order("1"), Order("2"), Order("3"), hangzhou__MUG=9)

    merchant.routes()
    full = merchant.told("3")
    merchant.routes(later=timedelta(hours=11))
    same_day = merchant.told("3")
    merchant.routes(later=timedelta(hours=1))

    assert ["暂时没有仓库可用,等待(特殊;hangzhou 今日已满)"] * 2 == [full, same_day]
    assert "分仓到 hangzhou" in merchant.told("3")


def test_a_document_that_was_cancelled_leaves_its_place_to_another_on_the_same_day(merchant: Merchant):
    merchant.writes(
        routing="rules:\n" + rule("{}", warehouses="[hangzhou]"),
        warehouses="warehouses:\n  - {id: hangzhou, name: 杭州仓, daily_orders: 2}\n  - {id: yiwu, name: 义乌仓}\n",
    )
    merchant.has(Order("1"), Order("2"), Order("3"), hangzhou__MUG=9)
    merchant.routes()
    with merchant.database.engine.begin() as connection:
        connection.execute(text("update core.orders set gate = 'stop' where order_id = 'tb/1'"))

    merchant.routes(later=timedelta(hours=1))

    assert rows(merchant.database, DECIDED)[2] == ("tb/3", "allocated", "hangzhou")


def test_a_closed_warehouse_is_passed_over_on_its_days(merchant: Merchant):
    merchant.writes(
        routing="rules:\n" + rule("{}"),
        calendar="kind,id,from,to,what,comment\nwarehouse,yiwu,2026-11-23,2026-11-23,closed,盘点日\n",
    )
    merchant.has(Order("1"), yiwu__MUG=9, hangzhou__MUG=9)

    merchant.routes()
    merchant.has(Order("2"))
    merchant.routes(later=DAY)

    assert "分仓到 hangzhou(特殊;yiwu 休息;hangzhou 选中" in merchant.told("1")
    assert "分仓到 yiwu" in merchant.told("2")


def test_what_a_warehouse_has_not_been_handed_leaves_from_elsewhere_on_its_closed_days(merchant: Merchant):
    merchant.writes(routing="rules:\n" + OTHERS)
    merchant.has(Order(), hangzhou__MUG=9, yiwu__MUG=9)
    ensure_first_start(merchant.database, merchant.clock)
    merchant.routes()
    merchant.writes(
        routing="rules:\n" + OTHERS,
        calendar="kind,id,from,to,what,comment\nwarehouse,hangzhou,2026-11-24,2026-11-24,closed,\n",
    )

    merchant.routes(later=DAY)
    merchant.clock.move(DAY)
    due = due_cutoffs(merchant.database, merchant.clock, merchant.active)

    assert [("hangzhou", "voided", "warehouse_closed"), ("yiwu", "active", None)] == rows(
        merchant.database, "select warehouse_id, state, resolution from core.reservations order by 1"
    )
    assert [
        "yiwu/20261124T020000Z", "hangzhou/20261125T020000Z", "yiwu/20261125T020000Z",
    ] == [cutoff.cutoff_id for cutoff in due]  # fmt: skip


def test_a_suspended_area_waits_gives_back_what_was_reserved_and_goes_on_by_itself(merchant: Merchant):
    merchant.writes(routing="rules:\n" + OTHERS)
    merchant.has(Order("1"), Order("2", province="广东省", city="广州市"), hangzhou__MUG=9)
    merchant.routes()
    merchant.writes(
        routing="rules:\n" + OTHERS,
        calendar="kind,id,from,to,what,comment\narea,浙江省/杭州市,2026-11-23,2026-11-24,suspended,暴雪停发\n",
    )

    suspended = merchant.routes()
    told = merchant.told("1")
    over = merchant.routes(later=2 * DAY)

    assert (1, 1, 1) == (suspended.suspended, suspended.withdrawn_reservations, over.allocated)
    assert "停发,恢复后继续(浙江省/杭州市 停发到 2026-11-24:暴雪停发)" == told
    assert [("tb/1", "allocated", "hangzhou"), ("tb/2", "allocated", "hangzhou")] == rows(
        merchant.database, DECIDED
    )
    assert [("area_suspended",)] == rows(
        merchant.database, "select resolution from core.reservations where state = 'voided'"
    )


def test_those_served_first_are_the_same_however_the_orders_came(database: Database, merchant: Merchant):
    merchant.writes(
        routing="tiers: [gold, silver]\nrules:\n" + OTHERS,
        tiers="shop_id,customer_id,tier\ntb,open-3,silver\ntb,open-4,gold\n",
    )
    soon = NOON + timedelta(hours=5)
    served = [
        Order("late", customer_id="open-1", ship_by_at=soon, paid_at=NOON),
        Order("gold", customer_id="open-4"),
        Order("silver", customer_id="open-3"),
        Order("early", customer_id="open-1", paid_at=NOON - timedelta(hours=2)),
        Order("1", customer_id="open-1"),
        Order("2", customer_id="open-1"),
    ]
    shuffled = [served[position] for position in (5, 2, 0, 4, 1, 3)]
    merchant.has(*shuffled, hangzhou__MUG=0)

    first = []
    for _ in served:
        with database.engine.begin() as connection:
            connection.execute(text("update core.stock set on_hand = on_hand + 1"))
        merchant.routes()
        taken = {row[0] for row in rows(database, "select order_id from core.reservations")}
        first += sorted(taken - set(first))

    assert [order.order_id for order in served] == first


def test_a_profile_decides_while_it_is_in_force_without_another_apply(merchant: Merchant):
    profile = 'effective: {since: "2026-11-24", until: "2026-11-24"}\nrules:\n' + rule("{}")
    merchant.writes(**{"routing": "rules:\n" + OTHERS, "routing/double11.yaml": profile})
    merchant.has(Order("1"), hangzhou__MUG=9, yiwu__MUG=9)

    merchant.routes()
    merchant.has(Order("2"))
    merchant.routes(later=DAY)
    merchant.has(Order("3"))
    merchant.routes(later=DAY)

    assert [("tb/1", "elsewhere"), ("tb/2", "double11/special"), ("tb/3", "elsewhere")] == rows(
        merchant.database, "select order_id, rule_id from core.routing_decisions order by 1"
    )
    assert "分仓到 yiwu(特殊;" in merchant.told("2")


def test_files_that_come_while_a_pass_decides_are_those_of_the_next_pass(merchant: Merchant):
    merchant.writes(routing="rules:\n" + rule("{}", warehouses="[yiwu]"))
    merchant.has(Order("1"), Order("2"), yiwu__MUG=1, hangzhou__MUG=9)
    before = merchant.active.version
    applied: list[str] = []

    def apply(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "core.routing_decisions" in statement and not applied:
            applied.append(statement)
            merchant.writes(routing="rules:\n" + rule("{}", warehouses="[hangzhou]"))

    event.listen(merchant.database.engine, "before_cursor_execute", apply)
    merchant.routes()
    event.remove(merchant.database.engine, "before_cursor_execute", apply)
    stamped = rows(merchant.database, "select outcome, config_version from core.routing_decisions order by 1")
    merchant.routes(later=timedelta(minutes=10))

    assert merchant.active.version != before
    assert stamped == [("allocated", before), ("out_of_stock", before)]
    assert rows(merchant.database, DECIDED) == [
        ("tb/1", "allocated", "yiwu"),
        ("tb/2", "allocated", "hangzhou"),
    ]


def test_a_changed_order_keeps_its_place_while_the_same_rule_holds(merchant: Merchant):
    merchant.writes(routing="rules:\n" + rule("{amount: {min: 99}}") + OTHERS)
    merchant.has(Order("1", paid_fen=9900), Order("2", paid_fen=9900), hangzhou__MUG=9, yiwu__MUG=9)
    merchant.routes()
    with merchant.database.engine.begin() as connection:
        connection.execute(text("update core.orders set version_id = 'v2', checked_version = 'v2'"))
        connection.execute(text("update core.orders set paid_fen = 9899 where order_id = 'tb/2'"))

    merchant.routes()

    assert [
        ("tb/1@1", "allocated", "yiwu"),
        ("tb/2@1", "cancelled", "yiwu"),
        ("tb/2@2", "allocated", "hangzhou"),
    ] == rows(
        merchant.database,
        "select fulfillment_order_id, state, warehouse_id from core.fulfillment_orders order by 1",
    )


def test_a_closing_is_told_days_before_when_promised_hand_overs_fall_into_it(merchant: Merchant):
    calendar = (
        "kind,id,from,to,what,comment\n"
        "area,浙江省,2026-11-25,2026-11-26,suspended,暴雪\n"
        "warehouse,hangzhou,2026-11-24,2026-11-24,closed,盘点\n"
        "warehouse,hangzhou,2026-11-25,2026-11-25,closed,\n"
        "warehouse,yiwu,2026-11-25,2026-11-25,closed,\n"
    )
    merchant.writes(routing="closing_days: 2\nrules:\n" + OTHERS, calendar=calendar)
    merchant.has(
        Order("1"), Order("2", province="广东省", city="广州市"), Order("3", gate="stop"), hangzhou__MUG=9
    )
    merchant.routes()
    told = "select subject, text_zh from ops.alerts where rule_id = 'closing_ahead' and closed_at is null order by subject desc"

    merchant.clock.move(-DAY)
    look_around(merchant.database, merchant.clock, merchant.active)
    too_early = rows(merchant.database, told)
    merchant.clock.move(DAY)
    look_around(merchant.database, merchant.clock, merchant.active)
    alerts = rows(merchant.database, told)
    (merchant.folder / "calendar.csv").unlink()
    merchant.writes(routing="rules:\n" + OTHERS)
    look_around(merchant.database, merchant.clock, merchant.active)

    ask = "请提前发出、换仓或和买家商量。"
    assert [
        ("warehouse/hangzhou 2026-11-25", f"仓库 hangzhou 休息 11-25 - 11-25,2 个没发出的订单承诺在这几天交运,最早 11-25 12:00:tb/1, tb/2。{ask}"),
        ("area/浙江省 2026-11-25", f"浙江省 停发 11-25 - 11-26(暴雪),1 个没发出的订单承诺在这几天交运,最早 11-25 12:00:tb/1。{ask}"),
    ] == alerts  # fmt: skip
    assert ([], []) == (too_early, rows(merchant.database, told))
