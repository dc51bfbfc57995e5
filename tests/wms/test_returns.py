"""Goods come back: announced to the WMS, stock again once and only when sellable; in a sheet where there is no WMS."""

import itertools
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import text

from orderhub.alerts.watch import look_around
from orderhub.clock import FixedClock
from orderhub.db.engine import Database
from orderhub.errors import StopError
from orderhub.fulfillment import sync as sync_module
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.stock_sync import Reading
from orderhub.fulfillment.sync import sync_stock
from orderhub.fulfillment.wms.account import Account
from orderhub.fulfillment.wms.mending import resend, settle_doubts
from orderhub.fulfillment.wms.returns import ask_open_returns
from orderhub.fulfillment.wms.stock import read_stock
from orderhub.operate.verify import verify
from tests.builders import NOON, Line, Order, activate, put, rows, shops_file, stock
from tests.wms.conftest import House

CODE = "R-tb-R1-hangzhou"
LINES = "select sku_id, grade, sum(quantity)::int, bool_or(is_counted) from core.return_lines group by 1, 2 order by 1, 2"
MUGS = "select on_hand from core.stock where warehouse_id = 'hangzhou' and sku_id = 'MUG'"
DOUBTS = "select subject, reason from core.shipment_doubts order by 1, 2"
CREATE = "returnorder.create"
REPLACEMENTS = "select subject from ops.alerts where rule_id = 'replacement_due' and closed_at is null"


def after_sale(
    house: House, number: str = "R1", line: str | None = "1", state: str = "open", **given: Any
) -> None:
    """What transform writes of an after-sale of order tb/1; the hub's next pass sees it."""
    values = {
        "id": number,
        "line": line,
        "state": state,
        "kind": given.get("kind", "return"),
        "quantity": given.get("quantity"),
    }
    with house.database.engine.begin() as connection:
        connection.execute(
            text(
                "insert into core.refunds (refund_id, platform, shop_id, platform_refund_id, order_id, platform_line_id, "
                "kind, state, is_terminal, quantity, version_id, merge_key, mapping_version, _load_id, _pass_id, _seen_at) "
                "values ('tb/' || :id, 'taobao', 'tb', :id, 'tb/1', :line, :kind, :state, false, :quantity, 'v', 'k', "
                "'m', 1, 1, :now)"
            ),
            {**values, "now": NOON},
        )
    run_fulfillment(house.database, house.clock, house.active)


def shipped(house: House, **more: Any) -> None:
    """One order of two mugs and a cup has left Hangzhou: 18 mugs lie there."""
    house.open(orders=1, **more)
    house.deliver()
    house.clock.move(timedelta(minutes=1))
    house.ship_all()
    house.confirm()
    house.clock.move(timedelta(minutes=1))


def came(house: House, good: int, defective: int = 0, item: str = "MUG") -> None:
    house.clock.move(timedelta(minutes=1))
    house.wms.ledger.receive(CODE, item, good, defective, house.clock.now())


def ask(house: House) -> Any:
    return ask_open_returns(house.database, house.clock, house.account)


def sync(house: House) -> None:
    house.clock.move(timedelta(minutes=1))
    sync_stock(house.database, house.clock, house.settings, house.active)


def clean(house: House) -> list[tuple[str, ...]]:
    return [r.violations for r in verify(house.database) if r.violations]


@pytest.mark.parametrize(
    "trouble",
    [
        [],
        [{"kind": "drop", "method": CREATE}],
        [{"kind": "silent", "method": CREATE}],
        [{"kind": "exists", "method": CREATE}],
        [{"kind": "twice", "method": CREATE}],
    ],
)
def test_a_return_is_announced_once_and_its_sellable_pieces_are_stock_once(
    house: House, trouble: list[dict[str, Any]]
):
    shipped(house)
    house.plan(*trouble)
    after_sale(house)
    for _ in range(3):
        house.deliver()
        house.clock.move(timedelta(minutes=31))
    came(house, 1, 1)

    first, second = ask(house), ask(house)

    assert (first.sellable, first.defect, second.sellable, second.defect) == (1, 1, 0, 0)
    assert rows(house.database, MUGS) == [(19,)]
    assert rows(house.database, "select delta from core.stock_ledger where reason = 'returned'") == [(1,)]
    assert rows(house.database, "select state, wms_return_id is not null from core.returns") == [
        ("received", True)
    ]
    assert {code: dict(one.planned) for code, one in house.wms.ledger.returns.items()} == {CODE: {"MUG": 2}}
    assert clean(house) == []


