"""Builds the files that people drop, good and bad, without a person's data in them."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook

HEADER = (
    "订单号",
    "商品编码",
    "商品名称",
    "数量",
    "单价",
    "实付金额",
    "下单时间",
    "收货人",
    "手机",
    "收货地址",
    "买家留言",
)
ROW = (
    "G20260301001", "TEA-01", "龙井 250g", "2", "88.00", "176.00", "2026-03-01 09:30:00", "张三", "13800138000",
    "浙江省杭州市西湖区文三路478号", "尽快发货",
)  # fmt: skip


def row(**changes: str) -> tuple[str, ...]:
    """One good row with some cells changed, by header."""
    cells = dict(zip(HEADER, ROW, strict=True)) | changes
    return tuple(cells[name] for name in HEADER)


def write_csv(
    file: Path, rows: Sequence[Sequence[str]], *, encoding: str = "utf-8", separator: str = ","
) -> Path:
    file.write_bytes("".join(separator.join(cells) + "\r\n" for cells in rows).encode(encoding))
    return file


def write_xlsx(file: Path, sheets: dict[str, Sequence[Sequence[Any]]]) -> Path:
    workbook = Workbook()
    workbook.remove(workbook.active)
    for title, rows in sheets.items():
        sheet = workbook.create_sheet(title)
        for cells in rows:
            sheet.append(list(cells))
    workbook.save(file)
    return file


def damage(file: Path) -> Path:
    """Cut the archive's sheet in the middle, leaving a readable directory."""
    broken = file.with_name("broken.xlsx")
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(broken, "w") as target:
        for part in source.namelist():
            content = source.read(part)
            target.writestr(part, content[: len(content) // 2] if "sheet1" in part else content)
    return broken
