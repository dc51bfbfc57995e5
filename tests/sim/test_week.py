"""A week of churn per platform, compared with the truth field by field."""

import random
import sys

import pytest

from orderhub.db.engine import Database
from orderhub.platforms import paging
from orderhub.platforms.spec import load_platform, platform_names
from sandbox.dialects import DIALECTS
from tests.sim.week import Week

#: A platform that somebody added a minute ago has no gateway in the sandbox yet.
PLATFORMS = [name for name in platform_names() if name in DIALECTS]
NUMBERED = [name for name in PLATFORMS if load_platform(name).spec.streams["orders"].paging == "pages"]
#: One of them shows in the usual tier that the comparison can fail.
FORWARD = [pytest.param(name, marks=[pytest.mark.slow] if name != "douyin" else []) for name in NUMBERED]
#: Pages by number, half hours by number: whose days are lived in the usual tier. A cursor's contract is tried there.
USUAL = ("taobao", "pinduoduo")
DAYS = [pytest.param(name, marks=[] if name in USUAL else [pytest.mark.slow]) for name in PLATFORMS]
#: Ten that never change, and one that is drawn anew and printed.
SEEDS = [*range(11, 21), None]
WEEK = 7 * 24 * 4


@pytest.mark.parametrize("platform", DAYS)
def test_a_day_of_churn_loses_and_changes_nothing(database: Database, platform: str):
    week = Week(database, platform, seed=11, orders=500, ticks=48)

    said = week.run()

    assert said == []
    assert len(week.struck) >= 3, "hardly a fault reached the hub: the day was too quiet to prove anything"


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_week_of_churn_loses_and_changes_nothing(database: Database, platform: str, seed: int | None):
    seed = seed or random.randrange(1_000, 1_000_000)
    week = Week(database, platform, seed=seed, orders=20_000, ticks=WEEK)

    said = week.run()

    sys.stdout.write(f"{platform} seed {seed}: {week.summary()}\n")
    assert said == []
    assert week.changed_twice() >= 0.3


def forward(*bounds: int) -> range:
    """Count up where the engine counts down."""
    start, stop, step = (*bounds, 1)[:3] if len(bounds) > 1 else (0, *bounds, 1)
    return range(stop + 1, start + 1) if step < 0 else range(start, stop, step)


@pytest.mark.parametrize("platform", FORWARD)
def test_reading_pages_forward_is_caught(database: Database, platform: str, monkeypatch: pytest.MonkeyPatch):
    """Negative control: the comparison sees what forward paging loses."""
    monkeypatch.setattr(paging, "range", forward, raising=False)
    week = Week(database, platform, seed=11, orders=1000, ticks=24, has_faults=False)

    assert any("is missing" in one or "modified_at" in one for one in week.run())
