import pytest

from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.errors import StopError
from orderhub.quality.release import release
from orderhub.transform.run import run_transform
from tests.builders import rows
from tests.transform.payloads import StoppedClock, stage, trade

CLOCK = StoppedClock()


@pytest.fixture
def held(database: Database, config: MerchantConfig) -> Database:
    """A hub with the order tb/1, held because nothing was paid for it."""
    stage(database, [trade("1", payment="0.00")], "tb")
    run_transform(database, CLOCK, config)
    return database


def test_released_hold_ends_and_says_who_and_why(held: Database):
    ended = release(held, CLOCK, "tb/1", "zero_amount", "样品,主管已核对", "li")

    said = rows(held, "select state, ended_by, end_reason from core.holds where rule_id = 'zero_amount'")
    audited = rows(held, "select actor, action, detail ->> 'reason' from ops.audit where action = 'release'")
    assert (ended, said) == (1, [("released", "li", "样品,主管已核对")])
    assert audited == [("li", "release", "样品,主管已核对")]


def test_only_the_named_rule_is_released(held: Database):
    before = rows(held, "select rule_id from core.holds where state = 'active' order by 1")

    release(held, CLOCK, "tb/1", "zero_amount", "样品", "li")

    after = rows(held, "select rule_id from core.holds where state = 'active' order by 1")
    assert after == [row for row in before if row != ("zero_amount",)]


def test_rule_that_holds_nothing_is_named_with_those_that_do(held: Database):
    with pytest.raises(StopError, match=r"tb/1: rule 'vague' holds nothing.*rules that do: .*zero_amount"):
        release(held, CLOCK, "tb/1", "vague", "样品", "li")


def test_release_without_a_reason_is_refused(held: Database):
    with pytest.raises(StopError, match="needs a reason"):
        release(held, CLOCK, "tb/1", "zero_amount", " ", "li")
