"""The shipped checks on orders labelled by intent, through real HTTP, map and merge: a small stream for CI."""

import pytest

from orderhub.clock import SystemClock
from orderhub.operate.bench_checks import score_stream
from orderhub.operate.labelled import StreamScore

RECALL, PRECISION = 0.99, 0.95


@pytest.fixture(scope="module")
def stream() -> StreamScore:
    return score_stream(SystemClock(), orders=1500, seed=7, say=lambda _: None)


def test_every_rule_finds_what_it_should(stream: StreamScore):
    missed = {rule.rule_id: rule.missed_orders for rule in stream.rules if rule.recall < RECALL}

    assert {} == missed


def test_no_rule_finds_what_only_looks_doubtful(stream: StreamScore):
    wrong = {rule.rule_id: rule.wrong_orders for rule in stream.rules if rule.precision < PRECISION}

    assert {} == wrong


def test_good_orders_are_not_held(stream: StreamScore):
    assert stream.clean_held_share <= 0.005, stream.clean_held


def test_the_stream_has_something_for_every_rule(stream: StreamScore):
    assert [] == [rule.rule_id for rule in stream.rules if rule.labelled == 0]
