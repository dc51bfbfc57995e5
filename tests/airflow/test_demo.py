"""`./hub demo` as a new user runs it: what the files hold is what was reserved is what SQL says."""

import csv
import html
import json
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import text

from orderhub import paths
from orderhub.clock import SystemClock
from orderhub.db.engine import Database
from orderhub.operate.airflow_api import AirflowApi
from orderhub.operate.configuration import check_files
from orderhub.operate.ports import LOOPBACK, Ports, is_taken
from tests.airflow.conftest import free_base
from tests.family import are_ended, descendants

pytestmark = pytest.mark.airflow
TAOBAO = {"简集旗舰店", "简集折扣店"}
STAYS = ("保持运行", "running; Ctrl-C")
LINK = re.compile(r"https?://[^\s\"<>]+/orderhub/decide\?hold_id=[^\s\"<>]+")
ONE_HELD = """
    select min(hold_id), order_id from core.holds where state = 'active' group by order_id
    having array_agg(rule_id::text) = '{memo_instruction}' order by order_id limit 1"""


@dataclass(frozen=True)
class Demo:
    """A demo that stays up until the last test stops it."""

    home: Path
    base: int
    log: Path
    output: str
    database: Database
    process: subprocess.Popen[bytes]
    woken: list[str]  # How runs of fulfill_orders came to be, when the pass was over.

    def stop(self) -> None:
        """Press Ctrl-C and wait."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=60)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self.database.read() as connection:
            return [tuple(row) for row in connection.execute(text(statement))]

    def files(self) -> list[dict[str, str]]:
        """Every line of every shipping list."""
        found: list[dict[str, str]] = []
        for file in sorted(self.home.glob("manifests/*/*/shipping_list.csv")):
            with file.open(encoding="utf-8-sig", newline="") as opened:
                found += [{**row, "warehouse": file.parts[-3]} for row in csv.DictReader(opened)]
        return found

    def mails(self) -> list[dict[str, Any]]:
        answer = requests.get(f"http://{LOOPBACK}:{Ports(self.base).sandbox}/admin/mails", timeout=10).json()
        return list(answer["mails"] if isinstance(answer, dict) else answer)

    def wait(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait up to four minutes for something that the demo's processes do."""
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline:
            if found := condition():
                return found
            time.sleep(0.2)
        raise AssertionError(f"not within four minutes: {what}")

    def truth(self) -> list[dict[str, Any]]:
        url = f"http://{LOOPBACK}:{Ports(self.base).sandbox}/admin/truth"
        return list(requests.get(url, timeout=30).json()["orders"])


def hub_command(*arguments: str) -> list[str]:
    return [str(paths.project_root() / "hub"), *arguments]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    home, base, log = folder / "home", free_base(), folder / "output.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            hub_command("demo", "--home", str(home), "--port", str(base)), stdout=output, stderr=output
        )
    try:
        wait_for_line(process, log)
        address = json.loads((home / "settings.json").read_text())["owner_url"]
        database = Database(address, "tests")
        woken = woken_by_the_pass(base)
        yield Demo(home, base, log, log.read_text(encoding="utf-8"), database, process, woken)
        database.close()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    assert not any(is_taken(base + offset) for offset in range(4))


def woken_by_the_pass(base: int) -> list[str]:
    """Return how runs of fulfilment came to be: by the demo, or by what the first pass told.

    The shops are pulled every ten minutes; a later pass that their news made may wake fulfilment again. Its run
    counts what was told before as well, so the news that came last is what woke it.
    """
    api = AirflowApi(base, "", SystemClock())
    told = api._call("GET", "/assets/events?source_dag_id=transform_orders&order_by=timestamp")[
        "asset_events"
    ]
    first, *later = [{run["run_id"] for run in event["created_dagruns"]} for event in told]
    by_first = first.difference(*later)
    runs = api._call("GET", "/dags/fulfill_orders/dagRuns")["dag_runs"]
    return [run["run_type"] for run in runs if run["run_type"] == "manual" or run["dag_run_id"] in by_first]


