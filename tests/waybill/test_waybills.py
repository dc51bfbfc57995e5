"""From a manifest to labels, exactly once: whatever the service does, its own ledger decides."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from orderhub.alerts.watch import look_around
from orderhub.errors import ConfigError
from orderhub.fulfillment.recalls import end_hand_recall
from orderhub.fulfillment.waybill.doubted import doubted_rule
from orderhub.fulfillment.waybill.kuaidi100 import sign
from orderhub.fulfillment.waybill.listing import print_tasks_of, waybills_of
from orderhub.platforms.signing import Unsigned, md5_between_secrets
from sandbox.waybill.ledger import Label, Ledger, RefusalError
from tests.builders import activate, rows
from tests.waybill.conftest import CARRIERS, HOUSES, Desk

GET = {"cainiao": "cainiao.waybill.ii.get", "kuaidi100": "order"}
ASK = "cainiao.waybill.ii.query.by.tradecode"
#: Orders 2 and 3 leave in one parcel of the list that is closed next.
MERGED = """
    insert into core.merge_decisions (fulfillment_order_id, manifest_id, parcel_id, reason, decided_at)
    select id, 'hangzhou/20261123T040000Z', 'tb/2@1', 'same_receiver', now() from unnest(array['tb/2@1', 'tb/3@1']) as m (id)"""
STATES = "select state, count(*) from core.waybills group by 1 order by 1"
TROUBLE: dict[str, list[dict[str, Any]]] = {
    "well": [],
    "late": [{"kind": "late", "seconds": 1.0}],
    "not at all": [{"kind": "silent", "times": 3}],
    "makes it and drops the connection": [{"kind": "drop", "times": 2}],
    "twice": [{"kind": "twice"}],
    "busy, then a server's error": [{"kind": "busy"}, {"kind": "status"}],
    "numbers are used up for a while": [{"kind": "quota", "times": 2}],
}


@pytest.mark.parametrize("service", ["cainiao", "kuaidi100"])
@pytest.mark.parametrize("trouble", TROUBLE)
def test_every_document_gets_one_label_by_the_ledger_of_the_service(desk: Desk, service: str, trouble: str):
    desk.open(service=service)
    desk.close()
    desk.plan(*TROUBLE[trouble])

    desk.deliver(8)

    assert dict.fromkeys((f"tb-{n}-1" for n in range(1, 13)), 1) == desk.made()
    assert [("got", 12)] == rows(desk.database, STATES)
    assert [(12, 12)] == rows(
        desk.database,
        "select count(*), count(distinct w.tracking_number) from core.print_tasks p join core.waybills w "
        "using (fulfillment_order_id)",
    )


def test_a_service_that_makes_a_second_label_of_one_id_is_caught_by_the_same_comparison(desk: Desk):
    """The negative control: the ledger does show a document with two labels."""
    desk.open(orders=1)
    desk.close()
    desk.services.ledger.dedupes = False
    desk.plan({"kind": "twice"})

    desk.deliver(2)

    assert {"tb-1-1": 2} == desk.made()


def test_lost_answer_is_asked_for_and_not_ordered_again(desk: Desk):
    desk.open()
    desk.close()
    desk.plan({"kind": "drop", "method": GET["cainiao"], "times": 2})

    desk.deliver(3)

    assert (2, 12) == (desk.services.calls[GET["cainiao"]], desk.services.calls[ASK])
    assert [("got", 12)] == rows(desk.database, STATES)


def muddle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the service say nothing clear of the first label."""
    find = Ledger.find

    def muddled(ledger: Ledger, service: str, object_id: str) -> Label | None:
        if object_id == "tb-1-1":
            raise RefusalError("no-permission", "没有权限")
        return find(ledger, service, object_id)

    monkeypatch.setattr(Ledger, "find", muddled)


def test_labels_beside_one_that_gets_no_clear_answer_are_made_and_none_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    desk.open()
    desk.close()
    desk.services.ledger.dedupes = False
    desk.plan({"kind": "drop", "method": GET["cainiao"]})

    muddle(monkeypatch)
    desk.deliver(3)
    then = rows(desk.database, STATES)
    monkeypatch.undo()
    desk.deliver(3)

    assert (then, rows(desk.database, STATES)) == ([("got", 11), ("pending", 1)], [("got", 12)])
    assert set(desk.made().values()) == {1}


