"""How people shorten the names of divisions: 浙江, 杭州, 延边州, 陵水县, 西湖, 浦东."""

import re

#: Rows of a code table and words of platforms that stand in the place of a city or district.
STAND_INS = frozenset({
    "市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划", "省直辖县", "省直辖", "直辖县", "市区",
    "其它区", "其他区", "其它", "其他", "全境", "不限",
})  # fmt: skip
MUNICIPALITIES = frozenset({"11", "12", "31", "50"})
#: Names that are also everyday words: they count inside their province or city only.
COMMON_WORDS = frozenset({
    "东方", "永安", "文昌", "万宁", "龙泉", "东港", "兴城", "大安", "宁安", "新民", "新星", "双河", "北屯",
    "天门", "福安", "高平", "汾阳", "河间", "开平", "安宁", "平度", "新乐", "江山", "海城", "凌源", "凤城",
})  # fmt: skip
#: Words for a part of any city: alone they never say which one.
GENERIC_DISTRICTS = frozenset({
    "东区", "西区", "南区", "北区", "城区", "郊区", "矿区", "新城区", "老城区", "城中区", "城北区", "城东区",
    "城西区", "市中区",
})  # fmt: skip
NICKNAMES = {
    "浦东新区": ("浦东",), "神农架林区": ("神农架",), "西双版纳傣族自治州": ("版纳州",),
    "巴音郭楞蒙古自治州": ("巴州",), "博尔塔拉蒙古自治州": ("博州",), "克孜勒苏柯尔克孜自治州": ("克州",),
    "前郭尔罗斯蒙古族自治县": ("前郭县",), "喀喇沁左翼蒙古族自治县": ("喀左县",),
    "杜尔伯特蒙古族自治县": ("杜蒙县",), "阜新蒙古族自治县": ("阜蒙县",), "莫力达瓦达斡尔族自治旗": ("莫旗",),
    "锡林郭勒盟": ("锡盟",), "阿拉善盟": ("阿盟",), "呼和浩特市": ("呼市",), "乌鲁木齐市": ("乌市",),
}  # fmt: skip
#: Cut short, these are the full names of other places: they count inside their own city only.
CUT_SHORT = {"雨花台区": ("雨花区",)}
#: Nobody lives in 三沙's 南沙区: the name alone means the district of Guangzhou.
INSIDE_ONLY = ("4603",)
_PROVINCES = {"内蒙古自治区": "内蒙古", "广西壮族自治区": "广西", "西藏自治区": "西藏",
              "宁夏回族自治区": "宁夏", "新疆维吾尔自治区": "新疆"}  # fmt: skip
_PEOPLES = (
    "(?:朝鲜|土家|苗|藏|羌|彝|布依|侗|哈尼|壮|傣|白|景颇|傈僳|回|蒙古|满|瑶|畲|黎|佤|纳西|拉祜|布朗|独龙|怒"
    "|普米|水|仡佬|毛南|仫佬|土|撒拉|保安|东乡|裕固|锡伯|达斡尔|鄂温克|鄂伦春|各)族|蒙古|哈萨克|柯尔克孜|塔吉克|锡伯|裕固族"
)
_AUTONOMOUS = re.compile(f"^(.{{2,}}?)(?:{_PEOPLES})+自治(州|县|旗)$")
_PEOPLES_DISTRICT = re.compile(f"^(.{{2,}}?)(?:{_PEOPLES})区$")
#: 海南州 and 河南县 keep their suffix: without it they are provinces.
_TAKEN = frozenset({"海南", "河南", "吉林"})
_SHORTEST = 2


def short_names(name: str, level: int) -> list[str]:
    """Return what people write for a division wherever a region may begin."""
    if level == _SHORTEST:
        short = _PROVINCES.get(name) or re.sub("(省|市|特别行政区)$", "", name)
        return [short, f"{short}省"] if name in _PROVINCES else [short]  # 广西省 is wrong, and often written.
    if autonomous := _AUTONOMOUS.match(name):
        suffixed = autonomous[1] + autonomous[2]
        bare = autonomous[2] == "州" and autonomous[1] not in _TAKEN
        return [suffixed, autonomous[1]] if bare else [suffixed]
    if peoples := _PEOPLES_DISTRICT.match(name):
        return [f"{peoples[1]}区"]
    if name.endswith("市"):
        stem = name.removesuffix("市")
        return [stem, f"{stem}地区"] if level == _SHORTEST * 2 else [stem]
    return [name.removesuffix("地区")] if name.endswith("地区") else []


def loose_names(name: str, level: int) -> list[str]:
    """Return what people write for a district once its city or province is known: 西湖, 临安市 for 临安区."""
    if level <= _SHORTEST * 2:
        return [name.removesuffix("盟")] if name.endswith("盟") else []
    if name.endswith("矿区"):
        return []
    if autonomous := _AUTONOMOUS.match(name):
        return [autonomous[1]]
    stem, suffix = re.sub("(新区|特区|林区|区|县|市|旗|自治县|自治旗)$", "", name), name[-1]
    if len(stem) < _SHORTEST:
        return [f"{stem}县", f"{stem}市"] if suffix == "区" and stem else []
    renamed = {"区": ("区", "县", "市", "新区"), "市": ("县",)}.get(suffix, ())
    return [stem, *(stem + other for other in renamed)]
