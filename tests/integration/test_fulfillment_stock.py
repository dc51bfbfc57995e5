import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from orderhub.clock import FixedClock
from orderhub.db.copy import copy_rows
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.errors import ConfigError, LeaseTaken, StockTaken
from orderhub.fulfillment import reserve as reserve_module
from orderhub.fulfillment import run as run_module
from orderhub.fulfillment.freeze import freeze_stock, thaw_stock
from orderhub.fulfillment.reserve import take_stock
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.stock import import_stock
from orderhub.operate.verify import verify
from tests.builders import NOON, Line, Order, activate, put, rows, stock
from tests.integration.waiting import wait_until

WORKERS, TRIES, PIECES = 8, 10, 40


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


def count_file(folder: Path, *lines: str) -> Path:
    file = folder / "stock.csv"
    file.write_text(
        "warehouse_id,sku_id,on_hand\n" + "".join(f"{line}\n" for line in lines), encoding="utf-8"
    )
    return file


def test_a_count_becomes_on_hand_through_the_ledger(database: Database, clock: FixedClock, tmp_path: Path):
    with database.engine.begin() as connection:
        activate(connection)

    first = import_stock(database, clock, count_file(tmp_path, "hangzhou,MUG,10", "yiwu,MUG,0"), "clerk")
    second = import_stock(database, clock, count_file(tmp_path, "hangzhou,MUG,7", "yiwu,MUG,0"), "clerk")

    assert (first.changed, second.changed) == (2, 1)
    assert rows(database, "select warehouse_id, delta, reason from core.stock_ledger order by entry_id") == [
        ("hangzhou", 10, "opening"),
        ("yiwu", 0, "opening"),
        ("hangzhou", -3, "count"),
    ]
    assert rows(database, "select warehouse_id, on_hand from core.stock order by 1") == [
        ("hangzhou", 7),
        ("yiwu", 0),
    ]


def test_the_same_file_twice_changes_nothing(database: Database, clock: FixedClock, tmp_path: Path):
    with database.engine.begin() as connection:
        activate(connection)
    file = count_file(tmp_path, "hangzhou,MUG,10")
    import_stock(database, clock, file, "clerk")
    before = rows(database, "select xmin::text, * from core.stock")

    again = import_stock(database, clock, file, "clerk")

    assert again.changed == 0
    assert before == rows(database, "select xmin::text, * from core.stock")
    assert rows(database, "select count(*) from ops.audit") == [(1,)]


def test_the_same_figure_counted_later_is_as_young_as_its_count(
    database: Database, clock: FixedClock, tmp_path: Path
):
    with database.engine.begin() as connection:
        activate(connection)
    file = count_file(tmp_path, "hangzhou,MUG,10")
    import_stock(database, clock, file, "clerk")
    clock.move(timedelta(hours=3))

    again = import_stock(database, clock, file, "clerk")

    assert again.changed == 0
    assert rows(database, "select on_hand, counted_at from core.stock") == [(10, NOON + timedelta(hours=3))]
    assert rows(database, "select count(*) from core.stock_ledger") == [(1,)]


def test_an_earlier_count_may_come_back(database: Database, clock: FixedClock, tmp_path: Path):
    with database.engine.begin() as connection:
        activate(connection)
    for figure in (10, 7, 10):
        import_stock(database, clock, count_file(tmp_path, f"hangzhou,MUG,{figure}"), "clerk")
        clock.move(timedelta(minutes=1))

    assert rows(database, "select on_hand, (select sum(delta) from core.stock_ledger) from core.stock") == [
        (10, 10)
    ]


