"""What a command that fails says: one sentence, never a traceback."""

from functools import partial

import pytest
import typer
from typer.testing import CliRunner

from orderhub import cli
from orderhub.cli import shell
from orderhub.cli.shell import asking, show
from orderhub.cli.sources import Instant


def test_file_that_cannot_be_opened_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def refuse(**_: str) -> None:
        raise IsADirectoryError(21, "Is a directory", "盘点")

    monkeypatch.setattr(cli, "app", refuse)
    monkeypatch.setattr(cli.structlog, "configure", lambda **_: None)  # It is the whole process's.
    with pytest.raises(SystemExit) as ended:
        cli.main()

    assert (ended.value.code, capsys.readouterr().err) == (2, "orderhub: 盘点: Is a directory\n")


def test_ctrl_c_at_a_question_stops_the_command_as_anywhere_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    app = typer.Typer()

    @app.command()
    def command() -> None:
        with asking():
            typer.confirm("?", abort=True)

    def press(_prompt: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("typer._click.termui.visible_prompt_func", press)
    monkeypatch.setattr(cli, "app", partial(app, []))
    monkeypatch.setattr(cli.structlog, "configure", lambda **_: None)
    monkeypatch.setattr(shell, "_SAID", [])
    with pytest.raises(SystemExit) as ended:
        cli.main()

    assert (ended.value.code, capsys.readouterr().err) == (130, "\n已停止 / stopped\n")


def test_figures_are_shown_as_people_read_them(capsys: pytest.CaptureFixture[str]):
    show("x", {"left_out": {}, "refused": (), "is_shadow": False, "lines": 0, "named": {"stale": 2}})

    assert capsys.readouterr().out.split("\n")[1:-1] == [
        "  left_out: -", "  refused: -", "  is_shadow: 否 / no", "  lines: 0", "  named: stale 2"
    ]  # fmt: skip


@pytest.mark.parametrize("written", ["2026-11-29", "2026-11-29 05:00", "2026-11-29T05:00:00"])
def test_time_is_read_as_people_write_it(written: str):
    read: list[str] = []
    app = typer.Typer()

    @app.command()
    def command(since: Instant) -> None:
        read.append(since.date().isoformat())

    assert CliRunner().invoke(app, ["--since", written]).exit_code == 0
    assert read == ["2026-11-29"]
