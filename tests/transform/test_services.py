"""What a platform asks of the carrier, read from its own words."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from orderhub.db.engine import Database
from orderhub.platforms.spec import Service, load_platform
from orderhub.transform.payload_sql import literal, open_record
from orderhub.transform.services_sql import carriers_column, services_column

TOP = "taobao"


def tagged(*kinds: str) -> dict[str, Any]:
    tags = [{"service_type": kind, "service_tag": "x"} for kind in ("TB_CONSIGN_DATE", *kinds)]
    listed = {"order_id": "1", "logistic_service_tag_list": {"logistic_service_tag": tags}}
    return {"service_tags": {"logistics_tag": [listed]}}


def allowed(*codes: str) -> dict[str, Any]:
    info = {"order_id": "1", "white_delivery_cps": {"string": list(codes)}}
    return {"logistics_infos": {"logistics_info": [info]}}


def asked(database: Database, services: tuple[Service, ...], payload: Any) -> tuple[list[str], list[str]]:
    """Return service tags and required carriers that a record asks for."""
    opened = open_record("o", "s.payload", [service.path for service in services], is_flat=False)
    said = literal(json.dumps(payload, ensure_ascii=False))
    with database.read() as connection:
        row = connection.execute(
            text(
                f"select {services_column(opened, services)}, {carriers_column(opened, services)} "
                f"from (select cast({said} as jsonb) as payload) as s, {opened.record}"
            )
        ).one()
    return row.service_tags, row.required_carriers


@pytest.mark.parametrize(
    "platform, payload, services, carriers",
    [
        (TOP, {}, [], []),
        (TOP, allowed("SF", "JD"), [], ["SF", "JD"]),
        (TOP, tagged("SF_ONLY", "DOOR_DELIVERY"), ["home_delivery"], ["SF"]),
        (TOP, tagged("NEXT_DAY"), ["next_day"], []),
        ("jd", {"idSopShipmenttype": 68}, [], ["2087"]),
        ("jd", {"idSopShipmenttype": 67}, [], []),
        ("pinduoduo", {"free_sf": 1, "delivery_one_day": 1, "consolidate_info": None}, ["next_day"], ["44"]),
        ("pinduoduo", {"free_sf": 0, "consolidate_info": {"consolidate_type": 1}}, ["transit"], []),
        ("pinduoduo", {"order_tag_list": [{"name": "home_delivery_door", "value": 1}]}, ["home_delivery"], []),
        ("douyin", {"shop_order_tag_ui": [{"key": "select_express", "extra": "jd"}]}, [], ["jd"]),
        ("douyin", {"shop_order_tag_ui": [{"key": "sug_home_deliver", "extra": ""}]}, ["home_delivery"], []),
        ("miniprogram", {"service_tags": ["door_delivery", "sf_only"], "required_carrier": None},
         ["home_delivery"], ["SF"]),
        ("miniprogram", {"service_tags": [], "required_carrier": "JD"}, [], ["JD"]),
    ],
)  # fmt: skip
def test_platform_says_which_carrier_and_which_service_it_wants(
    database: Database, platform: str, payload: Any, services: list[str], carriers: list[str]
):
    spec = load_platform(platform).spec

    assert (services, carriers) == asked(database, spec.services, payload)


@pytest.mark.parametrize("said", ["[1", "[]", "", None, {"a": "b"}, [None]])
def test_carrier_code_that_is_none_aborts_nothing(database: Database, said: Any):
    code = Service(path="code", is_carrier_code=True)
    flag = Service(path="code", any_of=("x",), service="transit")

    services, carriers = asked(database, (code, flag), {"code": said})

    assert [] == services
    assert isinstance(carriers, list)
