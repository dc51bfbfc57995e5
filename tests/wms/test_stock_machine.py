"""Hypothesis looks for a sequence of orders, refunds, parcels and recounts after which I6 to I9 do not hold.

The happenings are those of `tests.wms.days`; Hypothesis chooses them and shortens a sequence that fails.
"""

import random
from collections.abc import Generator, Iterator
from contextlib import closing
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from orderhub.db.engine import Database
from orderhub.db.postgres import Server
from orderhub.operate.verify import verify
from tests.builders import NOON
from tests.conftest import PASSWORDS, create_database
from tests.wms.conftest import House
from tests.wms.days import HAPPENINGS, Days


class StockMachine(RuleBasedStateMachine):
    """One warehouse with its WMS; every example begins with a database and a ledger of its own."""

    def __init__(self, house: House, fresh: Iterator[Database]) -> None:
        super().__init__()
        house.database = next(fresh)
        house.clock.move(NOON - house.clock.now())
        house.wms.__init__(house.wms.seed)  # The socket serves this object: emptied, not replaced.
        house.open(orders=2)
        self.days = Days(house, seed=0)

    @rule(
        name=st.sampled_from(sorted(HAPPENINGS)),
        seed=st.integers(0, 999),
        seconds=st.integers(1, 400),
    )
    def something_happens(self, name: str, seed: int, seconds: int) -> None:
        self.days.random = random.Random(
            seed
        )  # How much is drawn of it depends on what there is to choose from.
        getattr(self.days, name)()
        self.days.house.clock.move(timedelta(seconds=seconds))

    @invariant()
    def every_promise_is_kept(self) -> None:
        assert [] == [one for result in verify(self.days.house.database) for one in result.violations]

    def teardown(self) -> None:
        self.days.settle()
        assert {} == self.days.differences()


class Careless(StockMachine):
    """The planted bug: stock is given back twice."""

    @rule()
    def give_back_twice(self) -> None:
        with self.days.house.database.engine.begin() as connection:
            connection.exec_driver_sql("update core.stock set reserved = reserved - 1 where reserved > 0")


@pytest.fixture
def fresh(server: Server, admin: Database) -> Iterator[Iterator[Database]]:
    """Yield databases without end; each is dropped when the next is asked for, or the test is over.

    A hundred that stay open would use up the connections of the server.
    """

    def databases() -> Generator[Database]:
        for number in count():
            name = f"machine_{server.port}_{number}"
            create_database(admin, name)
            database = Database(server.url(name, "orderhub_app", PASSWORDS.app), "tests")
            try:
                yield database
            finally:
                database.close()
                with admin.session() as session:
                    session.exec_driver_sql(f"drop database {name} with (force)")

    with closing(databases()) as opened:
        yield opened


def search(
    machine: type[StockMachine], house: House, fresh: Iterator[Database], examples: int, steps: int,
    phases: tuple[Phase, ...] = tuple(Phase),
):  # fmt: skip
    run_state_machine_as_test(
        lambda: machine(house, fresh),
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=True, database=None,
            phases=phases, suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


def test_no_sequence_breaks_a_promise(house: House, fresh: Iterator[Database]):
    search(StockMachine, house, fresh, examples=4, steps=12)


@pytest.mark.slow
def test_no_long_sequence_breaks_a_promise(house: House, fresh: Iterator[Database]):
    search(StockMachine, house, fresh, examples=100, steps=50)


def test_the_search_finds_stock_that_is_given_back_twice(house: House, fresh: Iterator[Database]):
    with pytest.raises(AssertionError):
        search(Careless, house, fresh, examples=2, steps=8, phases=(Phase.generate,))
