"""docker-compose.yaml starts what `./hub` starts, and nothing in it is open by default."""

import re
from pathlib import Path

import pytest
import yaml

from orderhub import paths
from orderhub.db.postgres import TUNING
from orderhub.operate.airflow_env import COMPONENTS, FIXED

SOURCE = (paths.project_root() / "docker-compose.yaml").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(SOURCE)
SERVICES = COMPOSE["services"]
LASTING = [name for name in SERVICES if name != "airflow-init"]


@pytest.mark.parametrize("name", sorted(COMPONENTS))
def test_component_runs_the_command_that_the_supervisor_runs(name: str) -> None:
    expected = ["airflow", *COMPONENTS[name]]

    assert expected == SERVICES[name]["command"]


@pytest.mark.parametrize("name", sorted(COMPONENTS))
def test_component_has_the_settings_that_the_supervisor_gives(name: str) -> None:
    environment = SERVICES[name]["environment"]

    assert {key: environment.get(key) for key in FIXED} == FIXED


def test_database_server_has_the_settings_of_the_one_that_hub_starts() -> None:
    given = dict(option.removeprefix("-c").split("=") for option in SERVICES["postgres"]["command"][1:])

    assert {name: given.get(name) for name in TUNING} == TUNING


@pytest.mark.parametrize("name", LASTING)
def test_lasting_service_has_a_health_check(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


def test_airflow_health_checks_speak_http() -> None:
    checks = {name: " ".join(SERVICES[name]["healthcheck"]["test"]) for name in COMPONENTS}

    assert [name for name, check in checks.items() if "curl --fail --silent http://" not in check] == []


@pytest.mark.parametrize("name", [n for n in SERVICES if n != "postgres"])
def test_own_service_does_not_run_as_root(name: str) -> None:
    assert SERVICES[name]["user"] == "10001:10001"


def test_published_ports_are_on_loopback_only() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


def test_no_password_or_key_has_a_default() -> None:
    variables = re.findall(r"\$\{([A-Z_]+)([^}]*)\}", SOURCE)
    secret = [(name, rule) for name, rule in variables if re.search("PASSWORD|KEY|SECRET", name)]

    assert [name for name, rule in secret if not rule.startswith(":?")] == []


def test_every_variable_is_in_the_example_file() -> None:
    example = (paths.project_root() / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^([A-Z_]+)=", example, flags=re.MULTILINE))

    assert {name for name, _ in re.findall(r"\$\{([A-Z_]+)([^}]*)\}", SOURCE)} == named


def test_everything_waits_for_the_migrated_databases() -> None:
    waiting = [SERVICES[name]["depends_on"]["airflow-init"]["condition"] for name in COMPONENTS]

    assert waiting == ["service_completed_successfully"] * len(COMPONENTS)


def test_sandbox_is_in_the_demo_profile_only() -> None:
    assert SERVICES["sandbox"]["profiles"] == ["demo"]


def test_image_is_not_run_as_root() -> None:
    dockerfile = Path(paths.project_root() / "Dockerfile").read_text(encoding="utf-8")

    assert "\nUSER 10001:10001\n" in dockerfile
