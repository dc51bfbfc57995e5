"""A supervisor follows the link of a received mail, decides in the form it opens, and the order moves."""

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import text

from orderhub.clock import BEIJING
from orderhub.fulfillment.stock import import_stock
from orderhub.paths import shipped_config_directory
from tests.airflow.conftest import LiveHub
from tests.builders import rows
from tests.transform.payloads import stage, trade

pytestmark = pytest.mark.airflow
ORDERS = 5
NUMBER = "2160451543726119999"
ORDER_ID = f"tb_flagship/{NUMBER}"
LINK = re.compile(r"https?://[^\s\"<>]+/orderhub/decide\?[^\s\"<>]+")
DOCUMENTS = f"select state from core.fulfillment_orders where order_id = '{ORDER_ID}'"


def minutes_ago(minutes: int) -> str:
    return f"{(datetime.now(UTC) - timedelta(minutes=minutes)).astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def grow_old(hub: LiveHub) -> None:
    """Let the hold wait for longer than its limit: whatever else was told of it, that mail has its link."""
    with hub.owner.engine.begin() as connection:
        connection.execute(text("update core.holds set placed_at = placed_at - interval '5 hours'"))


def received_link(hub: LiveHub) -> str | None:
    texts = [mail["text"] for mail in hub.mails() if ORDER_ID in mail["text"]]
    return next((found[0] for text in texts if (found := LINK.search(text))), None)


def filled_in(page: str) -> dict[str, Any]:
    """What the browser would send: the values of the form's inputs and its chosen option."""
    inputs = dict(re.findall(r'<input id="\w+" name="(\w+)" value="([^"]*)"', page))
    chosen = re.findall(r'<option value="(\w+)" selected>', page)
    return {
        "hold_id": html.unescape(inputs["hold_id"]), "version": inputs["version"] or None, "decision": chosen[0]
    }  # fmt: skip


def test_the_link_of_a_mail_leads_to_a_decision_and_the_order_moves(live_hub: LiveHub) -> None:
    import_stock(live_hub.database, live_hub.stack.clock, shipped_config_directory() / "stock.csv", "test")
    for dag_id in ("transform_orders", "decide_hold"):
        live_hub.stack.api.unpause(dag_id)
    times = {name: minutes_ago(30) for name in ("created", "pay_time", "modified")}
    stage(live_hub.database, [trade(NUMBER, seller_memo="改地址到公司", **times)])
    assert live_hub.run_to_end("transform_orders") == "success"
    grow_old(live_hub)
    live_hub.stack.api.unpause("fulfill_orders")
    assert live_hub.run_to_end("fulfill_orders") == "success"
    link = str(live_hub.wait(lambda: received_link(live_hub), "the mail with its link has come", 240))

    form = filled_in(requests.get(link, timeout=20).text)
    run = live_hub.stack.api._call(
        "POST",
        "/dags/decide_hold/dagRuns",
        {"logical_date": None, "conf": {**form, "reason": "已电话核对"}},
    )["dag_run_id"]
    ended = live_hub.wait(
        lambda: (
            (state := live_hub.stack.api.run_state("decide_hold", run)) in ("success", "failed") and state
        ),
        "the decision is carried out",
        240,
    )
    live_hub.wait(lambda: rows(live_hub.owner, DOCUMENTS), "the order is routed", 240)

    said = rows(
        live_hub.owner,
        "select action, detail ->> 'reason', detail ->> 'order_id', actor <> 'airflow' from ops.audit "
        "where subject_type = 'hold'",
    )
    assert (ended, said) == ("success", [("release", "已电话核对", ORDER_ID, True)])
    assert rows(live_hub.owner, DOCUMENTS) == [("allocated",)]
