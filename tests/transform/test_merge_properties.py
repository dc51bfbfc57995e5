"""The merge is commutative, associative and idempotent: Hypothesis looks for versions that prove otherwise.

One example is a bag of versions that arrives twice, at two shops, in two ways: other sequence, other passes, other
repetitions. Whatever the bag, both shops must end with the same rows. All of it runs through the real SQL.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.platforms.payload import dump_json, version_hash
from orderhub.platforms.staging import COLUMNS, Record, stage_page
from orderhub.transform import map_ahead
from orderhub.transform import run as transform_run
from tests.builders import rows
from tests.transform.payloads import NOW, StoppedClock, trade

CLOCK = StoppedClock()
STATUSES = (
    "WAIT_BUYER_PAY",
    "WAIT_SELLER_SEND_GOODS",
    "WAIT_BUYER_CONFIRM_GOODS",
    "TRADE_FINISHED",
    "TRADE_CLOSED",
)
TERMINAL = ("TRADE_FINISHED", "TRADE_CLOSED")
TIMES = [f"2026-11-20 1{hour}:00:00" for hour in range(3)]
NOBODY = dict.fromkeys(
    ("receiver_state", "receiver_city", "receiver_district", "receiver_town", "receiver_name", "receiver_mobile",
     "receiver_address", "oaid"), "",
)  # fmt: skip
VOLATILE = (
    "_pass_id", "_seen_at", "_load_id", "_checked_pass_id", "checks_version", "checked_version", "was_checkable",
)  # fmt: skip
TABLES = ("orders", "order_lines", "receivers", "refunds")
#: Each example has shops of its own, so that one database serves them all.
numbers = itertools.count(1)

orders = st.builds(
    lambda tid, modified, status, memo, pieces, receiver: trade(
        tid, modified=modified, status=status, seller_memo=memo, line_num=pieces, **receiver
    ),
    st.sampled_from(["1", "2"]),
    st.sampled_from(TIMES),
    st.sampled_from(STATUSES),
    st.sampled_from(["", "改地址"]),
    st.integers(1, 2),
    st.sampled_from([{}, NOBODY, {"receiver_city": "宁波市"}]),
)
refunds = st.builds(
    lambda refund_id, tid, modified, status, fee: {
        "refund_id": refund_id, "tid": tid, "oid": tid, "modified": modified, "status": status, "refund_fee": fee,
    },
    st.sampled_from(["81", "82"]),
    st.sampled_from(["1", "2"]),
    st.sampled_from(TIMES),
    st.sampled_from(["WAIT_SELLER_AGREE", "CLOSED", "SUCCESS"]),
    st.sampled_from(["10.00", "228.00"]),
)  # fmt: skip


@dataclass(frozen=True)
class Bag:
    """Versions, and two ways in which they arrive: passes of positions in the bag."""

    versions: tuple[dict[str, Any], ...]
    arrivals: tuple[tuple[tuple[int, ...], ...], tuple[tuple[int, ...], ...]]


@st.composite
def bags(draw: st.DrawFn) -> Bag:
    versions = draw(st.lists(st.one_of(orders, orders, refunds), min_size=1, max_size=6))
    return Bag(tuple(versions), (draw(arrival(len(versions))), draw(arrival(len(versions)))))


@st.composite
def arrival(draw: st.DrawFn, size: int) -> tuple[tuple[int, ...], ...]:
    """Every version at least once, some again, in any sequence, cut into up to three passes."""
    again = draw(st.lists(st.integers(0, size - 1), max_size=2))
    sequence = draw(st.permutations([*range(size), *again]))
    cuts = sorted(draw(st.lists(st.integers(0, len(sequence)), max_size=2)))
    return tuple(
        tuple(sequence[start:end])
        for start, end in itertools.pairwise([0, *cuts, len(sequence)])
        if start < end
    )


def put(database: Database, shop_id: str, versions: Sequence[dict[str, Any]]) -> None:
    """Stage versions as they are, also those that staging has already: the merge must not need its help."""
    for stream, key in (("orders", "tid"), ("refunds", "refund_id")):
        records = [
            Record(str(value[key]), None, dump_json(value), version_hash(value), position)
            for position, value in enumerate(versions)
            if ("refund_id" in value) == (stream == "refunds")
        ]
        with hold_scope(database, "test") as lease, database.transaction(lease) as connection:
            load_id = stage_page(
                connection, CLOCK, platform="taobao", shop_id=shop_id, stream=stream, window_id=None, source="page",
                records=[],
            ).load_id  # fmt: skip
            columns, marks = ", ".join(COLUMNS), ", ".join(["%s"] * len(COLUMNS))
            for r in records:
                row = (
                    load_id,
                    shop_id,
                    r.record_id,
                    None,
                    r.payload,
                    r.payload_sha256,
                    r.position,
                    None,
                    NOW,
                )
                connection.exec_driver_sql(
                    f"insert into staging.taobao_{stream} ({columns}) values ({marks})", row
                )


def arrive(database: Database, config: MerchantConfig, bag: Bag) -> tuple[str, str]:
    """Let the bag arrive at two new shops and return their ids."""
    number = next(numbers)
    shops = (f"a{number:05d}", f"b{number:05d}")
    for step in itertools.zip_longest(*bag.arrivals, fillvalue=()):
        for shop_id, positions in zip(shops, step, strict=True):
            put(database, shop_id, [bag.versions[position] for position in positions])
        transform_run.run_transform(database, CLOCK, config)
    return shops


def told(database: Database, shop_id: str) -> dict[str, list[str]]:
    """Return what core says of a shop, without its id and without what says when a row was written."""
    removed = " - ".join(f"'{column}'" for column in VOLATILE)
    return {
        table: [
            str(row[0])
            for row in rows(
                database,
                f"select replace((to_jsonb(t) - {removed})::text, '{shop_id}', 'shop') from core.{table} t "
                f"where order_id like '{shop_id}/%' order by 1",
            )
        ]
        for table in TABLES
    }


def check_same(database: Database, config: MerchantConfig, bag: Bag) -> None:
    here, there = arrive(database, config, bag)
    assert told(database, here) == told(database, there)


@pytest.fixture
def examples(request: pytest.FixtureRequest) -> settings:
    """How hard to look: 25 bags, with `--slow` 400."""
    count = 400 if request.config.getoption("--slow") else 25
    quiet = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(
        max_examples=count, deadline=None, derandomize=True, database=None, suppress_health_check=quiet
    )


def test_any_sequence_batching_and_repetition_gives_the_same_rows(
    database: Database, config: MerchantConfig, examples: settings
):
    examples(given(bag=bags())(lambda bag: check_same(database, config, bag)))()


def check_promises(database: Database, config: MerchantConfig, bag: Bag) -> None:
    """A terminal state sticks, every refund is there, and who was known once is known for good."""
    shop, _ = arrive(database, config, bag)
    known = {str(v["tid"]): v for v in bag.versions if "refund_id" not in v}
    ended = {str(v["tid"]) for v in bag.versions if "refund_id" not in v and v["status"] in TERMINAL}
    named = {str(v["tid"]) for v in bag.versions if "refund_id" not in v and v["receiver_name"]}
    back = {str(v["refund_id"]) for v in bag.versions if "refund_id" in v}

    found = rows(
        database,
        "select o.platform_order_id, o.is_terminal, r.receiver_state <> 'absent' from core.orders o "
        f"join core.receivers r using (order_id) where o.shop_id = '{shop}' order by 1",
    )
    union = rows(database, f"select platform_refund_id from core.refunds where shop_id = '{shop}' order by 1")
    assert found == [(tid, tid in ended, tid in named) for tid in sorted(known)]
    assert union == [(refund_id,) for refund_id in sorted(back)]


def test_terminal_states_stick_refunds_are_a_union_and_a_known_receiver_stays(
    database: Database, config: MerchantConfig, examples: settings
):
    examples(given(bag=bags())(lambda bag: check_promises(database, config, bag)))()


OLD, NEW = trade("1", modified=TIMES[0], line_num=1), trade("1", modified=TIMES[1], line_num=2)


def break_against_core(monkeypatch: pytest.MonkeyPatch) -> None:
    rule, real = "winners.merge_key > present.merge_key", transform_run.source
    assert rule in real("core/changed_orders")
    monkeypatch.setattr(transform_run, "source", lambda name: real(name).replace(rule, "true"))


def break_within_a_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    rule, real = "order by order_id, merge_key desc", map_ahead._WINNERS
    assert rule in real
    monkeypatch.setattr(map_ahead, "_WINNERS", real.replace(rule, "order by order_id, staging_id desc"))


@pytest.mark.parametrize(
    ("break_rule", "arrivals"),
    [(break_against_core, (((0,), (1,)), ((1,), (0,)))), (break_within_a_slice, (((0, 1),), ((1, 0),)))],
)
def test_the_comparison_notices_a_broken_merge_key(
    database: Database,
    config: MerchantConfig,
    monkeypatch: pytest.MonkeyPatch,
    break_rule: Any,
    arrivals: Any,
):
    break_rule(monkeypatch)

    with pytest.raises(AssertionError):
        check_same(database, config, Bag((OLD, NEW), arrivals))
