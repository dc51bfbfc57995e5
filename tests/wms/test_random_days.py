"""Whatever happens in whatever order, I6 to I9 hold after each step, and in the end the WMS's ledger agrees."""

import pytest

from orderhub.operate.verify import verify
from tests.wms.conftest import House
from tests.wms.days import Days


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_random_days_keep_the_invariants_and_agree_with_the_ledger_of_the_wms(house: House, seed: int):
    house.open(orders=2)
    days = Days(house, seed)

    found = days.live(40)
    days.settle()

    assert (found, days.differences()) == ([], {}), f"seed {seed}: {days.log}"
    assert [r.violations for r in verify(house.database) if r.violations] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 140))
def test_many_random_days(house: House, seed: int):
    house.open(orders=2)
    days = Days(house, seed)

    found = days.live(80)
    days.settle()

    assert (found, days.differences()) == ([], {}), f"seed {seed}: {days.log}"


def test_the_comparison_sees_a_parcel_that_the_hub_was_never_told_of(house: House):
    """The negative control."""
    house.open(orders=1)
    days = Days(house, 1)
    days.settle()
    house.wms.ledger.parcels.append(house.wms.ledger.parcels[0])

    assert list(days.differences()) == ["parcels"]
