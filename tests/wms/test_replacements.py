"""Exchanges and resends leave as orders of their own: once, without payment, told at the platform or by a person."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from orderhub.cli import app
from orderhub.db.postgres import Server
from orderhub.errors import AlreadyDone, StopError
from orderhub.fulfillment.resend import Resend, answer_goods, order_resend
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.wms.returns import ask_open_returns
from orderhub.operate.explain import explain
from orderhub.operate.verify import verify
from orderhub.quality.decide import Choice, Decision, decide
from tests.builders import FILES, NOON, rows, shops_file
from tests.conftest import PASSWORDS
from tests.wms.conftest import House

MADE = "select order_id, of_order_id, kind, goods from core.replacements order by 1"
DOCUMENTS = (
    "select fulfillment_order_id, state from core.fulfillment_orders where order_id <> 'tb/1' order by 1"
)
LINES = "select line_id, sku_id, quantity::int, paid_fen::int from core.order_lines where order_id = '{}' order by 1"
HELD = "select order_id, evidence ->> 'proposed', holds.state from core.holds join core.anomalies using (anomaly_id, order_id) where holds.rule_id = 'which_goods'"
STOCK = (
    "select sku_id, on_hand::int, reserved::int from core.stock where warehouse_id = 'hangzhou' order by 1"
)
SAME = {"shops.yaml": shops_file().replace("on_stale: wait\n", "on_stale: wait\n    exchange_goods: same\n")}


def after_sale(house: House, **given: Any) -> None:
    """What transform writes of an after-sale of order tb/1: the version of now replaces the one before."""
    values = {
        "id": "R1", "kind": "exchange", "state": "open", "line": "1", "quantity": 1, "replacement": "agreed",
        "wanted": None, **given, "now": NOON,
    }  # fmt: skip
    with house.database.engine.begin() as connection:
        connection.execute(text("delete from core.refunds where refund_id = 'tb/' || :id"), values)
        connection.execute(
            text(
                "insert into core.refunds (refund_id, platform, shop_id, platform_refund_id, order_id, platform_line_id, "
                "kind, state, is_terminal, quantity, replacement, wanted_sku, version_id, merge_key, mapping_version, "
                "_load_id, _pass_id, _seen_at) values ('tb/' || :id, 'taobao', 'tb', :id, 'tb/1', :line, :kind, :state, "
                "false, :quantity, :replacement, :wanted, 'v', 'k', 'm', 1, 1, :now)"
            ),
            values,
        )
    run(house)


def run(house: House) -> None:
    run_fulfillment(house.database, house.clock, house.active)


def shipped(house: House, **more: Any) -> None:
    """Order tb/1 of two mugs and a cup has left Hangzhou: 18 mugs and 19 cups lie there."""
    house.open(orders=1, **more)
    ship(house)


def ship(house: House) -> None:
    house.deliver()
    house.clock.move(timedelta(minutes=1))
    house.ship_all()
    house.confirm()
    house.clock.move(timedelta(minutes=1))


def come_back(house: House) -> None:
    house.deliver()
    house.clock.move(timedelta(minutes=1))
    house.wms.ledger.receive("R-tb-R1-hangzhou", "MUG", 1, 0, house.clock.now())
    ask_open_returns(house.database, house.clock, house.account)


def clean(house: House) -> list[tuple[str, ...]]:
    return [r.violations for r in verify(house.database) if r.violations]


def test_an_exchange_leaves_by_its_own_document_once_its_goods_came_back(house: House):
    shipped(house, more=SAME)
    after_sale(house)
    before = rows(house.database, MADE)
    come_back(house)
    run(house)
    run(house)
    after_sale(house, quantity=1)
    house.clock.move(timedelta(hours=1))
    house.close()
    ship(house)

    assert before == []
    assert rows(house.database, MADE) == [("tb/HHR1", "tb/1", "exchange", "same")]
    assert rows(house.database, LINES.format("tb/HHR1")) == [("1", "MUG", 1, 0)]
    assert rows(house.database, DOCUMENTS) == [("tb/HHR1@1", "shipped")]
    assert rows(house.database, STOCK) == [("CUP", 19, 0), ("MUG", 18, 0)]
    [sent] = house.wms.ledger.documents["tb-HHR1-1"]
    assert (sent.order_type, sent.oaid, dict(sent.planned)) == ("HHCK", "OAID-1", {"MUG": 1})
    assert rows(
        house.database, "select kind, bucket, quantity::int, shipped_at is not null from mart.replacements"
    ) == [("exchange", "shipped", 1, True)]
    assert rows(house.database, "select order_id from mart.orders") == [("tb/1",)]
    assert clean(house) == []


def test_an_exchange_whose_goods_nobody_names_asks_a_person_and_takes_the_answer(house: House):
    shipped(house)
    after_sale(house, replacement="sends")
    asked = rows(house.database, HELD)
    reserved = rows(house.database, DOCUMENTS)

    answer_goods(house.database, house.clock, "tb/HHR1", {"CUP": 2}, actor="clerk", reason="wants cups")
    after_sale(house, replacement="sends", quantity=2)

    assert asked == [("tb/HHR1", "MUG×1", "active")]
    assert reserved == []
    assert rows(house.database, HELD) == [("tb/HHR1", "MUG×1", "closed")]
    assert rows(house.database, LINES.format("tb/HHR1")) == [("1", "CUP", 2, 0)]
    assert rows(house.database, DOCUMENTS) == [("tb/HHR1@1", "allocated")]
    assert rows(
        house.database, "select actor, detail ->> 'to' from ops.audit where action = 'answer_goods'"
    ) == [("clerk", '{"CUP": 2}')]
    assert clean(house) == []


def test_releasing_the_question_sends_what_was_proposed(house: House):
    shipped(house)
    after_sale(house, replacement="sends")
    [(hold_id,)] = rows(house.database, "select hold_id from core.holds where rule_id = 'which_goods'")

    decide(house.database, house.clock, Decision(str(hold_id), Choice.RELEASE, "same colour again", "clerk"))
    run(house)
    run(house)

    assert rows(house.database, DOCUMENTS) == [("tb/HHR1@1", "allocated")]
    assert rows(house.database, LINES.format("tb/HHR1")) == [("1", "MUG", 1, 0)]
    assert rows(house.database, HELD) == [("tb/HHR1", "MUG×1", "released")]


def test_the_goods_that_the_platform_names_are_sent(house: House):
    mappings = FILES["sku_mappings.csv"] + "m1,tb,sku-blue,CUP\n"
    shipped(house, more={"sku_mappings.csv": mappings})
    with house.database.engine.begin() as connection:
        connection.execute(text("insert into core.sku_mappings values ('m1', 'tb', 'SKU-BLUE', 'CUP')"))

    after_sale(house, replacement="sends", wanted=" sku-blue")

    assert rows(house.database, MADE) == [("tb/HHR1", "tb/1", "exchange", "named")]
    assert rows(house.database, LINES.format("tb/HHR1")) == [("1", "CUP", 1, 0)]


def test_a_resend_waits_for_the_platform_and_brings_nothing_back(house: House):
    shipped(house)
    after_sale(house, kind="resend", replacement=None)
    applied = rows(house.database, MADE)

    after_sale(house, kind="resend", replacement="sends", line="2", quantity=None)

    assert applied == []
    assert rows(house.database, MADE) == [("tb/BFR1", "tb/1", "resend", "same")]
    assert rows(house.database, LINES.format("tb/BFR1")) == [("2", "CUP", 1, 0)]
    assert rows(house.database, "select count(*) from core.returns") == [(0,)]


def test_what_did_not_leave_is_not_sent_again(house: House):
    house.open(orders=1)

    after_sale(house, kind="resend", replacement="sends")

    assert rows(house.database, MADE) == []


@pytest.mark.parametrize("ended", [{"state": "withdrawn"}, {"kind": "return"}, {"replacement": "dropped"}])
def test_an_after_sale_that_ends_before_the_cut_off_gives_its_stock_back(house: House, ended: dict[str, str]):
    shipped(house, more=SAME)
    after_sale(house, replacement="sends")
    reserved = rows(house.database, STOCK)

    after_sale(house, **{"replacement": "sends", **ended})
    stopped = rows(house.database, DOCUMENTS)
    after_sale(house, replacement="sends")

    assert reserved == [("CUP", 19, 0), ("MUG", 18, 1)]
    assert stopped == [("tb/HHR1@1", "cancelled")]
    assert rows(house.database, DOCUMENTS) == [("tb/HHR1@1", "cancelled"), ("tb/HHR1@2", "allocated")]
    assert clean(house) == []


def test_an_after_sale_that_ends_after_the_cut_off_is_called_back(house: House):
    shipped(house, more=SAME)
    after_sale(house, replacement="sends")
    house.clock.move(timedelta(hours=1))
    house.close()
    house.deliver()

    after_sale(house, state="withdrawn")
    house.deliver()

    [held] = house.wms.ledger.documents["tb-HHR1-1"]
    assert held.status == "CANCELED"
    assert rows(house.database, DOCUMENTS) == [("tb/HHR1@1", "cancelled")]
    assert rows(house.database, STOCK) == [("CUP", 19, 0), ("MUG", 18, 0)]
    assert clean(house) == []


def test_a_changed_after_sale_changes_the_lines_until_a_manifest_has_them(house: House):
    shipped(house, more=SAME)
    after_sale(house, replacement="sends")
    after_sale(house, replacement="sends", quantity=2)
    changed = rows(house.database, LINES.format("tb/HHR1"))
    house.clock.move(timedelta(hours=1))
    house.close()

    after_sale(house, replacement="sends", quantity=1)

    assert changed == rows(house.database, LINES.format("tb/HHR1")) == [("1", "MUG", 2, 0)]
    assert rows(house.database, DOCUMENTS) == [("tb/HHR1@1", "cancelled"), ("tb/HHR1@2", "manifested")]
    assert clean(house) == []


def test_a_person_orders_a_resend_once_per_case_and_who_and_why_are_kept(house: House):
    shipped(house)
    wanted = Resend("tb/1", "a mug was missing", "clerk", {"1": 1})
    made = order_resend(house.database, house.clock, wanted)
    with pytest.raises(AlreadyDone, match="case 1"):
        order_resend(house.database, house.clock, wanted)
    second = order_resend(house.database, house.clock, Resend("tb/1", "and all again", "clerk", {}, "2"))
    house.clock.move(timedelta(hours=1))
    house.close()
    ship(house)

    assert (made, second) == ("tb/BF1_1", "tb/BF1_2")
    assert [step.text_en for step in explain(house.database, made).steps if step.what == "replaced"] == [
        "resend, made for tb/1: the same goods, without payment"
    ]
    assert [step.ids["case"] for step in explain(house.database, "tb/1").steps if step.what == "replaced"] == [
        "1", "2",
    ]  # fmt: skip
    assert rows(house.database, LINES.format(made)) == [("1", "MUG", 1, 0)]
    assert rows(house.database, LINES.format(second)) == [("1", "MUG", 2, 0), ("2", "CUP", 1, 0)]
    [sent] = house.wms.ledger.documents["tb-BF1_1-1"]
    assert (sent.order_type, dict(sent.planned)) == ("BFCK", {"MUG": 1})
    assert rows(house.database, "select actor, subject_id from ops.audit where action = 'resend'") == [
        ("clerk", "tb/1"), ("clerk", "tb/1"),
    ]  # fmt: skip
    assert rows(house.database, STOCK) == [("CUP", 18, 0), ("MUG", 15, 0)]
    assert clean(house) == []


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Resend("tb/1", " ", "clerk", {}), "reason"),
        (Resend("tb/9", "lost", "clerk", {}), "does not exist"),
        (Resend("tb/1", "lost", "clerk", {"7": 1}), "no line 7"),
        (Resend("tb/1", "lost", "clerk", {"1": 3}), "2 pieces, not 3"),
        (Resend("tb/1", "lost", "clerk", {}, "a/b"), "letters and digits"),
        (Resend("tb/2", "lost", "clerk", {}), "nothing of it has left"),
    ],
)
def test_a_resend_that_makes_no_sense_is_refused(house: House, wanted: Resend, said: str):
    house.open(orders=2)
    house.deliver()
    house.wms.ledger.ship("tb-1-1", house.clock.now())
    house.confirm()

    with pytest.raises(StopError, match=said):
        order_resend(house.database, house.clock, wanted)

    assert rows(house.database, MADE) == []


def test_a_pass_that_dies_in_between_leaves_nothing_and_the_next_makes_it_once(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    shipped(house, more=SAME)
    with monkeypatch.context() as broken:
        broken.setattr("orderhub.fulfillment.run.withdraw", _die)
        with pytest.raises(KeyboardInterrupt):
            after_sale(house, replacement="sends")
    left = rows(house.database, MADE)

    run(house)

    assert left == []
    assert rows(house.database, DOCUMENTS) == [("tb/HHR1@1", "allocated")]


def _die(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture
def environment(house: House, server: Server, database_name: str) -> dict[str, str]:
    """What the commands of this house read."""
    return {
        "ORDERHUB_HOME": str(house.settings.home), "ORDERHUB_HASH_KEY": "x", "COLUMNS": "200",
        "ORDERHUB_DATABASE_URL": server.url(database_name, "orderhub_app", PASSWORDS.app),
    }  # fmt: skip


def test_the_commands_ask_say_what_came_of_it_and_refuse_what_is_no_number(
    house: House, environment: dict[str, str]
):
    shipped(house)
    wish = ("resend", "tb/1", "--line", "1=1", "--reason", "少发一件")
    calls = (
        (wish, "n\n"),
        (wish, "y\n"),
        (("resend", "tb/1", "--line", "1=two", "--reason", "x", "--yes"), ""),
    )

    declined, made, odd = (
        CliRunner().invoke(app, call, env=environment, input=answer) for call, answer in calls
    )

    assert (declined.exit_code, made.exit_code, odd.exit_code) == (1, 0, 2)
    assert "再发一份 / send again: 1=1?" in declined.output
    assert "tb/BF1_1 已开单,下一批配货 / made; the next fulfil pass routes it" in made.output
    assert "'1=two': NAME=PIECES, for example 1=2" in odd.output
    assert rows(house.database, MADE) == [("tb/BF1_1", "tb/1", "resend", "same")]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("resend", "tb/9"), "order tb/9: does not exist; the id is shop/number, as in mails"),
        (("resend", "tb/1", "--line", "7=1"), "order tb/1: has no line 7"),
        (("resend", "tb/2"), "order tb/2: nothing of it has left"),
        (("resend", "tb/1", "--case", "a/b"), "letters and digits"),
        (("hold", "correct", "tb/9", "--address"), "order tb/9: does not exist"),
        (("hold", "correct", "tb/1", "--address"), "order tb/1: line 1 is in manifest"),
        (("hold", "correct", "tb/2", "--address", "--quantity", "2"), "correct one thing at a time"),
    ],
)
def test_a_command_that_cannot_do_it_says_so_before_it_asks_anything(
    house: House, environment: dict[str, str], call: tuple[str, ...], said: str
):
    house.open(orders=2, more={"shops.yaml": shops_file(export_policy="masked")})
    house.deliver()
    house.wms.ledger.ship("tb-1-1", house.clock.now())
    house.confirm()

    answered = CliRunner().invoke(app, (*call, "--reason", "少发一件"), env=environment, input="y\n")

    assert said in str(answered.exception)
    assert answered.output == ""


def test_an_address_that_only_the_platform_may_change_is_not_asked_for(
    house: House, environment: dict[str, str]
):
    house.open(orders=1)

    call = ("hold", "correct", "tb/1", "--address", "--reason", "少发一件")
    answered = CliRunner().invoke(app, call, env=environment, input="x\n")

    assert "correct the address at the platform" in str(answered.exception)
    assert answered.output == ""
