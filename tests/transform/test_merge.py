"""Any sequence, repetition or batching of the same versions gives the same rows."""

import random
from typing import Any

import pytest
from sqlalchemy import text

from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.transform.passes import TransformCounts
from orderhub.transform.run import run_transform
from tests.builders import rows
from tests.transform.payloads import StoppedClock, stage, trade

#: Say when and by which pass a row was written, and what a check could see in between, not what it says.
VOLATILE = ("_pass_id", "_seen_at", "_load_id", "_checked_pass_id", "was_checkable")
EMPTY_RECEIVER = dict.fromkeys(
    ("receiver_state", "receiver_city", "receiver_district", "receiver_town", "receiver_name", "receiver_mobile",
     "receiver_address", "oaid"), "",
)  # fmt: skip
NO_PERSON = dict.fromkeys(("receiver_name", "receiver_mobile", "receiver_address", "oaid"), "")
T1, T2, T3 = "2026-11-20 10:00:00", "2026-11-20 11:00:00", "2026-11-20 12:00:00"
VERSIONS = [
    trade("1", modified=T1, status="WAIT_BUYER_PAY"),
    trade("1", modified=T2, seller_memo="改地址", line_num=3),
    trade("1", modified=T3, **EMPTY_RECEIVER),
    trade("1", modified=T1, status="TRADE_CLOSED_BY_TAOBAO", receiver_city="宁波市"),
    trade("2", modified=T1, seller_memo="a"),
    trade("2", modified=T1, seller_memo="b"),
    trade("2", modified=T1, status="SELLER_CONSIGNED_PART", receiver_town="古荡街道"),
    trade("3", modified=T1, **EMPTY_RECEIVER),
    trade("3", modified=T2, **EMPTY_RECEIVER),
    trade("3", modified=T2, **EMPTY_RECEIVER | {"receiver_city": "杭州市"}),
    trade("4", modified="unreadable"),
    trade("4", modified=T1, orders={"order": []}),
    trade("5", modified=T1, created="2025-12-01 10:00:00"),
    trade("5", modified=T2, created="unreadable"),
    trade("5", modified=T3, created="2025-12-01 10:00:00"),
    trade("6", modified=T1),
    trade("6", modified=T2, **NO_PERSON | {"receiver_city": "宁波市"}),
    trade("6", modified=T3, **EMPTY_RECEIVER),
]


def tables(database: Database) -> dict[str, list[Any]]:
    """Return what core says without the volatile columns; what was open in between and is closed is history."""
    removed = " - ".join(f"'{column}'" for column in VOLATILE)
    queries = {
        "orders": f"select to_jsonb(t) - {removed} from core.orders t",
        "order_lines": "select to_jsonb(t) from core.order_lines t",
        "receivers": "select to_jsonb(t) from core.receivers t",
        "anomalies": "select to_jsonb(t) - '_pass_id' - 'version_id' from core.anomalies t where state = 'open'",
        "holds": "select to_jsonb(t) from core.holds t where state = 'active'",
    }
    return {name: sorted(map(str, rows(database, query))) for name, query in queries.items()}


def merged(
    database: Database, config: MerchantConfig, *batches: list[dict[str, Any]]
) -> dict[str, list[Any]]:
    for batch in batches:
        stage(database, batch, "tb")
        run_transform(database, StoppedClock(), config)
    return tables(database)


def forget(owner: Database) -> None:
    with owner.engine.begin() as connection:
        connection.execute(
            text(
                "truncate core.orders, core.order_lines, core.receivers, staging.taobao_orders, ops.loads, ops.passes cascade"
            )
        )


def some_batches(seed: int) -> list[list[dict[str, Any]]]:
    """Return all versions, shuffled, some of them repeated, cut into one to five batches."""
    chance = random.Random(seed)
    shuffled = VERSIONS + chance.choices(VERSIONS, k=4)
    chance.shuffle(shuffled)
    cuts = sorted(chance.sample(range(1, len(shuffled)), chance.randrange(5)))
    return [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]


def test_order_repetition_and_batching_do_not_count(
    database: Database, owner: Database, config: MerchantConfig
):
    whole = merged(database, config, VERSIONS)

    different = []
    for seed in range(12):
        forget(owner)
        if merged(database, config, *some_batches(seed)) != whole:
            different.append(seed)

    assert different == []


def judged(counts: TransformCounts) -> int:
    assert counts.checks is not None
    return counts.checks.judged_orders


def winner(
    database: Database, config: MerchantConfig, *batches: list[dict[str, Any]]
) -> list[tuple[object, ...]]:
    merged(database, config, *batches)
    return rows(database, "select status, seller_memo from core.orders")


