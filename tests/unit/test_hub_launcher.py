"""The launcher's parts: ports, home, voice, the environment it gives to Airflow, and its refusals."""

import io
import json
import socket
import stat
from pathlib import Path

import pytest

from orderhub.errors import ConfigError, EnvironmentFault
from orderhub.operate import stack
from orderhub.operate.airflow_env import airflow_environment
from orderhub.operate.front_door import read_options
from orderhub.operate.home import Home, Memory, write_private
from orderhub.operate.launch import main
from orderhub.operate.ports import Ports, refuse_taken, suggest_base
from orderhub.operate.voice import Voice


def _mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_ports_are_neighbours_from_the_first_on() -> None:
    assert Ports(9000).named() == {"Airflow": 9000, "PostgreSQL": 9001, "sandbox": 9002, "mail": 9003}


def test_port_out_of_range_is_refused() -> None:
    with pytest.raises(EnvironmentFault, match="--port 80 is out of range"):
        Ports(80)


def test_taken_port_is_named_with_its_user_and_a_free_choice() -> None:
    base = suggest_base(20000)
    with socket.socket() as other:
        other.bind(("127.0.0.1", base + 1))
        other.listen()

        with pytest.raises(EnvironmentFault, match=rf"port {base + 1} \(PostgreSQL\) is in use.*--port \d+"):
            refuse_taken(Ports(base))


def test_home_forgets_nothing_between_starts(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    memory = Memory(port=9000, seed=11)

    home.remember(memory)

    assert home.recall() == memory


def test_new_home_remembers_nothing(tmp_path: Path) -> None:
    assert Home(tmp_path).recall() is None


def test_home_and_its_secrets_are_for_their_owner_only(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()

    home.remember(Memory(port=9000))

    assert (_mode(home.root), _mode(home.root / "launcher.json")) == (0o700, 0o600)


def test_damaged_memory_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "launcher.json").write_text("{", encoding="utf-8")

    with pytest.raises(EnvironmentFault, match=r"launcher\.json cannot be used"):
        Home(tmp_path).recall()


def test_second_hub_on_one_home_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path)

    with home.locked(), pytest.raises(EnvironmentFault, match=r"another \./hub"), home.locked():
        pass


