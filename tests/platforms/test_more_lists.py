"""A stream may be one more list of orders or refunds: it shares their table and keeps its own windows."""

from typing import Any

import pytest

from orderhub import paths
from orderhub.config.located_yaml import parse
from orderhub.db.staging_tables import wanted_tables
from orderhub.errors import ConfigError
from orderhub.platforms.records import row_id
from orderhub.platforms.spec import PlatformSpec, load_platform

SOURCE = (paths.platforms_directory() / "jd" / "platform.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "into: refunds\n    id_prefix",
            "into: returns\n    id_prefix",
            "streams.applications must be orders or refunds",
        ),
        (
            "    into: refunds\n    id_prefix",
            "    id_prefix",
            "streams.applications must be orders or refunds",
        ),
        ("into: orders\n", "into: orders\n    id_prefix: x-\n", "a detail call needs the plain id"),
        ("{seller_id}", "{seler_id}", "{seler_id} is not known"),
    ],
)
def test_a_list_that_fills_nothing_is_refused_by_name(old: str, new: str, said: str):
    with pytest.raises(ConfigError) as refused:
        parse(PlatformSpec, SOURCE.replace(old, new, 1), "jd/platform.yaml")

    assert said in str(refused.value)


def test_a_list_that_fills_another_stream_has_no_table_of_its_own():
    assert {"jd_orders", "jd_refunds"} == {name for name in wanted_tables() if name.startswith("jd_")}


def test_an_id_of_another_range_carries_its_prefix():
    streams: dict[str, Any] = load_platform("jd").spec.streams

    assert "application-7" == row_id(streams["applications"], {"id": 7})
    assert "7" == row_id(streams["refunds"], {"serviceId": 7})
