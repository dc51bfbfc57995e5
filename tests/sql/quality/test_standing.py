"""What is held now, as `./hub hold list` shows it."""

import pytest

from orderhub.db.engine import Database
from orderhub.errors import StopError
from orderhub.quality.standing import active_holds
from tests.sql.quality.arrangement import Hub, open_hub


@pytest.fixture
def hub(database: Database) -> Hub:
    return open_hub(database)


def test_holds_of_an_order_that_does_not_exist_are_not_none_but_a_mistake(hub: Hub) -> None:
    order_id = hub.put({})
    hub.check()

    assert active_holds(hub.database, order_id) == []
    with pytest.raises(
        StopError, match=r"^order tb/none: does not exist; the id is shop/number, as in mails$"
    ):
        active_holds(hub.database, "tb/none")
