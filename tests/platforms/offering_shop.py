"""A shop of the sandbox that is told its stock: its share of what can be promised of everything it sells."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import text

from orderhub.config.parse import parse_config
from orderhub.db.engine import Database
from orderhub.fulfillment.run import FulfillCounts, run_fulfillment
from orderhub.fulfillment.stock_push import StockTeller
from tests.builders import rows
from tests.platforms.shop_in_a_box import ShopInABox, merchant_files, shop_of


class OfferingShop:
    """Pulled, transformed and routed once; `tell` is what the lane of the outbox does."""

    def __init__(self, database: Database, platform: str, on_hand: int = 1000, percent: int = 50) -> None:
        self.database = database
        self.box = ShopInABox(database, orders=160 if platform == "taobao" else 40, platform=platform)
        files = merchant_files(platform)
        shops = files["shops.yaml"].replace("since_days: 2", "since_days: 1")
        self.box.own_files = {
            "shops.yaml": f"{shops}    push_stock: true\n",
            "shares.csv": f"shop_id,sku_id,percent\n{shop_of(platform)},*,{percent}\n",
        }
        self.box.config = parse_config(files | self.box.own_files)
        self.box.pull()
        self.box.transform()
        self.count(on_hand, "select distinct sku_id from core.order_lines where sku_id is not null")
        self.run()

    def count(self, on_hand: int, skus: str) -> None:
        """Let the warehouse have `on_hand` pieces of each of the SKUs that a query names."""
        with self.database.engine.begin() as connection:
            connection.execute(
                text(
                    "insert into core.stock (warehouse_id, sku_id, on_hand, counted_at) "
                    f"select 'hangzhou', sku_id, :on_hand, cast(:now as timestamptz) from ({skus}) as named "
                    "on conflict (warehouse_id, sku_id) do update set on_hand = excluded.on_hand"
                ),
                {"now": self.box.clock.now(), "on_hand": on_hand},
            )

    def raise_stock(self) -> None:
        """Let ten more pieces of everything arrive, and run a pass."""
        with self.database.engine.begin() as connection:
            connection.execute(text("update core.stock set on_hand = on_hand + 10"))
        self.run()

    def run(self) -> FulfillCounts:
        """Run a fulfil pass."""
        return run_fulfillment(self.database, self.box.clock, self.box.config)

    @contextmanager
    def teller(self) -> Iterator[StockTeller]:
        shop = self.box.config.shop(self.box.shop_id)
        teller = StockTeller(self.database, self.box.clock, shop, self.box.platform, self.box.client)
        try:
            yield teller
        finally:
            teller.close()

    def tell(self) -> dict[str, Any]:
        """Tell what is untold, and return what was said of it."""
        with self.teller() as teller:
            return dict(teller.send({}))

    def plan(self, *faults: dict[str, Any]) -> None:
        """Let calls of the stock interface fail as planned."""
        stock = self.box.platform.spec.stock
        assert stock is not None
        self.box.gateway.faults.replace([{**fault, "method": stock.method} for fault in faults])

    def codes(self) -> list[str]:
        """Return the merchant codes of single goods, each of which is one listing, in order."""
        found = rows(
            self.database,
            "select min(merchant_code) from core.order_lines where kind = 'goods' and sku_id is not null "
            "group by sku_id having count(distinct merchant_code) = 1 order by 1",
        )
        return [str(code) for (code,) in found]

    def shelve(self, code: str, standing: str) -> None:
        """Let a listing of the platform stand otherwise."""
        self.box.world.shelve(self.box.shop_id, code, standing, self.box.platform_clock.now())

    def offered(self, code: str) -> int | None:
        """Return how many pieces the platform shows of a listing; None when it was never told."""
        known = self.box.world.offered.get((self.box.shop_id, code))
        return known[1] if known else None

    def differences(self) -> list[str]:
        """Return the codes of which the platform shows another number than the hub says."""
        listed = rows(
            self.database,
            "select distinct l.merchant_code, s.sellable_qty from core.sellable s join core.order_lines l "
            "using (sku_id) where l.kind = 'goods' and l.merchant_code is not null order by 1",
        )
        return [str(code) for code, pieces in listed if self.offered(str(code)) != pieces]

    def answers(self) -> dict[str, tuple[Any, ...]]:
        """Return code → what the platform has against it, and whether it is told again by itself."""
        found = rows(
            self.database,
            "select distinct l.merchant_code, s.means, s.retry_at is not null from core.sellable s "
            "join core.order_lines l using (sku_id) where s.means is not null order by 1",
        )
        return {str(code): (means, again) for code, means, again in found}
