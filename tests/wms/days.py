"""Random days at a warehouse: orders, refunds, parcels, recounts, faults, in any order, from one seed."""

import random
from collections import Counter
from datetime import timedelta

from sqlalchemy import text

from orderhub.errors import AlreadyDone
from orderhub.fulfillment.freeze import freeze_stock, thaw_stock
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.sync import sync_stock
from orderhub.operate.verify import verify
from tests.builders import Line, Order, put, rows
from tests.wms.conftest import House

ITEMS = ("MUG", "CUP")
FAULTS = (
    "drop",
    "silent",
    "later",
    "twice",
    "half",
    "half_drop",
    "exists",
    "odd",
    "status",
    "busy",
    "repeat",
)
#: Everything of an order is to come back.
AFTER_SALE = (
    "insert into core.refunds (refund_id, platform, shop_id, platform_refund_id, order_id, kind, state, is_terminal, "
    "version_id, merge_key, mapping_version, _load_id, _pass_id, _seen_at) values ('tb/R' || :number, 'taobao', 'tb', "
    "'R' || :number, :order, 'return', 'open', false, 'v', 'k', 'm', 1, 1, now())"
)
#: What happens, with weights.
HAPPENINGS = {
    "place": 5, "stop": 2, "route": 4, "close": 2, "deliver": 4, "break_down": 2, "ship": 3, "pick": 1, "confirm": 3,
    "sync": 3, "recount": 2, "release": 1, "freeze": 1, "wait": 3, "readdress": 2, "want_back": 2, "grade": 2,
}  # fmt: skip


