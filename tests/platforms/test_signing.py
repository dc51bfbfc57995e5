"""Known answers: the platforms' own (…-0, TOP-1, JD-0, PDD-0, SP-0), all others computed independently."""

import pytest

from orderhub.platforms.signing import SCHEMES, Unsigned

SELLER = {
    "method": "taobao.user.seller.get", "timestamp": "2013-05-06 13:52:03", "format": "xml", "app_key": "test",
    "v": "2.0", "fields": "nick", "sign_method": "md5", "session": "test",
}  # fmt: skip
ITEM = {
    "app_key": "12345678", "fields": "num_iid,title,nick,price,num", "format": "json",
    "method": "taobao.item.seller.get", "num_iid": "11223344", "session": "test", "sign_method": "md5",
    "timestamp": "2016-01-01 12:00:00", "v": "2.0",
}  # fmt: skip
TRADES = {
    "app_key": "21000001", "end_modified": "2025-11-20 09:30:00", "fields": "tid,status,modified,orders",
    "format": "json", "method": "taobao.trades.sold.increment.get", "page_no": "1", "page_size": "40",
    "session": "6100abcDEMOsession", "sign_method": "md5", "start_modified": "2025-11-20 09:00:00",
    "timestamp": "2025-11-20 10:00:00", "use_has_next": "true", "v": "2.0",
}  # fmt: skip
MEMO = {
    "app_key": "21000001", "flag": "1", "format": "json", "memo": "请发顺丰", "method": "taobao.trade.memo.update",
    "session": "6100abcDEMOsession", "sign_method": "md5", "tid": "2160451543726114828",
    "timestamp": "2025-11-20 10:00:00", "v": "2.0",
}  # fmt: skip
OWN_SECRET = "demoTopSecret0001"
JD_GUIDE = {
    "360buy_param_json": '{"end_date":null,"optional_fields":null,"order_state":"WAIT_SELLER_STOCK_OUT",'
    '"page":"1","page_size":"200","start_date":null}',
    "access_token": "yourtoken", "app_key": "yourappkey", "method": "jingdong.pop.order.search",
    "timestamp": "2021-05-07 09:20:39.683+0800", "v": "2.0",
}  # fmt: skip
JD_SEARCH = {
    "360buy_param_json": '{"dateType":0,"end_date":"2025-11-20 10:00:00","optional_fields":'
    '"orderId,orderState,modified","order_state":"WAIT_SELLER_STOCK_OUT","page":"1","page_size":"20",'
    '"sortType":1,"start_date":"2025-11-20 09:30:00"}',
    "access_token": "demojdtoken0001", "app_key": "DEMOAPPKEY0000000000000000000001",
    "method": "jingdong.pop.order.search", "timestamp": "2025-11-20 10:00:05", "v": "2.0",
}  # fmt: skip
JD_REMARK = JD_SEARCH | {
    "360buy_param_json": '{"flag":"1","order_id":"296001230001","remark":"请发顺丰"}',
    "method": "jingdong.pop.order.modifyVenderRemark",
}
JD_SECRET = "demojdsecret0001"
PDD_GUIDE = {
    "access_token": "asd78172s8ds9a921j9qqwda12312w1w21211", "client_id": "1", "data_type": "XML",
    "order_status": "1", "page": "1", "page_size": "10", "timestamp": "1480411125",
    "type": "pdd.order.number.list.get",
}  # fmt: skip
PDD_LIST = {
    "access_token": "demo_access_token_0001", "client_id": "demo_client_id_0001", "data_type": "JSON",
    "end_updated_at": "1763602200", "is_lucky_flag": "0", "order_status": "5", "page": "1",
    "page_size": "100", "refund_status": "5", "start_updated_at": "1763600400", "timestamp": "1763604000",
    "type": "pdd.order.number.list.increment.get", "use_has_next": "true",
}  # fmt: skip
PDD_DECRYPT = {
    "access_token": "demo_access_token_0001", "client_id": "demo_client_id_0001",
    "data_list": '[{"data_tag":"251120-100000000000001","encrypted_data":"~AgAAdemo~"}]',
    "data_type": "JSON", "timestamp": "1763604000", "type": "pdd.open.decrypt.batch",
}  # fmt: skip
PDD_SECRET = "demo_client_secret_0001"
SP_QUERY = {
    "X-JOS-Access-Token": "token-1", "X-JOS-App-Key": "app-key", "X-JOS-Timestamp": "1711111111000",
    "page": "1", "pageSize": "20",
}  # fmt: skip
SP_BODY = {name: value for name, value in SP_QUERY.items() if name.startswith("X-")} | {"body": '{"a":1}'}
DOUYIN_SEARCH = {
    "app_key": "7012345678901234567", "method": "order.searchList", "timestamp": "1735661760", "v": "2",
    "param_json": '{"order_asc":true,"order_by":"update_time","page":0,"size":100,'
    '"update_time_end":1735661700,"update_time_start":1735660800}',
}  # fmt: skip
DOUYIN_SHIP = DOUYIN_SEARCH | {
    "method": "order.logisticsAdd",
    "param_json": '{"company":"中通快递","company_code":"zhongtong","is_reject_refund":false,'
    '"logistics_code":"78500012345678","order_id":"6920123456789012345"}',
}
DOUYIN_TOKEN = DOUYIN_SEARCH | {
    "method": "token.create",
    "param_json": '{"code":"","grant_type":"authorization_self","shop_id":"4463798"}',
}
DOUYIN_SECRET = "3c5e7a90-1b2d-4f6e-8a9c-0d1e2f3a4b5c"
VECTORS = {
    "TOP-0": ("md5_between_secrets", SELLER, "test", "72CB4D809B375A54502C09360D879C64"),
    "TOP-1": ("md5_between_secrets", ITEM, "helloworld", "66987CB115214E59E6EC978214934FB8"),
    "TOP-2": ("md5_between_secrets", TRADES, OWN_SECRET, "62C63BAAAD66718D5F9F4815BD2E3BED"),
    "TOP-3": ("hmac_md5", TRADES | {"sign_method": "hmac"}, OWN_SECRET, "1DEEB06FB71D77B6582EE5BD64DC4E05"),
    "TOP-4": (
        "hmac_sha256", TRADES | {"sign_method": "hmac-sha256"}, OWN_SECRET,
        "1C00E687F0C25F59F3787CC31CA7E9989453A581D5336E241ADA8E86E12DB571",
    ),
    "TOP-5": ("md5_between_secrets", MEMO, OWN_SECRET, "1477AEA4B40A4295DB2D4473C946986E"),
    "JD-0": ("md5_between_secrets", JD_GUIDE, "yourappSecret", "D70825340F4084360B9362B60DFD7930"),
    "JD-1": ("md5_between_secrets", JD_SEARCH, JD_SECRET, "B392C143462707582F99DDE263201D6A"),
    "JD-2": ("md5_between_secrets", JD_REMARK, JD_SECRET, "03BCEDAC7C37EA0162F6CF45EF998607"),
    "SP-0": ("md5_between_secrets", {"a": "1", "b": "2"}, "secret", "EF16F26C937CF52AE6F85DF2FD08B24A"),
    "SP-1": ("md5_between_secrets", SP_QUERY, "secret", "D0C6D1439D72A4E8E164C0F1B863E0C0"),
    "SP-2": ("md5_between_secrets", SP_BODY, "secret", "7162CB52F29F62082C51647A0C29940C"),
    "PDD-0": ("md5_between_secrets", PDD_GUIDE, "testSecret", "E4DE3ED21002510DED352819E7AE6775"),
    "PDD-1": ("md5_between_secrets", PDD_LIST, PDD_SECRET, "7CA0287C6266A3C91519054F8A498427"),
    "PDD-2": ("md5_between_secrets", PDD_DECRYPT, PDD_SECRET, "E6B08E4A4F9D8296BB0406C4320903A8"),
    "Douyin-A": (
        "hmac_sha256_between_secrets", DOUYIN_SEARCH, DOUYIN_SECRET,
        "4ca882e88f96276419e40c2002dc1f24b839c19aeb889f81a9c0f4cc84f78161",
    ),
    "Douyin-A-md5": (
        "md5_between_secrets_lower", DOUYIN_SEARCH, DOUYIN_SECRET, "5024063b9605819255d0ce57aea1c4b4",
    ),
    "Douyin-A2": (
        "hmac_sha256_between_secrets", DOUYIN_SHIP, DOUYIN_SECRET,
        "cf7ae3754ab3be7ddf0c3787132118ffd1b7452b6243628fcf974fda22824101",
    ),
    "Douyin-A3": (
        "hmac_sha256_between_secrets", DOUYIN_TOKEN, DOUYIN_SECRET,
        "8fc978611ac94f55aeb204eee639f7e5a07afc41b629e7cc75a49e7f7cd57436",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VECTORS)
def test_signature_equals_the_known_answer(name: str):
    scheme, parameters, secret, digest = VECTORS[name]

    assert SCHEMES[scheme](Unsigned(parameters), secret) == digest


@pytest.mark.parametrize("scheme", SCHEMES)
def test_order_and_emptiness_of_parameters_do_not_count(scheme: str):
    shuffled = dict(reversed(MEMO.items())) | {"empty": "", "": "nameless"}

    assert SCHEMES[scheme](Unsigned(shuffled), OWN_SECRET) == SCHEMES[scheme](Unsigned(MEMO), OWN_SECRET)


def test_own_shop_signs_verb_path_query_time_nonce_and_body():
    unsigned = Unsigned(
        {}, "GET", "/openapi/v1/orders", "limit=100&updated_from=1735660800&updated_to=1735661700", b"",
        "1735661760", "a1b2c3d4",
    )  # fmt: skip

    digest = SCHEMES["hmac_sha256_request"](unsigned, "shopsecret-2f9d")

    assert digest == "2ca7eb05ebe0d49bd6cda2b652049d755f7a520451cb62675bb663a450250376"
