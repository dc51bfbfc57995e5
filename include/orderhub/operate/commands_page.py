"""Writes the reference page of the commands: those of `./hub` that start and stop, then all others."""

import argparse
from collections.abc import Mapping
from typing import Any

from orderhub.operate.markdown import table

_HEAD = """# 命令 / Commands

`./hub <命令>` 与 `orderhub <命令>` 相同 / `./hub <command>` is the same.
先是启动、停止用的,再是其余的。First what starts and stops a hub, then the rest.

退出码:0 成功,1 失败或有违反,2 需要人处理,75 此刻无事可做或别人正在做,130 被 Ctrl-C 停下。
Exit codes: 0 done, 1 failed or something is violated, 2 a person must act, 75 nothing to do now or somebody
else does it, 130 stopped by Ctrl-C.

随时可以 Ctrl-C:数据库里正在跑的语句也随即结束,没做完的一步撤销,之前做完的都在。
Ctrl-C is safe at any time: the statement that the server runs ends too, an unfinished step is undone, the
rest is kept.
"""


def render_commands(door: Mapping[str, argparse.ArgumentParser], command: Any) -> str:
    """Return the page.

    Args:
        door: command → its parser, of those that stay in the foreground.
        command: the root of all others, as `typer.main.get_command` gives it.
    """
    parts = [_HEAD]
    for name, parser in door.items():
        rows = [
            (f"`{', '.join(action.option_strings)}`", "", action.help or "")
            for action in parser._actions  # noqa: SLF001 - argparse shows its options in no other way
            if action.dest != "help"
        ]
        parts += [f"\n## ./hub {name}\n\n{parser.description or ''}\n", _parameters(rows)]
    for name, leaf in leaves(command, "orderhub"):
        rows = [
            (f"`{_spelled(parameter)}`", _left_out(parameter), getattr(parameter, "help", None) or "")
            for parameter in leaf.params
            if parameter.name != "help"
        ]
        parts += [f"\n## {name}\n\n{(leaf.help or '').strip()}\n", _parameters(rows)]
    return "".join(parts)


def _parameters(rows: list[tuple[str, str, str]]) -> str:
    head = ("参数 / parameter", "不写时 / left out", "说明 / meaning")
    return "\n" + table(head, rows) if rows else ""


def _left_out(parameter: Any) -> str:
    """Return what happens where a parameter is not given: it is refused, or a default counts."""
    if parameter.required:
        return "必填 / required"
    return "" if parameter.default in (None, False, "", (), []) else f"`{parameter.default}`"


def _spelled(parameter: Any) -> str:
    if parameter.param_type_name == "option":
        return ", ".join(parameter.opts)
    return (parameter.name or "").upper()


def leaves(command: Any, name: str) -> list[tuple[str, Any]]:
    """Return every command with its whole name, in the order of the help."""
    if commands := getattr(command, "commands", None):
        return [leaf for key, inner in commands.items() for leaf in leaves(inner, f"{name} {key}")]
    return [(name, command)]
