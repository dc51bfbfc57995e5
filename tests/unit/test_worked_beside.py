from collections.abc import Iterator
from threading import Barrier, Event

import pytest

from orderhub.fulfillment.beside import done_beside, worked_beside


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


def test_what_is_done_beside_comes_back_in_order_and_two_things_are_done_at_once():
    both = Barrier(2)

    def work(item: int) -> int:
        both.wait(10)
        return item * 2

    assert done_beside([1, 2, 3, 4], work, 2) == [2, 4, 6, 8]


def test_an_error_of_one_of_two_reaches_the_caller_when_the_other_has_ended():
    has_failed, ended = Event(), list[int]()

    def work(item: int) -> None:
        if item == 0:
            has_failed.set()
            raise ZeroDivisionError
        has_failed.wait(10)
        ended.append(item)

    with pytest.raises(ZeroDivisionError):
        done_beside([1, 0], work, 2)

    assert ended == [1]
