"""A shop of the sandbox whose orders went to a warehouse: parcels leave, and the platform is told."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from orderhub.alerts.watch import look_around
from orderhub.config.parse import parse_config
from orderhub.db.engine import Database
from orderhub.delivery.dispatch import DeliveryCounts, deliver_pending
from orderhub.delivery.targets import Target
from orderhub.domain.parcels import Parcel
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.shipments import Recorded, Report, record_reports
from orderhub.fulfillment.tracking import Teller
from orderhub.platforms.carriers import carriers_for
from orderhub.settings import Settings
from sandbox.world.model import Order
from tests.builders import rows
from tests.platforms.shop_in_a_box import ShopInABox, merchant_files

Choice = Callable[[Order], bool]


class TellingShop:
    """One shop, from its platform's orders to what the platform was told.

    Args:
        database: the hub's.
        platform: whose shop.
        home: a folder of the test.
        write_back: whether the merchant switched it on.
        more: further files of the merchant.
    """

    def __init__(
        self, database: Database, platform: str, home: Path, *, write_back: bool = True,
        more: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.database = database
        self.more = dict(more or {})
        self.box = ShopInABox(database, orders=160 if platform == "taobao" else 40, platform=platform)
        self.switch(write_back=write_back)
        self.settings = Settings(home=home, database_url="postgresql://unused", hash_key="unused")
        self._hand_over()

    def switch(self, *, write_back: bool) -> None:
        """Let the merchant switch telling on or off."""
        files = merchant_files(self.box.platform.spec.name)
        shops = files["shops.yaml"].replace("since_days: 2", "since_days: 1")
        told = {"shops.yaml": f"{shops}    write_back: {str(write_back).lower()}\n"}
        self.box.own_files = told | self.more
        self.box.config = parse_config(files | self.box.own_files)

    def _hand_over(self) -> None:
        self.box.pull()
        self.box.transform()
        with self.database.engine.begin() as connection:
            connection.execute(
                text(
                    "insert into core.stock (warehouse_id, sku_id, on_hand, counted_at) "
                    "select distinct 'hangzhou', sku_id, 10000, cast(:now as timestamptz) from core.order_lines "
                    "where sku_id is not null"
                ),
                {"now": self.box.clock.now()},
            )
        run_fulfillment(self.database, self.box.clock, self.box.config)
        request_extra(self.database, self.box.clock, self.box.config, "hangzhou", "test")
        close_due(self.database, self.box.clock, self.box.config, {})
        self.box.pass_time(timedelta(hours=1))

    def orders(self, choice: Choice = lambda order: True) -> list[Order]:
        """Return the orders that were handed over and that `choice` takes, as they truly are."""
        given = rows(
            self.database,
            "select o.platform_order_id from core.fulfillment_orders as f join core.orders as o using (order_id) "
            "where f.state = 'manifested' order by 1",
        )
        orders = (self.box.world.orders[str(number)] for (number,) in given)
        return [order for order in orders if order.is_shippable and not order.after_sales and choice(order)]

    def happens(self, order: Order, what: str) -> None:
        """Let something happen at the platform that the hub has not seen."""
        self.box.world.touch(1, self.box.platform_clock.now(), what=what, order_ids=[order.order_id])

    def document(self, order: Order) -> str:
        """Return the id of an order's document."""
        [(found,)] = rows(
            self.database,
            "select f.fulfillment_order_id from core.fulfillment_orders as f join core.orders as o using (order_id) "
            f"where o.platform_order_id = '{order.order_id}' and f.state <> 'cancelled'",
        )
        return str(found)

    def confirm(
        self, order: Order, *numbers: str, carrier: str = "ZTO", pieces: dict[str, int] | None = None
    ) -> Recorded:
        """Let the warehouse confirm parcels with these numbers: each of `pieces`, or all in one."""
        parcels = [Parcel(number, carrier, self.box.clock.now(), pieces) for number in numbers]
        report = Report(order.order_id, self.document(order), tuple(parcels))
        with self.database.engine.begin() as connection:
            return record_reports(connection, self.box.clock, "hangzhou", [report], "wms")

    def deliver(self, later: timedelta = timedelta()) -> DeliveryCounts:
        """Send what the outbox holds for the shop, `later` from now."""
        self.box.pass_time(later)
        teller = self.teller(self.box.client)
        lane = Target(
            lambda parcel: teller.send(parcel.payload),
            lambda parcel: teller.ask(parcel.payload),
            teller.close,
        )
        return deliver_pending(
            self.database, self.box.clock, self.settings, {f"tracking:{self.box.shop_id}": lane}
        )

    def teller(self, open_client: Callable[[], Any]) -> Teller:
        """Return who tells the platform, by such a client."""
        config = self.box.config
        return Teller(
            self.database,
            self.box.clock,
            config.shop(self.box.shop_id),
            self.box.platform,
            carriers_for(self.box.platform.spec.name, config.carriers.carriers),
            open_client,
        )

    def states(self) -> list[tuple[object, ...]]:
        """Return number, state and reason of every parcel, by number."""
        return rows(
            self.database,
            "select s.tracking_number, w.state, w.reason from core.tracking_writes as w "
            "join core.shipments as s using (shipment_id) order by 1",
        )

    def alerts(self) -> list[str]:
        """Look around, and return the rules of the open alerts about parcels."""
        look_around(self.database, self.box.clock, self.box.config)
        found = rows(
            self.database,
            "select distinct rule_id from ops.alerts where closed_at is null and rule_id = any("
            "array['tracking_refused', 'shipped_with_refund', 'unknown_carrier_code', 'tracking_untold', "
            "'tracking_by_hand', 'no_collection_scan']) order by 1",
        )
        return [str(rule) for (rule,) in found]

    def plan(self, *faults: dict[str, Any]) -> None:
        """Let calls of the platform fail as planned."""
        self.box.gateway.faults.replace(list(faults))

    def numbers(self, order: Order) -> list[str]:
        """Return the numbers that the platform knows of an order, as often as it was told of them."""
        return [parcel.number for parcel in self.box.world.orders[order.order_id].parcels]

    def numbers_told(self) -> Counter[str]:
        """Return every number that clients told the platform of, with how often."""
        return Counter(
            event.detail
            for order in self.box.orders()
            for event in order.events
            if event.kind in {"told", "part_told", "number_added"}
        )
