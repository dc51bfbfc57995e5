"""Airflow's menu leads to the runbooks, and to nothing else; a WMS finds its door beside them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ASK = """
import asyncio, json, sys
sys.path.insert(0, "plugins")
from starlette.testclient import TestClient
import orderhub_ui

client = TestClient(orderhub_ui.app)
paths = ["/runbooks/", "/runbooks/extract", "/runbooks/unknown", "/runbooks/..%2F..%2Fpyproject"]
answers = {path: (answer.status_code, answer.text) for path in paths for answer in [client.get(path)]}
pushed, read, told = client.post("/wms/hangzhou?sign=x", content=b"<request/>").text, [], []

async def endless():
    read.append(65536)
    return {"type": "http.request", "body": b"<" * 65536, "more_body": True}

async def answer(message):
    told.append(message.get("body", b"").decode())

scope = {"type": "http", "method": "POST", "path": "/wms/hangzhou", "query_string": b"", "headers": []}
asyncio.run(orderhub_ui.app(scope, endless, answer))
view = orderhub_ui.OrderhubUi.external_views[0]
mounted = [app["url_prefix"] for app in orderhub_ui.OrderhubUi.fastapi_apps]
pushes = {"told": [pushed, "".join(told)], "read": sum(read)}
print("ANSWER" + json.dumps({"answers": answers, "view": view, "mounted": mounted, "pushes": pushes}))
"""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("airflow")
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "AIRFLOW_HOME": str(home)}
    ended = subprocess.run(
        [sys.executable, "-c", ASK], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    result: dict[str, Any] = json.loads(ended.stdout.split("ANSWER")[1])
    return result


def test_the_menu_entry_leads_to_the_list(asked: dict[str, Any]):
    assert asked["view"]["href"] == asked["mounted"][0] + "/runbooks/"


def test_the_list_names_every_runbook(asked: dict[str, Any]):
    status, html = asked["answers"]["/runbooks/"]

    missing = [
        file.stem for file in (ROOT / "docs/runbooks").glob("*.md") if f'href="{file.stem}"' not in html
    ]

    assert (status, missing) == (200, [])


def test_a_runbook_is_shown_as_a_page(asked: dict[str, Any]):
    status, html = asked["answers"]["/runbooks/extract"]

    assert (status, "<h1>" in html) == (200, True)


def test_nothing_outside_the_runbooks_is_shown(asked: dict[str, Any]):
    assert [asked["answers"][path][0] for path in ("/runbooks/unknown", "/runbooks/..%2F..%2Fpyproject")] == [
        404,
        404,
    ]


def test_a_wms_is_told_to_come_again_while_the_hub_cannot_be_asked(asked: dict[str, Any]):
    """Here no database is set up."""
    assert all("<flag>failure</flag><code>SYSTEM_BUSY</code>" in told for told in asked["pushes"]["told"])


def test_a_push_that_never_ends_is_read_up_to_what_a_message_may_have(asked: dict[str, Any]):
    assert asked["pushes"]["read"] <= (1 << 20) + 65536
