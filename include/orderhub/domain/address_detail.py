"""Rules for the detail of an address: what stands after the regions, and whether a courier can find it."""

import re
from typing import Literal

Vague = Literal["placeholder", "too_short", "no_building"]

MINIMUM_DETAIL = 5
_PLACEHOLDER = re.compile(
    "(?<![检])测试(?!中心|基地|场|所|站|楼|技术|公司|大厦|园|实验|设备|仪器|部|科|车间|产业)|无效|(?<![大胡合共])同上(?!海)"
    "|电话联系|电联|待定|不详|暂无|无地址|没有地址|不知道|随便|见备注|(?<![a-z])test(?![a-z])",
    re.IGNORECASE,
)
#: One character of every placeholder: most details have none, and need no search.
_HINTS = frozenset("测无同电待详暂没知随见tT")
_LONG_NUMBER = re.compile(r"\d{7}")
_SURELY_LONG = 30
_PHONE = re.compile(r"(?<!\d)(?:\+?86)?1[3-9]\d{9}(?!\d)|(?<!\d)0\d{2,3}-?\d{7,8}(?!\d)")
_BUILDING = re.compile(
    r"\d|[一二三四五六七八九十百]+(?:号|栋|幢|楼|单元|室|组|队)|村|屯|寨|组|队|连|镇|乡|街道|社区|大厦|广场|大楼|中心|学校|大学|学院|中学|小学|医院"
    "|小区|花园|公寓|公司|工厂|宿舍|酒店|宾馆|饭店|商场|超市|市场|银行|政府|派出所|驿站|自提|菜鸟|家园|工业区|SOHO|soho|交叉口|交汇处|苑|园|庄|城|府|里|弄|站|店|馆|厂|院|局|所"
    "|楼|栋|幢|座|室|门|桥|港|码头|路口|对面|隔壁|场|寺|庙|塔|湾|坊|堡"
)
_BLANK = re.compile(r"[\s,，、.。;；:：\-—_/()\[\]]+")


def vague_part(detail: str) -> Vague | None:
    """Return what makes a detail too vague for a courier; None when nothing does."""
    if not _HINTS.isdisjoint(detail) and _PLACEHOLDER.search(detail):
        return "placeholder"
    place = _PHONE.sub("", detail) if _LONG_NUMBER.search(detail) else detail
    if len(place) < _SURELY_LONG and len(_BLANK.sub("", place)) < MINIMUM_DETAIL:
        return "too_short"
    return None if _BUILDING.search(place) else "no_building"