def test_label_is_taken_back_beside_one_that_gets_no_clear_answer(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    desk.open(orders=3)
    desk.close()
    desk.services.ledger.dedupes = False
    desk.plan({"kind": "drop", "method": GET["cainiao"]})
    muddle(monkeypatch)
    desk.deliver(3)
    with desk.database.engine.begin() as connection:
        connection.execute(
            text("update core.fulfillment_orders set state = 'cancelled' where order_id = 'tb/2'")
        )

    desk.run()
    desk.deliver()

    assert {"tb-1-1": 1, "tb-2-1": 0, "tb-3-1": 1} == desk.made()


def test_label_carries_token_cod_amount_and_nothing_plain(desk: Desk):
    desk.open(orders=2)
    desk.close()

    desk.deliver()

    first, second = sorted(desk.services.ledger.labels, key=lambda label: label.object_id)
    assert ("1oaidtb/1", "228.00", "*** ***") == (first.oaid, first.cod, first.receiver)
    assert ("1oaidtb/2", "") == (second.oaid, second.cod)
    [(template, data)] = rows(
        desk.database, "select template, data from core.print_tasks where fulfillment_order_id = 'tb/1@1'"
    )
    assert "http://cloudprint.cainiao.com/template/standard/301" == template
    assert {"encryptedData", "signature", "templateURL", "ver"} == set(data)


def test_merged_parcel_gets_one_label_that_stands_as_long_as_one_of_its_orders_does(desk: Desk):
    desk.open(orders=3)
    with desk.database.engine.begin() as connection:
        connection.execute(text(MERGED))
    desk.close()
    desk.deliver()
    made = [(label.object_id, label.order, label.weight_g) for label in desk.services.ledger.labels]
    for order in ("tb/2", "tb/3"):
        with desk.database.engine.begin() as connection:
            connection.execute(
                text("update core.fulfillment_orders set state = 'cancelled' where order_id = :order"),
                {"order": order},
            )
        desk.run()
        desk.deliver(2)
        made.append(dict(desk.made()))

    assert [
        ("tb-1-1", "1", 1000),
        ("tb-2-1", "2,3", 2000),
        {"tb-1-1": 1, "tb-2-1": 1},
        {"tb-1-1": 1, "tb-2-1": 0},
    ] == made


def test_packing_desk_gets_one_print_task_per_label(desk: Desk):
    desk.open(orders=2)
    desk.close()
    desk.deliver()
    [(manifest_id,)] = rows(desk.database, "select distinct manifest_id from core.waybills")

    tasks = print_tasks_of(desk.database, manifest_id)

    numbers = [task["task"]["documents"][0]["documentID"] for task in tasks]
    assert [label.number for label in desk.services.ledger.labels] == numbers
    assert ["got", "got"] == [one.state for one in waybills_of(desk.database, manifest_id)]


def test_label_of_a_cancelled_document_is_taken_back_once_and_not_printed(desk: Desk):
    desk.open(orders=2)
    desk.close()
    desk.deliver()
    with desk.database.engine.begin() as connection:
        connection.execute(
            text("update core.fulfillment_orders set state = 'cancelled' where order_id = 'tb/1'")
        )

    desk.run()
    desk.run()
    desk.deliver(2)

    assert {"tb-1-1": 0, "tb-2-1": 1} == desk.made()
    assert 1 == desk.services.calls["cainiao.waybill.ii.cancel"]
    assert [("got", 1), ("void", 1)] == rows(desk.database, STATES)
    assert [("tb/2@1",)] == rows(desk.database, "select fulfillment_order_id from core.print_tasks")


@pytest.mark.parametrize("service", ["cainiao", "kuaidi100"])
def test_label_whose_answer_was_lost_is_taken_back_too(desk: Desk, service: str):
    desk.open(orders=1, service=service)
    desk.close()
    desk.plan({"kind": "drop", "method": GET[service]})
    desk.deliver()
    with desk.database.engine.begin() as connection:
        connection.execute(text("update core.fulfillment_orders set state = 'cancelled'"))

    desk.run()
    desk.deliver(4)

    assert {"tb-1-1": 0} == desk.made()
    assert [("void", 1)] == rows(desk.database, STATES)


def test_refused_label_is_told_and_the_others_of_its_call_are_made(desk: Desk):
    desk.open(orders=3)
    with desk.database.engine.begin() as connection:
        connection.execute(text("update core.receivers set town = '不存在街道' where order_id = 'tb/2'"))
        connection.execute(text("update core.receivers set token = null where order_id = 'tb/3'"))
    desk.close()

    desk.deliver(2)

    assert [("tb/1@1", "got", None), ("tb/2@1", "refused", "isv.address 收件地址无法派送"), ("tb/3@1", "refused", "no_token")] == rows(
        desk.database, "select fulfillment_order_id, state, answer from core.waybills order by 1"
    )  # fmt: skip
    assert [("waybill_refused", "tb/2@1"), ("waybill_refused", "tb/3@1")] == rows(
        desk.database, "select rule_id, subject from ops.alerts where rule_id like 'waybill%' order by 2"
    )
    assert [
        ("unreachable_region", "tb/2", "active", {"code": "isv.address", "raised_by": "waybill"})
    ] == rows(
        desk.database,
        "select h.rule_id, h.order_id, h.state, a.evidence from core.holds h join core.anomalies a using (anomaly_id)",
    )


@pytest.mark.parametrize(
    ("answer", "rule_id"),
    [
        ("isv.address 收件地址无法派送", "unreachable_region"),
        ("30002 超区", "unreachable_region"),
        ("isv.param 收件人地址无法解析", "vague_address"),
        ("isv.param 发件地址有误", None),
        ("no_token", None),
        ("carrier zto has no waybill in carriers.yaml any more", None),
    ],
)
def test_what_a_service_says_of_an_address_is_what_the_checks_would_say(answer: str, rule_id: str | None):
    assert rule_id == doubted_rule(answer)


ALERTS = "select rule_id, subject from ops.alerts where rule_id like 'waybill%' and closed_at is null order by 1, 2"


@pytest.mark.parametrize(
    ("said", "instead", "why"),
    [
        ("    waybill:", None, "carrier zto has no waybill in carriers.yaml any more"),
        (
            "{taobao: TB}",
            "{spreadsheet: OTHERS}",
            "carrier zto has no waybill channel for taobao now, or warehouse hangzhou no sender",
        ),
    ],
)
def test_label_whose_account_left_the_configuration_is_refused_and_told(
    desk: Desk, said: str, instead: str | None, why: str
):
    desk.open(orders=1)
    desk.close()
    carriers = CARRIERS.format(service="cainiao")
    changed = carriers.replace(said, instead) if instead else carriers.partition("    waybill:")[0]
    with desk.database.engine.begin() as connection:
        activate(connection, warehouses=HOUSES, more={"carriers.yaml": changed})

    desk.deliver(2)

    assert [("refused", why)] == rows(desk.database, "select state, answer from core.waybills")
    assert [("waybill_refused", "tb/1@1")] == rows(desk.database, ALERTS)
    assert [] == rows(
        desk.database,
        "select * from ops.outbox where state not in ('sent', 'failed') and target like 'waybill%'",
    )


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("    waybill:", None),
        pytest.param("{taobao: TB}", "{spreadsheet: OTHERS}", marks=pytest.mark.slow),
    ],
)
def test_label_to_take_back_waits_for_an_account_that_left_the_configuration_and_people_are_told(
    desk: Desk, said: str, instead: str | None
):
    desk.open(orders=1)
    desk.close()
    desk.deliver()
    with desk.database.engine.begin() as connection:
        connection.execute(text("update core.fulfillment_orders set state = 'cancelled'"))
    desk.run()
    carriers = CARRIERS.format(service="cainiao")
    changed = carriers.replace(said, instead) if instead else carriers.partition("    waybill:")[0]
    desk.configure(changed)
    desk.deliver(2)
    look_around(desk.database, desk.clock, desk.active)
    told = rows(desk.database, ALERTS)

    desk.configure(carriers)
    desk.deliver(2)
    look_around(desk.database, desk.clock, desk.active)

    assert [("waybill_account_gone", "hangzhou:zto")] == told
    assert ({"tb-1-1": 0}, [("void", 1)]) == (desk.made(), rows(desk.database, STATES))
    assert [] == rows(desk.database, ALERTS)


