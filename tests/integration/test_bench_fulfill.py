from orderhub.clock import SystemClock
from orderhub.operate.bench_fulfill import EXPLAINED, measure_fulfill


def test_what_is_in_stock_is_handed_over_and_every_decision_names_its_rule():
    times = measure_fulfill(SystemClock(), orders=1000, demand="hot", say=lambda _: None)

    assert (950, 950) == (times.allocated, sum(manifest.order_count for manifest in times.manifests))
    assert EXPLAINED == times.explained
