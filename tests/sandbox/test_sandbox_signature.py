"""The published and computed signature vectors of the Taobao gateway."""

import pytest

from sandbox.taobao.signature import sign

OWN = {
    "app_key": "21000001",
    "end_modified": "2025-11-20 09:30:00",
    "fields": "tid,status,modified,orders",
    "format": "json",
    "method": "taobao.trades.sold.increment.get",
    "page_no": "1",
    "page_size": "40",
    "session": "6100abcDEMOsession",
    "start_modified": "2025-11-20 09:00:00",
    "timestamp": "2025-11-20 10:00:00",
    "use_has_next": "true",
    "v": "2.0",
}
SELLER = {
    "method": "taobao.user.seller.get",
    "timestamp": "2013-05-06 13:52:03",
    "format": "xml",
    "app_key": "test",
    "v": "2.0",
    "fields": "nick",
    "session": "test",
}
ITEM = {
    "app_key": "12345678",
    "fields": "num_iid,title,nick,price,num",
    "format": "json",
    "method": "taobao.item.seller.get",
    "num_iid": "11223344",
    "session": "test",
    "timestamp": "2016-01-01 12:00:00",
    "v": "2.0",
}
MEMO = {
    "app_key": "21000001",
    "flag": "1",
    "format": "json",
    "memo": "请发顺丰",
    "method": "taobao.trade.memo.update",
    "session": "6100abcDEMOsession",
    "tid": "2160451543726114828",
    "timestamp": "2025-11-20 10:00:00",
    "v": "2.0",
}
OWN_SECRET = "demoTopSecret0001"


@pytest.mark.parametrize(
    ("parameters", "secret", "method", "expected"),
    [
        pytest.param(SELLER, "test", "md5", "72CB4D809B375A54502C09360D879C64", id="TOP-0"),
        pytest.param(ITEM, "helloworld", "md5", "66987CB115214E59E6EC978214934FB8", id="TOP-1"),
        pytest.param(OWN, OWN_SECRET, "md5", "62C63BAAAD66718D5F9F4815BD2E3BED", id="TOP-2"),
        pytest.param(OWN, OWN_SECRET, "hmac", "1DEEB06FB71D77B6582EE5BD64DC4E05", id="TOP-3"),
        pytest.param(
            OWN,
            OWN_SECRET,
            "hmac-sha256",
            "1C00E687F0C25F59F3787CC31CA7E9989453A581D5336E241ADA8E86E12DB571",
            id="TOP-4",
        ),
        pytest.param(MEMO, OWN_SECRET, "md5", "1477AEA4B40A4295DB2D4473C946986E", id="TOP-5"),
    ],
)
def test_a_known_form_has_its_known_signature(parameters, secret, method, expected):
    actual = sign({**parameters, "sign_method": method}, secret, method)

    assert expected == actual


def test_empty_values_and_the_signature_itself_are_not_signed():
    expected = sign({**OWN, "sign_method": "md5"}, OWN_SECRET, "md5")

    actual = sign({**OWN, "sign_method": "md5", "status": "", "sign": "ABC"}, OWN_SECRET, "md5")

    assert expected == actual
