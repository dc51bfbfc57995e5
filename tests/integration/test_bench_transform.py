from orderhub.clock import SystemClock
from orderhub.operate.bench_transform import FEW, measure_transform


def test_a_large_stock_goes_through_once_and_changes_nothing_the_second_time():
    times = measure_transform(SystemClock(), orders=3000, say=lambda _: None)

    assert (0, {"orders", "lines", "keys", "checks", "duplicates"}) == (times.changed, set(times.floor))
    assert (FEW, True) == (times.few_changed, times.few > 0)
