"""Plain data: the shops, what they sell under which codes, and what lies in the warehouses.

`include/config/sku_mappings.csv` and `stock.csv` say the same to the merchant's side; a test compares them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shop:
    """One seller account."""

    shop_id: str
    name: str
    connection_id: str
    share: float
    platform: str


@dataclass(frozen=True, slots=True)
class Sku:
    """One stock-keeping unit; price in fen."""

    code: str
    outer_iid: str
    title: str
    properties: str
    price_fen: int
    weight: int
    number: int

    @property
    def sku_id(self) -> str:
        """The merchant's own id: `SKU-TS001-BLK-M` for the code `TS-001-BLK-M`."""
        head, _, tail = self.code.partition("-")
        return f"SKU-{head}-{tail}" if self.is_gift else f"SKU-{head}{tail}"

    @property
    def cost_fen(self) -> int:
        """What the merchant pays for a piece."""
        return self.price_fen * 2 // 5

    @property
    def is_gift(self) -> bool:
        """Whether it is only ever given away."""
        return self.outer_iid.startswith("GIFT-")

    @property
    def has_variants(self) -> bool:
        """Whether the platform carries a code per variant, or only one on the item."""
        return self.code != self.outer_iid


SHOPS = (
    Shop("tb_flagship", "简集旗舰店", "taobao_tb_flagship", 0.88, "taobao"),
    Shop("tb_outlet", "简集折扣店", "taobao_tb_outlet", 0.12, "taobao"),
    Shop("jd_flagship", "简集京东旗舰店", "jd_jd_flagship", 0.16, "jd"),
    Shop("pdd_main", "简集拼多多店", "pinduoduo_pdd_main", 0.16, "pinduoduo"),
    Shop("dy_live", "简集抖音直播间", "douyin_dy_live", 0.16, "douyin"),
    Shop("wx_store", "简集微信小店", "wechat_wx_store", 0.08, "wechat"),
    Shop("mp_own", "简集小程序商城", "miniprogram_mp_own", 0.08, "miniprogram"),
)
SHOP_BY_ID = {shop.shop_id: shop for shop in SHOPS}
TAOBAO_SHOPS = SHOPS[:2]

COLORS = {
    "BLK": "黑色",
    "WHT": "白色",
    "GRY": "灰色",
    "NVY": "藏青",
    "BEI": "米色",
    "RED": "酒红",
    "BLU": "雾蓝",
    "GRN": "豆绿",
    "CML": "驼色",
}

# item code, title, price in fen, colors, sizes, how often it is bought
PRODUCTS: tuple[tuple[str, str, int, str, str, int], ...] = (
    ("TS-001", "极简圆领T恤", 12900, "BLK WHT GRY", "S M L XL", 9),
    ("TS-002", "重磅落肩T恤", 15900, "BLK WHT", "M L XL", 6),
    ("PL-003", "珠地棉POLO衫", 16900, "NVY WHT", "M L XL", 4),
    ("HD-004", "连帽抓绒卫衣", 19900, "BLK GRY", "M L XL", 7),
    ("SK-005", "中筒棉袜 三双装", 3900, "BLK WHT GRY", "", 12),
    ("SK-006", "隐形船袜 五双装", 2900, "BLK WHT", "", 8),
    ("HT-009", "水洗棒球帽", 5900, "BEI BLK NVY", "", 8),
    ("HT-010", "羊毛针织帽", 7900, "GRY RED", "", 5),
    ("MG-011", "手工陶瓷马克杯", 6900, "WHT BLU GRN", "", 6),
    ("MG-012", "复古搪瓷杯", 4900, "", "", 4),
    ("TB-013", "帆布托特包", 8900, "BEI BLK", "", 5),
    ("SC-014", "羊绒围巾", 29900, "GRY RED CML", "", 3),
    ("PJ-015", "纯棉家居裤", 11900, "GRY NVY", "M L XL", 4),
    ("CB-016", "亚麻围裙", 9900, "", "", 2),
    ("TW-017", "长绒棉浴巾", 7900, "WHT GRY", "", 5),
    ("GIFT-SOCK", "赠品 棉袜一双", 0, "", "", 0),
    ("GIFT-BAG", "赠品 帆布袋", 0, "", "", 0),
)


def _skus() -> tuple[Sku, ...]:
    skus: list[Sku] = []
    for item, title, price, colors, sizes, weight in PRODUCTS:
        for color in colors.split() or [""]:
            for size in sizes.split() or [""]:
                code = "-".join(part for part in (item, color, size) if part)
                named = [f"颜色分类:{COLORS[color]}"] if color else []
                named += [f"尺码:{size}"] if size else []
                skus.append(Sku(code, item, title, ";".join(named), price, weight, len(skus) + 1))
    return tuple(skus)


SKUS = _skus()
BY_CODE = {sku.code: sku for sku in SKUS}
GOODS = tuple(sku for sku in SKUS if not sku.is_gift)
GIFTS = tuple(sku for sku in SKUS if sku.is_gift)