def test_label_that_its_service_does_not_take_back_is_told(desk: Desk):
    desk.open(orders=1)
    desk.close()
    desk.deliver()
    desk.services.ledger.labels.clear()
    with desk.database.engine.begin() as connection:
        connection.execute(text("update core.fulfillment_orders set state = 'cancelled'"))
    desk.run()
    desk.deliver()

    look_around(desk.database, desk.clock, desk.active)

    assert [("waybill_void_refused", "hangzhou:zto")] == rows(desk.database, ALERTS)


def test_labels_that_a_service_owes_for_long_are_told_also_without_a_wms(desk: Desk):
    desk.open(orders=2)
    desk.close()
    desk.plan({"kind": "silent", "times": 9})
    desk.deliver(2)

    look_around(desk.database, desk.clock, desk.active)

    assert [("waybill_late", "hangzhou:zto")] == rows(desk.database, ALERTS)


def test_label_of_a_merged_parcel_leaves_out_an_order_that_was_called_back_by_hand(desk: Desk):
    desk.open(orders=3)
    with desk.database.engine.begin() as connection:
        connection.execute(text(MERGED))
    desk.close()
    with desk.database.engine.begin() as connection:
        connection.execute(
            text(
                "update core.orders set gate = 'stop', version_id = 'v2', checked_version = 'v2' where order_id = 'tb/2'"
            )
        )
    desk.run()
    end_hand_recall(desk.database, desk.clock, "tb/2@1", "agreed", "clerk", "还没拣")

    desk.deliver()

    assert [("tb-1-1", "1", "1oaidtb/1"), ("tb-2-1", "3", "1oaidtb/3")] == [
        (label.object_id, label.order, label.oaid) for label in desk.services.ledger.labels
    ]


