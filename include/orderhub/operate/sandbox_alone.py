"""`./hub sandbox`: the outside world alone, in the foreground, for trying a client against it."""

import argparse
import subprocess
import sys
import time

from orderhub import paths
from orderhub.errors import EnvironmentFault
from orderhub.guard import Guard
from orderhub.operate.home import Home, write_private
from orderhub.operate.outside import ALL_LIVES, Outside, plain_environment
from orderhub.operate.ports import LOOPBACK, refuse_taken_pair
from orderhub.operate.voice import Voice

DEFAULT_PORT = 8082
_START_SECONDS = 120.0
DESCRIPTION = """\
只有外面的世界:各平台的模拟接口、假店铺和一个邮箱,没有 Airflow 和数据库。什么都不保存,同一个种子每次都一样。
The outside world alone: every platform's gateway with made-up shops, and a mailbox. No Airflow, no database.
Nothing is kept: each start with the same seed is the same world, whose last 30 hours end now."""
EPILOG = """\
examples:
  ./hub sandbox                                        all shops, 480 orders, on ports 8082 and 8083
  ./hub sandbox --shops jd_flagship,pdd_main --orders 60 --seed 11
  ./hub sandbox --trickle 0 --port 9000                nothing happens by itself: for tests

then open the state page; it says how tests drive the world (place, touch, faults, limits, tokens, …).
A client finds addresses, keys and tokens in the connections file; the hub reads it with
ORDERHUB_CONNECTIONS=FILE. sandbox/README.md lists what each gateway does, and how sure that is."""


def add_sandbox(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", common: argparse.ArgumentParser
) -> None:
    """Add the command to the front door's."""
    sandbox = commands.add_parser(
        "sandbox",
        parents=[common],
        help="只启动各平台的模拟接口和邮箱 / the platforms' gateways and the mailbox alone",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    sandbox.add_argument(
        "--shops", default="", help="店铺,逗号隔开;默认全部 / comma list of shop ids; all by default"
    )
    sandbox.add_argument(
        "--orders", type=int, default=480, help="最近 30 小时多少单;默认 480 / orders of the last 30 hours"
    )
    sandbox.add_argument(
        "--seed", type=int, default=7, help="换一个种子就是另一批订单;默认 7 / another seed, another world"
    )
    sandbox.add_argument(
        "--lives",
        choices=("all", "demo"),
        default=ALL_LIVES,
        help="all(默认)拼团、货到付款、组合装、各种售后;demo 普通订单 / every kind, or ordinary ones",
    )
    sandbox.add_argument(
        "--trickle",
        type=float,
        default=3.0,
        help="每分钟来几单;0 不来,默认 3 / new orders per minute; 0 for none",
    )
    sandbox.add_argument(
        "--port",
        type=int,
        default=DEFAULT_PORT,
        help="HTTP 端口,邮箱用下一个;默认 8082 / HTTP; mail is the next port",
    )


def run_sandbox(options: argparse.Namespace, home: Home, voice: Voice) -> int:
    """Run it until Ctrl-C, which is its ordinary end.

    Raises:
        EnvironmentFault: a port is taken, a shop unknown, the home not writable, or it ended by itself.
    """
    port = options.port
    refuse_taken_pair(port)
    outside = Outside(paths.project_root(), port, port + 1, options.seed, options.shops)
    home.make()
    file = home.root / f"sandbox-{port}.json"
    write_private(file, outside.connections())
    command = [*outside.serving(options.orders, options.lives), "--trickle", str(options.trickle)]
    with Guard() as guard:
        try:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", *command],
                env=plain_environment(),
                cwd=outside.root,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
            guard.watch(process)
            _wait(outside, process)
            _show(outside, str(file), voice)
            code = process.wait()
        except KeyboardInterrupt:
            return 0
    raise EnvironmentFault(f"the sandbox ended by itself (code {code}); start it again with ./hub sandbox")


def _wait(outside: Outside, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not outside.answers():
        if process.poll() is not None or time.monotonic() > deadline:
            raise EnvironmentFault(
                "the sandbox did not start; the lines above say why, and `./hub sandbox --help` what it takes"
            )
        time.sleep(0.1)


def _show(outside: Outside, file: str, voice: Voice) -> None:
    rows = (
        (voice.pick("状态页", "state page"), f"{outside.address}/"),
        (
            voice.pick("收件箱", "mailbox"),
            f"{outside.address}/mailbox  (SMTP {LOOPBACK}:{outside.smtp_port})",
        ),
        (voice.pick("控制口", "admin"), f"{outside.address}/admin/state"),
        (voice.pick("连接文件", "connections"), f"{file}  (ORDERHUB_CONNECTIONS)"),
    )
    voice.say("沙箱已启动;Ctrl-C 停止", "the sandbox runs; Ctrl-C stops")
    for name, value in rows:
        voice.show(f"{name}  {value}")
