"""The words on a manifest, Chinese and English; order of columns as in `include/sql/core/*_rows.sql`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Labels:
    """Names of the sheets, their headers, and the line above them."""

    shipping_sheet: str
    picking_sheet: str
    shipping: tuple[str, ...]
    picking: tuple[str, ...]
    counts: frozenset[str]
    caption: str


LABELS = {
    "zh": Labels(
        shipping_sheet="发货清单",
        picking_sheet="拣货单",
        shipping=(
            "发货单号", "行号", "店铺", "平台订单号", "商品编码", "商品名称", "数量", "面单令牌", "省", "市",
            "区县", "收货人", "电话", "地址", "最晚发货时间",
        ),
        picking=("商品编码", "商品名称", "数量", "行数"),
        counts=frozenset({"数量", "行数"}),
        caption="{warehouse} {cutoff} 截单:{orders} 单,{lines} 行,{pieces} 件",
    ),
    "en": Labels(
        shipping_sheet="Shipping list",
        picking_sheet="Pick list",
        shipping=(
            "Fulfillment order", "Line", "Shop", "Platform order", "SKU", "Title", "Quantity",
            "Receiver token", "Province", "City", "District", "Receiver", "Phone", "Address", "Ship by",
        ),
        picking=("SKU", "Title", "Quantity", "Lines"),
        counts=frozenset({"Quantity", "Lines"}),
        caption="{warehouse}, cut-off {cutoff}: {orders} orders, {lines} lines, {pieces} pieces",
    ),
}  # fmt: skip
