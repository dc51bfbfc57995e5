"""What `./hub backfill --now` shows, and what Ctrl-C leaves behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import typer

from orderhub.cli.reading_bar import read_with_bar
from orderhub.db.engine import Database
from orderhub.platforms import backfill, fetching
from orderhub.platforms.client import Client
from tests.platforms.shop_in_a_box import DETAIL, LIST, ShopInABox
from tests.platforms.test_backfill import access, ask


@pytest.fixture
def box(database: Database, monkeypatch: pytest.MonkeyPatch) -> ShopInABox:
    opened = ShopInABox(database, orders=600)

    @contextmanager
    def client_of_the_box(*_: object) -> Iterator[Client]:
        client = opened.client()
        try:
            yield client
        finally:
            client.close()

    monkeypatch.setattr(backfill, "open_client", client_of_the_box)
    return opened


def test_whole_range_is_read_and_counted(box: ShopInABox, capsys: pytest.CaptureFixture[str]):
    left = read_with_bar(access(box), ask(box))

    assert (left, "2/2" in capsys.readouterr().out) == (0, True)


def test_ctrl_c_says_what_is_left_and_the_next_time_reads_it(
    box: ShopInABox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    stage_page = fetching.stage_page

    def interrupted(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(fetching, "stage_page", stage_page)
        raise KeyboardInterrupt

    monkeypatch.setattr(fetching, "stage_page", interrupted)
    with pytest.raises(typer.Exit) as stopped:
        read_with_bar(access(box), ask(box))

    assert "2 windows left; repeat the command" in capsys.readouterr().out
    assert stopped.value.exit_code == 130
    assert read_with_bar(access(box), ask(box)) == 0


def test_ban_is_said_with_its_end(box: ShopInABox, capsys: pytest.CaptureFixture[str]):
    box.gateway.faults.replace([{"kind": "throttle", "method": DETAIL, "nth": 3, "seconds": 600}])

    left = read_with_bar(access(box), ask(box))

    assert (left, "the platform bans until 11-23 12:15" in capsys.readouterr().out) == (2, True)


def test_windows_that_cannot_be_proven_are_read_three_times_and_named(
    box: ShopInABox, capsys: pytest.CaptureFixture[str]
):
    box.gateway.faults.replace([{"kind": "lying_total", "method": LIST, "times": 0, "delta": 500}])
    asked = ask(box)

    left = read_with_bar(access(box), asked)

    said = capsys.readouterr().out
    assert (left, "distinct ids" in said) == (2, True)
