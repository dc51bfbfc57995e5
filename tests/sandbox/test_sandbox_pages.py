"""The state page: every platform readable in Chinese, and every example on it works."""

import json

import pytest

from sandbox.admin import Admin
from sandbox.dialects import DIALECTS
from sandbox.faults import KINDS
from sandbox.gateway.gateway import Gateway
from sandbox.mailbox import Mailbox
from sandbox.server import open_gateways
from sandbox.state_page import AFTER_SALES, DEFECTS, DRIVEN, FAULTS, STATES, state_page
from sandbox.state_page import KINDS as AFTER_SALE_KINDS
from sandbox.world import story
from sandbox.world.catalog import SHOPS
from sandbox.world.model import AfterSaleKind, AfterSaleState, OrderState
from sandbox.world.world import World

BASE = "http://127.0.0.1:8082"


@pytest.fixture
def gateways(now) -> dict[str, Gateway]:
    return open_gateways(World(7, 300, now, shops=SHOPS, lives="all"), DIALECTS.values())


@pytest.fixture
def admin(gateways, now) -> Admin:
    return Admin(gateways, Mailbox(lambda: now), lambda: now)


def test_every_word_of_the_world_has_a_chinese_one():
    known = (set(STATES), set(AFTER_SALE_KINDS), set(AFTER_SALES), set(DEFECTS), set(FAULTS))

    assert (
        set(OrderState),
        set(AfterSaleKind),
        set(AfterSaleState),
        set(story.DEFECTS),
        set(KINDS),
    ) == known


def test_every_platform_and_shop_is_on_the_page(gateways, now):
    page = state_page(gateways, 0, now, BASE)

    assert [] == [shop.shop_id for shop in SHOPS if shop.shop_id not in page]
    assert [] == [name for name in DIALECTS if f"{gateways[name].dialect.title}:调用 0 次" not in page]


@pytest.mark.parametrize(("name", "wish"), [(name, wish) for name, wish, _ in DRIVEN])
def test_every_example_on_the_page_works(admin, name, wish):
    assert f"/admin/{name}" in {route.path for route in admin.routes()}

    assert "error" not in getattr(admin, name)(json.loads(wish))


@pytest.mark.parametrize(
    ("name", "wish", "shown"),
    [
        ("faults", {"plan": [{"kind": "status", "times": 0, "shop": "jd_flagship"}]}, "HTTP 错误码(全部方法,店铺 jd_flagship,一直"),
        ("limits", {"limits": [{"method": "*", "calls": 20, "seconds": 1}]}, "全部方法合计,每店 1 秒内 20 次"),
        ("tokens", {"shop": "jd_flagship", "valid": False}, "已过期"),
        ("tokens", {"shop": "jd_flagship", "valid": False, "revoke": True}, "授权已取消"),
        ("lag", {"seconds": 60}, "变化晚 60 秒"),
        ("churn", {"per_call": 3}, "翻页之间有 3 张单离开窗口"),
    ],
)  # fmt: skip
def test_what_was_planned_shows(admin, gateways, now, name, wish, shown):
    before = state_page(gateways, 0, now, BASE)

    getattr(admin, name)(wish)

    assert (False, True) == (shown in before, shown in state_page(gateways, 0, now, BASE))


def test_a_method_that_a_stranger_called_is_shown_as_text(gateways, now):
    gateways["jd"].calls["<script>"] += 1

    page = state_page(gateways, 0, now, BASE)

    assert ("&lt;script&gt;" in page, "<script>" in page) == (True, False)
