import pytest

from orderhub.clock import SystemClock
from orderhub.operate.bench_pull import race_pulls, shops

#: One shop in the usual tier: they differ in the records, not in the way.
SHOPS = [
    pytest.param(name, marks=[pytest.mark.slow] if number else []) for number, name in enumerate(shops())
]


@pytest.mark.parametrize("shop", SHOPS)
def test_the_race_of_a_shop_runs_to_its_end_and_the_second_pull_stages_nothing(shop):
    race = race_pulls(SystemClock(), shop, orders=300, rounds=1, dlt_python=None, say=lambda _: None)

    lap = race.laps["hub_pull"][0]
    assert (["bare_loop", "drain", "hub_pull"], 300, 0) == (sorted(race.laps), lap.orders, lap.again_staged)
