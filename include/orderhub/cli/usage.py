"""Says in one sentence what is wrong with a command line, and where its right form is shown."""

import sys

import typer
from typer.exceptions import TyperException

from orderhub.config.located_yaml import nearest
from orderhub.spoken import speaks_english, told

#: Commands that the script `./hub` has by itself.
_SCRIPT = ("test", "check", "lock")


def run(app: typer.Typer, program: str) -> None:
    """Run the command that the command line names; it ends the process where that failed.

    Raises:
        SystemExit: with the exit code; 2 for what cannot be read as a command.
    """
    try:
        code = app(prog_name=program, standalone_mode=False)
    except typer.Abort:
        print("已取消,什么都没有做 / cancelled, nothing was done", file=sys.stderr)
        raise SystemExit(1) from None
    except TyperException as error:
        _refuse(error, program)
    if isinstance(code, int) and code:
        raise SystemExit(code)


def _refuse(error: TyperException, program: str) -> None:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else program
    said = error.format_message().replace("Value error, ", "").rstrip(".")
    if said.startswith("No such command") and path == "./hub":
        said = _with_front_door(said)
    if said:  # A group without a command has shown its help already.
        see = f" (see {path} --help)" if speaks_english() else f"(写法见 {path} --help)"
        print(f"orderhub: {told(said)}{see}", file=sys.stderr)
    raise SystemExit(error.exit_code) from None


def _with_front_door(said: str) -> str:
    """Return the sentence with the nearest command that `./hub` itself has, where it names none."""
    from orderhub.operate.front_door import front_door

    name = said.split("'")[1] if "'" in said else ""
    hint = nearest(name, [*front_door(), *_SCRIPT])
    near = hint.startswith("did you mean") and "Did you mean" not in said
    return f"{said}. {hint.replace('did', 'Did', 1)}" if near else said
