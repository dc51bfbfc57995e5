"""The words on a manifest, Chinese and English; order of columns as in `include/sql/core/*_rows.sql`."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Labels:
    """Names of the sheets, their headers, the line above them, and what waves are called.

    `importing` is the header of the file for label software: as such programs name their columns in Chinese,
    whatever the language of the rest.
    """

    shipping_sheet: str
    picking_sheet: str
    handover_sheet: str
    shipping: tuple[str, ...]
    picking: tuple[str, ...]
    handover: tuple[str, ...]
    counts: frozenset[str]
    caption: str
    waves: Mapping[str, str]
    no_carrier: str
    wave_caption: str
    page: str
    continued: str
    importing: tuple[str, ...] = (
        "订单编号", "平台订单号", "店铺", "收件人", "手机", "省", "市", "区", "详细地址", "商品信息", "数量",
        "面单令牌", "快递公司", "代收金额", "备注",
    )  # fmt: skip


LABELS = {
    "zh": Labels(
        shipping_sheet="发货清单",
        picking_sheet="拣货单",
        handover_sheet="快递交接单",
        shipping=(
            "发货单号", "行号", "店铺", "平台订单号", "商品编码", "商品名称", "数量", "面单令牌", "省", "市",
            "区县", "收货人", "电话", "地址", "最晚发货时间", "合单包裹",
        ),
        picking=("波次", "库位", "商品编码", "商品名称", "数量", "单数"),
        handover=("快递", "发货单号", "店铺", "平台订单号", "数量", "波次"),
        counts=frozenset({"数量", "单数"}),
        caption="{warehouse} {cutoff} 截单:{orders} 单,{lines} 行,{pieces} 件",
        waves={"hot": "爆款(一箱)", "single": "单品单件", "several": "单品多件", "mixed": "多品"},
        no_carrier="未指定",
        wave_caption="{wave}:{documents} 单,{pieces} 件",
        page="第 {number} 页",
        continued="接上页:{what}",
    ),
    "en": Labels(
        shipping_sheet="Shipping list",
        picking_sheet="Pick list",
        handover_sheet="Hand-over list",
        shipping=(
            "Fulfillment order", "Line", "Shop", "Platform order", "SKU", "Title", "Quantity",
            "Receiver token", "Province", "City", "District", "Receiver", "Phone", "Address", "Ship by",
            "Merged parcel",
        ),
        picking=("Wave", "Location", "SKU", "Title", "Quantity", "Orders"),
        handover=("Carrier", "Fulfillment order", "Shop", "Platform order", "Quantity", "Wave"),
        counts=frozenset({"Quantity", "Orders"}),
        caption="{warehouse}, cut-off {cutoff}: {orders} orders, {lines} lines, {pieces} pieces",
        waves={
            "hot": "Hot (one tote)",
            "single": "One piece",
            "several": "One SKU, several pieces",
            "mixed": "Mixed",
        },
        no_carrier="not chosen",
        wave_caption="{wave}: {documents} orders, {pieces} pieces",
        page="page {number}",
        continued="continued: {what}",
    ),
}  # fmt: skip
