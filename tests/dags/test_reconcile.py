"""The nightly comparison with the platforms: which shops it compares."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from orderhub.errors import ConfigError
from orderhub.orchestration import reconcile_tasks
from orderhub.platforms import spec

SHOPS = [
    SimpleNamespace(id=f"shop-{platform}", platform=platform) for platform in ("taobao", "jd", "spreadsheet")
]


def test_a_broken_platform_leaves_the_comparison_of_the_others_alone(monkeypatch: pytest.MonkeyPatch):
    @contextmanager
    def hub(_purpose: str) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(config=SimpleNamespace(shops=SHOPS))

    def load(name: str, _config: object = None) -> spec.Platform:
        if name == "jd":
            raise ConfigError("include/platforms/jd/platform.yaml: statuses: 3 is no text")
        return real(name)

    real = spec.load_platform
    monkeypatch.setattr(reconcile_tasks, "open_hub", hub)
    monkeypatch.setattr(spec, "load_platform", load)

    listed = [shop["shop_id"] for shop in reconcile_tasks.list_pulled_shops.function()]

    assert listed == ["shop-taobao", "shop-jd"]
