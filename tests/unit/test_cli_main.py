"""What a command that fails says: one sentence, never a traceback."""

from functools import partial

import pytest
import typer
from typer.testing import CliRunner

from orderhub import cli
from orderhub.cli import shell
from orderhub.cli.shell import asking, show
from orderhub.cli.sources import Instant
from orderhub.cli.usage import run
from orderhub.errors import StopError


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


@pytest.mark.parametrize(
    ("given", "zh", "en"),
    [
        (
            ["manifets"],
            "没有命令 'manifets';是不是 'manifest'?(写法见 ./hub --help)",
            "Did you mean 'manifest'? (see",
        ),
        (
            ["dmeo"],
            "没有命令 'dmeo';是不是 'demo'?(写法见 ./hub --help)",
            "Did you mean 'demo'? (see ./hub --help)",
        ),
        (
            ["explain"],
            "缺参数 'order'(写法见 ./hub explain --help)",
            "Missing argument 'order' (see ./hub explain",
        ),
        (
            ["pull", "jd", "--shp", "x"],
            "没有选项 --shp;有相近的 --help, --shop(写法见",
            "No such option: --shp",
        ),
        (
            ["hold", "release", "a"],
            "缺选项 '--reason'(写法见 ./hub hold release --help)",
            "Missing option '--reason'",
        ),
        (["bench", "tick", "--orders", "x"], "'--orders' 要写整数(写法见", "a valid integer"),
        (
            ["waybill", "settle", "a", "maybe", "--reason", "x"],
            "'state' 不能写 'maybe';可以写 'void', 'used'(写法见",
            "'maybe' is not one of 'void', 'used' (see",
        ),
    ],
)
def test_command_line_that_cannot_be_read_is_one_sentence_with_the_way_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: list[str], zh: str, en: str
):
    def run_it() -> str:
        with pytest.raises(SystemExit) as ended:
            run(partial(cli.app, given), "./hub")
        assert ended.value.code == 2
        return capsys.readouterr().err

    assert zh in run_it()
    monkeypatch.setenv("ORDERHUB_LANGUAGE", "en")
    assert en in run_it()


def test_group_without_a_command_shows_its_help_and_nothing_else(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        run(partial(cli.app, ["stock"]), "./hub")

    said = capsys.readouterr()
    assert (ended.value.code, said.err, "freeze" in said.out) == (2, "", True)


def test_error_is_told_in_chinese_and_in_english_where_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def refuse(**_: str) -> None:
        raise StopError("manifest x does not exist; ./hub manifest list shows those that do")

    monkeypatch.setattr(cli, "app", refuse)
    monkeypatch.setattr(cli.structlog, "configure", lambda **_: None)  # It is the whole process's.
    said = []
    for language in ("zh", "en"):
        monkeypatch.setenv("ORDERHUB_LANGUAGE", language)
        with pytest.raises(SystemExit):
            cli.main()
        said.append(capsys.readouterr().err)

    assert [
        "orderhub: 没有清单 x;./hub manifest list 列出有的\n",
        "orderhub: manifest x does not exist; ./hub manifest list shows those that do\n",
    ] == said
