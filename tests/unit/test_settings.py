import json
from pathlib import Path

import pytest

from orderhub.errors import ConfigError
from orderhub.settings import SETTINGS_FILE, load_settings

DATABASE = "postgresql://orderhub_app:geheim@127.0.0.1:5432/orderhub"


def environment(home: Path, **changes: str) -> dict[str, str]:
    given = {"ORDERHUB_HOME": str(home), "ORDERHUB_DATABASE_URL": DATABASE, "ORDERHUB_HASH_KEY": "schluessel"}
    return given | {f"ORDERHUB_{name.upper()}": value for name, value in changes.items()}


def test_unknown_variable_names_the_nearest_setting(tmp_path: Path):
    with pytest.raises(ConfigError) as caught:
        load_settings(environment(tmp_path, languag="en"))

    assert (
        str(caught.value)
        == "environment variable ORDERHUB_LANGUAG is not a setting of orderhub; did you mean ORDERHUB_LANGUAGE?"
    )


def test_variables_of_other_programs_are_not_ours_to_judge(tmp_path: Path):
    settings = load_settings(environment(tmp_path) | {"LANGUAG": "en", "ORDERHUB_KILLPOINT": "x"})

    assert settings.language == "zh"


def test_empty_variable_counts_as_not_set(tmp_path: Path):
    settings = load_settings(environment(tmp_path) | {"ORDERHUB_LANGUAGE": ""})

    assert settings.language == "zh"


def test_missing_setting_says_what_to_do(tmp_path: Path):
    given = environment(tmp_path)
    del given["ORDERHUB_HASH_KEY"]

    with pytest.raises(ConfigError) as caught:
        load_settings(given)

    assert str(caught.value) == (
        f"ORDERHUB_HASH_KEY is not set and {tmp_path / SETTINGS_FILE} does not hold it; "
        "start the hub with `./hub up` or `./hub demo`, or set it"
    )


def test_secrets_are_not_shown(tmp_path: Path):
    settings = load_settings(environment(tmp_path, owner_url="postgresql://owner:geheim@h/d"))

    shown = repr(settings) + str(settings)

    assert [word for word in ("geheim", "schluessel") if word in shown] == []


def test_environment_wins_over_what_the_home_remembers(tmp_path: Path):
    remembered = {"database_url": DATABASE, "hash_key": "k", "language": "en", "airflow_url": "http://a:1"}
    (tmp_path / SETTINGS_FILE).write_text(json.dumps(remembered), encoding="utf-8")

    settings = load_settings({"ORDERHUB_HOME": str(tmp_path), "ORDERHUB_LANGUAGE": "zh"})

    assert (settings.language, settings.airflow_url) == ("zh", "http://a:1")


@pytest.mark.parametrize("content", ["{", "[1]", '"text"'])
def test_broken_remembered_settings_name_their_file(tmp_path: Path, content: str):
    (tmp_path / SETTINGS_FILE).write_text(content, encoding="utf-8")

    with pytest.raises(ConfigError, match=r"settings\.json: .*`\./hub up` writes it anew"):
        load_settings(environment(tmp_path))


def test_wrong_value_names_the_variable(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"^ORDERHUB_LANGUAGE: .*'zh' or 'en'"):
        load_settings(environment(tmp_path, language="de"))


def test_state_folders_stand_in_the_home(tmp_path: Path):
    settings = load_settings(environment(tmp_path))

    assert (settings.manifests, settings.drop) == (tmp_path / "manifests", tmp_path / "drop")
