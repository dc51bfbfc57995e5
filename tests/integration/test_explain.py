"""The story of one order: every step, with ids that lead to the row that decided it."""

from pathlib import Path

import pytest
from sqlalchemy import text

from orderhub import paths
from orderhub.clock import SystemClock
from orderhub.config.store import apply_directory, load_active
from orderhub.db.engine import Database
from orderhub.errors import ConfigError
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.stock import import_stock
from orderhub.operate.explain import Explanation, explain
from orderhub.transform.run import run_transform
from tests.transform.payloads import stage, trade

GOOD, HELD = "2160451543726114828", "2160451543726114829"


@pytest.fixture
def told(database: Database, tmp_path: Path) -> Database:
    """Two orders taken as far as each may go: one in a manifest, one held by its memo."""
    clock = SystemClock()
    config = apply_directory(database, clock, paths.shipped_config_directory(), tmp_path, "test")
    import_stock(database, clock, paths.shipped_config_directory() / "stock.csv", "test")
    stage(database, [trade(GOOD), trade(HELD, buyer_open_uid="other", seller_memo="改地址到公司")])
    run_transform(database, clock, config)
    run_fulfillment(database, clock, config)
    request_extra(database, clock, config, "hangzhou", "test")
    close_due(database, clock, config, {})
    return database


def ids(story: Explanation, what: str, name: str) -> list[str]:
    return [step.ids[name] for step in story.steps if step.what == what]


def test_a_shipped_order_is_told_from_page_to_manifest(told: Database):
    story = explain(told, GOOD)

    expected = ["received", "mapped", "mapped", "checked", "routed", "reserved", "carrier", "manifest"]
    assert expected == [step.what for step in story.steps]
    assert ["jiangzhehu"] == ids(story, "routed", "rule")
    assert any(
        "杭州" in step.text or "hangzhou" in step.text for step in story.steps if step.what == "routed"
    )


def test_the_choice_of_a_carrier_is_told_with_every_candidates_figures(told: Database):
    [step] = [step for step in explain(told, GOOD).steps if step.what == "carrier"]

    assert "yto 3.00 元 选中" in step.text
    assert "zto 3.20 元 排在后面" in step.text
    assert "sf 13.00 CNY behind" in step.text_en
    assert "440 g" in step.text


def test_the_platform_s_word_stands_once_before_the_story(told: Database):
    assert explain(told, GOOD).headline.count("WAIT_SELLER_SEND_GOODS") == 1


def test_a_held_order_names_rule_evidence_and_hold(told: Database):
    story = explain(told, f"tb_flagship/{HELD}")

    assert ["memo_instruction"] == ids(story, "anomaly", "rule")
    assert "改地址" in next(step.text for step in story.steps if step.what == "anomaly")
    assert [] == ids(story, "routed", "rule")


def test_of_several_versions_the_one_used_is_named(told: Database):
    older = trade(GOOD, modified="2020-01-01 10:00:00", seller_memo="older")
    stage(told, [older])
    run_transform(told, SystemClock(), load_active(told))

    versions = [step.text for step in explain(told, GOOD).steps if step.what == "received"]
    assert ["(采用)" in text for text in versions] == [True, False]


@pytest.mark.parametrize("number", [GOOD, HELD])
def test_the_story_is_told_in_english_too(told: Database, number: str):
    story = explain(told, f"tb_flagship/{number}")

    ours = [step.text_en for step in story.steps if step.what not in ("mapped", "anomaly")]
    assert [] == [
        said for said in ours if not said.replace("浙江省 杭州市", "").isascii() and "×" not in said
    ]


def test_every_id_leads_to_its_row(told: Database):
    story = explain(told, GOOD)
    queries = {
        ("received", "load"): "select count(*) from ops.loads where load_id::text = :id",
        ("routed", "config"): "select count(*) from ops.config_versions where config_version like :id || '%'",
        ("reserved", "reservation"): "select count(*) from core.reservations where reservation_id = :id",
        ("manifest", "manifest"): "select count(*) from core.manifests where manifest_id = :id",
    }

    with told.read() as connection:
        found = {
            key: connection.execute(text(query), {"id": ids(story, *key)[0]}).scalar_one()
            for key, query in queries.items()
        }
    assert dict.fromkeys(queries, 1) == found


def test_an_order_that_waits_for_transform_is_found_in_staging(told: Database):
    stage(told, [trade("2160451543726114999")])

    with pytest.raises(
        ConfigError, match=r"was received for shop tb_flagship .* waits for the next transform pass"
    ):
        explain(told, "2160451543726114999")


def test_a_document_s_number_as_files_have_it_leads_to_its_order(told: Database):
    with told.read() as connection:
        number = connection.execute(
            text("select fulfillment_order_id from core.fulfillment_orders")
        ).scalar_one()

    assert explain(told, number).order_id == explain(told, GOOD).order_id


def test_an_unknown_number_says_what_to_give(told: Database):
    with pytest.raises(ConfigError, match="no order '7'; give the platform's number or shop/number"):
        explain(told, "7")


def test_a_number_in_two_shops_asks_which(told: Database):
    config_shop = "tb_outlet"
    stage(told, [trade(GOOD)], config_shop)

    run_transform(told, SystemClock(), load_active(told))

    with pytest.raises(ConfigError, match=f"tb_flagship/{GOOD}, tb_outlet/{GOOD}; name one of them"):
        explain(told, GOOD)
