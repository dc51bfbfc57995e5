"""What stands around the regions of an address: separators, roads, buildings, new zones, countries."""

import re
import unicodedata

#: Traditional and simplified, in pairs: the characters that names of divisions and addresses are made of.
_PAIRS = (
    "廣广 東东 蘇苏 雲云 貴贵 陝陕 肅肃 寧宁 遼辽 龍龙 臺台 灣湾 慶庆 內内 門门 縣县 區区 鎮镇 鄉乡 "
    "號号 樓楼 國国 陽阳 漢汉 長长 濟济 鄭郑 瀋沈 濱滨 爾尔 齊齐 雞鸡 豐丰 連连 營营 鐵铁 嶺岭 興兴 "
    "蕪芜 馬马 銅铜 廈厦 臨临 煙烟 濰潍 棗枣 澤泽 萊莱 開开 鶴鹤 許许 駐驻 荊荆 黃黄 隨随 衛卫 懷怀 "
    "婁娄 關关 頭头 賓宾 欽钦 賀贺 瀘泸 綿绵 樂乐 達达 資资 義义 畢毕 節节 麗丽 滄沧 紅红 雙双 納纳 "
    "張张 銀银 塊块 島岛 薩萨 貢贡 彌弥 無无 錫锡 蕭萧 餘余 壽寿 紹绍 諸诸 贛赣 撫抚 饒饶 滬沪 蘭兰 "
    "渾浑 環环 團团 農农 場场 單单 棟栋 層层 園园 廠厂 學学 業业 務务 創创 傳传 動动 勞劳 廳厅 華华 "
    "羅罗 灤滦 順顺 潁颍 淶涞 鳳凤 風风 飛飞 現现 圍围 穀谷 觀观 塗涂 鹽盐 嶗崂 備备 溫温 橋桥 麥麦 "
    "葉叶 積积 圖图 顏颜 寶宝 瓊琼 憑凭 賢贤 運运 縉缙 黨党 應应 閩闽 閘闸 靜静 楊杨 從从 鬱郁 擔担 "
    "將将 離离 "
)
_SIMPLER = {ord(pair[0]): pair[1] for pair in _PAIRS.split()}
_TRADITIONAL = frozenset(map(chr, _SIMPLER))

_ROAD = (
    "(?:支路|大路|路(?!口[镇乡街])|街(?!道)|大道|大街|巷|高速|公路|环路|(?:弄|道|线)(?!.{0,3}(?:镇|乡|街道)))"
)
_NUMBER = "[一二三四五六七八九十]"
_POI = (
    "(?:大厦|广场|商城|公馆|花园|新村|小区|山庄|大学(?!城)|学院|学校|中学|小学|附中|银行|医院|饭店|酒店|宾馆|会馆|会所|大桥(?!头)|机场|火车站|高铁站|汽车站"
    "|[东西南北]站|地铁站|体育馆|体育场|文化|音乐|公园)(?!路|街|大道)"
)
#: 北京路, 南京东一路, 上海大厦, 杭州湾, 兰州拉面: a short name before these is part of another name.
OTHER_NAME = re.compile(
    f"[东西南北中环]?{_NUMBER}?{_ROAD}|{_POI}|[\u4e00-\u9fff]{{0,4}}(?:超市|百货|药房|烤鸭|公司|集团|商厦|酒楼|餐厅)"
    "|菜|小吃|拉面|牛肉|小面|火锅|米粉|螺蛳粉|热干面|烤|料理|风味|风情|人家|印象"
    "|豪庭|名苑|名邸|佳苑|雅苑|家园|商会|古玩|电视台|日报|晚报"
    "|区|县|旗|湾|滩|海岸|半岛|城|门(?!市)|寺|山|湖|桥|嘴|坡|村|庄|里|楼|府|坊|苑|馆|站(?![东西南北前])"
)
#: Inside a known province or city, 西湖 before these is another name, too: 西湖大道, 鼓楼广场.
_PART = re.compile(
    f"(?:[东西南北中环]|{_NUMBER})?{_ROAD}|{_POI}|管理区|区|县|门(?!市)"
    "|(?:湾|滩|城|寺|山(?![东西南北中])|湖(?![东西南北中])|桥(?!头)|嘴|坡|村|庄|里|楼)"
    "(?!.{0,2}(?:镇|乡|街道|办事处))"
)
_ROAD_ALONE = re.compile(_ROAD)
_ROAD_OR_POI = re.compile(f"{_ROAD}|{_POI}")
_CUT = {"市": "场", "区": "域块段位间别号"}
_SEPARATORS = " \t\r\n\u3000,，、/|>·.。;；:：-—_~()[]【】（）<>《》\"'“”&+#"
_SKIPPED = re.compile(f"[{re.escape(_SEPARATORS)}]+|中国|中华人民共和国")
_FIRST_SKIPPED = frozenset(_SEPARATORS + "中市省自直")
_STAND_IN = re.compile("市辖区|省直辖县级行政区划|自治区直辖县级行政区划|省直辖县|省直辖|直辖县")
#: What may follow a bare 义乌 or 浙江 at the start of an address: something that looks like the rest of one.
_GOES_ON = re.compile(
    "[^路街镇乡村]{0,8}(?:路|街|大道|巷|弄|镇|乡|村|街道|工业区|开发区|高新区|新区|园区|科技园|产业园|小区|广场"
    "|商品城|工业城|大学城|市场)|$"
)
_ROAD_BEFORE = re.compile("[路街巷弄道村镇乡号栋幢楼室层座厦园]")
_ZONE = (
    "(?:高新技术(?:产业)?|经济(?:技术)?|汽车经济技术|高新)?开发区|(?:工业|产业|化工|创意|技术产业)园区"
    "|新区|高新区|经开区|示范区|管理区|保税区|度假区|实验区|风景名胜区|产业聚集区|产业集聚区|食品区|行政委员会"
)
_ZONE_ALONE = re.compile(_ZONE)
#: New districts and zones appear every year; after a city, a name of this form is taken as written.
_UNLISTED = re.compile(
    f"(?:(?![路街镇村号])[\u4e00-\u9fff]){{0,12}}?(?:{_ZONE})"
    "|(?:(?![路街镇村号])[\u4e00-\u9fff]){1,4}?"
    "(?:(?<![小社校厂景园街山库营矿片业活属宅公务一二三四五六七八九十东西南北中])区(?![域块段位间路街]))"
)
_TAIWAN = re.compile("[\u4e00-\u9fff]{1,3}?区|[\u4e00-\u9fff]{1,3}?(?:市|镇|乡)")
_PLAIN_ZONE = re.compile("(?:高新|经开|开发)")
_ABROAD = re.compile(
    "^(?:海外|国外|境外)?[\\s,，:：]*"
    "(?:美国|日本|韩国|英国|法国|德国|意大利|西班牙|葡萄牙|荷兰|瑞士|瑞典|俄罗斯|加拿大|澳大利亚|新西兰|新加坡"
    "|马来西亚|泰国|越南|印度尼西亚|印尼|菲律宾|柬埔寨|缅甸|老挝|印度|巴基斯坦|阿联酋|沙特|土耳其|埃及|南非"
    "|尼日利亚|巴西|墨西哥|阿根廷)"
    f"(?!(?:{OTHER_NAME.pattern}))"
)
_ABROAD_LATIN = re.compile(
    r"\b(?:USA|U\.S\.A\.|United States|Canada|Japan|Korea|Singapore|Malaysia|Australia|United Kingdom|Germany"
    r"|France|Thailand)\W*$",
    re.IGNORECASE,
)
ABROAD_COLUMNS = frozenset({"海外", "国外", "境外", "海外国家", "其他国家"})
_CHINESE = re.compile("[\u4e00-\u9fff]")