def test_home_is_free_again_after_its_hub(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.locked():
        pass

    with home.locked() as lock:
        assert lock > 0


def test_home_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(EnvironmentFault, match=r"cannot be written.*--home"):
        Home(tmp_path / "file" / "home").prepare()


def test_home_that_cannot_be_locked_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    with (
        pytest.raises(EnvironmentFault, match=r"cannot be written.*--home"),
        Home(tmp_path / "file").locked(),
    ):
        pass


def test_full_disk_is_told_before_anything_starts(tmp_path: Path, monkeypatch) -> None:
    usage = type("usage", (), {"free": 10 * 2**20})
    monkeypatch.setattr("orderhub.operate.home.shutil.disk_usage", lambda path: usage)

    with pytest.raises(EnvironmentFault, match="10 MiB of free space and the hub needs 600 MiB"):
        Home(tmp_path / "home").prepare()


def test_private_file_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "values.json"
    write_private(file, {"a": 1})

    write_private(file, {"b": "中"})

    assert json.loads(file.read_text(encoding="utf-8")) == {"b": "中"}
    assert sorted(tmp_path.iterdir()) == [file]


def test_voice_speaks_the_language_of_the_hub() -> None:
    stream = io.StringIO()

    Voice("en", stream).say("好", "good")

    assert stream.getvalue().strip().endswith("s  good")


def test_airflow_answers_on_loopback_and_tasks_find_it_there(tmp_path: Path) -> None:
    environment = airflow_environment(
        tmp_path, Home(tmp_path), Memory(port=9000), "postgresql://a@b/c", open_to_all=False
    )

    assert environment["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:9000/execution/"


def test_login_is_dropped_only_where_asked(tmp_path: Path) -> None:
    key = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"
    given = [
        airflow_environment(tmp_path, Home(tmp_path), Memory(port=9000), "postgresql://a", open_to_all=asked)[
            key
        ]
        for asked in (True, False)
    ]

    assert given == ["True", "False"]


def test_keys_are_long_enough_for_airflow() -> None:
    memory = Memory(port=9000)

    assert (len(memory.fernet_key), len(memory.jwt_secret) >= 64) == (44, True)


def test_own_database_needs_all_three_addresses(monkeypatch) -> None:
    monkeypatch.setenv("ORDERHUB_DATABASE_URL", "postgresql://a@b/c")
    monkeypatch.setenv("ORDERHUB_OWNER_URL", "postgresql://o@b/c")
    monkeypatch.delenv("ORDERHUB_AIRFLOW_DATABASE_URL", raising=False)

    with pytest.raises(ConfigError, match="without ORDERHUB_AIRFLOW_DATABASE_URL; set all three"):
        stack._given_addresses()


def test_another_seed_on_a_home_is_refused_in_one_sentence(tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr("orderhub.operate.launch.signal.signal", lambda number, handler: None)
    monkeypatch.setenv("ORDERHUB_LANGUAGE", "en")
    home = Home(tmp_path)
    home.prepare()
    home.remember(Memory(port=suggest_base(21000), seed=7))

    code = main(["demo", "--home", str(tmp_path), "--seed", "8"])

    assert code == 1
    assert "holds a world with --seed 7, not 8" in capsys.readouterr().err


def test_reset_deletes_the_home_after_yes(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("orderhub.operate.launch.signal.signal", lambda number, handler: None)
    monkeypatch.setattr("builtins.input", lambda question: "yes")
    home = Home(tmp_path / "home")
    with home.locked():
        home.prepare()

    code = main(["reset", "--home", str(home.root)])

    assert (code, home.root.exists()) == (0, False)


def test_reset_keeps_the_home_without_yes(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("orderhub.operate.launch.signal.signal", lambda number, handler: None)
    monkeypatch.setattr("builtins.input", lambda question: "no")
    home = Home(tmp_path / "home")
    with home.locked():
        home.prepare()

    code = main(["reset", "--home", str(home.root)])

    assert (code, home.root.exists()) == (1, True)


def test_reset_keeps_the_home_where_nobody_can_type(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("orderhub.operate.launch.signal.signal", lambda number, handler: None)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    home = Home(tmp_path / "home")
    with home.locked():
        home.prepare()

    code = main(["reset", "--home", str(home.root)])

    assert (code, home.root.exists()) == (1, True)


def test_reset_touches_no_folder_that_is_not_a_home(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("orderhub.operate.launch.signal.signal", lambda number, handler: None)
    (tmp_path / "letters.txt").write_text("mine", encoding="utf-8")

    code = main(["reset", "--home", str(tmp_path), "--yes"])

    assert (code, (tmp_path / "letters.txt").exists()) == (1, True)
    assert "不是 hub 的数据目录;什么都没有删" in capsys.readouterr().err


@pytest.mark.parametrize(("option", "role"), [([], "orderhub_analyst"), (["--ops"], "orderhub_app")])
def test_sql_reads_only_whoever_asks(
    tmp_path: Path, monkeypatch, capfd, option: list[str], role: str
) -> None:
    monkeypatch.setattr("orderhub.operate.launch.signal.signal", lambda number, handler: None)
    monkeypatch.setattr("orderhub.operate.launch.binaries", lambda: tmp_path)
    monkeypatch.setenv("ORDERHUB_DATABASE_URL", "postgresql://orderhub_app:x@127.0.0.1/orderhub")
    monkeypatch.setenv("ORDERHUB_ANALYST_URL", "postgresql://orderhub_analyst:x@127.0.0.1/orderhub")
    monkeypatch.setenv("ORDERHUB_HASH_KEY", "a key for tests only")
    psql = tmp_path / "psql"
    psql.write_text('#!/bin/sh\necho "$1 $PGOPTIONS"\n', encoding="utf-8")
    psql.chmod(0o755)

    code = main(["sql", "--home", str(tmp_path), *option])

    said = f"postgresql://{role}:x@127.0.0.1/orderhub -c default_transaction_read_only=on\n"
    assert (code, capfd.readouterr().out) == (0, said)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["demo", "--orders", "0"], "hub: --orders 0 不能用:至少是 1(写法见 ./hub demo --help)"),
        (["demo", "--prot", "9000"], "hub: 没有 --prot 9000 这样的写法(写法见 ./hub demo --help)"),
        (["up", "--port", "abc"], "hub: --port 要写整数,不是 'abc'(写法见 ./hub up --help)"),
        (
            ["sandbox", "--lives", "x"],
            "hub: --lives 不能写 'x';可以写:'all', 'demo'(写法见 ./hub sandbox --help)",
        ),
    ],
)
def test_option_that_cannot_be_is_one_sentence_with_the_way_on(given: list[str], said: str, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        read_options(given)

    assert (ended.value.code, capsys.readouterr().err) == (2, f"{said}\n")


def test_option_that_cannot_be_is_said_in_english_where_that_is_asked_for(monkeypatch, capsys) -> None:
    monkeypatch.setenv("ORDERHUB_LANGUAGE", "en")

    with pytest.raises(SystemExit):
        read_options(["demo", "--orders", "-3"])

    assert "hub: --orders -3 must be 1 or more (see ./hub demo --help)\n" == capsys.readouterr().err