# What is sold as one and sent as its parts: bundle code, title, parts (our code, pieces in one bundle).
BUNDLES: tuple[tuple[str, str, tuple[tuple[str, int], ...]], ...] = (
    ("SET-TS-001", "T恤袜子套装", (("TS-001-GRY-M", 1), ("SK-006-WHT", 2))),
    ("SET-HD-004", "卫衣帽子套装", (("HD-004-GRY-L", 1), ("HT-010-RED", 1))),
    ("SET-MG-011", "双杯礼盒", (("MG-011-BLU", 1), ("MG-011-GRN", 1))),
    ("SET-TB-013", "通勤套装", (("TB-013-BEI", 1), ("HT-009-NVY", 1), ("SK-006-BLK", 1))),
)

# (shop, our code) → the code that this shop typed on the platform, where it differs.
ALIASES: dict[tuple[str, str], str] = {
    ("tb_flagship", "HT-009-BEI"): "MZ009米色",
    ("tb_flagship", "MG-011-BLU"): "杯-雾蓝-011",
    **{
        ("tb_outlet", sku.code): f"OUT-{sku.code.replace('-', '')}"
        for sku in GOODS
        if sku.outer_iid in {"TS-001", "HD-004"}
    },
}

# Sold on the platform, forgotten in the mapping: orders with it are the anomaly `unmapped_sku`.
UNMAPPED = Sku("NEW-018-BLU-M", "NEW-018", "新品 提花针织衫", "颜色分类:雾蓝;尺码:M", 23900, 0, 901)

# Ordered by nobody except the anomaly `out_of_stock`.
SHORT_EVERYWHERE = "SC-014-CML"
SCARCE_IN_HANGZHOU = ("SK-005-BLK", "HT-009-BLK", "TS-001-WHT-L")
SCARCE_IN_YIWU = ("MG-011-WHT", "TW-017-GRY")
PLENTY = 6000
FIRST_ITEM_ID = 635_400_000_001


def platform_code(shop_id: str, sku: Sku) -> str:
    """Return the merchant code that this shop shows on the platform for `sku`."""
    return ALIASES.get((shop_id, sku.code), sku.code)


def platform_item_id(sku: Sku) -> int:
    """Return the platform's number of the item that `sku` is a variant of."""
    items = [product[0] for product in PRODUCTS]
    return FIRST_ITEM_ID + (items.index(sku.outer_iid) if sku.outer_iid in items else len(items))


def shops_named(names: str) -> tuple[Shop, ...]:
    """Return the shops of a comma list, in the order of the catalog.

    Raises:
        ValueError: a shop is unknown, or none is named.
    """
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    if unknown := wanted - SHOP_BY_ID.keys():
        raise ValueError(f"shop(s) {', '.join(sorted(unknown))} are unknown; known: {', '.join(SHOP_BY_ID)}")
    if not wanted:
        raise ValueError(f"no shop is named; known: {', '.join(SHOP_BY_ID)}")
    return tuple(shop for shop in SHOPS if shop.shop_id in wanted)


def sku_mapping_rows() -> list[tuple[str, str, str, str]]:
    """Return mapping_id, shop_id (`*` = any), platform_sku, sku_id."""
    rows = [(f"map-{sku.code.lower()}", "*", sku.code, sku.sku_id) for sku in SKUS]
    rows += [(f"map-{code.lower()}", "*", code, bundle_sku_id(code)) for code, _, _ in BUNDLES]
    return rows + [
        (f"map-{shop_id}-{code.lower()}", shop_id, alias, BY_CODE[code].sku_id)
        for (shop_id, code), alias in ALIASES.items()
    ]


def bundle_sku_id(code: str) -> str:
    """Return the merchant's own id of a bundle: `SKU-SET-TS001` for the code `SET-TS-001`."""
    return f"SKU-SET-{code.removeprefix('SET-').replace('-', '')}"


def bundle_rows() -> list[tuple[str, str, int]]:
    """Return bundle_sku_id, part_sku_id, pieces in one bundle."""
    return [
        (bundle_sku_id(code), BY_CODE[part].sku_id, pieces)
        for code, _, parts in BUNDLES
        for part, pieces in parts
    ]


def stock_rows() -> list[tuple[str, str, int]]:
    """Return warehouse_id, sku_id, on_hand in pieces."""
    return [
        (warehouse, sku.sku_id, _on_hand(warehouse, sku))
        for warehouse in ("hangzhou", "yiwu")
        for sku in SKUS
    ]


def _on_hand(warehouse: str, sku: Sku) -> int:
    if sku.code == SHORT_EVERYWHERE:
        return 2 if warehouse == "hangzhou" else 1
    if warehouse == "hangzhou" and sku.code in SCARCE_IN_HANGZHOU:
        return 4
    if warehouse == "yiwu" and sku.code in SCARCE_IN_YIWU:
        return 1
    return PLENTY - 45 * (sku.number % 60)
