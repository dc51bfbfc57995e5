"""One shop of the hub on a fake platform: its clock, its faults and its database rows are the case's."""

import base64
import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.config.parse import parse_config
from orderhub.connections import Connection
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.platforms.client import Client, shop_client
from orderhub.platforms.extract import pull_shop
from orderhub.platforms.fetching import PullCounts
from orderhub.platforms.payload import at_path
from orderhub.platforms.plain import Door
from orderhub.platforms.records import record_of
from orderhub.platforms.spec import Platform
from orderhub.platforms.staging import stage_page
from orderhub.transform import run
from tests.builders import FILES, SHOP
from tests.contract.connector import Connector
from tests.contract.fake_platform import FakePlatform
from tests.contract.records import id_of, numbered, put
from tests.contract.wire import Asked

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
#: Marked, so that a leak is found wherever it lands.
SECRET = "contract-secret-7f3a"
TOKEN = "contract-token-0"
HASH_KEY = SecretStr("contract")
TOKEN_KEY = SecretStr(base64.urlsafe_b64encode(b"contract" * 4).decode())
#: Small pages: a case needs several, and no more records than that.
PAGE = 5
_numbers = itertools.count(1)


@cache
def a_merchant() -> MerchantConfig:
    """Return a merchant's configuration; parsed once, its shop is replaced by that of each case."""
    shop = SHOP.format(id="shop", platform="any", mode="live", export_policy="masked", on_stale="wait")
    return parse_config({**FILES, "shops.yaml": f"shops:\n{shop}"})


