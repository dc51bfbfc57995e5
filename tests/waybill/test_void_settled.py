"""A label that was to be taken back and never was: people are told, and say what became of it, once."""

from datetime import timedelta
from typing import Literal

import pytest
from sqlalchemy import text

from orderhub.alerts.watch import look_around
from orderhub.errors import StopError
from orderhub.fulfillment.waybill.mending import settle_label
from orderhub.operate.explain import explain
from tests.builders import rows
from tests.waybill.conftest import CARRIERS, Desk

ALERTS = "select rule_id, subject from ops.alerts where closed_at is null order by 1"
LABELS = "select state, voided_at from core.waybills"
WAITING = "select outbox_id from ops.outbox where target like 'waybill%' and state not in ('sent', 'failed')"
WITHOUT_ACCOUNT = CARRIERS.format(service="cainiao").partition("    waybill:")[0]


def cancelled(desk: Desk) -> None:
    """A document with a label is cancelled; its service is asked to take the label back."""
    desk.open(orders=1)
    desk.close()
    desk.deliver()
    with desk.database.engine.begin() as connection:
        connection.execute(text("update core.fulfillment_orders set state = 'cancelled'"))
    desk.run()


def told(desk: Desk) -> list[tuple[object, ...]]:
    look_around(desk.database, desk.clock, desk.active)
    return rows(desk.database, ALERTS)


def test_a_service_that_does_not_say_for_a_day_is_told_until_a_person_settles_the_label(desk: Desk):
    cancelled(desk)
    desk.plan({"kind": "silent", "times": 99})
    desk.deliver()
    fresh = told(desk)
    desk.clock.move(timedelta(days=1))
    desk.deliver()
    late = told(desk)
    desk.clock.move(timedelta(days=60))
    still = told(desk)

    settle_label(desk.database, desk.clock, "tb/1@1", "void", "clerk", "在快递后台作废了")
    desk.deliver()

    assert fresh == []
    assert late == still == [("waybill_void_unanswered", "hangzhou:zto")]
    assert (told(desk), rows(desk.database, WAITING)) == ([], [])


@pytest.mark.parametrize("state", ["void", "used"])
def test_a_label_whose_account_is_gone_is_ended_by_a_person_once_with_who_and_why(
    desk: Desk, state: Literal["void", "used"]
):
    cancelled(desk)
    desk.configure(WITHOUT_ACCOUNT)
    desk.deliver()
    before = told(desk)

    settle_label(desk.database, desk.clock, "tb/1@1", state, "clerk", "问过网点")
    at = desk.clock.now()
    desk.deliver()

    assert before == [("waybill_account_gone", "hangzhou:zto")]
    assert rows(desk.database, LABELS) == [(state, at if state == "void" else None)]
    assert rows(
        desk.database,
        "select recorded_at, actor, action, subject_type, subject_id, detail from ops.audit where subject_type = 'waybill'",
    ) == [(at, "clerk", "settle", "waybill", "tb/1@1", {"state": state, "reason": "问过网点"})]
    assert (rows(desk.database, WAITING), rows(desk.database, "select * from core.print_tasks")) == ([], [])
    with pytest.raises(StopError, match=f"is {state}"):
        settle_label(desk.database, desk.clock, "tb/1@1", "void", "other", "又看了一次")
    assert told(desk) == []


def test_a_label_that_a_person_settled_is_not_taken_back_when_its_account_returns(desk: Desk):
    cancelled(desk)
    desk.configure(WITHOUT_ACCOUNT)
    desk.deliver()
    settle_label(desk.database, desk.clock, "tb/1@1", "used", "clerk", "已贴在别的包裹上")

    desk.configure(CARRIERS.format(service="cainiao"))
    desk.deliver(2)

    assert {"tb-1-1": 1} == desk.made()
    said = next(step.text for step in explain(desk.database, "tb/1").steps if step.what == "waybill")
    assert "已用掉(人核对)" in said


def test_a_label_that_stands_or_is_none_is_not_settled(desk: Desk):
    desk.open(orders=1)
    desk.close()
    desk.deliver()

    with pytest.raises(StopError, match="is got"):
        settle_label(desk.database, desk.clock, "tb/1@1", "void", "clerk", "不要了")
    with pytest.raises(StopError, match="no label"):
        settle_label(desk.database, desk.clock, "tb/9@1", "void", "clerk", "没有这张")
