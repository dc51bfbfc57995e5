"""Buyers and receivers: invented names and numbers on real regions, heavy around the Yangtze delta."""

import hashlib
import random
from dataclasses import dataclass

from sandbox.world.model import Buyer, Receiver


@dataclass(frozen=True, slots=True)
class Place:
    """A delivery area; `city` is empty for counties run by the province, `district` where a city has none."""

    state: str
    city: str
    district: str
    town: str
    zip_code: str
    weight: int


PLACES = (
    Place("浙江省", "杭州市", "西湖区", "文新街道", "310012", 12),
    Place("浙江省", "杭州市", "滨江区", "长河街道", "310052", 9),
    Place("浙江省", "宁波市", "鄞州区", "下应街道", "315100", 7),
    Place("浙江省", "金华市", "义乌市", "江东街道", "322000", 5),
    Place("浙江省", "温州市", "鹿城区", "南汇街道", "325000", 5),
    Place("江苏省", "南京市", "鼓楼区", "湖南路街道", "210009", 9),
    Place("江苏省", "苏州市", "昆山市", "玉山镇", "215300", 8),
    Place("江苏省", "苏州市", "姑苏区", "平江街道", "215000", 6),
    Place("江苏省", "无锡市", "梁溪区", "崇安寺街道", "214000", 5),
    Place("上海市", "上海市", "浦东新区", "花木街道", "200135", 14),
    Place("上海市", "上海市", "徐汇区", "天平路街道", "200030", 9),
    Place("北京市", "北京市", "朝阳区", "望京街道", "100102", 8),
    Place("北京市", "北京市", "海淀区", "中关村街道", "100080", 6),
    Place("天津市", "天津市", "南开区", "体育中心街道", "300381", 3),
    Place("重庆市", "重庆市", "渝北区", "龙溪街道", "401147", 4),
    Place("广东省", "广州市", "天河区", "石牌街道", "510630", 8),
    Place("广东省", "深圳市", "南山区", "粤海街道", "518057", 8),
    Place("广东省", "东莞市", "", "南城街道", "523000", 3),
    Place("广东省", "中山市", "", "石岐街道", "528400", 2),
    Place("四川省", "成都市", "武侯区", "桂溪街道", "610041", 6),
    Place("湖北省", "武汉市", "洪山区", "珞南街道", "430070", 5),
    Place("湖北省", "", "潜江市", "园林街道", "433100", 1),
    Place("湖北省", "", "仙桃市", "沙嘴街道", "433000", 1),
    Place("湖南省", "长沙市", "岳麓区", "望月湖街道", "410006", 4),
    Place("福建省", "厦门市", "思明区", "莲前街道", "361004", 4),
    Place("山东省", "青岛市", "市南区", "八大湖街道", "266071", 4),
    Place("山东省", "济南市", "历下区", "千佛山街道", "250014", 3),
    Place("河南省", "郑州市", "金水区", "经八路街道", "450003", 3),
    Place("河南省", "", "济源市", "沁园街道", "459000", 2),
    Place("河北省", "石家庄市", "长安区", "建北街道", "050011", 2),
    Place("陕西省", "西安市", "雁塔区", "小寨路街道", "710061", 4),
    Place("辽宁省", "大连市", "沙河口区", "马栏街道", "116021", 3),
    Place("吉林省", "长春市", "朝阳区", "南湖街道", "130012", 2),
    Place("黑龙江省", "哈尔滨市", "南岗区", "奋斗路街道", "150001", 2),
    Place("安徽省", "合肥市", "蜀山区", "三里庵街道", "230031", 4),
    Place("江西省", "南昌市", "东湖区", "墩子塘街道", "330006", 2),
    Place("广西壮族自治区", "南宁市", "青秀区", "新竹街道", "530022", 2),
    Place("云南省", "昆明市", "五华区", "华山街道", "650021", 2),
    Place("贵州省", "贵阳市", "南明区", "新华路街道", "550002", 2),
    Place("山西省", "太原市", "小店区", "坞城街道", "030006", 2),
    Place("新疆维吾尔自治区", "乌鲁木齐市", "天山区", "解放北路街道", "830002", 3),
    Place("新疆维吾尔自治区", "", "石河子市", "新城街道", "832000", 1),
    Place("西藏自治区", "拉萨市", "城关区", "八廓街道", "850000", 2),
    Place("内蒙古自治区", "呼和浩特市", "赛罕区", "昭乌达路街道", "010020", 3),
    Place("青海省", "西宁市", "城西区", "西关大街街道", "810008", 2),
    Place("宁夏回族自治区", "银川市", "金凤区", "长城中路街道", "750002", 2),
    Place("甘肃省", "兰州市", "城关区", "皋兰路街道", "730000", 2),
    Place("海南省", "海口市", "龙华区", "金贸街道", "570125", 2),
    Place("海南省", "", "五指山市", "通什镇", "572200", 1),
)
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹曾彭"
GIVEN = "伟芳娜敏静丽强磊洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红鹏辉飞梅鑫波斌宇浩凯俊帆雪琳婷"
ROADS = ("文一路", "人民路", "解放路", "中山路", "学院路", "和平街", "建设路", "育才巷")


def make_buyer(rng: random.Random, number: int) -> Buyer:
    """Return buyer `number`: masked nick and an open id that never changes."""
    digest = hashlib.sha256(f"buyer:{number}:{rng.getrandbits(64)}".encode()).hexdigest()
    return Buyer(number, f"{rng.choice('abcdefghkmstxyz')}**", f"AAH{digest[:29]}")


def make_receiver(rng: random.Random) -> Receiver:
    """Return a receiver somewhere in China."""
    place = rng.choices(PLACES, weights=[place.weight for place in PLACES])[0]
    detail = f"{rng.choice(ROADS)}{rng.randint(1, 999)}号{rng.randint(1, 30)}幢{rng.randint(101, 2904)}室"
    name = rng.choice(SURNAMES) + "".join(rng.sample(GIVEN, rng.randint(1, 2)))
    mobile = f"1{rng.choice('35789')}{rng.randint(0, 999_999_999):09d}"
    return Receiver(
        name, mobile, place.state, place.city, place.district, place.town, place.town + detail, place.zip_code
    )
