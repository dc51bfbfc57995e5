"""Runs a labelled stream of the sandbox through pull, map, merge and checks, and scores every rule.

The labels are the sandbox's: why it wrote an order so. Which rule should find which label stands in
`examples/labelled_stream/labels.csv`. The blacklist is made from the buyers that the stream calls banned, as
a merchant's would be. Everything runs on a database and a sandbox of its own.
"""

import csv
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import text

from orderhub import paths
from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.config.store import apply_directory, load_active
from orderhub.db.engine import Database
from orderhub.db.postgres import free_port
from orderhub.errors import EnvironmentFault
from orderhub.guard import Guard
from orderhub.operate.labelled import Expected, Labels, StreamScore, score
from orderhub.operate.outside import Outside
from orderhub.operate.own_hub import OwnHub, own_hub
from orderhub.platforms.pull import pull
from orderhub.platforms.spec import load_platform
from orderhub.settings import Settings
from orderhub.transform.run import run_transform

LABELS = paths.project_root() / "examples" / "labelled_stream" / "labels.csv"
BANNED = "banned_buyer"
BANNED_BEFORE = "banned_buyers_past"
READY_WITHIN_S = 120
#: A budget or a long read ends a pull early; the next goes on.
MOST_PULLS = 20
Say = Callable[[str], None]

_FOUND = text("select rule_id, order_id from core.anomalies where state = 'open'")
_HELD = text("""
    select h.order_id, concat_ws(' ', h.rule_id, a.evidence) as why
    from core.holds as h join core.anomalies as a using (anomaly_id) where h.state = 'active'""")
_JUDGED = text("select order_id from core.orders")
_BUYERS = text("""
    select distinct shop_id, customer_id from core.orders
    where order_id = any(:orders) and customer_id is not null order by 1, 2""")


@dataclass(frozen=True)
class Stage:
    """A hub without Airflow beside a sandbox that deals labelled orders."""

    hub: OwnHub
    settings: Settings
    outside: Outside
    folder: Path


def score_stream(clock: Clock, orders: int, seed: int, say: Say) -> StreamScore:
    """Return how the shipped checks do on a labelled stream of all platforms.

    Args:
        clock: the present; the stream's orders are of the last 30 hours.
        orders: about so many.
        seed: another seed, another stream.
        say: receives progress.

    Raises:
        EnvironmentFault: server or sandbox did not start.
    """
    with tempfile.TemporaryDirectory() as folder, _stage(clock, orders, seed, Path(folder), say) as stage:
        labels = _labels(stage.outside)
        _pull_all(stage, clock, say)
        blacklist = _blacklist(stage, clock, labels)
        database = stage.hub.open()
        run_transform(database, clock, _apply(stage, database, clock, blacklist))
        say("已检查 / checked")
        with database.read() as connection:
            found: dict[str, set[str]] = defaultdict(set)
            for row in connection.execute(_FOUND):
                found[row.rule_id].add(row.order_id)
            held: dict[str, set[str]] = defaultdict(set)
            for row in connection.execute(_HELD):
                held[row.order_id].add(row.why)
            judged = {order_id: labels[order_id] for order_id in connection.execute(_JUDGED).scalars()}
        database.close()
    return score(judged, found, held, expected_rules())


