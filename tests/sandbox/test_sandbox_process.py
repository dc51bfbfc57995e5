"""The sandbox as a process: sockets, mails, a clean end."""

import json
import os
import signal
import smtplib
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
import requests

from sandbox.credentials import Credentials
from sandbox.gateway.text import beijing
from sandbox.mailbox import Mail, Mailbox
from sandbox.taobao.methods import LIST

TIMEOUT_S = 30
SHOPS = "tb_flagship,tb_outlet"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def command(*arguments):
    return [sys.executable, "-m", "sandbox", *arguments]


@pytest.fixture(scope="module")
def running(request):
    root = request.config.rootpath
    http_port, smtp_port = free_port(), free_port()
    options = (
        "--http-port",
        str(http_port),
        "--smtp-port",
        str(smtp_port),
        "--orders",
        "60",
        "--trickle",
        "0",
        "--shops",
        SHOPS,
    )
    process = subprocess.Popen(command(*options), cwd=root, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert line.startswith("sandbox ready: "), line
        yield f"http://127.0.0.1:{http_port}", smtp_port
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(TIMEOUT_S)
        process.stdout.close()
    assert code == 0


def letter(number):
    message = EmailMessage()
    message["From"], message["To"] = "orderhub@example.test", "主管 <supervisor@example.test>"
    message["Subject"] = f"异常订单 {number}"
    message["Message-ID"] = f"<{number}@example.test>"
    message.set_content("金额不一致,请处理")
    message.add_alternative("<p>金额不一致,请<b>处理</b></p>", subtype="html")
    return message


def mails(base):
    return requests.get(f"{base}/admin/mails", timeout=TIMEOUT_S).json()["mails"]


def test_a_signed_call_over_http_lists_orders(running, form):
    base, _ = running
    now = datetime.now(UTC)
    parameters = {"start_modified": beijing(now - timedelta(hours=24)), "end_modified": beijing(now)}
    request = form(Credentials.of(7), now, LIST, fields="tid,orders", page_size="20", **parameters)

    answer = requests.post(f"{base}/taobao/router/rest", data=request, timeout=TIMEOUT_S).json()

    assert len(answer["trades_sold_increment_get_response"]["trades"]["trade"]) == 20


def test_a_mail_can_be_read_by_people_and_by_tests(running):
    base, smtp_port = running

    with smtplib.SMTP("127.0.0.1", smtp_port, timeout=TIMEOUT_S) as client:
        client.send_message(letter(1))

    mail = mails(base)[-1]
    page = requests.get(f"{base}/mailbox/{mail['number']}", timeout=TIMEOUT_S).text
    assert (mail["subject"], mail["message_id"]) == ("异常订单 1", "<1@example.test>")
    assert (mail["text"].strip(), mail["to"]) == ("金额不一致,请处理", ["supervisor@example.test"])
    assert "异常订单 1" in page


def test_the_mail_server_can_refuse_and_can_hang_up_after_keeping_the_mail(running):
    base, smtp_port = running
    before = len(mails(base))
    requests.post(f"{base}/admin/mail_faults", json={"refuse": 1, "drop_after_data": 1}, timeout=TIMEOUT_S)

    with (
        smtplib.SMTP("127.0.0.1", smtp_port, timeout=TIMEOUT_S) as client,
        pytest.raises(smtplib.SMTPDataError),
    ):
        client.send_message(letter(2))
    client = smtplib.SMTP("127.0.0.1", smtp_port, timeout=TIMEOUT_S)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        client.send_message(letter(3))
    client.close()

    assert [mail["subject"] for mail in mails(base)[before:]] == ["异常订单 3"]


def test_orders_can_be_placed_and_touched_and_show_in_the_truth(running):
    base, _ = running

    placed = requests.post(
        f"{base}/admin/place", json={"n": 2, "shop": "tb_outlet"}, timeout=TIMEOUT_S
    ).json()
    touched = requests.post(f"{base}/admin/touch", json={"n": 3}, timeout=TIMEOUT_S).json()

    truth = requests.get(f"{base}/admin/truth", timeout=TIMEOUT_S).json()["orders"]
    shops = {order["order_id"]: order["shop_id"] for order in truth}
    assert [shops[tid] for tid in placed["placed"]] == ["tb_outlet"] * 2
    assert len(set(touched["touched"])) == 3


def test_the_truth_of_one_shop_comes_with_its_after_sales(running):
    base, _ = running
    requests.post(f"{base}/admin/touch", json={"n": 1, "shop": "tb_flagship", "what": "refund"}, timeout=30)

    truth = requests.get(f"{base}/admin/truth?platform=taobao&shop=tb_flagship", timeout=TIMEOUT_S).json()
    none = requests.get(f"{base}/admin/truth?platform=jd", timeout=TIMEOUT_S).json()

    assert {"tb_flagship"} == {order["shop_id"] for order in truth["orders"]}
    assert "applied" in {one["state"] for one in truth["after_sales"]}
    assert ([], []) == (none["orders"], none["after_sales"])


def test_an_unknown_shop_is_one_clear_sentence(root):
    ports = ("--http-port", str(free_port()), "--smtp-port", str(free_port()))

    ended = subprocess.run(
        command(*ports, "--shops", "mp_nowhere"), cwd=root, capture_output=True, text=True, check=False
    )

    assert 2 == ended.returncode
    assert "shop(s) mp_nowhere are unknown" in ended.stderr.splitlines()[-1]


def test_a_bad_wish_is_answered_with_its_usage(running):
    base, _ = running

    answer = requests.post(f"{base}/admin/touch", json={"n": -1}, timeout=TIMEOUT_S)

    assert (
        answer.status_code,
        answer.json()["error"],
    ) == (400, "n is -1; it must be a whole number from 0 to 20000")


def test_a_cut_answer_breaks_the_connection_and_the_next_call_works(running):
    base, _ = running
    plan = {"plan": [{"kind": "cut"}]}
    requests.post(f"{base}/admin/faults", json=plan, timeout=TIMEOUT_S)

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.post(f"{base}/taobao/router/rest", data={"method": "x"}, timeout=TIMEOUT_S)

    assert requests.post(f"{base}/taobao/router/rest", data={"method": "x"}, timeout=TIMEOUT_S).ok


def test_connections_are_airflow_json_for_both_shops_and_the_mail(root):
    options = ("connections", "--http-port", "8082", "--smtp-port", "8083", "--seed", "7", "--shops", SHOPS)

    known = json.loads(subprocess.check_output(command(*options), cwd=root))

    robots = {"robot_dingtalk", "robot_wecom", "robot_feishu"}
    others = {"wms_hangzhou", "wms_yiwu", "waybill_cainiao", "waybill_kuaidi100", "kuaidi100"}
    assert {"taobao_tb_flagship", "taobao_tb_outlet", "smtp_default", *robots, *others} == set(known)
    assert known["taobao_tb_flagship"]["host"] == "http://127.0.0.1:8082/taobao/router/rest"
    assert known["smtp_default"]["port"] == 8083


def test_a_port_in_use_is_one_clear_sentence(root):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        ended = subprocess.run(
            command("--http-port", port, "--smtp-port", str(free_port())),
            cwd=root,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            env=dict(os.environ),
            check=False,
        )

    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "the sandbox cannot start" in ended.stderr


def test_mails_survive_a_restart(tmp_path, now):
    file = tmp_path / "mails.jsonl"
    mail = Mail(1, "hub@example.test", ["a@example.test"], "主题", "正文", "", "<1@x>", now)
    file.write_text(json.dumps(mail.as_json(), ensure_ascii=False) + "\n", encoding="utf-8")

    mailbox = Mailbox(lambda: now, file)

    assert mailbox.mails == [mail]
