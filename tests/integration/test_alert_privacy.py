"""No name, phone or address of a receiver reaches an alert: driven from the file to the mail that leaves."""

import json
from pathlib import Path

import pytest

from orderhub.alerts.watch import look_around
from orderhub.db.engine import Database
from orderhub.delivery.mail import build_mail
from orderhub.fulfillment.run import run_fulfillment
from orderhub.transform.run import run_transform
from tests.integration.test_drop_folder import NOW, Folder

SENTINELS = ("哨兵三丰", "13812345670", "13912345671", "13712345672", "哨兵路478号", "哨兵小区")
HEADER = "订单号,商品编码,数量,收货人,手机,收货地址,备用电话,买家留言"
ROWS = (
    "A1,TS-001-BLK-M,2,哨兵三丰,13812345670,浙江省杭州市西湖区哨兵路478号,13912345671,改地址到哨兵小区 打13712345672",
    "A2,NOT-MAPPED,1,哨兵三丰,13812345670,哨兵路478号,13912345671,",
    "A3,TS-001-BLK-M,0,哨兵三丰,1381234567,浙江省,,哨兵三丰收",
)


@pytest.fixture
def folder(database: Database, tmp_path: Path) -> Folder:
    return Folder(database, tmp_path)


def test_no_alert_outbox_row_or_mail_names_a_receiver(folder: Folder):
    folder.drop("orders.csv", [HEADER, *ROWS])
    folder.extract()

    run_transform(folder.database, folder.clock, folder.config)
    run_fulfillment(folder.database, folder.clock, folder.config)
    look_around(folder.database, folder.clock, folder.config)

    told = folder.query("select a::text from ops.alerts as a union all select o::text from ops.outbox as o")
    payloads = folder.query("select outbox_id, payload from ops.outbox where target = 'mail'")
    mails = [
        build_mail(
            name, NOW, payload, sender="a@b.test", language=language, airflow_url="http://x"
        ).as_string()
        + json.dumps(payload, ensure_ascii=False)
        for name, payload in payloads
        for language in ("zh", "en")
    ]
    everything = "\n".join([row for (row,) in told] + mails)
    assert "订单挂起" in everything
    assert [word for word in SENTINELS if word in everything] == []