def expected_rules(file: Path = LABELS) -> Expected:
    """Return what `labels.csv` asks of the rules."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    must: dict[str, set[str]] = defaultdict(set)
    may: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        (must if row["is_expected"] == "yes" else may)[row["label"]].add(row["rule_id"])
    return Expected(must, may)


@contextmanager
def _stage(clock: Clock, orders: int, seed: int, folder: Path, say: Say) -> Iterator[Stage]:
    with own_hub(clock, folder) as hub, Guard() as guard:
        outside = Outside(paths.project_root(), free_port(), free_port(), seed)
        say(f"沙箱生成约 {orders} 单 / the sandbox makes about {orders} orders")
        _start(outside, orders, guard, folder / "sandbox.log")
        yield Stage(hub, _settings(hub, outside, folder), outside, folder)


def _start(outside: Outside, orders: int, guard: Guard, log: Path) -> None:
    arguments = [*outside.serving(orders, "labelled"), "--trickle", "0"]
    with log.open("ab") as said:
        process = subprocess.Popen(  # noqa: S603 - our own program and arguments
            [sys.executable, "-m", *arguments], cwd=outside.root, stdout=said, stderr=said,
            start_new_session=True,
        )  # fmt: skip
    guard.watch(process)
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        if outside.answers():
            return
        time.sleep(0.2)
    words = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
    raise EnvironmentFault(f"the sandbox did not start: {' '.join(words) or 'it said nothing'}")


def _settings(hub: OwnHub, outside: Outside, folder: Path) -> Settings:
    connections = folder / "connections.json"
    connections.write_text(json.dumps(outside.connections()), encoding="utf-8")
    return Settings(
        home=folder / "home",
        database_url=SecretStr(hub.app_url()),
        connections=connections,
        hash_key=SecretStr(f"bench {outside.seed}"),
        token_key=SecretStr(Fernet.generate_key().decode()),
    )


def _labels(outside: Outside) -> Labels:
    """Return order → labels; whatever a banned buyer bought in that shop is labelled so."""
    session = requests.Session()
    session.trust_env = False
    orders: list[dict[str, Any]] = session.get(f"{outside.address}/admin/truth", timeout=120).json()["orders"]
    banned = {_buyer(order) for order in orders if BANNED in _own_labels(order)}
    return {f"{order['shop_id']}/{order['order_id']}": _labels_of(order, banned) for order in orders}


def _labels_of(order: Mapping[str, Any], banned: Collection[tuple[str, str]]) -> list[str]:
    """Return an order's labels; what a banned buyer bought and nobody sends any more need not be found."""
    labels = [label for label in _own_labels(order) if label != BANNED]
    if _buyer(order) in banned:
        labels.append(BANNED if order["is_shippable"] else BANNED_BEFORE)
    return labels


def _own_labels(order: Mapping[str, Any]) -> list[str]:
    return [intent["label"] for intent in order["intents"]]


def _buyer(order: Mapping[str, Any]) -> tuple[str, str]:
    return order["shop_id"], order["buyer_open_uid"]


def _pull_all(stage: Stage, clock: Clock, say: Say) -> None:
    database = stage.hub.open()
    config = apply_directory(database, clock, paths.shipped_config_directory(), stage.settings.home, "bench")
    for shop in config.shops:
        if load_platform(shop.platform).spec.kind == "files":
            continue
        for _ in range(MOST_PULLS):
            counts = pull(database, clock, stage.settings, config, shop.platform, shop.id)
            left = counts["windows_left"]
            say(f"{shop.id}: {counts['staged']} 条入库,{left} 个窗口未读 / staged, windows left")
            if not left:
                break
    database.close()


def _blacklist(stage: Stage, clock: Clock, labels: Labels) -> str:
    """Return a merchant's blacklist of the stream's banned buyers, by the ids that a rehearsal shows."""
    stage.hub.copy("rehearsal")
    rehearsal = stage.hub.open("rehearsal")
    run_transform(rehearsal, clock, load_active(rehearsal))
    banned = [order_id for order_id, given in labels.items() if {BANNED, BANNED_BEFORE} & set(given)]
    with rehearsal.read() as connection:
        buyers = connection.execute(_BUYERS, {"orders": banned}).all()
    rehearsal.close()
    rows = [f"bl-{n},customer,{row.customer_id},{row.shop_id},纠纷,主管" for n, row in enumerate(buyers, 1)]
    return "\n".join(["entry_id,kind,value,shop_id,reason,author", *rows]) + "\n"


def _apply(stage: Stage, database: Database, clock: Clock, blacklist: str) -> MerchantConfig:
    """Make the shipped configuration, with this blacklist, the active one."""
    directory = stage.folder / "config"
    shutil.copytree(paths.shipped_config_directory(), directory)
    (directory / "blacklist.csv").write_text(blacklist, encoding="utf-8")
    home, key = stage.settings.home, stage.settings.hash_key
    return apply_directory(database, clock, directory, home, "bench", hash_key=key)
