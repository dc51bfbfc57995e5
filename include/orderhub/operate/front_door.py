"""What `./hub demo`, `up`, `sandbox`, `reset` and `sql` take, and what they say of anything else."""

import argparse
import os
from typing import NoReturn

from orderhub.operate.sandbox_alone import add_sandbox
from orderhub.spoken import speaks_english, told

_PORT = "连着五个端口的第一个;默认 8080,以后用记住的 / first of five ports; 8080, then the one remembered"


class Parser(argparse.ArgumentParser):
    """A parser whose refusals are one sentence, in the language of this hub."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where the right form is shown, and end with 2."""
        see = f" (see {self.prog} --help)" if speaks_english() else f"(写法见 {self.prog} --help)"
        self.exit(2, f"hub: {told(message)}{see}\n")


def read_options(arguments: list[str] | None) -> argparse.Namespace:
    """Return the parsed command line; what `sql` does not know goes to psql."""
    parser, _ = _parser()
    options, others = parser.parse_known_args(arguments)
    parser.prog = f"./hub {options.command}"
    if others and options.command != "sql":
        parser.error(f"unknown: {' '.join(others)}")
    orders = getattr(options, "orders", None)
    if orders is not None and orders < 1:
        parser.error(f"--orders {orders} must be 1 or more")
    options.others = others
    return options


def front_door() -> dict[str, argparse.ArgumentParser]:
    """Return each command with what it takes, for the reference page."""
    _, commands = _parser()
    return dict(commands.choices)


def _parser() -> tuple[argparse.ArgumentParser, "argparse._SubParsersAction[argparse.ArgumentParser]"]:
    parser: argparse.ArgumentParser = Parser(prog="./hub", description="订单中台 / the order hub")
    commands = parser.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    home = os.environ.get("ORDERHUB_HOME") or ".orderhub"
    common.add_argument("--home", default=home, help="数据放哪里;默认 .orderhub / where its state is kept")
    for name, says in (
        ("demo", "假店铺的完整流程 / the whole hub on made-up shops"),
        ("up", "接自己的店铺;DAG 都是暂停的 / the hub on your own shops; nothing is unpaused"),
        ("reset", "删除数据目录里的一切,会先问 / delete the home with all its data, after asking"),
        ("sql", "用只读的分析账号打开 psql / psql as the read-only analyst"),
    ):
        _add_options(commands.add_parser(name, parents=[common], help=says, description=says), name)
    add_sandbox(commands, common)
    return parser, commands


def _add_options(command: argparse.ArgumentParser, name: str) -> None:
    add = command.add_argument
    if name in ("demo", "up"):
        add("--port", type=int, help=_PORT)
    if name == "demo":
        add("--seed", type=int, help="换一个种子就是另一批订单;默认 7 / another seed, another world")
        add("--orders", type=int, help="开始时有多少单;默认 480 / orders that wait at the start")
        add(
            "--once",
            action="store_true",
            help="跑一遍就结束;全好才是 0 / end after one pass; 0 if all is well",
        )
    if name == "reset":
        add("--yes", action="store_true", help="不再询问 / do not ask")
    if name == "sql":
        add("--dsn", action="store_true", help="只打印地址,给别的工具用 / print the address for another tool")
        add(
            "--ops",
            action="store_true",
            help="用 hub 自己的账号,只读,照手册查 / as the hub itself, reading only",
        )
