"""Known answers: docs of the platform (TOP-0, TOP-1) and our own computations (TOP-2 … TOP-5)."""

import pytest

from orderhub.platforms.signing import SCHEMES

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
}  # fmt: skip


@pytest.mark.parametrize("name", VECTORS)
def test_signature_equals_the_known_answer(name: str):
    scheme, parameters, secret, digest = VECTORS[name]

    assert SCHEMES[scheme](parameters, secret) == digest


@pytest.mark.parametrize("scheme", SCHEMES)
def test_order_and_emptiness_of_parameters_do_not_count(scheme: str):
    shuffled = dict(reversed(MEMO.items())) | {"empty": "", "": "nameless"}

    assert SCHEMES[scheme](shuffled, OWN_SECRET) == SCHEMES[scheme](MEMO, OWN_SECRET)
