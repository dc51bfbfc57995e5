"""One warehouse's WMS as the hub deals with it: client, codes, and what it says of a document."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element, tostring

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig, Wms
from orderhub.connections import load_connection
from orderhub.domain.parcels import NO_NUMBER, Parcel
from orderhub.errors import ConfigError, ContractError
from orderhub.fulfillment.wms.qimen import Qimen, stamped
from orderhub.fulfillment.wms.xml import text_at, whole
from orderhub.settings import Settings

#: How a WMS says that it has never heard of a document; anything else it says leaves the question open.
_NOT_THERE = "not[ _-]?found|not[ _-]exists?|不存在|未找到|找不到|没有找到"
_ABSENT = re.compile(_NOT_THERE, re.IGNORECASE)
#: What else it may not know: the warehouse, merchant, account or method that we named, or the page asked for.
_ELSE = "warehouse|owner|customer|api|method|service|interface|app[ _-]?key|app|user|seller|tenant|page|404"
_ELSE_ZH = "仓库|货主|客户|接口|方法|服务|应用|用户|商家|租户|授权|账号|店铺"
#: That says nothing of the document, in either order of the words; a document's code may hold English ones.
_ELSE_ABSENT = re.compile(
    rf"({_ELSE}|{_ELSE_ZH})([ _-]?(code|name|编码|代码|名))?[ _]?(is |does |was )?({_NOT_THERE})"
    rf"|({_NOT_THERE})[^,,。;;]{{0,8}}({_ELSE_ZH})",
    re.IGNORECASE,
)
#: Heavier than any parcel: a weight in another unit, or no weight at all.
_HEAVIEST_G = 10_000_000
#: Characters of what nobody can read that a doubt holds.
_MOST_QUOTED = 200
CANCELLED = "CANCELED"
#: Nothing more will leave.
_ENDED = frozenset({"DELIVERED", "CLOSED"})
#: Nor will it where the warehouse gave the document up, whatever else the answer says.
_GIVEN_UP = frozenset({"REJECT", CANCELLED})


@dataclass(frozen=True)
class Known:
    """What a WMS says of one delivery order.

    Attributes:
        wms_order_id: its own number.
        status: Qimen's word for how far it is.
        shipped: the parcels that left.
        is_final: nothing more will leave.
    """

    wms_order_id: str
    status: str
    shipped: tuple[Parcel, ...]
    is_final: bool


@dataclass(frozen=True)
class Account:
    """A warehouse's WMS: its settings in warehouses.yaml, and the client that speaks to it."""

    warehouse_id: str
    wms: Wms
    qimen: Qimen

    def look(self, delivery_order_code: str) -> Known | None:
        """Return what the WMS knows of a delivery order, or None when it never heard of it.

        Raises:
            OrderhubError: it did not say; nothing is known.
        """
        asked = {
            "ownerCode": self.wms.owner_code,
            "warehouseCode": self.wms.warehouse_code,
            "orderCode": delivery_order_code,
            "page": 1,
            "pageSize": 100,
        }
        answer = self.qimen.call("deliveryorder.query", asked)
        if answer.is_success:
            return known_in(answer.body, delivery_order_code)
        said = f"{answer.code} {answer.message}"
        if is_absent(said):
            return None
        raise ContractError(f"WMS deliveryorder.query: {said[:200]}")


def is_absent(said: str) -> bool:
    """Return whether a WMS's words mean that it never heard of a document."""
    return _ABSENT.search(said) is not None and _ELSE_ABSENT.search(said) is None


def open_account(clock: Clock, settings: Settings, config: MerchantConfig, warehouse_id: str) -> Account:
    """Return the account at the WMS of `warehouse_id`.

    Raises:
        ConfigError: the warehouse has no WMS any more, or its connection is unusable; put right, all goes on.
    """
    wms = config.wms_of(warehouse_id)
    if wms is None:
        raise ConfigError(f"warehouse {warehouse_id} has no wms in warehouses.yaml any more")
    return Account(warehouse_id, wms, Qimen(load_connection(wms.connection, settings.connections), clock))


def known_in(body: Element, delivery_order_code: str) -> Known:
    """Return what a query's answer, or a pushed confirmation, says of a delivery order.

    Raises:
        ContractError: it speaks of another one.
    """
    order = body.find("deliveryOrder")
    if order is None or text_at(order, "deliveryOrderCode") != delivery_order_code:
        raise ContractError("WMS: the answer is about another delivery order than the one asked for")
    status = text_at(order, "status")
    said = text_at(order, "operateTime") or text_at(order, "orderConfirmTime")
    is_part = text_at(order, "confirmType") == "1"
    is_final = status in _GIVEN_UP or (status in _ENDED and not is_part)
    packages = _packages(body) if status != CANCELLED else []
    unlisted = _unlisted(body, packages) if is_final else None
    parcels = tuple(_parcel(package, stamped(said), unlisted) for package in packages)
    return Known(text_at(order, "deliveryOrderId"), status, parcels, is_final)


def _packages(body: Element) -> list[Element]:
    """Return the packages, each once: one that is repeated word for word is one."""
    return list({tostring(one).strip(): one for one in body.iterfind("packages/package")}.values())


def _unlisted(body: Element, packages: Sequence[Element]) -> list[tuple[str, str]] | None:
    """Return (item, pieces) of packages without items, none where they hold the rest; None: nobody knows.

    The lines of the document say how much of it has left, where they say anything.
    """
    lines = [
        (text_at(line, "itemCode"), text_at(line, "actualQty"), text_at(line, "planQty"))
        for line in body.iterfind("orderLines/orderLine")
    ]
    is_silent = all(whole(actual or "0") == 0 for _, actual, _ in lines)
    if is_silent or all(whole(actual) == whole(planned) for _, actual, planned in lines):
        return []
    return [(code, actual) for code, actual, _ in lines] if len(packages) == 1 else None


def _parcel(package: Element, shipped_at: datetime, unlisted: Sequence[tuple[str, str]] | None) -> Parcel:
    """Return one package, which holds `unlisted` where it lists nothing itself."""
    items = [
        (text_at(item, "itemCode"), text_at(item, "quantity")) for item in package.iterfind("items/item")
    ]
    is_unsaid = not items and unlisted is None
    items = items or list(unlisted or ())
    pieces: dict[str, int] = {}
    for code, said in items:
        pieces[code] = pieces.get(code, 0) + (whole(said) or 0)
    inside = {code: quantity for code, quantity in pieces.items() if quantity}
    odd = [f"{code}: {said}" for code, said in items if not inside or whole(said) is None]
    number = text_at(package, "expressCode")
    return Parcel(
        # That nobody knows the number is for a person to say.
        tracking_number="" if number == NO_NUMBER else number,
        carrier_code=text_at(package, "logisticsCode"),
        shipped_at=shipped_at,
        pieces=inside if items and not odd else None,
        weight_g=_grams(text_at(package, "weight")),
        unreadable="no items" if is_unsaid else ", ".join(odd)[:_MOST_QUOTED],
    )


def _grams(kilograms: str) -> int | None:
    with suppress(ValueError, OverflowError):
        grams = round(float(kilograms) * 1000)
        return grams if 0 <= grams <= _HEAVIEST_G else None
    return None