def test_fewer_pieces_than_promised_are_refused_by_name(
    database: Database, clock: FixedClock, tmp_path: Path
):
    with database.engine.begin() as connection:
        config = activate(connection)
        stock(connection, hangzhou__MUG=10)
        put(connection, Order("1", (Line(quantity=6),)))
    run_fulfillment(database, clock, config)

    counts = import_stock(database, clock, count_file(tmp_path, "hangzhou,MUG,5", "yiwu,MUG,9"), "clerk")

    assert counts.refused == (
        "hangzhou MUG: counted 5, but 6 are promised to orders; recount, or cancel orders first",
    )
    assert rows(database, "select on_hand from core.stock order by 1") == [(9,), (10,)]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("hangzou,MUG,1", "stock.csv:2: warehouse_id: 'hangzou' does not exist"),
        ("hangzhou,MUG,1.5", "on_hand: '1.5' is not a whole number"),
        ("hangzhou,MUG,-1", "on_hand: '-1' is not a whole number"),
        ("hangzhou,,1", "sku_id: '' must be given"),
        ("", "no row under the header; a count names its SKUs, one a line"),
    ],
)
def test_a_wrong_row_refuses_the_file(
    database: Database, clock: FixedClock, tmp_path: Path, line: str, complaint: str
):
    with database.engine.begin() as connection:
        activate(connection)

    with pytest.raises(ConfigError, match=complaint):
        import_stock(database, clock, count_file(tmp_path, line), "clerk")

    assert rows(database, "select * from core.stock") == []


def want(connection: Connection, pieces: int) -> None:
    connection.execute(
        text(
            "create temporary table wanted_stock (warehouse_id text, sku_id text, pieces bigint) on commit drop"
        )
    )
    copy_rows(connection, "wanted_stock", ("warehouse_id", "sku_id", "pieces"), [("hangzhou", "MUG", pieces)])


def guarded(connection: Connection) -> None:
    want(connection, 1)
    take_stock(connection)


def read_then_write(connection: Connection) -> None:
    """The planted bug: what was read may be gone when it is written."""
    free = connection.execute(text("select on_hand - reserved from core.stock")).scalar_one()
    connection.execute(text("select pg_sleep(0.002)"))
    if free < 1:
        raise StockTaken
    connection.execute(text("update core.stock set reserved = :reserved"), {"reserved": PIECES - free + 1})


def grant_in_parallel(database: Database, take: Callable[[Connection], None]) -> int:
    """Let all workers take one piece at a time, and return how many were granted."""
    granted = []

    def work() -> None:
        for _ in range(TRIES):
            try:
                with database.engine.begin() as connection:
                    take(connection)
                granted.append(1)
            except StockTaken:
                continue

    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(granted)


def test_parallel_workers_never_promise_more_than_there_is(database: Database):
    with database.engine.begin() as connection:
        stock(connection, hangzhou__MUG=PIECES)

    assert grant_in_parallel(database, guarded) == PIECES
    assert rows(database, "select reserved from core.stock") == [(PIECES,)]


def test_the_same_contest_catches_read_then_write(database: Database):
    with database.engine.begin() as connection:
        stock(connection, hangzhou__MUG=PIECES)

    assert grant_in_parallel(database, read_then_write) > PIECES


