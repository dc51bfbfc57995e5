"""The merchant's files as frozen models. Conversion from text happens here, once."""

from collections.abc import Mapping
from datetime import time
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from orderhub.config.blacklist import BlacklistEntry
from orderhub.config.carriers import Carriers
from orderhub.config.checks import ChecksFile
from orderhub.config.frozen import Frozen, Identifier, ZonedTime, refuse_repeated
from orderhub.config.routing import Merging, RoutingProfile, RoutingRule
from orderhub.config.shares import StockShare
from orderhub.domain.calendar import Calendar, Closing


def _clock_time(value: object) -> time:
    try:
        hours, minutes = str(value).split(":")
        return time(int(hours), int(minutes))
    except ValueError:
        raise ValueError("must be a time of day such as 10:00") from None


TimeOfDay = Annotated[time, BeforeValidator(_clock_time)]
MailAddress = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]


class Shop(Frozen):
    """One seller account on one platform."""

    id: Identifier = Field(description="Our id; part of every order id, never changed later.")
    platform: Identifier = Field(description="Folder name under include/platforms.")
    name: str = Field(description="As people call it.")
    connection: str | None = Field(default=None, description="Connection id with the credentials.")
    go_live_at: ZonedTime = Field(
        description="Orders placed before ship only when a person says so; shadow decides them all the same."
    )
    mode: Literal["live", "shadow"] = Field(
        default="live", description="shadow decides everything and sends nothing."
    )
    currency: str = Field(default="CNY", pattern="^[A-Z]{3}$", description="ISO 4217; other orders are held.")
    since_days: int = Field(default=7, ge=1, le=90, description="How far back the first pull goes.")
    reconcile_days: int = Field(
        default=3, ge=1, le=90, description="How many days back the nightly comparison of ids goes."
    )
    export_policy: Literal["token_only", "masked"] = Field(
        default="token_only", description="What files may say of a receiver."
    )
    address_source: Literal["structured", "free_text", "none"] = Field(
        default="structured", description="none: address rules are not evaluable for this shop."
    )
    on_stale: Literal["wait", "ship"] = Field(
        default="wait", description="ship: close a manifest with this shop's orders though its pull is late."
    )
    write_back: bool = Field(
        default=False,
        description="Tell the platform each tracking number, once the warehouse has confirmed the departure.",
    )
    push_stock: bool = Field(
        default=False,
        description="Tell the platform how many pieces the shop may offer; its share is in shares.csv.",
    )
    replacements: Literal["returned", "agreed", "off"] = Field(
        default="returned",
        description="When an exchange gets an order: once its goods came back, once it is agreed, never. "
        "A resend, unless off, once the platform waits for the seller to send.",
    )
    exchange_goods: Literal["ask", "same"] = Field(
        default="ask",
        description="An exchange for which the platform names no goods: ask a person, or send the same.",
    )
    merge: bool = Field(
        default=True,
        description="Orders of one buyer leave in one parcel where the platform names the receiver (合单).",
    )


