"""Warehouses close beside one another; what two lists decide together is as if they had closed in turn."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import OperationalError

from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.db.document_locks import CLOSE_BESIDE, DOCUMENTS_FIRST, LOCK_DOCUMENTS
from orderhub.db.engine import Database
from orderhub.fulfillment import close as close_module
from orderhub.fulfillment.close import ClosedManifest, close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.manifest_desk import void_manifest
from orderhub.fulfillment.run import run_fulfillment
from orderhub.settings import Settings
from tests.builders import NOON, Line, Order, activate, put, rows, stock
from tests.integration.waiting import wait_until

RULES = """\
rules:
  - {id: anywhere, warehouses: [hangzhou, yiwu], split_from: "0.00", reason: {zh: 都行, en: anywhere}}
"""
PARTED = (Line("MUG", 2), Line("CUP", 1, title="杯子"))
AT_THE_DOOR = "update core.orders set payment_state = 'cod_accepted', freight_fen = 600"
COLLECTED = "select order_id, sum(cod_fen)::int, count(*) from core.fulfillment_orders group by 1 order by 1"
LISTED = "select manifest_id, order_id, line_id from core.manifest_lines order by 1, 2, 3"
AT = "20261123T040000Z"
#: Somebody waits for documents to stand still.
WAITING = "exists (select from pg_locks where relation = 'core.fulfillment_orders'::regclass and not granted)"
SOMEBODY_WAITS = (
    "exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"
)
YIWU_CLOSED = "exists (select from ops.cutoffs where warehouse_id = 'yiwu' and state = 'closed')"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


def say(database: Database, *statements: str) -> None:
    with database.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def arrange(database: Database, clock: FixedClock, *orders: Order, **pieces: int) -> MerchantConfig:
    """Promise `orders` from two warehouses whose extra cut-offs are due."""
    with database.engine.begin() as connection:
        config = activate(connection, more={"routing.yaml": RULES})
        stock(connection, **pieces)
        put(connection, *orders)
    run_fulfillment(database, clock, config)
    return config


def ask(database: Database, clock: FixedClock, config: MerchantConfig) -> None:
    for warehouse in ("hangzhou", "yiwu"):
        request_extra(database, clock, config, warehouse, "test")


def close(database: Database, clock: FixedClock, config: MerchantConfig) -> list[ClosedManifest]:
    ask(database, clock, config)
    return close_due(database, clock, config, {})


@contextmanager
def closing_elsewhere(
    database: Database, clock: FixedClock, config: MerchantConfig
) -> Iterator[threading.Thread]:
    """Let another thread close what is due while a closing of somebody else is not over."""
    closer = threading.Thread(target=close_due, args=(database, clock, config, {}))
    with database.engine.begin() as elsewhere:
        elsewhere.execute(CLOSE_BESIDE)
        closer.start()
        yield closer
    closer.join(30)


def test_a_closing_does_not_wait_for_another_one_that_decides_nothing_of_it(
    database: Database, clock: FixedClock
):
    orders = Order("1", (Line("MUG"),)), Order("2", (Line("CUP"),)), Order("3", PARTED)
    config = arrange(database, clock, *orders, hangzhou__MUG=9, yiwu__CUP=9)
    ask(database, clock, config)

    with closing_elsewhere(database, clock, config) as closer:
        closer.join(10)
        closed = rows(database, "select warehouse_id, state from ops.cutoffs order by 1")

    assert closed == [("hangzhou", "closed"), ("yiwu", "closed")]


def test_an_order_that_is_collected_at_two_doors_waits_for_every_other_closing(
    database: Database, clock: FixedClock
):
    config = arrange(database, clock, Order("1", PARTED, paid_fen=10_601), hangzhou__MUG=2, yiwu__CUP=1)
    say(database, AT_THE_DOOR)
    ask(database, clock, config)

    with closing_elsewhere(database, clock, config):
        wait_until(database, WAITING)
        before = rows(database, "select count(*) from core.manifests")

    assert before == [(0,)]
    assert rows(database, COLLECTED) == [("tb/1", 10_601, 2)]


def test_what_two_sessions_close_at_once_is_collected_once_and_listed_once(
    database: Database, clock: FixedClock
):
    orders = [Order(str(number), PARTED, paid_fen=10_601) for number in range(20)]
    config = arrange(database, clock, *orders, hangzhou__MUG=40, yiwu__CUP=20)
    say(database, AT_THE_DOOR)
    ask(database, clock, config)
    start = threading.Barrier(2)

    def race() -> None:
        start.wait(10)
        close_due(database, clock, config, {})

    other = threading.Thread(target=race)
    other.start()
    race()
    other.join(30)

    assert rows(database, COLLECTED) == sorted((order.order_id, 10_601, 2) for order in orders)
    assert rows(
        database, "select count(*), count(distinct (order_id, line_id)) from core.manifest_lines"
    ) == [(40, 40)]


def test_two_cut_offs_of_one_warehouse_that_two_sessions_close_list_each_order_once(
    database: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    orders = Order("1", (Line("MUG"),)), Order("2", (Line("CUP"),))
    config = arrange(database, clock, *orders, hangzhou__MUG=9, yiwu__CUP=9)
    ask(database, clock, config)
    fix_amounts, is_written = close_module.fix_amounts, threading.Event()

    def fix_and_wait(connection: Connection, manifest_id: str, *, is_shadow: bool) -> None:
        fix_amounts(connection, manifest_id, is_shadow=is_shadow)
        if manifest_id == f"hangzhou/{AT}":
            is_written.set()
            wait_until(database, SOMEBODY_WAITS)

    monkeypatch.setattr(close_module, "fix_amounts", fix_and_wait)
    first = threading.Thread(target=close_due, args=(database, clock, config, {}))
    first.start()
    is_written.wait(10)
    wait_until(database, YIWU_CLOSED)
    clock.move(timedelta(seconds=1))

    second = close(database, clock, config)
    first.join(30)

    assert [(one.manifest_id, one.order_count) for one in second] == [
        ("hangzhou/20261123T040001Z", 0),
        ("yiwu/20261123T040001Z", 0),
    ]
    assert rows(database, LISTED) == [(f"hangzhou/{AT}", "tb/1", "1"), (f"yiwu/{AT}", "tb/2", "1")]


def test_rows_of_a_file_that_change_while_another_list_takes_a_part_follow_it_no_more(
    database: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    order = Order("1", PARTED, shop_id="group", platform="spreadsheet")
    config = arrange(database, clock, order, hangzhou__MUG=2, yiwu__CUP=1)
    say(database, "update core.shops set is_pulled = false where shop_id = 'group'")
    fix, refuse = close_module._Closing._fix, close_module._Closing._refuse_together
    yiwu_asked, hangzhou_judged = threading.Event(), threading.Event()

    def fix_after_change(closing: close_module._Closing, *given: object, **named: bool) -> ClosedManifest:
        if closing.cutoff.warehouse_id == "hangzhou" and not closing.is_alone:
            yiwu_asked.wait(10)
            say(database, "update core.orders set version_id = 'v2', checked_version = 'v2'")
        return fix(closing, *given, **named)

    def refuse_in_turn(closing: close_module._Closing) -> None:
        if closing.cutoff.warehouse_id == "hangzhou":
            hangzhou_judged.set()
            wait_until(database, YIWU_CLOSED)
        refuse(closing)
        yiwu_asked.set()
        hangzhou_judged.wait(10)

    monkeypatch.setattr(close_module._Closing, "_fix", fix_after_change)
    monkeypatch.setattr(close_module._Closing, "_refuse_together", refuse_in_turn)

    closed = close(database, clock, config)

    assert [(one.warehouse_id, one.order_count, dict(one.left_out)) for one in closed] == [
        ("hangzhou", 0, {"changed_after_manifest": 1}),
        ("yiwu", 1, {}),
    ]


def test_rows_of_a_file_that_changed_follow_no_part_that_another_list_takes(
    database: Database, clock: FixedClock
):
    order = Order("1", PARTED, shop_id="group", platform="spreadsheet")
    config = arrange(database, clock, order, hangzhou__MUG=2, yiwu__CUP=1)
    say(
        database,
        "update core.shops set is_pulled = false where shop_id = 'group'",
        "update core.orders set version_id = 'v2', checked_version = 'v2'",
    )

    closed = close(database, clock, config)

    assert [(one.warehouse_id, one.order_count, dict(one.left_out)) for one in closed] == [
        ("hangzhou", 1, {}),
        ("yiwu", 0, {"changed_after_manifest": 1}),
    ]


def test_a_part_of_a_bundle_that_came_later_follows_no_part_that_another_list_takes(
    database: Database, clock: FixedClock
):
    bundle = Line("SET", kind="bundle", line_id="1"), Line("MUG", line_id="1~p1")
    config = arrange(database, clock, Order("1", bundle), hangzhou__MUG=2, yiwu__CUP=1)
    say(
        database,
        "insert into core.order_lines (order_id, line_id, line_no, sku_id, title, kind, quantity, refund_state, gate) "
        "values ('tb/1', '1~p2', 3, 'CUP', '杯子', 'goods', 1, 'none', 'ship')",
        "update core.order_lines set parent_line_id = '1' where line_id like '1~p%'",
    )
    run_fulfillment(database, clock, config)

    closed = close(database, clock, config)

    assert [(one.warehouse_id, one.order_count, dict(one.left_out)) for one in closed] == [
        ("hangzhou", 1, {}),
        ("yiwu", 0, {"changed_after_manifest": 1}),
    ]


def test_a_warehouse_that_has_to_wait_closes_its_cut_offs_in_their_order(
    database: Database, clock: FixedClock
):
    config = arrange(database, clock, Order("1", PARTED, paid_fen=10_601), hangzhou__MUG=2, yiwu__CUP=1)
    say(database, AT_THE_DOOR)
    ask(database, clock, config)
    clock.move(timedelta(seconds=1))

    closed = close(database, clock, config)

    assert [(one.manifest_id, one.order_count) for one in closed] == [
        (f"hangzhou/{AT}", 1), (f"yiwu/{AT}", 1),
        ("hangzhou/20261123T040001Z", 0), ("yiwu/20261123T040001Z", 0),
    ]  # fmt: skip


KILLED = """
import os, signal, threading
from orderhub.clock import FixedClock
from orderhub.config.store import load_active
from orderhub.db.engine import Database
from orderhub.fulfillment import close
from tests.builders import NOON