def test_stock_taken_in_between_is_decided_again(
    database: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    with database.engine.begin() as connection:
        config = activate(connection)
        stock(connection, hangzhou__MUG=3, yiwu__MUG=3)
        put(connection, Order("1", (Line(quantity=3),)))
    real, calls = run_module.decide, []

    def decide_then_lose_a_piece(connection: Connection, *arguments: object, **named: object) -> object:
        outcome = real(connection, *arguments, **named)
        if not calls:
            with database.engine.begin() as other:
                other.execute(text("update core.stock set reserved = 1 where warehouse_id = 'hangzhou'"))
        calls.append(1)
        return outcome

    monkeypatch.setattr(run_module, "decide", decide_then_lose_a_piece)

    counts = run_fulfillment(database, clock, config)

    assert (len(calls), counts.allocated) == (2, 1)
    assert rows(database, "select warehouse_id, reserved from core.stock order by 1") == [
        ("hangzhou", 1),
        ("yiwu", 3),
    ]


def test_stock_that_is_taken_every_time_leaves_nothing_behind(
    database: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    with database.engine.begin() as connection:
        config = activate(connection)
        stock(connection, hangzhou__MUG=3)
        put(connection, Order("1"))

    def always_taken(_: Connection) -> None:
        raise StockTaken

    monkeypatch.setattr(reserve_module, "take_stock", always_taken)

    with pytest.raises(StockTaken, match="5 attempts"):
        run_fulfillment(database, clock, config)

    assert rows(database, "select * from core.fulfillment_orders") == []


def test_only_one_pass_at_a_time(database: Database, clock: FixedClock):
    with database.engine.begin() as connection:
        config = activate(connection)

    with hold_scope(database, "route"), pytest.raises(LeaseTaken):
        run_fulfillment(database, clock, config)


KILLED = """
import os, signal
from orderhub.clock import FixedClock
from orderhub.config.store import load_active
from orderhub.db.engine import Database
from orderhub.fulfillment import run
from tests.builders import NOON

promise = run.reserve
def promise_and_die(*arguments, **named):
    promise(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)
run.reserve = promise_and_die
database = Database(os.environ["URL"])
run.run_fulfillment(database, FixedClock(NOON), load_active(database))
"""


#: The server may need a moment to see that a killed client is gone; until then the client holds its lease.
GONE = """not exists (
    select from ops.leases l join pg_stat_activity a on a.pid = l.holder_pid where l.scope = 'route')"""


def test_a_worker_killed_between_promise_and_commit_leaves_no_trace(database: Database, clock: FixedClock):
    with database.engine.begin() as connection:
        config = activate(connection)
        stock(connection, hangzhou__MUG=3)
        put(connection, Order("1"))
    url = database.engine.url.render_as_string(hide_password=False)

    died = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED)],
        env={"URL": url, "PATH": ""},
        cwd=Path(__file__).parents[2],
        check=False,
    )
    wait_until(database, GONE)
    after_kill = rows(database, "select reserved from core.stock")
    counts = run_fulfillment(database, clock, config)

    assert died.returncode == -signal.SIGKILL
    assert after_kill == [(0,)]
    assert counts.allocated == 1
    assert [r.violations for r in verify(database) if r.violations] == []


def test_a_sku_that_neither_the_goods_master_nor_an_earlier_count_has_is_taken_and_named(
    database: Database, clock: FixedClock, tmp_path: Path
):
    with database.engine.begin() as connection:
        activate(connection)
        connection.execute(
            text(
                "insert into core.skus (sku_id, name, weight_g, is_weight_assumed, kind, locations) "
                "values ('MUG', '马克杯', 1, false, 'goods', '{}')"
            )
        )
        stock(connection, hangzhou__OLD=1)

    counts = import_stock(
        database, clock, count_file(tmp_path, "hangzhou,MUG,5", "hangzhou,OLD,2", "hangzhou,MUGG,9"), "clerk"
    )

    assert counts.unknown == ("MUGG",)
    assert (9,) in rows(database, "select on_hand from core.stock where sku_id = 'MUGG'")


def test_a_folder_is_no_count(database: Database, clock: FixedClock, tmp_path: Path):
    with database.engine.begin() as connection:
        activate(connection)

    with pytest.raises(ConfigError, match=r"cannot be read: Is a directory; give the file of a count"):
        import_stock(database, clock, tmp_path, "clerk")


def test_a_stock_take_of_a_warehouse_that_does_not_exist_neither_begins_nor_ends(
    database: Database, clock: FixedClock
):
    with database.engine.begin() as connection:
        config = activate(connection)

    for asked in (lambda: freeze_stock(database, clock, config, "hangzou", "clerk"),
                  lambda: thaw_stock(database, clock, "hangzou", "clerk")):  # fmt: skip
        with pytest.raises(ConfigError, match="warehouse 'hangzou' does not exist; did you mean 'hangzhou'"):
            asked()