def test_used_up_numbers_are_one_alert_that_closes_once_labels_come_again(desk: Desk):
    desk.open(orders=1)
    desk.close()
    desk.services.ledger.left = 0
    desk.deliver(2)
    asked = "select subject, closed_at is not null from ops.alerts where rule_id = 'waybill_quota'"
    while_empty = rows(desk.database, asked)

    desk.services.ledger.left = 5
    desk.deliver(2)

    assert [("zto", False)] == while_empty
    assert [("zto", True)] == rows(desk.database, asked)


def test_nobody_is_asked_without_an_account_or_for_other_platforms(desk: Desk):
    desk.open(orders=1)
    with desk.database.engine.begin() as connection:
        connection.execute(text("update core.orders set platform = 'spreadsheet'"))
    desk.close()

    desk.deliver()

    assert [] == rows(desk.database, "select * from core.waybills")


def test_warehouse_that_names_no_sender_is_refused(desk: Desk):
    with desk.database.engine.begin() as connection, pytest.raises(ConfigError) as refused:
        activate(connection, more={"carriers.yaml": CARRIERS.format(service="cainiao")})

    assert "warehouse hangzhou: sender is missing; zto gets its waybills" in str(refused.value)


def test_signatures_are_those_of_the_documents():
    form = {
        "method": "cainiao.waybill.ii.cancel", "app_key": "23010001", "session": "6100e23a5f", "format": "json",
        "timestamp": "2025-01-01 00:16:00", "v": "2.0", "sign_method": "md5", "cp_code": "ZTO",
        "waybill_code": "78500012345678",
    }  # fmt: skip
    parameters = json.dumps({"kuaidicom": "zhongtong", "orderId": "DO20250101000001"}, separators=(",", ":"))

    assert "342D56A13CF8F4CA511E740507ACEB68" == md5_between_secrets(Unsigned(form), "top-secret-51cd")
    assert "A51B9299255790E8307B5C7B4DC5902E" == sign(
        parameters, "1735661760000", "KDKEYdemo1234", "8c6b2f0a9d1e4f3b8a7c6d5e4f3a2b1c"
    )