def wait_for_line(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        said = log.read_text(encoding="utf-8")
        if any(line in said for line in STAYS):
            return
        assert process.poll() is None, said[-3000:]
        time.sleep(0.2)
    raise AssertionError(f"the demo did not get through within 600 s: {log.read_text()[-3000:]}")


def test_at_least_200_taobao_orders_stand_in_the_manifests_of_two_warehouses(demo: Demo) -> None:
    taobao = [row for row in demo.files() if row["店铺"] in TAOBAO]

    assert len({row["平台订单号"] for row in taobao}) >= 200
    assert {"hangzhou", "yiwu"} <= {row["warehouse"] for row in taobao}


def test_quantities_in_the_files_are_what_is_reserved_and_what_sql_says(demo: Demo) -> None:
    in_files: Counter[tuple[str, str]] = Counter()
    for row in demo.files():
        in_files[row["warehouse"], row["商品编码"]] += int(row["数量"])

    by_warehouse_and_sku = "warehouse_id, sku_id, sum(quantity)::int from {} group by 1, 2"
    manifested = demo.rows(
        "select " + by_warehouse_and_sku.format("core.manifest_lines join core.manifests using (manifest_id)")
    )
    reserved = demo.rows(
        "select "
        + by_warehouse_and_sku.format(
            "core.reservations r join core.fulfillment_orders f using (fulfillment_order_id, warehouse_id) "
            "where r.state = 'active' and f.state = 'manifested'"
        )
    )
    stock = demo.rows("select sum(reserved)::int from core.stock")
    promised = demo.rows("select sum(quantity)::int from core.reservations where state = 'active'")

    assert in_files == Counter({(w, s): n for w, s, n in manifested})
    assert in_files == Counter({(w, s): n for w, s, n in reserved})
    assert stock == promised


def test_an_order_of_each_demo_anomaly_is_absent_from_the_files(demo: Demo) -> None:
    shipped = {row["平台订单号"] for row in demo.files()}
    labelled = {(intent["label"], order["order_id"]) for order in demo.truth() for intent in order["intents"]}

    assert len({label for label, _ in labelled}) >= 9
    assert set() == {(label, tid) for label, tid in labelled if tid in shipped}


def test_orders_of_every_shop_of_every_platform_stand_in_the_manifests(demo: Demo) -> None:
    shops = check_files(paths.shipped_config_directory()).shops

    assert 7 == len({shop.platform for shop in shops})
    assert {shop.name for shop in shops} == {row["店铺"] for row in demo.files()}


def test_only_orders_that_the_platform_lets_ship_are_in_the_files(demo: Demo) -> None:
    shippable = {order["order_id"] for order in demo.truth() if order["is_shippable"]}
    pulled = {row["平台订单号"] for row in demo.files() if row["店铺"].startswith("简集")}

    assert set() == pulled - shippable


def test_a_token_only_shop_gives_no_receiver_to_the_files(demo: Demo) -> None:
    shops = check_files(paths.shipped_config_directory()).shops
    silent = {shop.name for shop in shops if shop.export_policy == "token_only"}
    pulled = [row for row in demo.files() if row["店铺"] in silent]

    assert {("", "", "")} == {(row["收货人"], row["电话"], row["地址"]) for row in pulled}
    assert all(row["面单令牌"] for row in pulled)


def test_the_supervisor_got_one_mail_about_held_orders(demo: Demo) -> None:
    assert any("memo_instruction" in mail["text"] or "留言" in mail["text"] for mail in demo.mails())


def test_the_summary_tells_what_happened_and_where_to_look(demo: Demo) -> None:
    for part in (
        "tb_flagship",
        "jd_flagship",
        "pdd_main",
        "dy_live",
        "wx_store",
        "mp_own",
        "memo_instruction",
        "hangzhou",
        "shipping_list.csv",
        f"http://127.0.0.1:{demo.base}",
        "/mailbox",
    ):
        assert part in demo.output


def test_the_pass_wakes_fulfilment_once(demo: Demo) -> None:
    assert ["manual"] == demo.woken


def test_no_task_of_the_demo_needed_a_second_try(demo: Demo) -> None:
    again = [str(file.parent) for file in demo.home.glob("airflow/logs/dag_id=*/**/attempt=2.log")]
    scheduler = (demo.home / "logs/scheduler.log").read_text(encoding="utf-8")

    assert [] == again
    assert "Workload execution failed" not in scheduler


def filled_in(page: str) -> dict[str, Any]:
    """What the browser would send: the values of the form's inputs and its chosen option."""
    inputs = dict(re.findall(r'<input id="\w+" name="(\w+)" value="([^"]*)"', page))
    chosen = re.findall(r'<option value="(\w+)" selected>', page)
    return {
        "hold_id": html.unescape(inputs["hold_id"]), "version": inputs["version"] or None, "decision": chosen[0]
    }  # fmt: skip


def test_the_link_of_a_mail_leads_to_a_decision_and_the_order_moves(demo: Demo) -> None:
    (hold_id, order_id), api = demo.rows(ONE_HELD)[0], AirflowApi(demo.base, "", SystemClock())
    links = {link for mail in demo.mails() for link in LINK.findall(mail["text"])}
    pages = [requests.get(link, timeout=20).text for link in sorted(links)]
    form = next(form for form in map(filled_in, pages) if form["hold_id"] == hold_id)
    documents = f"select state from core.fulfillment_orders where order_id = '{order_id}'"
    assert [] == demo.rows(documents)

    conf = {**form, "reason": "已电话核对"}
    run = api._call("POST", "/dags/decide_hold/dagRuns", {"logical_date": None, "conf": conf})["dag_run_id"]
    demo.wait(lambda: api.run_state("decide_hold", run) == "success", "the decision is carried out")
    demo.wait(lambda: demo.rows(documents), "the order is routed")

    said = demo.rows(
        "select action, detail ->> 'reason', detail ->> 'order_id', actor <> 'airflow' from ops.audit "
        f"where subject_type = 'hold' and subject_id = '{hold_id}'"
    )
    assert [("allocated",)] == demo.rows(documents)
    assert [("release", "已电话核对", order_id, True)] == said


def test_it_answers_and_ctrl_c_leaves_nothing_running(demo: Demo) -> None:
    """The tests before look at it as it runs, the one behind it starts it again."""
    health = requests.get(f"http://{LOOPBACK}:{demo.base}/api/v2/monitor/health", timeout=30).json()
    processes = descendants(demo.process.pid)

    demo.stop()

    assert "healthy" == health["scheduler"]["status"]
    assert len(processes) > 5
    assert "已全部停止" in demo.log.read_text(encoding="utf-8")
    assert 130 == demo.process.returncode
    assert are_ended(processes)


@pytest.mark.slow
def test_a_second_start_with_once_ends_with_exit_code_zero(demo: Demo) -> None:
    demo.stop()
    again = hub_command("demo", "--once", "--home", str(demo.home))

    second = subprocess.run(again, capture_output=True, text=True, check=False, timeout=400)

    assert 0 == second.returncode, second.stdout[-1500:] + second.stderr[-1500:]
    assert not any(is_taken(demo.base + offset) for offset in range(4))
