"""The form of decide_hold: what a link fills in, and that nothing of an address becomes HTML."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orderhub.alerts.links import LINK, decide_hold_link

ROOT = Path(__file__).resolve().parents[2]
HOLD = "hold:0123456789abcdef"
ASK = """
import json, sys
sys.path.insert(0, "plugins")
from starlette.testclient import TestClient
import orderhub_ui
from orderhub.orchestration.decide_tasks import decision_params

client = TestClient(orderhub_ui.app)
pages = {name: client.get(path).text for name, path in json.loads(sys.argv[1]).items()}
titles = {name: param.schema["title"] for name, param in decision_params().items()}
mounted = [app["url_prefix"] for app in orderhub_ui.OrderhubUi.fastapi_apps]
print("ANSWER" + json.dumps({"pages": pages, "titles": titles, "mounted": mounted}))
"""
PATHS = {
    "link": decide_hold_link(HOLD).removeprefix(f"{LINK}/orderhub"),
    "choice": "/decide?hold_id=x&decision=no_ship",
    "unknown": "/decide?hold_id=x&decision=delete&evil=1",
    "attack": '/decide?hold_id="><script>alert(1)</script>&reason=</textarea><b>',
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("airflow")
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "AIRFLOW_HOME": str(home)}
    ended = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps(PATHS)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    result: dict[str, Any] = json.loads(ended.stdout.split("ANSWER")[1])
    return result


def test_a_link_opens_the_form_with_the_hold_filled_in(asked: dict[str, Any]):
    assert asked["mounted"] == ["/orderhub"]
    assert f'name="hold_id" value="{HOLD}"' in asked["pages"]["link"]


def test_the_form_has_every_field_of_the_dag_with_a_chinese_title(asked: dict[str, Any]):
    assert list(asked["titles"]) == ["hold_id", "decision", "reason", "version"]
    assert [title for title in asked["titles"].values() if title not in asked["pages"]["link"]] == []


def test_the_page_holds_a_place_for_what_the_hold_is_about_and_asks_for_it(asked: dict[str, Any]):
    assert '<dl id="about"></dl>' in asked["pages"]["link"]
    assert "decide/facts?hold_id=" in asked["pages"]["link"]


def test_a_choice_may_be_filled_in_and_another_word_is_not(asked: dict[str, Any]):
    assert '<option value="no_ship" selected>' in asked["pages"]["choice"]
    assert '<option value="release" selected>' in asked["pages"]["unknown"]
    assert "evil" not in asked["pages"]["unknown"]


def test_nothing_of_an_address_becomes_html(asked: dict[str, Any]):
    page = asked["pages"]["attack"]

    assert (page.count("<script>"), "alert(1)" in page, "</textarea><b>" in page) == (1, True, False)
