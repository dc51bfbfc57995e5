"""Which column of a file is which field of ours, by the aliases in fields.csv."""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orderhub.errors import FileRejected
from orderhub.platforms.field_map import FieldMap, FieldRule
from orderhub.platforms.spreadsheet.sheet import Cells, Remark, normalise_header

#: Receiver fields whose aliases name columns of plain personal data (class P2): replaced before staging.
PLAIN_FIELDS = ("name_masked", "phone_masked", "address_masked")
REGION_FIELDS = ("province", "city", "district")
_ID_FIELDS = frozenset(
    {"platform_order_id", "customer_id", "line_id", "platform_item_id", "platform_sku_id", "merchant_code"}
)
_MESSAGE_FIELDS = frozenset({"buyer_message", "seller_memo"})
#: Unmapped headers of this kind hold personal data; their values are not kept.
_PERSONAL_HEADER = re.compile(
    "姓名|收货人|收件人|联系人|电话|手机|地址|身份证|微信|phone|mobile|address|receiver|consignee|we ?chat"
)


@dataclass(frozen=True)
class Columns:
    """The resolved header of one file. Indexes count from 0, in the order in which aliases are tried.

    Attributes:
        names: key of each column in staged rows: the alias as fields.csv spells it, else the header cleaned.
        order_number: columns of the order number.
        sku: columns that name what is sold.
        ids: columns whose values are ids: lossy numbers are refused there.
        order_level: field → columns whose value belongs to the whole order.
        receiver: receiver field → columns.
        personal: columns that are not staged.
        messages: columns of free text, in which phone numbers are masked.
        labels: columns with the buyer's nick, which is masked like a name.
        remarks: what to tell about the header.
    """

    names: tuple[str, ...]
    order_number: tuple[int, ...]
    sku: tuple[int, ...]
    ids: frozenset[int]
    order_level: Mapping[str, tuple[int, ...]]
    receiver: Mapping[str, tuple[int, ...]]
    personal: frozenset[int]
    messages: frozenset[int]
    labels: frozenset[int]
    remarks: tuple[Remark, ...]


def order_headers(field_map: FieldMap) -> frozenset[str]:
    """Return the normalised headers that mean the order number."""
    return frozenset(normalise_header(path) for path in _rule(field_map.order, "platform_order_id").paths)


def resolve(header: Cells, field_map: FieldMap) -> Columns:
    """Return what each column of `header` is.

    Raises:
        FileRejected: the order number, what is sold or the quantity has no column, or one has two.
    """
    found = _Found(header)
    order = {rule.field: found.columns(rule) for rule in field_map.order}
    line = {rule.field: found.columns(rule) for rule in field_map.line}
    receiver = {rule.field: found.columns(rule) for rule in field_map.receiver}
    sku = line.get("merchant_code", ()) + line.get("platform_sku_id", ())
    found.require(order["platform_order_id"], _rule(field_map.order, "platform_order_id").paths)
    found.require(sku, _sku_aliases(field_map))
    found.require(line["quantity"], _rule(field_map.line, "quantity").paths)
    plain = {index for field in PLAIN_FIELDS for index in receiver.get(field, ())}
    suspects = frozenset(found.unmapped_personal())
    fields = (*order.items(), *line.items())
    return Columns(
        names=found.names,
        order_number=order["platform_order_id"],
        sku=sku,
        ids=frozenset(index for field, columns in fields if field in _ID_FIELDS for index in columns),
        order_level={field: columns for field, columns in order.items() if columns},
        receiver={field: columns for field, columns in receiver.items() if columns},
        personal=frozenset(plain) | suspects,
        messages=frozenset(
            index for field, columns in fields if field in _MESSAGE_FIELDS for index in columns
        )
        | frozenset(found.unmapped()),
        labels=frozenset(order.get("buyer_label", ())),
        remarks=tuple(_not_kept(header[index]) for index in sorted(suspects)),
    )


class _Found:
    def __init__(self, header: Cells) -> None:
        self._header = header
        self._normalised = [normalise_header(cell) for cell in header]
        self._mapped: dict[int, str] = {}

    @property
    def names(self) -> tuple[str, ...]:
        taken: dict[str, int] = {}
        names: list[str] = []
        for index, cell in enumerate(self._header):
            name = self._mapped.get(index) or _cleaned(cell) or f"#{index + 1}"
            taken[name] = taken.get(name, 0) + 1
            names.append(name if taken[name] == 1 else f"{name} #{taken[name]}")
        return tuple(names)

    def columns(self, rule: FieldRule) -> tuple[int, ...]:
        columns: list[int] = []
        for path in rule.paths:
            places = [i for i, cell in enumerate(self._normalised) if cell == normalise_header(path)]
            if len(places) > 1:
                raise FileRejected(
                    f"列“{path}”出现了 {len(places)} 次,不知道该用哪一列。请删掉多余的列后重新放入。",
                    f"Column {path!r} is there {len(places)} times; delete what is too much.",
                )
            for place in places:
                self._mapped[place] = path
                columns.append(place)
        return tuple(columns)

    def require(self, columns: tuple[int, ...], aliases: tuple[str, ...]) -> None:
        if columns:
            return
        near = self._nearest(aliases)
        hint = f"最接近的列是“{near}”。" if near else ""
        english = f"; the nearest header is {near!r}" if near else ""
        raise FileRejected(
            f"缺少“{aliases[0]}”列。可用的写法:{'、'.join(aliases)}。{hint}"
            "请改列名,或在 fields.csv 里加上这个写法。",
            f"Column {aliases[0]!r} is missing (also: {', '.join(aliases[1:])}){english}; "
            "rename it, or add the alias to fields.csv.",
        )

    def unmapped(self) -> Iterable[int]:
        return (index for index in range(len(self._header)) if index not in self._mapped)

    def unmapped_personal(self) -> Iterable[int]:
        return (index for index in self.unmapped() if _PERSONAL_HEADER.search(self._normalised[index]))

    def _nearest(self, aliases: tuple[str, ...]) -> str:
        scored = [
            (
                difflib.SequenceMatcher(None, cell, normalise_header(alias)).ratio(),
                self._header[index].strip(),
            )
            for index, cell in enumerate(self._normalised)
            if cell and index not in self._mapped
            for alias in aliases
        ]
        score, name = max(scored, default=(0.0, ""))
        return name if score > 0.3 else ""  # noqa: PLR2004 - below, the two share hardly a character


def _rule(rules: tuple[FieldRule, ...], field: str) -> FieldRule:
    return next(rule for rule in rules if rule.field == field)


def _sku_aliases(field_map: FieldMap) -> tuple[str, ...]:
    fields = ("merchant_code", "platform_sku_id")
    return tuple(
        path for field in fields for rule in field_map.line if rule.field == field for path in rule.paths
    )


def _cleaned(cell: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", cell)).strip()


def _not_kept(header: str) -> Remark:
    name = _cleaned(header)
    return Remark(
        f"列“{name}”看起来是个人信息,没有保存。", f"Column {name!r} looks personal and was not kept."
    )
