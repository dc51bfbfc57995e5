"""What Airflow shows of a shop that waits for a person."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from orderhub.errors import CredentialError


class NoHub:
    """Stands for the opened hub: the pull below looks at none of it."""

    database = clock = settings = config = None


@contextmanager
def no_hub(_: str) -> Iterator[NoHub]:
    yield NoHub()


def test_shop_that_waits_for_a_person_is_skipped_and_says_why(monkeypatch: pytest.MonkeyPatch):
    from airflow.sdk.exceptions import AirflowSkipException

    from orderhub.orchestration import extract_tasks  # Airflow: not imported to collect the suite.

    def refused(*_: Any) -> None:
        raise CredentialError("code 27; authorize the shop again")

    monkeypatch.setattr(extract_tasks, "open_hub", no_hub)
    monkeypatch.setattr(extract_tasks, "backfilled_interval", lambda: None)
    monkeypatch.setattr("orderhub.platforms.pull.pull", refused)

    with pytest.raises(AirflowSkipException, match=r"^tb_outlet waits for a person: code 27; authorize"):
        extract_tasks.pull_shop.function("taobao", "tb_outlet")
