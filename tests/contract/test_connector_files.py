"""What the suite says when the files of a connector are missing or do not fit each other."""

import shutil
from pathlib import Path

import pytest

from orderhub.errors import ConfigError
from orderhub.platforms.spec import load_platform
from tests.contract.connector import ROOT, connector_in


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """The recorded shapes of a shipped connector, to spoil."""
    folder = tmp_path / "taobao"
    shutil.copytree(ROOT / "tests" / "platforms" / "taobao", folder)
    return folder


@pytest.mark.parametrize("name", ["contract.yaml", "order.json", "refund.json"])
def test_missing_file_is_named(records: Path, name: str):
    (records / name).unlink()

    with pytest.raises(ConfigError, match=f"tests/platforms/taobao/{name} is missing"):
        connector_in(load_platform("taobao"), records)


@pytest.mark.parametrize(
    "before, after, said",
    [
        ("newest_first:", "newest_frist:", "contract.yaml:.*newest_first"),
        ("means: throttle", "means: throtle", "throttle"),
        ("  refunds:", "  refund:", "streams says nothing of refunds"),
        (
            "id: tid_str",
            "id: tid_string",
            "streams.orders.id is 'tid_string', and order.json has nothing there",
        ),
    ],
)
def test_mistake_is_named_with_its_place(records: Path, before: str, after: str, said: str):
    file = records / "contract.yaml"
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")

    with pytest.raises(ConfigError, match=said):
        connector_in(load_platform("taobao"), records)
