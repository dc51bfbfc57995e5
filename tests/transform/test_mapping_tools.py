"""What a clerk sees of a field map before it is switched on."""

import pytest

from orderhub import paths
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.errors import ConfigError
from orderhub.platforms.spec import load_platform
from orderhub.transform.mapping_diff import Change, diff_mapping
from orderhub.transform.mapping_gaps import unmapped_codes, unmapped_paths
from orderhub.transform.mapping_preview import preview
from orderhub.transform.run import run_transform
from tests.builders import rows
from tests.transform.payloads import StoppedClock, stage, trade

TID = "2160451543726114828"


@pytest.fixture
def hub(database: Database, config: MerchantConfig) -> Database:
    """Two trades of shop `tb`: one with an odd amount, a code like a mapped one and a field nobody reads."""
    odd = trade(
        "7", payment="soon", line_outer_sku_id="TS001BLK-M", step_paid_fee="10.00", buyer_email="x@y.test"
    )
    stage(database, [trade(), odd], "tb")
    run_transform(database, StoppedClock(), config)
    return database


def shipped_fields(platform: str) -> str:
    return (paths.platforms_directory() / platform / "fields.csv").read_text(encoding="utf-8")


def test_preview_counts_what_is_filled_and_what_cannot_be_read_and_shows_no_person(hub: Database):
    with hub.read() as connection:
        found = {(one.record, one.field): one for one in preview(connection, load_platform("taobao"))}

    paid, receiver = found["order", "paid"], found["receiver", "name_masked"]
    assert (paid.records, paid.filled, paid.unreadable, paid.example) == (2, 2, 1, "22800")
    assert (receiver.filled, receiver.example) == (2, "")


def test_fields_that_nobody_reads_are_listed_with_what_they_may_be(hub: Database):
    with hub.read() as connection:
        found = {one.path: one for one in unmapped_paths(connection, load_platform("taobao"))}

    assert found["buyer_email"].payloads == 1
    assert not {"payment", "orders.order.num", "receiver_city", "step_trade_status"} & found.keys()


def test_code_without_a_mapping_is_shown_with_the_sku_it_may_mean(hub: Database):
    with hub.read() as connection:
        (found,) = unmapped_codes(connection, load_platform("taobao"))

    assert (found.shop_id, found.code, found.lines) == ("tb", "TS001BLK-M", 1)
    assert found.suggestion is not None
    assert (found.suggestion.sku_id, found.suggestion.how) == ("SKU-TS001", "without_separators")


def test_diff_says_which_orders_change_and_how_and_writes_nothing(hub: Database, config: MerchantConfig):
    before = rows(hub, "select xmin::text, to_jsonb(t) from core.orders t order by 1")
    edited = shipped_fields("taobao").replace("order,paid,payment,", "order,paid,total_fee,")

    found = diff_mapping(hub, config, "taobao", edited)

    assert (found.compared, found.changed_orders) == (2, 2)
    assert found.by_field == {"order paid_fen": 2, "order unreadable_fields": 1}
    assert found.examples[0] == Change("order", f"tb/{TID}", "paid_fen", "22800", "25800")
    assert rows(hub, "select xmin::text, to_jsonb(t) from core.orders t order by 1") == before


def test_diff_of_the_same_map_finds_nothing(hub: Database, config: MerchantConfig):
    found = diff_mapping(hub, config, "taobao", shipped_fields("taobao"))

    assert (found.compared, found.changed_orders, found.examples) == (2, 0, ())


def test_diff_of_a_broken_map_names_the_line(hub: Database, config: MerchantConfig):
    broken = shipped_fields("taobao").replace("order,paid,payment,yuan", "order,paid,payment,euro")

    with pytest.raises(ConfigError, match=r"fields\.csv:\d+: converter: 'euro' is not known"):
        diff_mapping(hub, config, "taobao", broken)