def test_later_version_wins(database: Database, config: MerchantConfig):
    batches = [trade(modified=T2, seller_memo="new")], [trade(modified=T1, seller_memo="old")]

    assert winner(database, config, *batches) == [("to_ship", "new")]


def test_finished_order_is_never_reopened(database: Database, config: MerchantConfig):
    batches = [trade(modified=T1, status="TRADE_FINISHED", seller_memo="end")], [trade(modified=T3)]

    assert winner(database, config, *batches) == [("done", "end")]


@pytest.mark.parametrize("turned", [False, True])
def test_same_second_goes_to_the_later_status(database: Database, config: MerchantConfig, *, turned: bool):
    versions = [
        trade(modified=T1, seller_memo="z"),
        trade(modified=T1, status="SELLER_CONSIGNED_PART", seller_memo="a"),
    ]
    batches = [[version] for version in (reversed(versions) if turned else versions)]

    assert winner(database, config, *batches) == [("part_shipped", "a")]


def test_same_second_and_status_goes_to_the_greater_hash(database: Database, config: MerchantConfig):
    merged(database, config, [trade(modified=T1, seller_memo=memo) for memo in "abcdef"])

    greatest = rows(database, 'select left(max(payload_sha256 collate "C"), 32) from staging.taobao_orders')
    assert rows(database, "select version_id from core.orders") == greatest


#: As a hub wrote them that named versions by their whole hash.
_AS_BEFORE = """
    update core.orders as o set
        merge_key = left(o.merge_key, -16) || s.payload_sha256, version_id = s.payload_sha256,
        checked_version = s.payload_sha256
    from staging.taobao_orders as s
    where s.record_id = o.platform_order_id and starts_with(s.payload_sha256, o.version_id)"""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (trade(modified=T2, seller_memo="known"), ("known", 64)),
        (trade(modified=T1, seller_memo="older"), ("known", 64)),
        (trade(modified=T3, seller_memo="newer"), ("newer", 32)),
    ],
)
def test_version_named_by_its_whole_hash_is_beaten_by_newer_ones_only(
    database: Database, config: MerchantConfig, given: dict[str, Any], expected: tuple[str, int]
):
    merged(database, config, [trade(modified=T2, seller_memo="known")])
    with database.engine.begin() as connection:
        assert connection.exec_driver_sql(_AS_BEFORE).rowcount == 1

    merged(database, config, [given])

    assert rows(database, "select seller_memo, length(version_id) from core.orders") == [expected]


@pytest.mark.parametrize("turned", [False, True])
def test_empty_receiver_never_replaces_a_known_one(
    database: Database, config: MerchantConfig, *, turned: bool
):
    versions = [[trade(modified=T1)], [trade(modified=T3, **EMPTY_RECEIVER)]]

    merged(database, config, *(reversed(versions) if turned else versions))

    assert rows(database, "select receiver_state, city, name_masked from core.receivers") == [
        ("token", "杭州市", "李**")
    ]


@pytest.mark.parametrize("is_first", [True, False])
def test_region_alone_never_replaces_a_receiver_whose_person_is_known(
    database: Database, config: MerchantConfig, *, is_first: bool
):
    known, perished = trade(modified=T1), trade(modified=T2, **NO_PERSON | {"receiver_city": "宁波市"})

    merged(database, config, *([[known], [perished]] if is_first else [[perished], [known]]))

    assert rows(database, "select city, name_masked, token is not null from core.receivers") == [
        ("杭州市", "李**", True)
    ]


def test_region_alone_is_kept_until_the_person_is_known(database: Database, config: MerchantConfig):
    merged(database, config, [trade(modified=T1, **NO_PERSON)], [trade(modified=T2, **EMPTY_RECEIVER)])

    assert rows(database, "select city, name_masked from core.receivers") == [("杭州市", None)]


def test_order_whose_receiver_comes_late_is_checked_again(database: Database, config: MerchantConfig):
    merged(database, config, [trade(modified=T3, **EMPTY_RECEIVER)])

    stage(database, [trade(modified=T1)], "tb")
    counts = run_transform(database, StoppedClock(), config)

    assert (counts.orders_changed, judged(counts)) == (0, 1)


def test_lines_are_exactly_those_of_the_winner(database: Database, config: MerchantConfig):
    line = trade()["orders"]["order"][0]
    two = {"order": [line | {"oid_str": "a"}, line | {"oid_str": "b"}]}
    one = {"order": [line | {"oid_str": "c", "num": 7}]}

    merged(
        database,
        config,
        [trade(modified=T1, orders=two)],
        [trade(modified=T2, orders=one)],
        [trade(modified=T1)],
    )

    assert rows(database, "select line_id, quantity from core.order_lines") == [("c", 7)]
