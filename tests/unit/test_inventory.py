from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderhub.domain.inventory import Availability, Verdict

WAREHOUSES = ("hangzhou", "yiwu")
SKUS = ("MUG", "CUP", "PEN")
KEYS = [(warehouse, sku) for warehouse in WAREHOUSES for sku in SKUS]
stocks = st.fixed_dictionaries({key: st.integers(0, 20) for key in KEYS})
safeties = st.dictionaries(st.sampled_from([*KEYS, ("hangzhou", "*"), ("yiwu", "*")]), st.integers(0, 5))
needs = st.dictionaries(st.sampled_from(SKUS), st.integers(1, 8), min_size=1)
orders = st.lists(st.tuples(st.permutations(WAREHOUSES), needs), max_size=30)


def test_a_short_first_warehouse_fails_over_to_the_next():
    available = Availability({("hangzhou", "MUG"): 1, ("yiwu", "MUG"): 5}, {})

    looked_at = available.choose(WAREHOUSES, {"MUG": 2})

    assert [(c.warehouse_id, c.is_chosen, c.figures) for c in looked_at] == [
        ("hangzhou", False, {"MUG": (2, 1)}),
        ("yiwu", True, {"MUG": (2, 5)}),
    ]


def test_an_order_is_never_split_between_two_warehouses():
    available = Availability({("hangzhou", "MUG"): 1, ("yiwu", "CUP"): 1}, {})

    looked_at = available.choose(WAREHOUSES, {"MUG": 1, "CUP": 1})

    assert [c.is_chosen for c in looked_at] == [False, False]


def test_safety_stock_is_never_promised_and_the_exact_sku_wins():
    available = Availability(
        {("hangzhou", "MUG"): 5, ("hangzhou", "CUP"): 5}, {("hangzhou", "*"): 2, ("hangzhou", "MUG"): 4}
    )

    assert (available.of("hangzhou", "MUG"), available.of("hangzhou", "CUP")) == (1, 3)


def test_an_unknown_sku_is_short_not_an_error():
    assert Availability({}, {}).choose(["yiwu"], {"MUG": 1})[0].figures == {"MUG": (1, 0)}


@given(stocks, safeties, orders)
def test_no_sequence_of_orders_takes_more_than_there_is_above_safety(stock, safety, wanted):
    available = Availability(stock, safety)
    taken: Counter[tuple[str, str]] = Counter()

    for warehouses, need in wanted:
        last = available.choose(warehouses, need)[-1]
        if last.is_chosen:
            taken.update({(last.warehouse_id, sku): pieces for sku, pieces in need.items()})

    for warehouse, sku in KEYS:
        floor = safety.get((warehouse, sku), safety.get((warehouse, "*"), 0))
        assert taken[warehouse, sku] <= max(0, stock[warehouse, sku] - floor)
        assert max(0, stock[warehouse, sku] - floor) - taken[warehouse, sku] == available.of(warehouse, sku)


@given(stocks, orders)
def test_the_first_warehouse_that_holds_the_whole_order_is_chosen(stock, wanted):
    available = Availability(stock, {})
    for warehouses, need in wanted:
        able = [w for w in warehouses if all(available.of(w, sku) >= n for sku, n in need.items())]

        chosen = [c.warehouse_id for c in available.choose(warehouses, need) if c.is_chosen]

        assert able[:1] == chosen


@given(stocks, safeties, orders)
def test_the_same_orders_in_the_same_sequence_get_the_same_decisions(stock, safety, wanted):
    decide = [Availability(stock, safety), Availability(stock, safety)]

    first, second = ([desk.choose(warehouses, need) for warehouses, need in wanted] for desk in decide)

    assert first == second


@pytest.mark.parametrize("why", [Verdict.FROZEN, Verdict.CLOSED, Verdict.NO_CUSTOMS])
def test_a_warehouse_that_is_barred_is_passed_over_with_the_reason(why: Verdict):
    available = Availability({("hangzhou", "MUG"): 9, ("yiwu", "MUG"): 9}, {}, barred={"hangzhou": why})

    looked_at = available.choose(WAREHOUSES, {"MUG": 1})

    assert [("hangzhou", why), ("yiwu", Verdict.CHOSEN)] == [(c.warehouse_id, c.why) for c in looked_at]


def test_a_full_warehouse_takes_no_more_and_what_does_not_count_does_not_fill_it():
    available = Availability({("hangzhou", "MUG"): 9}, {}, capacity={"hangzhou": 1})

    took = [
        available.choose(["hangzhou"], {"MUG": 1}, is_counted=counted)[-1].why
        for counted in (False, True, True)
    ]

    assert [Verdict.CHOSEN, Verdict.CHOSEN, Verdict.FULL] == took