def slow_reading(database: Database, clock: FixedClock, account: Account) -> Reading:
    """A whole catalog takes its time."""
    reading = read_stock(database, clock, account)
    clock.move(timedelta(seconds=5))
    return reading


def test_a_return_confirmed_by_a_clock_that_is_ahead_is_stock_once(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    shipped(house)
    after_sale(house)
    house.deliver()
    house.wms.ledger.receive(CODE, "MUG", 2, 0, house.clock.now() + timedelta(hours=8))
    monkeypatch.setattr(sync_module, "read_stock", slow_reading)
    sync(house)
    first = rows(house.database, MUGS)
    sync(house)

    assert (first, rows(house.database, MUGS)) == ([(20,)], [(20,)])
    assert clean(house) == []


def test_defects_never_sell(house: House):
    shipped(house)
    after_sale(house)
    house.deliver()
    came(house, 0, 2)
    sync(house)
    sync(house)

    assert rows(house.database, LINES) == [("MUG", "defect", 2, False)]
    assert rows(house.database, MUGS) == [(18,)]


def test_a_figure_that_holds_the_return_already_is_not_raised_by_it(house: House):
    shipped(house)
    after_sale(house)
    house.deliver()
    house.plan({"kind": "status", "method": "returnorder.query", "times": 9})
    came(house, 2)
    sync(house)
    figure = rows(house.database, MUGS)

    house.plan()
    ask(house)
    sync(house)

    assert (figure, rows(house.database, MUGS)) == ([(20,)], [(20,)])
    assert rows(house.database, LINES) == [("MUG", "sellable", 2, True)]
    assert clean(house) == []


def test_what_comes_in_two_parcels_is_stock_as_it_comes(house: House):
    shipped(house)
    after_sale(house)
    house.deliver()
    came(house, 1)
    ask(house)
    came(house, 1)
    ask(house)

    assert rows(house.database, MUGS) == [(20,)]
    assert rows(house.database, "select confirmation_id from core.return_lines order by 1") == [
        ("total:1",),
        ("total:2",),
    ]


def test_what_leaves_after_a_return_has_ended_comes_back_too(house: House):
    shipped(house)
    after_sale(house, line=None)
    with house.database.engine.begin() as connection:
        connection.execute(text("update core.returns set state = 'received'"))
        connection.execute(text("update core.refunds set state = 'refunded'"))
    house.clock.move(timedelta(minutes=1))
    run_fulfillment(house.database, house.clock, house.active)
    ended = rows(house.database, "select return_id from core.returns")
    with house.database.engine.begin() as connection:
        connection.execute(
            text(
                "insert into core.shipments values ('late', 'tb/1@1', 'tb/1', 'yiwu', 'ZTO', 'late', null, 'file', :now, :now)"
            ),
            {"now": house.clock.now()},
        )
        connection.execute(
            text(
                "insert into core.shipment_lines values ('late', 'tb/1', '2', 'tb/1@1', 'yiwu', 'CUP', 1, false)"
            )
        )

    run_fulfillment(house.database, house.clock, house.active)

    assert ended == [("tb/R1@hangzhou",)]
    assert rows(house.database, "select return_id from core.returns order by 1") == [
        ("tb/R1@hangzhou",),
        ("tb/R1@yiwu",),
    ]


def test_more_than_was_announced_is_a_doubt_and_no_stock(house: House):
    shipped(house)
    after_sale(house, quantity=1)
    house.deliver()
    came(house, 2)

    ask(house)

    assert rows(house.database, MUGS) == [(19,)]
    assert rows(house.database, DOUBTS) == [(CODE, "excess_return")]


@pytest.mark.slow
def test_a_doubt_that_a_person_closed_opens_again_when_there_is_more_of_it(house: House):
    figures = "select (evidence ->> 'excess')::int, resolved_at is null from core.shipment_doubts"
    shipped(house)
    after_sale(house)
    house.deliver()
    came(house, 1, item="CUP")
    ask(house)
    settle_doubts(house.database, house.clock, CODE, "clerk", "买家寄错了")
    ask(house)
    same = rows(house.database, figures)

    came(house, 1, item="CUP")
    ask(house)

    assert (same, rows(house.database, figures)) == ([(1, False)], [(2, True)])


@pytest.mark.parametrize(
    "given", [{"kind": "refund"}, {"kind": "money"}, {"state": "withdrawn"}, {"line": "2"}]
)
def test_nothing_comes_back_of_what_the_buyer_keeps_or_never_got(house: House, given: dict[str, Any]):
    house.open(orders=1)
    house.deliver()
    house.clock.move(timedelta(minutes=1))
    house.wms.ledger.ship("tb-1-1", house.clock.now(), {"MUG": 2})
    house.confirm()

    after_sale(house, **given)

    assert rows(house.database, "select count(*) from core.returns") == [(0,)]


def test_a_shop_that_makes_none_is_told_when_the_goods_of_an_exchange_came_back(house: House):
    shipped(
        house, more={"shops.yaml": shops_file().replace("on_stale", "replacements: 'off'\n    on_stale", 1)}
    )
    after_sale(house, kind="exchange")
    house.deliver()
    look_around(house.database, house.clock, house.active)
    before = rows(house.database, REPLACEMENTS)
    came(house, 2)
    ask(house)

    house.clock.move(timedelta(minutes=31))
    look_around(house.database, house.clock, house.active)
    told = rows(house.database, REPLACEMENTS)
    with house.database.engine.begin() as connection:
        connection.execute(text("update core.refunds set state = 'refunded'"))
    look_around(house.database, house.clock, house.active)

    assert (before, told, rows(house.database, REPLACEMENTS)) == ([], [("tb/R1",)], [])


SAVED = itertools.count()


def drop(folder: Path, now: datetime, *lines: tuple[object, ...], name: str = "returns.xlsx") -> None:
    """Save a sheet; never the same bytes twice, as a clerk's program does it."""
    book = Workbook()
    book.properties.title = str(next(SAVED))
    for line in lines:
        book.active.append(line)
    folder.mkdir(parents=True, exist_ok=True)
    book.save(folder / name)
    os.utime(folder / name, (now.timestamp(), now.timestamp()))


def test_a_warehouse_without_a_wms_says_it_in_a_sheet_once(house: House):
    with house.database.engine.begin() as connection:
        house.config = activate(connection)
        stock(connection, hangzhou__MUG=20)
        put(connection, Order("1", (Line(quantity=2),)))
    house.close()
    house.clock.move(timedelta(minutes=30))
    folder = house.settings.drop / "warehouses" / "hangzhou"
    drop(
        folder,
        house.clock.now(),
        ("平台订单号", "快递公司", "运单号"),
        ("1", "ZTO", "785001"),
        name="tracking.xlsx",
    )
    sync(house)
    after_sale(house)
    sheet = (("售后单号", "商品编码", "数量", "品级"), ("R1", "MUG", "1", "良品"), ("R1", "MUG", "1", "残次"))

    house.clock.move(timedelta(minutes=5))
    drop(folder, house.clock.now(), *sheet)
    sync(house)
    drop(folder, house.clock.now(), *sheet)
    sync(house)
    drop(
        folder,
        house.clock.now(),
        sheet[0],
        ("R9", "MUG", "1", "良品"),
        ("R1", "MUG", "1", "还行"),
        name="退货2.xlsx",
    )
    sync(house)

    assert rows(house.database, LINES) == [("MUG", "defect", 1, False), ("MUG", "sellable", 1, False)]
    assert rows(house.database, MUGS) == [(19,)]
    assert rows(house.database, DOUBTS) == [("R9", "unannounced_return")]
    assert any("品级" in report.read_text("utf-8-sig") for report in folder.rglob("退货2*.report.txt"))
    assert clean(house) == []


def test_a_return_that_a_sheet_names_by_its_after_sale_and_by_its_order_is_one(house: House):
    shipped(house)
    after_sale(house)
    with house.database.engine.begin() as connection:
        house.config = activate(connection)
    sheet = (("售后单号", "商品编码", "数量", "品级"), ("R1", "MUG", "1", "良品"), ("1", "MUG", "1", "良品"))
    house.clock.move(timedelta(minutes=1))
    drop(house.settings.drop / "warehouses" / "hangzhou", house.clock.now(), *sheet)

    sync(house)

    assert rows(house.database, LINES) == [("MUG", "sellable", 2, False)]
    assert rows(house.database, MUGS) == [(20,)]


def replan(house: House, quantity: int) -> None:
    with house.database.engine.begin() as connection:
        connection.execute(text(f"update core.refunds set quantity = {quantity}"))
    house.clock.move(timedelta(minutes=1))
    run_fulfillment(house.database, house.clock, house.active)
    house.deliver()


def test_a_return_that_changed_is_told_again_and_people_are_told_where_the_wms_keeps_the_old_one(
    house: House,
):
    shipped(house)
    after_sale(house, quantity=1)
    house.deliver()
    replan(house, 2)
    replan(house, 2)

    assert house.wms.calls[CREATE] == 2
    assert rows(house.database, "select subject, reason, evidence from core.shipment_doubts") == [
        (CODE, "changed_return", {"MUG": 2})
    ]
    assert rows(house.database, "select state, planned from core.returns") == [("accepted", {"MUG": 2})]


@pytest.mark.parametrize("line", ["1", pytest.param(None, marks=pytest.mark.slow)])
def test_a_plan_that_shrinks_below_what_came_is_what_came_and_is_over(house: House, line: str | None):
    shipped(house)
    after_sale(house, line=line)
    house.deliver()
    came(house, 2)
    ask(house)

    with house.database.engine.begin() as connection:
        connection.execute(text("update core.refunds set platform_line_id = '1', quantity = 1"))
    run_fulfillment(house.database, house.clock, house.active)

    assert rows(house.database, "select state, received_at is not null, planned from core.returns") == [
        ("received", True, {"MUG": 2})
    ]
    assert rows(house.database, MUGS) == [(20,)]
    assert clean(house) == []


def test_who_got_half_of_a_line_sends_all_of_it_back(house: House):
    shipped(house)
    with house.database.engine.begin() as connection:
        connection.execute(text("update core.order_lines set quantity = 4 where line_id = '1'"))

    after_sale(house, quantity=2)

    assert rows(house.database, "select planned from core.returns") == [({"MUG": 2},)]


def test_more_that_comes_back_after_all_that_was_announced_is_stock_too(house: House):
    shipped(house)
    after_sale(house, quantity=1)
    house.deliver()
    came(house, 1)
    ask(house)
    replan(house, 2)
    came(house, 1)

    ask(house)

    assert rows(house.database, MUGS) == [(20,)]
    assert rows(house.database, "select state from core.returns") == [("received",)]
    assert clean(house) == []


def test_a_return_that_its_wms_refuses_is_told_and_handed_over_again(house: House):
    told = "select subject, closed_at is null from ops.alerts where rule_id = 'wms_refused_return'"
    shipped(house)
    after_sale(house)
    with house.database.engine.begin() as connection:
        connection.execute(text("update core.returns set state = 'refused', answer = '单据类型未启用'"))
    house.deliver()
    look_around(house.database, house.clock, house.active)
    before = rows(house.database, told)

    resend(house.database, house.clock, CODE, "clerk")
    house.deliver()
    look_around(house.database, house.clock, house.active)

    assert (before, rows(house.database, told)) == ([(CODE, True)], [(CODE, False)])
    assert rows(house.database, "select state from core.returns") == [("accepted",)]
    assert CODE in house.wms.ledger.returns
    with pytest.raises(StopError, match="not refused"):
        resend(house.database, house.clock, CODE, "clerk")
