from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orderhub.platforms.times import read_time, write_time

BEIJING = ZoneInfo("Asia/Shanghai")
INSTANT = datetime(2025, 1, 1, 0, 15, 0, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "form, written",
    [
        ("epoch_s", 1735690500),
        ("epoch_ms", 1735690500250),
        ("%Y-%m-%d %H:%M:%S", "2025-01-01 08:15:00"),
        ("%Y-%m-%d %H:%M:%S%z", "2025-01-01 08:15:00+0800"),
    ],
)
def test_time_is_written_as_the_platform_wants_it(form: str, written: Any):
    assert write_time(INSTANT, form, BEIJING) == written


@pytest.mark.parametrize(
    "value, instant",
    [
        (1735690500, INSTANT.replace(microsecond=0)),
        ("1735690500250", INSTANT),
        ("2025-01-01 08:15:00", INSTANT.replace(microsecond=0)),
        ("2025-01-01T00:15:00Z", INSTANT.replace(microsecond=0)),
        ("昨天", None),
        (None, None),
        ("99999999999999999999", None),
    ],
)
def test_time_in_a_row_is_read_whatever_its_form(value: Any, instant: datetime | None):
    assert read_time(value, BEIJING) == instant