def plain(text: str) -> str:
    """Return the text in half width and simplified characters, trimmed; nothing else is changed."""
    if not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text)
    return (text if _TRADITIONAL.isdisjoint(text) else text.translate(_SIMPLER)).strip()


def skip(text: str, position: int) -> int:
    """Return where the next word begins, past separators, the country and stand-ins such as 市辖区."""
    while position < len(text) and text[position] in _FIRST_SKIPPED:
        skipped = _SKIPPED.match(text, position) or _STAND_IN.match(text, position)
        if skipped is None:
            break
        position = skipped.end()
    return position


def is_other_name(text: str, end: int) -> bool:
    """Say whether the bare name that ends at `end` is the beginning of another: 北京路, 上海大厦."""
    return OTHER_NAME.match(text, end) is not None


def is_cut(name: str, text: str, end: int) -> bool:
    """Say whether a name with its suffix goes on: 义乌市场, 西湖区域, 忠县路."""
    if end < len(text) and text[end] in _CUT.get(name[-1], ""):
        return True
    return len(name) == 2 and _ROAD_ALONE.match(text, end) is not None  # noqa: PLR2004 - 忠县, 沙县


def is_part_of_road(text: str, end: int) -> bool:
    """Say whether the bare district that ends at `end` is the beginning of a road or building: 西湖大道."""
    return _PART.match(text, end) is not None


def is_road_or_building(text: str, end: int) -> bool:
    """Say whether a road or building begins at `end`, and not a mere syllable such as 湖."""
    return _ROAD_OR_POI.match(text, end) is not None


def goes_on(text: str, end: int) -> bool:
    """Say whether an address goes on after a bare name that ends at `end`."""
    return _GOES_ON.match(text, skip(text, end)) is not None


def names_road(text: str) -> bool:
    """Say whether the text names a road, village or building."""
    return _ROAD_BEFORE.search(text) is not None


def zone_at(text: str, position: int) -> re.Match[str] | None:
    """Return the new district or zone that is written at `position`, if any."""
    return _UNLISTED.match(text, position)


def zone_alone_at(text: str, position: int) -> re.Match[str] | None:
    """Return the zone without a name of its own that stands at `position`: 工业园区 of 苏州工业园区."""
    return _ZONE_ALONE.match(text, position)


def township_of_taiwan(text: str, position: int) -> re.Match[str] | None:
    """Return the district or township of a Taiwanese city or county: no table has them."""
    return _TAIWAN.match(text, position)


def is_plain_zone(name: str) -> bool:
    """Say whether a zone is called 高新区 or 开发区 and no more, so that its city is not part of its name."""
    return _PLAIN_ZONE.match(name) is not None and len(name) <= len("经济开发区")


def is_abroad(text: str) -> bool:
    """Say whether the text begins with another country or, in Latin letters, ends with one."""
    return _ABROAD.match(text) is not None or (
        _CHINESE.search(text) is None and _ABROAD_LATIN.search(text) is not None
    )