class Days:
    """One seed's days. `log` says what happened, for whoever must find out why."""

    def __init__(self, house: House, seed: int) -> None:
        self.house, self.random = house, random.Random(seed)
        self.numbers = 1000
        self.log: list[str] = []

    def live(self, steps: int) -> list[str]:
        """Let `steps` things happen, and return what any invariant had against the hub after one of them."""
        found: list[str] = []
        names, weights = list(HAPPENINGS), list(HAPPENINGS.values())
        for _ in range(steps):
            name = self.random.choices(names, weights)[0]
            self.log.append(name)
            getattr(self, name)()
            self.house.clock.move(timedelta(seconds=self.random.randint(1, 400)))
            found += [f"{name}: {one}" for result in verify(self.house.database) for one in result.violations]
        return found

    def settle(self) -> None:
        """Heal everything and let the day end: all is answered, sent, confirmed and read."""
        self.house.plan()
        self.house.wms.release(self.house.clock.now())
        for _ in range(6):
            self.deliver()
            self.house.clock.move(timedelta(minutes=31))
        self.house.ship_all()
        self.house.clock.move(timedelta(minutes=1))
        self.confirm()
        self.house.clock.move(timedelta(minutes=1))
        self.sync()

    def differences(self) -> dict[str, object]:
        """Return where the hub and the WMS's own ledger say different things; empty when they agree."""
        ledger = self.house.wms.ledger
        told = Counter(
            {
                (code, sku): int(pieces)
                for code, sku, pieces in rows(
                    self.house.database,
                    "select d.delivery_order_code, l.sku_id, sum(l.quantity) from core.shipment_lines l "
                    "join core.delivery_orders d using (fulfillment_order_id) group by 1, 2",
                )
            }
        )
        on_hand = dict(
            rows(
                self.house.database, "select sku_id, on_hand from core.stock where warehouse_id = 'hangzhou'"
            )
        )
        there = {item: ledger.stock["HZ01", item].free + ledger.stock["HZ01", item].locked for item in ITEMS}
        reserved = dict(
            rows(
                self.house.database, "select sku_id, reserved from core.stock where warehouse_id = 'hangzhou'"
            )
        )
        expected = {item: max(pieces, reserved[item]) for item, pieces in there.items()}
        twice = rows(
            self.house.database,
            "select order_id, line_id from core.shipment_lines l join core.order_lines o using (order_id, line_id) "
            "group by 1, 2, o.quantity having sum(l.quantity) > o.quantity",
        )
        pairs = {"parcels": (told, ledger.shipped()), "on hand": (on_hand, expected), "twice": (twice, [])}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

    def place(self) -> None:
        lines = tuple(
            Line(item, self.random.randint(1, 3))
            for item in self.random.sample(ITEMS, self.random.randint(1, 2))
        )
        self.numbers += 1
        paid = self.house.clock.now() - timedelta(minutes=self.random.randint(1, 600))
        with self.house.database.engine.begin() as connection:
            put(connection, Order(str(self.numbers), lines, paid_at=paid))

    def stop(self) -> None:
        with self.house.database.engine.begin() as connection:
            orders = (
                connection.execute(text("select order_id from core.orders where gate = 'ship' order by 1"))
                .scalars()
                .all()
            )
            if orders:
                chosen = {"id": self.random.choice(orders)}
                connection.execute(text("update core.orders set gate = 'stop' where order_id = :id"), chosen)

    def readdress(self) -> None:
        with self.house.database.engine.begin() as connection:
            orders = (
                connection.execute(text("select order_id from core.receivers order by 1")).scalars().all()
            )
            if orders:
                chosen = {"id": self.random.choice(orders), "token": f"OAID-{self.random.randint(1, 99)}"}
                connection.execute(
                    text("update core.receivers set token = :token where order_id = :id"), chosen
                )

    def want_back(self) -> None:
        gone = rows(self.house.database, "select distinct order_id from core.shipments order by 1")
        if gone:
            self.numbers += 1
            order_id = str(self.random.choice(gone)[0])
            with self.house.database.engine.begin() as connection:
                connection.execute(text(AFTER_SALE), {"number": self.numbers, "order": order_id})

    def grade(self) -> None:
        waiting = [one for one in self.house.wms.ledger.returns.values() if not one.came]
        if waiting:
            one = self.random.choice(waiting)
            item, pieces = self.random.choice(sorted(one.planned.items()))
            good = self.random.randint(0, pieces)
            self.house.wms.ledger.receive(one.code, item, good, pieces - good, self.house.clock.now())

    def route(self) -> None:
        run_fulfillment(self.house.database, self.house.clock, self.house.active)

    def close(self) -> None:
        self.house.close()

    def deliver(self) -> None:
        self.house.deliver()

    def break_down(self) -> None:
        self.house.plan(
            *({"kind": self.random.choice(FAULTS), "nth": self.random.randint(1, 3)} for _ in range(2))
        )

    def ship(self) -> None:
        codes = list(self.house.wms.ledger.documents)
        if codes:
            part = self.random.choice([None, {self.random.choice(ITEMS): 1}])
            self.house.wms.ledger.ship(self.random.choice(codes), self.house.clock.now(), part)

    def pick(self) -> None:
        codes = [
            one.code
            for known in self.house.wms.ledger.documents.values()
            for one in known
            if one.status == "ACCEPT"
        ]
        if codes:
            self.house.wms.ledger.find(self.random.choice(codes)).status = "PICK"

    def confirm(self) -> None:
        self.house.confirm()

    def sync(self) -> None:
        sync_stock(self.house.database, self.house.clock, self.house.settings, self.house.active)

    def recount(self) -> None:
        self.house.wms.ledger.put("HZ01", self.random.choice(ITEMS), self.random.randint(0, 12))

    def release(self) -> None:
        self.house.wms.release(self.house.clock.now())

    def freeze(self) -> None:
        try:
            freeze_stock(self.house.database, self.house.clock, self.house.active, "hangzhou", "clerk")
        except AlreadyDone:
            thaw_stock(self.house.database, self.house.clock, "hangzhou", "clerk")

    def wait(self) -> None:
        self.house.clock.move(timedelta(minutes=20))
