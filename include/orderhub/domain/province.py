"""The 34 province-level divisions of China: full names, and the short forms that people use."""

_PLAIN = (
    *("河北省", "山西省", "辽宁省", "吉林省", "黑龙江省", "江苏省", "浙江省", "安徽省", "福建省"),
    *("江西省", "山东省", "河南省", "湖北省", "湖南省", "广东省", "海南省", "四川省", "贵州省"),
    *("云南省", "陕西省", "甘肃省", "青海省", "台湾省", "北京市", "天津市", "上海市", "重庆市"),
)
_NAMED = {
    "内蒙古": "内蒙古自治区", "广西": "广西壮族自治区", "西藏": "西藏自治区", "宁夏": "宁夏回族自治区",
    "新疆": "新疆维吾尔自治区", "香港": "香港特别行政区", "澳门": "澳门特别行政区",
}  # fmt: skip

#: Short form → full name: 浙江 → 浙江省, 上海 → 上海市, 新疆 → 新疆维吾尔自治区.
FULL_NAMES: dict[str, str] = {**{name[:-1]: name for name in _PLAIN}, **_NAMED}
PROVINCES: tuple[str, ...] = tuple(FULL_NAMES.values())
