"""`./hub demo`, `up`, `sandbox`, `reset` and `sql`: what the front door starts in the foreground."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from sqlalchemy import make_url

from orderhub import paths
from orderhub.clock import Clock, SystemClock
from orderhub.db.interrupts import ending_statements
from orderhub.db.postgres import binaries, discard_cluster
from orderhub.errors import EnvironmentFault, OrderhubError
from orderhub.guard import Guard
from orderhub.operate.front_door import read_options
from orderhub.operate.home import Home, Memory
from orderhub.operate.ports import DEFAULT_BASE, LOOPBACK, Ports, refuse_taken
from orderhub.operate.sandbox_alone import run_sandbox
from orderhub.operate.setup import apply_configuration
from orderhub.operate.stack import Stack, start_stack, wait_until_healthy
from orderhub.operate.supervisor import Supervisor
from orderhub.operate.voice import Voice
from orderhub.settings import load_settings
from orderhub.spoken import speaks_english, told


def main(arguments: list[str] | None = None) -> int:
    """Run one command of the front door and return its exit code; errors are one sentence."""
    options = read_options(arguments)
    voice = Voice("en" if speaks_english() else "zh")
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _leave)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    home = Home(Path(options.home).absolute())
    os.environ["ORDERHUB_HOME"] = str(home.root)
    try:
        with ending_statements(signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            return _start(options, home, voice)
    except OrderhubError as error:
        print(f"hub: {told(error)}", file=sys.stderr)  # noqa: T201 - what the command is for
        return 1
    except KeyboardInterrupt:
        return 130


def _start(options: argparse.Namespace, home: Home, voice: Voice) -> int:
    match options.command:
        case "demo" | "up":
            return _run(options, home, voice)
        case "sandbox":
            return run_sandbox(options, home, voice)
        case "reset":
            return _reset(home, voice, sure=options.yes)
        case _:
            return _sql(options)


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _run(options: argparse.Namespace, home: Home, voice: Voice) -> int:
    """Start everything, do the demo's pass if asked, and stay until Ctrl-C."""
    clock = SystemClock()
    demo = options.command == "demo"
    with home.locked() as lock:
        memory = _remember(options, home)
        with _stopping(lock, voice) as guard:
            supervisor = Supervisor(guard, home.logs, voice)
            stack = Stack(paths.project_root(), home, memory, voice, supervisor, clock, sandboxed=demo)
            if demo:
                from orderhub.operate.demo import run_demo

                code = run_demo(stack)
                if options.once:
                    return code
            else:
                _bring_up(stack, clock)
            voice.say("保持运行;Ctrl-C 停止", "running; Ctrl-C stops")
            while True:
                supervisor.tick(0.5)


def _remember(options: argparse.Namespace, home: Home) -> Memory:
    """Return the memory of the home, made now if it is new, after checking ports and space."""
    home.prepare()
    memory = home.recall() or Memory(port=options.port or DEFAULT_BASE)
    is_new = not (home.root / "launcher.json").exists()
    wanted = {name: getattr(options, name, None) for name in ("seed", "orders")}
    for name, value in wanted.items():
        if value is not None and value != getattr(memory, name) and not is_new:
            raise EnvironmentFault(
                f"{home.root} holds a world with --{name} {getattr(memory, name)}, not {value}; "
                "clear it with `./hub reset`, or name another --home"
            )
    given = {name: value for name, value in wanted.items() if value is not None}
    if options.port is not None:
        given["port"] = options.port
    memory = memory.model_copy(update=given)
    refuse_taken(Ports(memory.port))
    home.remember(memory)
    return memory


@contextmanager
def _stopping(lock: int, voice: Voice) -> Iterator[Guard]:
    """Yield the guard of all processes; at the end, wait until it has ended them, whatever is pressed."""
    guard = Guard((lock,))
    try:
        yield guard
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        voice.say("正在停止所有进程…", "stopping all processes…")
        guard.close()
        voice.say("已全部停止", "nothing is running any more")


def _bring_up(stack: Stack, clock: Clock) -> None:
    start_stack(stack)
    apply_configuration(stack, clock)
    wait_until_healthy(stack)
    address = f"http://{LOOPBACK}:{stack.ports.airflow}"
    password = stack.home.airflow / "passwords.json"
    stack.voice.say(
        f"Airflow:{address}(用户 admin,密码见 {password})。所有 DAG 处于暂停状态",
        f"Airflow: {address} (user admin, password in {password}). All DAGs are paused",
    )
    stack.voice.say(
        f"店铺的密钥写在 {stack.home.connections};怎么接自己的店铺:docs/how-to/connect-your-shops.md",
        f"credentials go into {stack.home.connections}; how to: docs/how-to/connect-your-shops.md",
    )


def _reset(home: Home, voice: Voice, *, sure: bool) -> int:
    """Delete the home after asking."""
    if not home.root.exists():
        voice.say(f"{home.root} 不存在,无需清除", f"{home.root} does not exist, nothing to clear")
        return 0
    if not (home.root / "hub.pid").exists():
        raise EnvironmentFault(f"{home.root} is not the home of a hub; nothing was deleted")
    with home.locked():
        question = voice.pick(
            f"将删除 {home.root} 中的全部数据(数据库、发货清单、密钥)。输入 yes 确认:",
            f"This deletes everything in {home.root} (database, manifests, keys). Type yes to confirm: ",
        )
        if not sure and _answer(question) != "yes":
            voice.say("未删除任何内容", "nothing was deleted")
            return 1
        discard_cluster(home.postgres)
        shutil.rmtree(home.root)
    voice.say(f"已清除 {home.root}", f"{home.root} is cleared")
    return 0


def _answer(question: str) -> str:
    """Return what was typed; nothing where nobody can type."""
    try:
        return input(question).strip()
    except EOFError:
        return ""


def _sql(options: argparse.Namespace) -> int:
    """Run psql as the analyst, or as the hub itself but unable to write; or print the analyst's address."""
    settings = load_settings()
    address = settings.database_url if options.ops else settings.analyst_url
    if address is None:
        raise EnvironmentFault(
            "the analyst's address is not known; set ORDERHUB_ANALYST_URL for a PostgreSQL of your own"
        )
    if options.dsn and options.ops:
        raise EnvironmentFault(
            "--dsn gives the analyst's address only; for the hub's own role use --ops alone"
        )
    if options.dsn:
        print(address.get_secret_value())  # noqa: T201 - what the command is for
        return 0
    program = str(binaries() / "psql")
    url = make_url(address.get_secret_value())
    # Arguments of a process are visible to every user of the machine; its environment is not.
    shown = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    environment = {
        **os.environ,
        "PGPASSWORD": str(url.password or ""),
        "PGOPTIONS": "-c default_transaction_read_only=on",
    }
    return subprocess.run([program, shown, *options.others], env=environment, check=False).returncode  # noqa: S603 - our own program


if __name__ == "__main__":
    sys.exit(main())
