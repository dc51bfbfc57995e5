"""The script `./hub`: what it says before there is anything to run, and when it cannot get ready."""

import importlib.machinery
import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from orderhub import paths

SCRIPT = paths.project_root() / "hub"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch) -> ModuleType:
    """The script as a module, whose project and `.venv` are in a folder of the test."""
    loader = importlib.machinery.SourceFileLoader("front_door", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("front_door", loader))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader.exec_module(module)
    venv = tmp_path / ".venv"
    venv.mkdir()
    for name, value in {
        "ROOT": tmp_path,
        "VENV": venv,
        "PYTHON": str(venv / "bin" / "python"),
        "STAMP": venv / "hub.stamp",
        "LOG": venv / "install.log",
    }.items():
        monkeypatch.setattr(module, name, value)
    for name in ("pyproject.toml", "requirements.txt", "requirements-test.txt"):
        (tmp_path / name).write_text(f"# {name}\n", encoding="utf-8")
    return module


def test_reader_that_has_read_enough_of_the_help_hears_of_no_error() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)

    shown = subprocess.run(
        [sys.executable, "-S", str(SCRIPT), "-h"],
        stdout=write_end,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write_end)

    assert (shown.returncode, shown.stderr) == (1, "")


def test_help_needs_nothing_installed() -> None:
    shown = subprocess.run(
        [sys.executable, "-S", str(SCRIPT), "-h"], capture_output=True, text=True, check=True
    )

    assert "./hub demo" in shown.stdout


@pytest.mark.parametrize("command", ["check", "lock"])
def test_help_of_a_command_that_takes_nothing_does_not_run_it(
    hub: ModuleType, monkeypatch, capsys, command
) -> None:
    done: list[str] = []
    monkeypatch.setattr(hub, "prepare", lambda *, tests: done.append("prepare"))

    assert hub.main([command, "--help"]) == 0
    assert ("./hub demo" in capsys.readouterr().out, done) == (True, [])


def test_word_behind_a_command_that_takes_nothing_is_refused(hub: ModuleType) -> None:
    with pytest.raises(hub.HubError, match=r"^check 后面什么都不写,不是 tests/unit;要选测试用 \./hub test$"):
        hub.main(["check", "tests/unit"])


def test_script_is_executable() -> None:
    assert os.access(SCRIPT, os.X_OK)


def test_old_python_is_refused_with_what_to_do(hub: ModuleType, monkeypatch) -> None:
    monkeypatch.setattr(hub, "CHINESE", False)
    monkeypatch.setattr(hub.sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(hub.shutil, "which", lambda name: None)

    with pytest.raises(
        hub.HubError, match=r"Python 3\.9\.2 is too old: orderhub needs Python 3\.11 or newer"
    ):
        hub.run_with_newer_python(["demo"])


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("ERROR: Could not find a version that satisfies the requirement a2wsgi", "check the network"),
        ("error: Failed to fetch: `https://example.test/simple/a2wsgi/`", "check the network"),
        ("OSError: [Errno 28] No space left on device", "is full; free about 1 GB"),
        ("error: hash mismatch for pandas", "hash mismatch for pandas"),
    ],
)
def test_failed_installation_is_one_sentence(hub: ModuleType, log: str, said: str) -> None:
    hub.LOG.write_text(f"first line\n{log}\n", encoding="utf-8")

    zh, en = hub.explain_failure()

    assert said in en
    assert "\n" not in zh + en


def test_second_start_installs_nothing(hub: ModuleType, monkeypatch) -> None:
    Path(hub.PYTHON).parent.mkdir()
    Path(hub.PYTHON).touch()
    hub.STAMP.write_text(hub.fingerprint(tests=False))
    installed: list[bool] = []
    monkeypatch.setattr(hub, "install", lambda *, tests: installed.append(tests))

    hub.prepare(tests=False)

    assert installed == []


def test_changed_lock_installs_again(hub: ModuleType, monkeypatch) -> None:
    Path(hub.PYTHON).parent.mkdir()
    Path(hub.PYTHON).touch()
    hub.STAMP.write_text(hub.fingerprint(tests=False))
    (hub.ROOT / "requirements.txt").write_text("# newer\n", encoding="utf-8")
    installed: list[bool] = []
    monkeypatch.setattr(hub, "install", lambda *, tests: installed.append(tests))

    hub.prepare(tests=False)

    assert (installed, hub.stamp()) == ([False], hub.fingerprint(tests=False))


def test_environment_for_tests_serves_the_hub_too(hub: ModuleType, monkeypatch) -> None:
    Path(hub.PYTHON).parent.mkdir()
    Path(hub.PYTHON).touch()
    hub.STAMP.write_text(hub.fingerprint(tests=True))
    installed: list[bool] = []
    monkeypatch.setattr(hub, "install", lambda *, tests: installed.append(tests))

    hub.prepare(tests=False)

    assert installed == []


def test_interrupted_installation_is_done_again(hub: ModuleType, monkeypatch) -> None:
    def interrupted(*, tests: bool) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(hub, "install", interrupted)
    with pytest.raises(KeyboardInterrupt):
        hub.prepare(tests=False)

    assert hub.stamp() == ""


def test_ctrl_c_waits_until_the_command_hears_it(hub: ModuleType, monkeypatch) -> None:
    started: list[tuple[list[str], bool]] = []

    def become(_program: str, arguments: list[str]) -> None:
        started.append((arguments[1:], signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())))

    monkeypatch.setattr(hub, "prepare", lambda *, tests: None)
    monkeypatch.setattr(hub.os, "execv", become)
    monkeypatch.setenv("ORDERHUB_HOME", "home")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        hub.main(["verify"])
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    assert started == [(["-m", "orderhub.command", "verify"], True)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], ["-n", "3", "--dist", "worksteal"]),
        (["-k", "merge"], ["-k", "merge"]),
        (["tests/unit"], ["tests/unit"]),
    ],
)
def test_whole_suite_uses_every_core_and_a_chosen_test_does_not(
    hub: ModuleType, monkeypatch: pytest.MonkeyPatch, given, expected
) -> None:
    monkeypatch.setattr(hub.os, "cpu_count", lambda: 2)

    assert hub.spread(given) == expected


@pytest.mark.parametrize("given", [["--platform", "acme"], ["--platform=acme"], ["-x", "--platform", "acme"]])
def test_platform_chooses_its_contract_and_its_own_tests(hub: ModuleType, given: list[str]) -> None:
    own = hub.ROOT / "tests" / "platforms" / "acme"
    own.mkdir(parents=True)

    assert [*given, "tests/contract/test_contract.py", "tests/platforms/acme"] == hub.of_platform(given)


def test_platform_that_has_no_tests_yet_still_has_its_contract(hub: ModuleType) -> None:
    assert hub.of_platform(["--platform", "acme"])[2:] == ["tests/contract/test_contract.py"]


def test_without_a_platform_nothing_is_chosen(hub: ModuleType) -> None:
    assert hub.of_platform(["-k", "merge"]) == ["-k", "merge"]


def test_platform_that_does_not_exist_is_refused_with_the_nearest() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "--platform", "toabao", "tests/contract/test_contract.py"],
        cwd=paths.project_root(), capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (ended.returncode, "did you mean 'taobao'?" in ended.stderr + ended.stdout) == (2, True)