both, fix = threading.Barrier(2), close.fix_amounts
def fix_and_die(connection, manifest_id, **named):
    fix(connection, manifest_id, **named)
    both.wait(10)
    os.kill(os.getpid(), signal.SIGKILL)
close.fix_amounts = fix_and_die
close.close_due(Database(os.environ["URL"]), FixedClock(NOON), load_active(Database(os.environ["URL"])), {})
"""
#: The server has noticed that the killed client is gone; until then that holds its leases.
GONE = """not exists (
    select from ops.cutoffs l join pg_stat_activity a on a.pid = l.holder_pid)"""


def test_a_worker_killed_while_two_warehouses_close_leaves_neither_half(
    database: Database, clock: FixedClock
):
    orders = Order("1", (Line("MUG"),)), Order("2", (Line("CUP"),)), Order("3", PARTED)
    config = arrange(database, clock, *orders, hangzhou__MUG=9, yiwu__CUP=9)
    ask(database, clock, config)
    url = database.engine.url.render_as_string(hide_password=False)

    died = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED)],
        env={"URL": url, "PATH": "", "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=Path(__file__).parents[2],
        check=False,
    )
    wait_until(database, GONE)
    left = rows(database, LISTED), rows(database, "select distinct state from core.fulfillment_orders")
    closed = close(database, clock, config)

    assert died.returncode == -signal.SIGKILL
    assert left == ([], [("allocated",)])
    assert [(one.warehouse_id, one.order_count, one.line_count) for one in closed] == [
        ("hangzhou", 2, 2),
        ("yiwu", 2, 2),
    ]


@pytest.mark.parametrize("locks", [DOCUMENTS_FIRST, LOCK_DOCUMENTS])
def test_nobody_promises_posts_or_ends_anything_while_warehouses_close_beside_one_another(
    database: Database, locks: TextClause
):
    with database.engine.begin() as elsewhere:
        elsewhere.execute(CLOSE_BESIDE)

        with pytest.raises(OperationalError, match="lock timeout"), database.engine.begin() as connection:
            connection.execute(text(f"set local lock_timeout = '50ms'; {locks.text}"))


def test_what_a_void_list_had_of_a_file_that_changed_makes_no_closing_wait_for_others(
    database: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    settings = Settings(home=tmp_path, database_url=SecretStr("x"), hash_key=SecretStr("x"))
    orders = [
        Order(number, (Line(sku),), shop_id="group", platform="spreadsheet")
        for number, sku in (("1", "MUG"), ("2", "CUP"))
    ]
    config = arrange(database, clock, *orders, hangzhou__MUG=2, yiwu__CUP=2)
    say(database, "update core.shops set is_pulled = false where shop_id = 'group'")
    close(database, clock, config)
    void_manifest(database, clock, settings, f"hangzhou/{AT}", "li", "打错了")
    say(
        database,
        "update core.orders set version_id = 'v2', checked_version = 'v2' where order_id = 'group/1'",
    )
    run_fulfillment(database, clock, config)
    clock.move(timedelta(minutes=1))
    alone: list[str] = []
    fix = close_module._Closing._fix

    def noted(closing: close_module._Closing, *given: object, **named: bool) -> ClosedManifest:
        alone.extend([closing.cutoff.warehouse_id] * closing.is_alone)
        return fix(closing, *given, **named)

    monkeypatch.setattr(close_module._Closing, "_fix", noted)

    closed = close(database, clock, config)

    assert {one.warehouse_id: one.order_count for one in closed} == {"hangzhou": 1, "yiwu": 0}
    assert alone == []
