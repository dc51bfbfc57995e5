"""What a person sees of a hold before deciding it, and who sees it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from orderhub.alerts.hold_facts import hold_facts
from orderhub.clock import FixedClock
from orderhub.db.engine import Database
from orderhub.errors import StopError
from orderhub.quality.decide import Choice, Decision, decide
from tests.builders import NOON, Line, Order, activate, hold, put

ROOT = Path(__file__).resolve().parents[2]
ASK = """
import json, sys
sys.path.insert(0, "plugins")
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api import security
from airflow.models.dag import DagModel
from starlette.testclient import TestClient
import orderhub_ui

create_auth_manager()
DagModel.get_team_name = lambda dag_id: None  # Is in Airflow's database.
users = {name: SimpleAuthManagerUser(username=name, role=name.upper()) for name in ("viewer", "user")}

async def told_apart(request, *tokens):
    if request.headers.get("who") is None:
        return await known(request, *tokens)
    return users[request.headers["who"]]

known, security.get_user = security.get_user, told_apart
client, path = TestClient(orderhub_ui.app), "/decide/facts?hold_id="
asked = {
    "nobody": client.get(path + sys.argv[1]),
    "forged": client.get(path + sys.argv[1], headers={"Authorization": "Bearer abc"}),
    "viewer": client.get(path + sys.argv[1], headers={"who": "viewer"}),
    "user": client.get(path + sys.argv[1], headers={"who": "user"}),
    "unknown": client.get(path + "00000000", headers={"who": "user"}),
}
answers = {who: (a.status_code, a.text, a.headers.get("cache-control")) for who, a in asked.items()}
print("ANSWER" + json.dumps(answers))
"""


@pytest.fixture
def held(database: Database) -> str:
    """An order of two lines, paid 86.00 yuan, whose first line is held."""
    with database.engine.begin() as connection:
        activate(connection)
        put(connection, Order("1", (Line(quantity=2), Line(quantity=3))))
        hold_id = hold(connection, "tb/1", "1", "unusual_price")
        say(connection, "update core.orders set paid_fen = 8600")
        say(
            connection,
            """update core.anomalies set evidence = '{"paid_unit_fen": 900, "phone_hash": "abc"}'""",
        )
        say(
            connection,
            "insert into ops.alerts (rule_id, topic, severity, subject, fingerprint, title_zh, title_en, text_zh, "
            "text_en, shop_id, raised_at, seen_at) values ('unusual_price', 'held', 'warning', 'tb/1', :hold_id, "
            "'单价反常', 'The price is unusual', '', '', 'tb', now(), now())",
            hold_id=hold_id,
        )
    return hold_id


def say(connection: Any, sql: str, **given: Any) -> None:
    connection.execute(text(sql), given)


def test_a_person_sees_what_is_held_and_why_in_words(database: Database, held: str):
    with database.engine.begin() as connection:
        hold(connection, "tb/1", None, "memo_instruction")

    facts = hold_facts(database, held.removeprefix("hold:")[:8], "zh")

    assert (facts.hold_id, facts.version_id, dict(facts.lines)) == (
        held,
        "v1",
        {
            "订单": "tb tb/1",
            "商品行": "马克杯 × 2",
            "原因": "单价反常(unusual_price,警告)",
            "凭什么": "每件实收 9.00 元",
            "实付": "86.00 元",
            "从何时起": "2026-11-23 12:00",
            "还挂着": "memo_instruction",
        },
    )


def test_it_is_told_in_english_too(database: Database, held: str):
    said = dict(hold_facts(database, held, "en").lines)

    assert (said["reason"], said["evidence"], said["paid"]) == (
        "The price is unusual (unusual_price, warning)",
        "paid for a piece 9.00 yuan",
        "86.00 yuan",
    )


def test_what_is_owed_at_the_door_is_not_called_paid(database: Database, held: str):
    with database.engine.begin() as connection:
        say(connection, "update core.orders set payment_state = 'cod_accepted'")

    said = dict(hold_facts(database, held, "en").lines)

    assert (said["owed at the door"], "paid" in said) == ("86.00 yuan", False)


def test_a_hold_that_somebody_ended_says_so_first(database: Database, held: str):
    decide(database, FixedClock(NOON), Decision(held, Choice.RELEASE, "已核对", "li"))

    first, *_ = hold_facts(database, held, "zh").lines

    assert first == ("已经结束", "li, 2026-11-23 12:00")


def test_no_receiver_is_shown(database: Database, held: str):
    with database.engine.begin() as connection:
        say(
            connection,
            "update core.receivers set name_masked = '欧阳**', phone_masked = '139****4321', "
            "address_masked = '文三路***', town = '翠苑街道'",
        )

    said = str(hold_facts(database, held, "zh"))

    assert [part for part in ("欧阳", "4321", "文三路", "翠苑", "abc") if part in said] == []


def test_an_id_that_names_no_hold_is_refused(database: Database, held: str):
    with pytest.raises(StopError, match="does not exist"):
        hold_facts(database, "00000000", "zh")


@pytest.fixture
def answers(database: Database, held: str, tmp_path: Path) -> dict[str, tuple[int, str, str | None]]:
    """What the plugin of Airflow answers to each kind of person."""
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "AIRFLOW_HOME": str(tmp_path), "ORDERHUB_HOME": str(tmp_path),
        "ORDERHUB_HASH_KEY": "x",
        "ORDERHUB_DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
    }  # fmt: skip
    ended = subprocess.run(
        [sys.executable, "-c", ASK, held],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    result: dict[str, Any] = json.loads(ended.stdout.split("ANSWER")[1])
    return {who: tuple(answer) for who, answer in result.items()}


def test_only_who_may_decide_sees_it_and_no_browser_keeps_it(
    answers: dict[str, tuple[int, str, str | None]],
):
    assert {who: status for who, (status, _, _) in answers.items()} == {
        "nobody": 401, "forged": 403, "viewer": 403, "user": 200, "unknown": 404,
    }  # fmt: skip
    assert [who for who, (_, said, _) in answers.items() if "tb/1" in said] == ["user"]
    assert answers["user"][2] == "no-store"
