"""What a platform is told of one parcel: whole orders, lines, pieces, more numbers, or nothing."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
import yaml

from orderhub import paths
from orderhub.config.carriers import Carrier, Carriers
from orderhub.config.located_yaml import parse
from orderhub.errors import ConfigError
from orderhub.fulfillment.tracking_plan import Line, NothingToTell, Parcel, Plan, plan_write
from orderhub.fulfillment.tracking_words import REASONS, said
from orderhub.platforms.carriers import CarrierCode, carriers_for, carriers_of, code_of, read_carriers
from orderhub.platforms.spec import PlatformSpec, load_platform, platform_names
from orderhub.platforms.writes import Meaning, Ship

CODES = {"ZTO": CarrierCode("115", "中通快递"), "SF": CarrierCode("44", "顺丰速运")}
PARCEL = Parcel("s1", "shop/1", "waiting", None, "1", "785001", "ZTO", datetime(2026, 11, 23, tzinfo=UTC))
LATER = replace(PARCEL, shipment_id="s2", tracking_number="785002")
LINE = Line("10", "item", "sku", 3, 2, is_bundle=False, is_told=False, of_order=2)
ASK = {"method": "get", "root": "", "status": "status", "numbers": ["number"]}
CALL = {"method": "ship", "root": ""}


def ship(**more: Any) -> Ship:
    return Ship.model_validate({"call": CALL, "ask": ASK, **more})


def planned(spec: Ship, parcels: list[Parcel], lines: list[Line]) -> Plan:
    plan = plan_write(spec, parcels, lines, CODES)
    assert isinstance(plan, Plan)
    return plan


def test_a_whole_order_is_told_by_its_first_parcel():
    plan = planned(ship(), [PARCEL], [LINE])

    assert (plan.values["order_id"], plan.values["tracking_number"]) == ("1", "785001")
    assert (plan.values["carrier"], plan.values["carrier_number"]) == ("115", 115)
    assert plan.values["carrier_name"] == "中通快递"


def test_a_later_parcel_is_told_by_the_method_for_more_numbers():
    spec = ship(more={"method": "more", "root": ""})

    plan = planned(spec, [LATER, replace(PARCEL, state="told")], [LINE])

    assert plan.write.method == "more"


def test_a_platform_that_takes_one_number_is_not_told_of_a_second():
    plan = plan_write(ship(), [LATER, replace(PARCEL, state="told")], [LINE], CODES)

    assert plan == NothingToTell("no_more_numbers")


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (ship(more={"method": "more", "root": ""}), "more"),
        (ship(line="{line_id}"), NothingToTell("contents_unsaid")),
    ],
)
def test_a_number_of_whose_contents_the_warehouse_says_nothing_is_told_where_it_may_be(
    spec: Ship, told: str | NothingToTell
):
    extra = replace(LATER, has_lines=False)

    plan = plan_write(spec, [extra, replace(PARCEL, state="told")], [], CODES)

    assert told == (plan.write.method if isinstance(plan, Plan) else plan)


REPLACED = replace(PARCEL, order_kind="exchange", platform_refund_id="R1")
BY_AFTER_SALE = {
    "method": "exchange",
    "root": "",
    "parameters": {"id": "{refund_id}", "number": "{tracking_number}"},
}


def test_the_parcel_of_an_exchange_is_told_by_its_own_method_and_names_the_after_sale():
    plan = planned(ship(exchange=BY_AFTER_SALE), [REPLACED], [LINE])

    assert (plan.write.method, plan.values["refund_id"]) == ("exchange", "R1")
    assert plan.values["tracking_number"] == "785001"


@pytest.mark.parametrize(
    "parcel",
    [replace(REPLACED, order_kind="resend"), replace(REPLACED, platform_refund_id=None)],
)
def test_a_replacement_that_the_platform_has_no_method_for_is_a_persons(parcel: Parcel):
    plan = plan_write(ship(exchange=BY_AFTER_SALE, more=CALL), [parcel], [LINE], CODES)

    assert plan == NothingToTell("replacement", "by_hand")


def test_all_parcels_that_wait_are_told_in_one_call_by_carrier():
    other = replace(PARCEL, shipment_id="s3", tracking_number="SF01", carrier_code="SF")
    unknown = replace(PARCEL, shipment_id="s4", carrier_code="NEW")

    plan = planned(ship(joined_by="|"), [PARCEL, LATER, other, unknown], [])

    assert (plan.values["carrier"], plan.values["tracking_number"]) == ("115|44", "785001,785002|SF01")
    assert plan.parcels == (PARCEL, LATER, other)


def test_lines_are_objects_or_joined_texts():
    whole = planned(ship(line={"id": "{line_id}", "n": "{quantity}"}), [PARCEL], [LINE])
    joined = planned(ship(line="{line_id}"), [PARCEL], [LINE, replace(LINE, line_id="11")])

    assert whole.values["lines"] == [{"id": "10", "n": 3}]
    assert joined.values["lines"] == "10,11"


def test_pieces_count_only_where_a_line_may_be_divided():
    plan = planned(ship(line={"n": "{quantity}"}, is_divisible=True), [PARCEL], [LINE])

    assert plan.values["lines"] == [{"n": 2}]


def test_a_bundle_is_told_whole_with_the_first_of_its_parts():
    bundle = replace(LINE, is_bundle=True)

    plan = planned(ship(line={"n": "{quantity}"}, is_divisible=True), [PARCEL], [bundle])

    assert plan.values["lines"] == [{"n": 3}]


def test_a_bundle_that_was_told_is_not_told_again_with_the_rest_of_its_parts():
    spec = ship(line={"n": "{quantity}"}, is_divisible=True)
    bundle, mug = replace(LINE, is_bundle=True, is_told=True), replace(LINE, line_id="11", is_told=True)
    parcels = [LATER, replace(PARCEL, state="told")]

    alone = plan_write(spec, parcels, [bundle], CODES)
    beside = planned(spec, parcels, [bundle, mug])

    assert (alone, beside.values["lines"]) == (NothingToTell("line_told_before"), [{"n": 2}])


@pytest.mark.parametrize("state", ["told", "settled"])
def test_a_number_that_a_person_settled_counts_as_the_first(state: str):
    spec = ship(more={"method": "more", "root": ""})

    assert planned(spec, [LATER, replace(PARCEL, state=state)], [LINE]).write.method == "more"


def test_a_line_that_was_told_is_not_told_again():
    spec = ship(line="{line_id}")
    told = replace(LINE, is_told=True)

    assert plan_write(spec, [LATER, replace(PARCEL, state="told")], [told], CODES) == NothingToTell(
        "line_told_before"
    )
    assert plan_write(spec, [PARCEL], [], CODES) == NothingToTell("nothing_of_theirs")


def test_a_parcel_of_some_lines_takes_the_method_for_parts():
    spec = ship(line="{line_id}", part={"method": "part", "root": ""})

    assert planned(spec, [PARCEL], [LINE]).write.method == "part"
    assert planned(spec, [PARCEL], [LINE, replace(LINE, line_id="11")]).write.method == "ship"


def test_a_parcel_has_one_name_at_the_platform_however_often_it_is_planned():
    names = [planned(ship(), [parcel], [LINE]).values["parcel"] for parcel in (PARCEL, PARCEL, LATER)]

    assert (names[0] == names[1], names[0] == names[2], len(names[0])) == (True, False, 32)


def test_a_line_may_hold_only_what_a_line_has():
    with pytest.raises(ValueError, match="tracking_number} is not known"):
        ship(line="{tracking_number}")


def test_a_call_may_hold_only_what_a_parcel_has():
    with pytest.raises(ValueError, match="cursor} means nothing here"):
        ship(call={**CALL, "parameters": {"x": "{cursor}"}})


def test_a_state_is_told_with_its_reason():
    assert said("waiting", "refund_open") == (
        "运单号还没告诉平台(买家有未完结的售后)",
        "the platform has not been told (an after-sale is open)",
    )
    assert said("told", None) == ("运单号已告诉平台", "the platform was told")


def test_every_meaning_that_lets_a_number_wait_has_words():
    assert {"refund_open", "unknown_carrier", "not_yet", "bad_number"} <= REASONS.keys() & set(
        get_args(Meaning)
    )


def test_a_carrier_is_found_by_code_name_and_alias():
    carriers = read_carriers("carrier,code,name,aliases\nYUNDA,121,韵达快递,韵达|YD\n", "carriers.csv")

    found = {code_of(carriers, word, "x").code for word in ("yunda", " 韵达 快递", "YD", "ＹＵＮＤＡ")}

    assert found == {"121"}


def test_a_carrier_that_nobody_named_is_refused_with_where_to_name_it():
    with pytest.raises(ConfigError, match=r"carriers\.csv"):
        code_of({}, "NEW", "x")


def test_what_the_merchant_calls_a_carrier_there_comes_first():
    own = Carrier(id="zto_heavy", name="中通快运", codes={"taobao": "ZTOKY", "wms": "ZTO"})

    carriers = carriers_for("taobao", [own])

    assert [code_of(carriers, word, "taobao").code for word in ("ZTO", "中通快运", "SF")] == [
        "ZTOKY",
        "ZTOKY",
        "SF",
    ]


def test_every_word_of_the_merchant_for_a_carrier_that_the_platform_knows_means_its_code():
    own = Carrier(id="post", name="邮政", asked_as=["绿衣"])

    carriers = carriers_for("taobao", [own, Carrier(id="drone", name="无人机")])

    assert {code_of(carriers, word, "taobao").code for word in ("post", "邮政", "绿衣")} == {"POSTB"}
    with pytest.raises(ConfigError, match="drone"):
        code_of(carriers, "drone", "taobao")


@pytest.mark.parametrize("platform", [name for name in platform_names() if load_platform(name).spec.ship])
def test_the_example_calls_carriers_as_the_platforms_own_file_does(platform: str):
    source = (paths.shipped_config_directory() / "carriers.yaml").read_text(encoding="utf-8")
    own = parse(Carriers, source, "carriers.yaml").carriers

    found = {
        carrier.id: code_of(carriers_of(platform), carrier.codes["wms"], platform).code for carrier in own
    }

    assert {carrier.id: carrier.codes[platform] for carrier in own} == found


@pytest.mark.parametrize("platform", [name for name in platform_names() if load_platform(name).spec.ship])
def test_a_word_of_memos_never_makes_one_carrier_of_two(platform: str):
    """The example's buyers ask for 邮政 as EMS too; a warehouse that says EMS means EMS."""
    source = (paths.shipped_config_directory() / "carriers.yaml").read_text(encoding="utf-8")
    own = parse(Carriers, source, "carriers.yaml").carriers

    known, theirs = carriers_for(platform, own), carriers_of(platform)

    assert code_of(known, "EMS", platform) == code_of(theirs, "EMS", platform)
    assert code_of(known, "邮局", platform).code == code_of(theirs, "POSTB", platform).code


def test_a_platform_of_whole_orders_has_no_lines_to_tell():
    document = yaml.safe_load(
        (paths.platforms_directory() / "jd" / "platform.yaml").read_text(encoding="utf-8")
    )
    document["ship"]["line"] = "{line_id}"

    with pytest.raises(ValueError, match=r"ship\.line goes with downstream\.parcels"):
        PlatformSpec.model_validate(document)


def test_two_carriers_with_one_name_are_refused():
    with pytest.raises(ConfigError, match=r"carriers\.csv:3"):
        read_carriers("carrier,code,name,aliases\nSF,1,顺丰,\nZTO,2,中通,顺丰\n", "carriers.csv")
