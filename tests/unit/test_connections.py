import json
from pathlib import Path

import pytest

from orderhub.connections import load_connection
from orderhub.errors import ConfigError

SHOP = {
    "conn_type": "http",
    "host": "http://h/x",
    "login": "key",
    "password": "geheim",
    "extra": {"session": "s"},
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    stored = tmp_path / "connections.json"
    stored.write_text(json.dumps({"shop_a": SHOP}), encoding="utf-8")
    return stored


def test_environment_wins_over_the_file(file: Path):
    given = {"AIRFLOW_CONN_SHOP_A": json.dumps({**SHOP, "login": "other"})}

    assert load_connection("shop_a", file, given).login == "other"
    assert load_connection("shop_a", file, {}).login == "key"


def test_extra_may_be_text_as_airflow_writes_it(file: Path):
    given = {"AIRFLOW_CONN_SHOP_A": json.dumps({**SHOP, "extra": '{"session": "t"}'})}

    assert load_connection("shop_a", file, given).extra == {"session": "t"}


def test_password_and_token_are_not_shown(file: Path):
    connection = load_connection("shop_a", file, {})

    assert connection.password.get_secret_value() == "geheim"
    assert [word for word in ("geheim", "session") if word in repr(connection)] == []


def test_missing_connection_says_where_to_put_it(file: Path):
    with pytest.raises(ConfigError) as caught:
        load_connection("shop_b", file, {})

    assert str(caught.value) == (
        f"connection shop_b is not defined: set AIRFLOW_CONN_SHOP_B (Airflow's JSON form) or add it to {file}"
    )


@pytest.mark.parametrize("content", ["not json", "[1]", "5", "http://login:geheim@host"])
def test_unusable_connection_is_named_without_its_content(content: str):
    with pytest.raises(ConfigError) as caught:
        load_connection("shop_a", None, {"AIRFLOW_CONN_SHOP_A": content})

    assert str(caught.value) == "AIRFLOW_CONN_SHOP_A: the connection is not a JSON object"


def test_unknown_field_of_a_connection_is_named():
    with pytest.raises(ConfigError, match=r"^AIRFLOW_CONN_SHOP_A: unusable field\(s\) passwort"):
        load_connection("shop_a", None, {"AIRFLOW_CONN_SHOP_A": json.dumps({"passwort": "geheim"})})


@pytest.mark.parametrize("content", ["{", "[]", '{"shop_a": 5}', '{"shop_a": ["x"]}'])
def test_unusable_file_is_named(tmp_path: Path, content: str):
    broken = tmp_path / "connections.json"
    broken.write_text(content, encoding="utf-8")

    with pytest.raises(ConfigError, match=r"connections\.json: "):
        load_connection("shop_a", broken, {})
