"""What a command that fails says: one sentence, never a traceback."""

import pytest

from orderhub import cli


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
