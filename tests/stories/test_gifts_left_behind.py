"""A gift does not follow what a person says is left: the person is told so, and sends it with a resend, once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orderhub.cli import app
from orderhub.db.engine import Database
from orderhub.db.postgres import Server
from orderhub.errors import StopError
from orderhub.fulfillment.resend import Resend, order_resend
from orderhub.quality.correct import Corrected, Correction, correct
from orderhub.quality.withhold import Withheld, restore_order, withhold_order
from sandbox.world.model import Order
from tests.builders import rows
from tests.conftest import PASSWORDS
from tests.platforms.shop_in_a_box import KEY
from tests.stories.day import Day, opened_day
from tests.stories.test_cash_at_the_door import hand_over

HEAD = "rule_id,gift_sku_id,quantity,shop_id,sku_id,min_amount,since,until,first\n"
GIFT = "~gift:g1"
SENT = "select order_id, sku_id, quantity from core.manifest_lines where not is_void order by 1, 2"
REASON = "没随手工那件发"


BY_AMOUNT = pytest.param(",1.00", id="by amount", marks=pytest.mark.slow)


@pytest.fixture(params=[pytest.param("SKU-MG012,", id="by SKU"), BY_AMOUNT])
def day(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> Iterator[Day]:
    """A shop that gives a bag, for a mug or for an amount."""
    rules = f"{HEAD}g1,SKU-GIFT-BAG,1,,{request.param},,,\n"
    with opened_day(database, tmp_path, more={"gifts.csv": rules}) as opened:
        opened.lay_in("hangzhou", MG_012=20)
        opened.wms({"put": [["HZ01", "SKU-GIFT-BAG", 20]]})
        yield opened


def bought(day: Day) -> Order:
    order = day.buy("MG-012", pieces=4)
    day.work()
    return order


def order_id(day: Day, order: Order) -> str:
    return f"{day.box.shop_id}/{order.order_id}"


def decided(day: Day, order: Order) -> Corrected:
    """Somebody ships one mug at the platform, and says that three are left."""
    day.happens(order, "part_ship")
    day.work()
    left = Correction(order_id(day, order), "同事手工发了一件", "li", order.lines[0].line_id, quantity=3)
    corrected = correct(day.database, day.box.clock, day.box.config, KEY, left)
    day.work()
    return corrected


def sent_again(day: Day, order: Order, case: str = "1") -> str:
    wanted = Resend(order_id(day, order), REASON, "li", {GIFT: 1}, case)
    return order_resend(day.database, day.box.clock, wanted)


def test_who_says_what_is_left_is_told_that_the_gift_does_not_follow(day: Day):
    corrected = decided(day, bought(day))
    hand_over(day)

    assert [gift.line_id for gift in corrected.gifts] == [GIFT]
    assert [sku for _, sku, _ in rows(day.database, SENT)] == ["SKU-MG012"]


def test_the_command_names_the_gift_and_how_to_send_it(
    day: Day, server: Server, database_name: str, tmp_path: Path
):
    order = bought(day)
    day.happens(order, "part_ship")
    day.work()
    environment = {
        "ORDERHUB_HOME": str(tmp_path), "ORDERHUB_HASH_KEY": "x", "COLUMNS": "200",
        "ORDERHUB_DATABASE_URL": server.url(database_name, "orderhub_app", PASSWORDS.app),
    }  # fmt: skip
    line = ("--line", order.lines[0].line_id, "--quantity", "3", "--reason", "同事手工发了一件")

    said = CliRunner().invoke(app, ("hold", "correct", order_id(day, order), *line), env=environment).output

    assert f"./hub resend {order_id(day, order)} --line '{GIFT}=1' --reason …" in said


def test_a_resend_sends_it_once_and_its_own_line_never_leaves(day: Day):
    order = bought(day)
    decided(day, order)

    made = sent_again(day, order)
    day.work()
    hand_over(day)
    day.send_everything()
    day.work()

    assert sorted(rows(day.database, SENT)) == sorted(
        [(order_id(day, order), "SKU-MG012", 3), (made, "SKU-GIFT-BAG", 1)]
    )
    blocked = f"select blocked_by from core.line_readiness where order_id <> '{made}' and line_id = '{GIFT}'"
    assert rows(day.database, blocked) == [("line_cancelled",)]


def test_a_restored_order_does_not_send_again_what_a_resend_took(day: Day):
    order = bought(day)
    decided(day, order)
    made = sent_again(day, order)

    with pytest.raises(StopError, match="nothing of it is withheld"):
        restore_order(day.database, day.box.clock, order_id(day, order), "x", "li")
    withhold_order(day.database, day.box.clock, made, Withheld.CANCELLED, "不送了", "li")

    assert restore_order(day.database, day.box.clock, order_id(day, order), "x", "li") == 1


def test_a_gift_that_still_leaves_by_itself_is_not_sent_again(day: Day):
    day.lay_in("hangzhou", CB_016=9, MG_012=20)
    order = day.buy("CB-016", "MG-012", pieces=4)
    day.work()
    day.happens(order, "part_ship")
    day.work()

    with pytest.raises(StopError, match=f"line {GIFT} leaves by itself"):
        sent_again(day, order)


def test_a_resend_of_everything_leaves_gifts_to_be_named(day: Day):
    order = bought(day)
    decided(day, order)

    made = order_resend(day.database, day.box.clock, Resend(order_id(day, order), "丢件", "li", {}))

    assert rows(day.database, f"select sku_id from core.order_lines where order_id = '{made}'") == [
        ("SKU-MG012",)
    ]