class Shops(Frozen):
    """shops.yaml."""

    shops: tuple[Shop, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _unique(self) -> "Shops":
        refuse_repeated("shop id", [shop.id for shop in self.shops])
        return self


class Sender(Frozen):
    """Who sends: printed on labels, asked for by carriers."""

    name: str = Field(min_length=1)
    phone: str = Field(min_length=1, description="Of the warehouse, not of a person.")
    province: str = Field(min_length=1)
    city: str = Field(min_length=1)
    district: str = ""
    address: str = Field(min_length=1, description="Street and number.")


class Wms(Frozen):
    """The warehouse's own system, spoken to in Qimen (奇门)."""

    connection: str = Field(min_length=1, description="Connection id with address, key and secret.")
    warehouse_code: str = Field(min_length=1, description="The building's code at the WMS.")
    owner_code: str = Field(min_length=1, description="The merchant's code at the WMS.")
    sender: Sender
    carrier_code: str = Field(default="OTHER", description="logisticsCode of every document: SF, ZTO, …")
    source_codes: Mapping[str, str] = Field(
        default={}, description="Platform → its code at the WMS, where it wants one; others are OTHERS."
    )
    batch_size: int = Field(
        default=50, ge=1, le=200, description="Documents in one call; 1 where the WMS takes no batches."
    )
    waybills: Literal["wms", "hub"] = Field(
        default="wms",
        description="Who takes the waybill. hub: before the document is handed over, where its carrier has "
        "an account in carriers.yaml for its platform.",
    )
    is_locked_inside: bool = Field(
        default=False,
        description="The WMS's stock figure also holds the pieces it locked; Qimen documents false.",
    )


class Warehouse(Frozen):
    """One building that ships."""

    id: Identifier
    name: str
    kind: Literal["ordinary", "bonded"] = Field(
        default="ordinary", description="bonded takes only orders with customs fields."
    )
    cutoffs: tuple[TimeOfDay, ...] = Field(
        default=(time(10, 0),), description="Times of day, Asia/Shanghai, at which a manifest closes."
    )
    extra_when_due: bool = Field(
        default=False,
        description="An extra list for orders due before the next one, two hours ahead, hourly at most.",
    )
    sender: Sender | None = Field(
        default=None, description="Who sends, on labels that the hub asks for; a WMS has its own."
    )
    daily_orders: int | None = Field(
        default=None, ge=1, description="Documents that it takes on one Beijing day; empty: any number."
    )
    backup: str | None = Field(
        default=None, description="The warehouse that is tried when this one, and all of the rule, cannot."
    )
    wms: Wms | None = Field(
        default=None, description="Its own system; without one the warehouse works with files."
    )


class Warehouses(Frozen):
    """warehouses.yaml."""

    warehouses: tuple[Warehouse, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _unique(self) -> "Warehouses":
        refuse_repeated("warehouse id", [warehouse.id for warehouse in self.warehouses])
        return self


class QuietHours(Frozen):
    """When people are left alone unless it is critical; may run over midnight."""

    start: TimeOfDay = Field(description="Asia/Shanghai, for example 22:00.")
    end: TimeOfDay = Field(description="Asia/Shanghai; what waited is told then.")


class Robot(Frozen):
    """A robot in a chat group."""

    id: Identifier = Field(description="Our id; recipients name it.")
    kind: Literal["dingtalk", "wecom", "feishu"] = Field(description="Which chat it speaks in.")
    connection: str = Field(min_length=1, description="Connection id with its webhook and its secret.")


class Recipient(Frozen):
    """People and robots that hear of a part; what is not given takes all."""

    to: tuple[MailAddress, ...] = Field(default=(), description="Mail addresses.")
    robots: tuple[Identifier, ...] = Field(default=(), description="Ids of robots.")
    severity: tuple[Literal["critical", "warning", "info"], ...] = Field(
        default=(), description="Severities; any of them."
    )
    shop: tuple[str, ...] = Field(default=(), description="Shop ids; any of them.")
    warehouse: tuple[str, ...] = Field(default=(), description="Warehouse ids; any of them.")

    @model_validator(mode="after")
    def _reaches_somebody(self) -> "Recipient":
        if not self.to and not self.robots:
            raise ValueError("must name a mail address under to, or a robot under robots")
        return self


class Alerts(Frozen):
    """alerts.yaml."""

    supervisors: tuple[MailAddress, ...] = Field(
        min_length=1, description="Mail addresses that get held orders and failures; never empty."
    )
    sender: MailAddress = "orderhub@localhost.localdomain"
    supervisors_get: Literal["everything", "the_rest"] = Field(
        default="everything", description="the_rest: only what no entry of recipients takes."
    )
    recipients: tuple[Recipient, ...] = Field(default=(), description="Who hears of a part besides.")
    robots: tuple[Robot, ...] = Field(default=(), description="Robots in chat groups.")
    quiet_hours: QuietHours | None = Field(default=None, description="Only critical alerts are told then.")
    digest_at: TimeOfDay | None = Field(
        default=time(9, 0), description="Asia/Shanghai, when supervisors get the day's digest; empty: never."
    )
    late_after_minutes: int = Field(
        default=60, ge=20, description="A stream that is not complete for so long is late."
    )
    collected_within_hours: int = Field(
        default=24, ge=1, description="A parcel without a carrier's scan so long after it was sent is told."
    )
    traces: str | None = Field(
        default=None,
        description="Connection id of Kuaidi100 (快递100), asked whether carriers collected what was sent.",
    )
    aged_after_hours: int = Field(default=24, ge=1, description="An alert open for so long is aged.")
    keep_days: int = Field(
        default=180, ge=30, description="Alerts that are over are kept for so many days after they closed."
    )
    messages_per_hour: int = Field(
        default=12,
        ge=1,
        description="At most so many messages on one topic; the rest waits and comes as one. Critical alerts "
        "are counted by themselves, and beyond so many they come as one after that share of the hour.",
    )

    @model_validator(mode="after")
    def _robots_exist(self) -> "Alerts":
        known = [robot.id for robot in self.robots]
        refuse_repeated("robot id", known)
        for robot in (robot for entry in self.recipients for robot in entry.robots):
            if robot not in known:
                raise ValueError(f"recipients name robot {robot!r}, which robots does not have")
        return self


class HoldCare(Frozen):
    """Who looks after some holds; both given parts must fit, the first entry that fits decides."""

    rule: str | None = Field(default=None, description="Holds of this check only.")
    shop: str | None = Field(default=None, description="Holds of this shop only.")
    owner: str = Field(min_length=1, description="A role or a person, as people call it.")
    alert_after_hours: int | None = Field(default=None, ge=1, description="Else as for all holds.")


class Holds(Frozen):
    """holds.yaml; without the file these defaults hold."""

    owner: str = Field(
        default="主管 / supervisors", min_length=1, description="Whose holds are that no entry names."
    )
    alert_after_hours: int = Field(default=4, ge=1, description="A hold older than this is told, once.")
    rules: tuple[HoldCare, ...] = Field(default=(), description="Exceptions, by check or by shop.")
    deadline_hours: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        default=(12, 4, 1),
        min_length=1,
        description="Anything unshipped is told so many hours before its promised hand-over, once each.",
    )


class SkuMapping(Frozen):
    """One row of sku_mappings.csv."""

    mapping_id: str
    shop_id: str = Field(description="A shop id, or * for all.")
    platform_sku: str = Field(description="Normalised merchant code or platform SKU.")
    sku_id: str


class Sku(Frozen):
    """One row of skus.csv, the goods master."""

    sku_id: str
    name: str
    barcode: str | None
    weight_g: int = Field(description="Grams; what is missing counts as the default.")
    is_weight_assumed: bool
    cost_fen: int | None
    list_price_fen: int | None
    tags: tuple[str, ...]
    kind: Literal["goods", "bundle", "gift", "service"]
    locations: Mapping[str, str] = Field(description="Warehouse → shelf.")


class BundlePart(Frozen):
    """One row of bundles.csv: pieces of one SKU in one bundle."""

    bundle_sku_id: str
    part_sku_id: str
    part_no: int = Field(description="Position in the bundle, from 1; part of the line's id.")
    quantity: int
    weight: int = Field(description="List price × pieces: how the paid amount is shared.")


class GiftRule(Frozen):
    """One row of gifts.csv; every condition that is given must hold."""

    rule_id: Identifier
    gift_sku_id: str
    quantity: int
    shop_id: str | None = Field(description="Only this shop; null for all.")
    sku_id: str | None = Field(description="Only with this SKU in the order.")
    min_amount_fen: int | None = Field(description="Only when goods were paid with at least this.")
    since_at: ZonedTime | None = Field(description="Paid from then on.")
    until_at: ZonedTime | None = Field(description="Paid before.")
    first_count: int | None = Field(description="Only the first N orders, by payment time, then by id.")


class MerchantConfig(Frozen):
    """Everything one config version says. `version` is the hash of all its files."""

    version: str
    shops: tuple[Shop, ...]
    warehouses: tuple[Warehouse, ...]
    rules: tuple[RoutingRule, ...]
    profiles: Mapping[str, RoutingProfile] = Field(
        default={}, description="Name → rules that replace `rules` for a time; never two at once."
    )
    settle_minutes: int = Field(default=15, description="Reserved so long before a scheduled list takes it.")
    reservation_days: int = Field(default=14, description="What no list takes for so long is decided anew.")
    closing_days: int = Field(default=3, description="A closing is told of so many days before.")
    copies_days: int = Field(default=90, description="Copies of handed-over files are kept for so long.")
    merge: Merging = Field(default=Merging(), description="The most that one parcel takes.")
    no_split: tuple[str, ...] = Field(default=(), description="Tags of goods whose order is never split.")
    tiers: tuple[str, ...] = Field(default=(), description="Customer tiers, those served first first.")
    customer_tiers: Mapping[tuple[str, str], str] = Field(
        default={}, description="(shop, the platform's id of the buyer) → tier."
    )
    closings: tuple[Closing, ...] = Field(default=(), description="Rows of calendar.csv.")
    regions: Mapping[str, tuple[tuple[str, str], ...]] = Field(
        description="Region set → (province, city) pairs; city empty = the whole province."
    )
    sku_mappings: tuple[SkuMapping, ...]
    skus: tuple[Sku, ...] = Field(default=(), description="Empty: every SKU is plain goods.")
    bundle_parts: tuple[BundlePart, ...] = ()
    gift_rules: tuple[GiftRule, ...] = ()
    safety_stock: Mapping[tuple[str, str], int] = Field(
        description="(warehouse, SKU or *) → pieces never promised."
    )
    alerts: Alerts
    checks: ChecksFile
    blacklist: tuple[BlacklistEntry, ...]
    holds: Holds = Holds()
    carriers: Carriers = Carriers()
    shares: tuple[StockShare, ...] = Field(default=(), description="Empty: no shop is told stock.")
    field_maps: Mapping[str, str] = Field(
        description="platform → text of the merchant's own fields.csv, replacing the shipped one."
    )
    suites: Mapping[str, str] = Field(description="file name → text of the merchant's own suites.")

    def shop(self, shop_id: str) -> Shop:
        """Return the shop with this id.

        Raises:
            KeyError: there is none.
        """
        return next(shop for shop in self.shops if shop.id == shop_id)

    @property
    def calendar(self) -> Calendar:
        """Return the rows of calendar.csv, to be asked."""
        return Calendar(self.closings)

    def wms_of(self, warehouse_id: str) -> Wms | None:
        """Return the WMS of a warehouse; None where it has none or is gone."""
        return next((each.wms for each in self.warehouses if each.id == warehouse_id), None)

    def sender_of(self, warehouse_id: str) -> Sender | None:
        """Return who sends from a warehouse, or as its WMS says; None where warehouses.yaml says neither."""
        found = next((each for each in self.warehouses if each.id == warehouse_id), None)
        if found is None or found.sender is not None or found.wms is None:
            return found.sender if found is not None else None
        return found.wms.sender

    def shops_of(self, platform: str) -> tuple[Shop, ...]:
        """Return the shops on `platform`."""
        return tuple(shop for shop in self.shops if shop.platform == platform)