class Lab:
    """A connector at work.

    Args:
        database: shared by all cases; rows are told apart by shop.
        connector: under test.
        stream: the only one that is pulled; both when empty.
        monkeypatch: undone after the case.
        truth: how the platform really is, where the connector is wrong about it.
    """

    def __init__(
        self, database: Database, connector: Connector, stream: str, monkeypatch: pytest.MonkeyPatch,
        truth: Connector | None = None,
    ) -> None:  # fmt: skip
        self.database = database
        self.truth = with_small_pages(truth or connector)
        self.asked_connector = connector
        self.connector = with_small_pages(connector)
        self.monkeypatch = monkeypatch
        self.stream = stream or "orders"
        self.shop_id = f"case{next(_numbers)}"
        self.clock = FixedClock(NOW)
        self.platform_clock = FixedClock(NOW)
        self.platform = FakePlatform(self.truth, self.platform_clock, TOKEN)
        self.pulled = self._pulled(stream)
        self.waited: list[float] = []
        self.config = self._configured()

    @property
    def page_size(self) -> int:
        return self.connector.stream(self.stream).list.page_size

    def pull(self) -> PullCounts:
        """Pull what is due, as the extract DAG does."""
        client = self.client()
        try:
            shop = self.config.shop(self.shop_id)
            return pull_shop(self.database, self.clock, self.pulled, shop, client, self.config, HASH_KEY)
        finally:
            client.close()

    def client(self) -> Client:
        """Return the shop's client as a pull opens it; waiting lets the clocks go on."""
        shop = self.config.shop(self.shop_id)
        client = shop_client(
            self.database,
            self.clock,
            self.connector.platform,
            shop,
            self.connection(),
            TOKEN_KEY,
            wait=self.wait,
        )
        client._session.mount("http://", self.platform)
        return client

    def connection(self) -> Connection:
        """Return credentials that name every field the spec reads."""
        api = self.connector.api
        own = {
            source.removeprefix("extra.") for source in api.account.values() if source.startswith("extra.")
        }
        auth_host = urlsplit((api.auth.endpoint if api.auth else None) or api.endpoint).path
        return Connection(
            host="http://platform" + urlsplit(api.endpoint).path,
            login=f"key-of-{self.shop_id}",
            password=SECRET,  # type: ignore[arg-type] # pydantic makes it a secret
            extra={
                **{name: f"contract-{name}" for name in own},
                "access_token": TOKEN, "refresh_token": "contract-refresh-0", "seller_id": "contract-seller",
                "auth_host": "http://platform" + auth_host,
            },
        )  # fmt: skip

    def wait(self, seconds: float) -> None:
        """Let time pass instead of sleeping."""
        self.waited.append(seconds)
        self.pass_time(timedelta(seconds=seconds))

    def pass_time(self, delta: timedelta) -> None:
        self.clock.move(delta)
        self.platform_clock.move(delta)

    def fill(
        self, count: int, *, first: datetime | None = None, step: timedelta = timedelta(seconds=20)
    ) -> set[str]:
        """Put `count` records on the shelf, `step` apart from `first` on, and return their ids."""
        begin = first or NOW - timedelta(hours=20)
        used = len(self.platform.shelves[self.stream])
        times = [begin + number * step for number in range(count)]
        return {
            self.platform.put(self.stream, self.record(used + number, at), at)
            for number, at in enumerate(times)
        }

    def record(self, number: int, modified: datetime = NOW - timedelta(hours=20)) -> dict[str, Any]:
        """Return one whole record."""
        return numbered(self.truth, self.stream, number, modified)

    def due(self) -> dict[str, datetime]:
        """Return id → modified of what a pull now must have: changed before the lag."""
        lag = self.connector.stream(self.stream).window.lag_seconds
        until = self.platform_clock.now() - timedelta(seconds=lag)
        shelf = self.platform.shelves[self.stream]
        return {key: kept.modified for key, kept in shelf.items() if kept.modified < until}

    def missing(self) -> set[str]:
        """Return ids of due records whose present version is not staged."""
        staged = self.payloads()
        shelf = self.platform.shelves[self.stream]
        return {key for key in self.due() if self.as_staged(shelf[key].record) not in staged.get(key, [])}

    def as_staged(self, record: dict[str, Any]) -> Any:
        """Return the payload that staging must have of a record: without what is given in clear."""
        made = record_of(self.truth.stream(self.stream), record, 0, "1", None, self.door)
        return json.loads(made.payload)

    @property
    def door(self) -> Door:
        return Door(self.config.shop(self.shop_id), HASH_KEY)

    def payloads(self) -> dict[str, list[Any]]:
        """Return id → staged payloads of the case's shop and stream."""
        table = f"staging.{self.connector.name}_{self.connector.table(self.stream)}"
        found: dict[str, list[Any]] = {}
        for record_id, payload in self.rows(f"select record_id, payload from {table} where shop_id = :shop"):
            found.setdefault(record_id, []).append(payload)
        return found

    def staged(self) -> int:
        """Return the number of staged versions."""
        return sum(len(versions) for versions in self.payloads().values())

    def rows_in(self, asked: Asked, content: Any) -> list[Any] | None:
        """Return the rows of a list's answer; None when it is not a list's."""
        return None if asked.kind == "detail" else at_path(content, self.truth.stream(asked.stream).list.rows)

    def with_rows(self, asked: Asked, content: Any, rows: Any) -> Any:
        """Return the answer with other rows."""
        put(content, self.truth.stream(asked.stream).list.rows, rows)
        return content

    def changed_rows(self, asked: Asked, content: Any, change: Callable[[list[Any]], Any]) -> Any:
        """Return the answer with its rows changed, where it has any."""
        rows = self.rows_in(asked, content)
        return self.with_rows(asked, content, change(rows)) if rows else content

    def windows(self) -> dict[str, int]:
        """Return state → number of pull windows of the case's shop."""
        query = "select state, count(*) from ops.pull_windows where shop_id = :shop group by 1"
        return dict(self.rows(query))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query in which `:shop` is the case's shop."""
        with self.database.read() as connection:
            return [tuple(row) for row in connection.execute(text(query), {"shop": self.shop_id})]

    def reopen(self) -> None:
        """Open all windows of the shop again."""
        with self.database.engine.begin() as connection:
            statement = text("update ops.pull_windows set state = 'open' where shop_id = :shop")
            connection.execute(statement, {"shop": self.shop_id})

    def stage(self, stream: str, *records: dict[str, Any]) -> None:
        """Put records into staging as a page would, without a platform."""
        spec = self.connector.stream(stream)
        made = [
            record_of(spec, record, index, id_of(self.truth, stream, record), None, self.door)
            for index, record in enumerate(records)
        ]
        scope = f"contract:{self.shop_id}"
        with hold_scope(self.database, scope) as lease, self.database.transaction(lease) as connection:
            stage_page(
                connection, self.clock, platform=self.connector.name, shop_id=self.shop_id,
                stream=self.connector.table(stream), window_id=None, source="page 1", records=made,
            )  # fmt: skip

    def transform(self) -> None:
        """Run one pass with this connector in force."""
        shipped = run.load_platform

        def load(name: str, config: MerchantConfig | None = None) -> Platform:
            return self.connector.platform if name == self.connector.name else shipped(name, config)

        self._activate()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(run, "load_platform", load)
            run.run_transform(self.database, self.clock, self.config)

    def sibling(self) -> "Lab":
        """Return a second shop of the same merchant on the same platform."""
        return Lab(self.database, self.asked_connector, self.stream, self.monkeypatch, self.truth)

    def _pulled(self, stream: str) -> Platform:
        spec = self.connector.platform.spec
        if not stream:
            return self.connector.platform
        alone = spec.model_copy(update={"streams": {stream: spec.streams[stream]}})  # type: ignore[index] # a stream
        return replace(self.connector.platform, spec=alone)

    def _configured(self) -> MerchantConfig:
        spec = self.connector.platform.spec
        shop = a_merchant().shops[0].model_copy(
            update={
                "id": self.shop_id, "platform": spec.name, "connection": self.shop_id, "since_days": 1,
                "export_policy": spec.downstream.export_policies[0],
            }
        )  # fmt: skip
        return a_merchant().model_copy(update={"shops": (shop,)})

    def _activate(self) -> None:
        values = {
            "version": self.config.version,
            "shop": self.shop_id,
            "platform": self.connector.name,
            "now": NOW,
        }
        with self.database.engine.begin() as connection:
            connection.execute(
                text(
                    "insert into ops.config_versions values (:version, '{}', null, :now, 'test', false) "
                    "on conflict (config_version) do nothing"
                ),
                values,
            )
            connection.execute(
                text(
                    "insert into core.shops values (:shop, :platform, :shop, true, false, 'CNY', 'structured', "
                    "'2026-01-01T00:00:00+08:00') on conflict do nothing"
                ),
                values,
            )


def with_small_pages(connector: Connector) -> Connector:
    """Return the connector with pages of a few records, and nothing else changed."""
    spec = connector.platform.spec
    streams = {
        name: stream.model_copy(update={"list": stream.list.model_copy(update={"page_size": PAGE})})
        for name, stream in spec.streams.items()
    }
    platform = replace(connector.platform, spec=spec.model_copy(update={"streams": streams}))
    return replace(connector, platform=platform)
