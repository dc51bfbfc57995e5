"""From a pass to the platform's stock interface: each listing shows its shop's share, whatever goes wrong."""

from typing import Any

import pytest
from sqlalchemy import text

from orderhub.config.parse import parse_config
from orderhub.db.engine import Database
from orderhub.errors import RetryError
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.stock_push import StockTeller
from tests.builders import rows
from tests.platforms.shop_in_a_box import ShopInABox, merchant_files


class OfferingShop:
    """A shop that is told its stock: half of ten pieces of everything it sells."""

    def __init__(self, database: Database) -> None:
        self.database, self.box = database, ShopInABox(database, orders=40, platform="miniprogram")
        files = merchant_files("miniprogram")
        self.box.own_files = {
            "shops.yaml": files["shops.yaml"] + "    push_stock: true\n",
            "shares.csv": f"shop_id,sku_id,percent\n{self.box.shop_id},*,50\n",
        }
        self.box.config = parse_config(files | self.box.own_files)
        self.box.pull()
        self.box.transform()
        with database.engine.begin() as connection:
            connection.execute(
                text(
                    "insert into core.stock (warehouse_id, sku_id, on_hand, counted_at) select distinct 'hangzhou', "
                    "sku_id, 1000, cast(:now as timestamptz) from core.order_lines where sku_id is not null"
                ),
                {"now": self.box.clock.now()},
            )
        run_fulfillment(database, self.box.clock, self.box.config)

    def tell(self) -> dict[str, Any]:
        shop = self.box.config.shop(self.box.shop_id)
        teller = StockTeller(self.database, self.box.clock, shop, self.box.platform, self.box.client)
        try:
            return dict(teller.send({}))
        finally:
            teller.close()

    def differences(self) -> list[str]:
        """Return the codes of which the platform shows another number than the hub says."""
        listed = rows(
            self.database,
            "select distinct l.merchant_code, s.sellable_qty from core.sellable s join core.order_lines l using (sku_id) "
            "where l.kind = 'goods' and l.merchant_code is not null",
        )
        offered = self.box.world.offered
        return [
            str(code)
            for code, pieces in listed
            if offered.get((self.box.shop_id, str(code)), (0, -1))[1] != pieces
        ]


def test_every_listing_shows_its_share_and_telling_again_tells_nothing(database: Database):
    shop = OfferingShop(database)

    first, again = shop.tell(), shop.tell()

    assert shop.differences() == []
    assert (first["told"] > 0, again["told"], again["refused"]) == (True, 0, 0)


@pytest.mark.parametrize("fault", [{"kind": "cut"}, {"kind": "status", "status": 502}, {"kind": "body"}])
def test_a_lost_answer_is_told_again_and_does_no_harm(database: Database, fault: dict[str, Any]):
    shop = OfferingShop(database)
    shop.box.gateway.faults.replace([{**fault, "method": "stock.set", "nth": 2}])

    with pytest.raises(RetryError):
        shop.tell()
    shop.tell()

    assert shop.differences() == []
    assert shop.tell()["told"] == 0
