from collections.abc import Iterator
from threading import Event

import pytest

from orderhub.fulfillment.beside import worked_beside


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_what_comes_of_each_item_comes_in_order(count: int):
    assert [n * n for n in range(count)] == list(worked_beside(range(count), lambda n: n * n))


def test_the_next_item_is_fetched_while_one_is_worked_on():
    is_fetched = Event()

    def items() -> Iterator[int]:
        yield 1
        is_fetched.set()
        yield 2

    assert [True, True] == list(worked_beside(items(), lambda _: is_fetched.wait(timeout=60)))


def test_an_error_of_the_work_reaches_the_caller():
    with pytest.raises(ZeroDivisionError):
        list(worked_beside([0, 1], lambda n: 1 / n))
