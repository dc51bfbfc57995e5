"""The body of an answer, read over a real socket or piece by piece: never more, and never longer, than allowed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from orderhub.clock import FixedClock, SystemClock
from orderhub.errors import ContractError, TransientError
from orderhub.platforms.receiving import MAX_ANSWER_BYTES, read_body
from sandbox.credentials import Credentials
from sandbox.gateway.gateway import Gateway
from sandbox.taobao.dialect import DIALECT
from sandbox.world.world import World
from tests.answers import body_of
from tests.sim.served import serving

NOW = datetime(2026, 11, 23, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def gateway() -> Gateway:
    return Gateway.of(DIALECT, World(7, 20, NOW), Credentials.of(7))


@pytest.fixture(scope="module")
def address(gateway: Gateway) -> Iterator[str]:
    with serving(gateway, SystemClock().now) as base:
        yield f"{base}/taobao/router/rest"


def answer_of(address: str) -> requests.Response:
    return requests.post(address, data={"method": "x"}, timeout=5, stream=True)


def test_answer_that_drips_is_read_to_its_end_while_there_is_time(gateway: Gateway, address: str):
    plain = read_body(answer_of(address), "list", SystemClock(), 5)
    gateway.faults.replace([{"kind": "drip", "seconds": 0.2}])

    with answer_of(address) as answer:
        assert len(plain) == len(read_body(answer, "list", SystemClock(), 5))


def test_answer_that_does_not_end_is_given_up_though_it_is_never_silent(gateway: Gateway, address: str):
    gateway.faults.replace([{"kind": "drip", "seconds": 30}])
    began = SystemClock().now()

    with answer_of(address) as answer, pytest.raises(TransientError, match=r"has not ended after 0\.1 s"):
        read_body(answer, "list", SystemClock(), 0.1)

    assert timedelta(seconds=10) > SystemClock().now() - began


def test_answer_that_breaks_off_is_no_answer(gateway: Gateway, address: str):
    gateway.faults.replace([{"kind": "cut"}])

    with answer_of(address) as answer, pytest.raises(TransientError, match="in the middle of the answer"):
        read_body(answer, "list", SystemClock(), 5)


def test_answer_is_dated_by_the_world_unless_its_clock_is_wrong(gateway: Gateway, address: str):
    gateway.faults.replace([{"kind": "skewed_clock", "seconds": -86400}])

    dates = [answer_of(address).headers["Date"] for _ in range(2)]

    assert dates[0][:11] != dates[1][:11]


def test_answer_of_more_bytes_than_any_page_is_refused():
    answer = requests.Response()
    answer.raw = body_of(bytes(MAX_ANSWER_BYTES + 1))

    with pytest.raises(ContractError, match="more than any page has"):
        read_body(answer, "list", FixedClock(NOW), 5)
