from orderhub.clock import SystemClock
from orderhub.operate.bench_fulfill import EXPLAINED, measure_fulfill


def test_some_orders_leave_in_two_parcels_and_some_parcels_hold_two_orders():
    times = measure_fulfill(SystemClock(), orders=1000, demand="zipf", say=lambda _: None)

    assert times.split > 0
    assert times.merged > 0
    assert times.merged % 2 == 0


def test_what_is_in_stock_is_handed_over_and_every_decision_names_its_rule():
    times = measure_fulfill(SystemClock(), orders=1000, demand="hot", say=lambda _: None)

    documents = sum(manifest.order_count for manifest in times.manifests)
    assert (950, 950 + times.split, documents) == (times.allocated, documents, times.carried)
    assert times.files_mib > 0
    assert EXPLAINED == times.explained
    assert list(times.floor) == ["decisions", "documents", "reservations", "lists", "handed over"]
    assert times.ratio == times.seconds / sum(times.floor.values())
