"""How many pieces a shop offers, as clients tell the sandbox's platforms: judged, booked, the same after a restart."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.dialects import DIALECTS
from sandbox.gateway.call import Behavior, Call
from sandbox.gateway.wire import Incoming, RefusalError
from sandbox.world.catalog import SHOP_BY_ID, SHOPS
from sandbox.world.model import Line
from sandbox.world.world import World

STARTED_AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
NOW = STARTED_AT + timedelta(minutes=5)


class Counter:
    """A shop of one platform, called past signature and token, about one of its listings."""

    def __init__(self, platform: str) -> None:
        self.platform = platform
        self.shop_id = next(shop.shop_id for shop in SHOPS if shop.platform == platform)
        self.world = World(7, 30, STARTED_AT, shops=(SHOP_BY_ID[self.shop_id],))
        orders = self.world.orders.values()
        self.line = next(line for order in orders for line in order.goods if line.platform_sku_id)

    def ask(self, method: str, incoming: Incoming) -> Any:
        call = Call(incoming, self.shop_id, NOW, self.world, Behavior(), None)  # type: ignore[arg-type] # no noise
        return DIALECTS[self.platform].methods[method].answer(call)

    def offered(self) -> int | None:
        known = self.world.offered.get((self.shop_id, self.line.merchant_code))
        return known[1] if known else None

    def shelve(self, standing: str) -> None:
        self.world.shelve(self.shop_id, self.line.merchant_code, standing, NOW)


def taobao(line: Line, **changed: str) -> Incoming:
    named = {
        "num_iid": str(line.platform_item_id),
        "sku_id": line.platform_sku_id,
        "quantity": "5",
        "type": "1",
    }
    return Incoming.of_form(named | changed)


@pytest.mark.parametrize(
    "standing, changed, sub_code",
    [
        ("on_shelf", {"quantity": "-1"}, "isv.invalid-parameter:quantity"),
        ("on_shelf", {"num_iid": "1"}, "isv.item-not-exist:invalid-numIid-or-iid"),
        ("on_shelf", {"sku_id": "1"}, "isv.invalid-parameter:sku-properties"),
        ("on_shelf", {"sku_id": ""}, "isv.item-quantity-item-update-service-error"),
        ("deleted", {}, "isv.item-is-delete:invalid-numIid-or-iid"),
        ("presale", {}, "isv.item-is-presale:invalid-presale-tags-id"),
        ("locked", {}, "isv.item-quantity-sku-update-service-error"),
    ],
)
def test_an_item_says_why_it_takes_no_figure(standing: str, changed: dict[str, str], sub_code: str):
    counter = Counter("taobao")
    counter.shelve(standing)

    with pytest.raises(RefusalError) as refused:
        counter.ask("taobao.item.quantity.update", taobao(counter.line, **changed))

    assert refused.value.body["sub_code"] == sub_code


def test_increments_add_up_where_whole_figures_replace():
    counter = Counter("taobao")

    for kind, quantity in (("1", "5"), ("2", "3"), ("2", "-20"), ("2", "4"), ("1", "9"), ("1", "2")):
        counter.ask("taobao.item.quantity.update", taobao(counter.line, type=kind, quantity=quantity))

    assert counter.offered() == 2


def test_an_activity_lets_stock_rise_and_not_fall():
    counter = Counter("wechat")
    named = {"product_id": str(counter.line.platform_item_id), "sku_id": counter.line.platform_sku_id}
    said = [{**named, "diff_type": 3, "num": pieces} for pieces in (5, 8, 7)]
    counter.ask("channels/ec/product/stock/update", Incoming.of_json(said[0]))
    counter.shelve("locked")
    counter.ask("channels/ec/product/stock/update", Incoming.of_json(said[1]))

    with pytest.raises(RefusalError, match="10020054"):
        counter.ask("channels/ec/product/stock/update", Incoming.of_json(said[2]))

    assert counter.offered() == 8


def test_a_flag_that_is_text_is_refused():
    counter = Counter("douyin")
    said = {
        "sku_id": int(counter.line.platform_sku_id),
        "product_id": 1,
        "stock_num": 1,
        "incremental": "false",
    }

    with pytest.raises(RefusalError, match="parameter-invalid:incremental"):
        counter.ask("sku.syncStock", Incoming.of_json(said))


def test_a_world_that_is_replayed_offers_the_same():
    journal: list[dict[str, Any]] = []
    first = World(7, 5, STARTED_AT, journal.append)
    first.offer("tb_outlet", "TS", 3, 9, NOW)
    first.shelve("tb_outlet", "TS", "locked", NOW)
    again = World(7, 5, STARTED_AT)

    for operation in journal:
        again.replay(operation)

    assert (again.offered, again.standings) == (first.offered, first.standings)
