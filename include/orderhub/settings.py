"""Settings of one hub: read from the environment, then from what `./hub` remembered in its home.

Not for merchant configuration (shops, rules: `orderhub.config`) and not for credentials
(`orderhub.connections`).
"""

import difflib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from orderhub import paths
from orderhub.errors import ConfigError

PREFIX = "ORDERHUB_"
#: Read before settings exist, or by tests; allowed in the environment, not fields of the model.
OUTSIDE = {"ORDERHUB_ROOT", "ORDERHUB_KILLPOINT", "ORDERHUB_SIM_SEED"}
SETTINGS_FILE = "settings.json"


class Settings(BaseModel):
    """Everything a process of the hub must know before it opens anything."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(default=Path(".orderhub"), description="Where this hub keeps its state.")
    config: Path = Field(
        default_factory=paths.shipped_config_directory, description="The merchant's configuration directory."
    )
    database_url: SecretStr = Field(
        description="The hub's database as role orderhub_app, for example "
        "postgresql://orderhub_app:…@127.0.0.1:5432/orderhub; `./hub` sets it for the embedded database."
    )
    owner_url: SecretStr | None = Field(
        default=None, description="The same database as role orderhub_owner; needed for migrations only."
    )
    analyst_url: SecretStr | None = Field(
        default=None, description="The same database as role orderhub_analyst; printed by `./hub sql --dsn`."
    )
    airflow_database_url: SecretStr | None = Field(
        default=None,
        description="Airflow's own database; needed with ORDERHUB_DATABASE_URL, else `./hub` makes one.",
    )
    connections: Path | None = Field(
        default=None, description="JSON file of connections in Airflow's form; the environment wins over it."
    )
    hash_key: SecretStr = Field(
        description="Key of the hashes that replace names and phones; changing it orphans old hashes."
    )
    token_key: SecretStr | None = Field(
        default=None,
        description="Key that encrypts renewed access tokens (Fernet: 32 bytes, URL-safe base64); needed for "
        "platforms whose tokens are renewed. Changing it means authorizing their shops again.",
    )
    language: Literal["zh", "en"] = Field(
        default="zh",
        description="Language of the terminal, alerts and pages; what is refused at the terminal looks at "
        "the environment only.",
    )
    airflow_url: str = Field(default="http://127.0.0.1:8080", description="Links in alerts start with this.")
    drop_folder: Path | None = Field(
        default=None, description="Where order files are dropped; default <home>/drop/<shop>/."
    )

    @property
    def manifests(self) -> Path:
        """Return the folder that receives published manifests."""
        return self.home / "manifests"

    @property
    def drop(self) -> Path:
        """Return the folder with one sub-folder of order files per spreadsheet shop."""
        return self.drop_folder or self.home / "drop"


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of the hub whose home `ORDERHUB_HOME` names. An empty variable counts as not set.

    Raises:
        ConfigError: an unknown `ORDERHUB_*` variable, a missing or unreadable value.
    """
    given = {k: v for k, v in environ.items() if v and k.startswith(PREFIX) and k not in OUTSIDE}
    for name in given:
        _refuse_unknown(name)
    home = Path(given.get("ORDERHUB_HOME", ".orderhub")).absolute()
    values: dict[str, object] = dict(_remembered(home / SETTINGS_FILE))
    values.update({k.removeprefix(PREFIX).lower(): v for k, v in given.items()})
    values["home"] = home
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_explain(error, home)) from None


def _remembered(file: Path) -> dict[str, object]:
    try:
        values: dict[str, object] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: cannot be read as JSON ({error}); `./hub up` writes it anew") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{file}: not a JSON object; `./hub up` writes it anew")
    return values


def _refuse_unknown(name: str) -> None:
    field = name.removeprefix(PREFIX).lower()
    if field in Settings.model_fields:
        return
    known = [PREFIX + f.upper() for f in Settings.model_fields]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
    raise ConfigError(f"environment variable {name} is not a setting of orderhub; {hint}")


def _explain(error: ValidationError, home: Path) -> str:
    problem = error.errors()[0]
    field = str(problem["loc"][0])
    variable = PREFIX + field.upper()
    if problem["type"] == "missing":
        return (
            f"{variable} is not set and {home / SETTINGS_FILE} does not hold it; "
            "start the hub with `./hub up` or `./hub demo`, or set it"
        )
    if problem["type"] == "literal_error":
        return f"{variable}: {problem['input']!r} is not allowed; write {problem['ctx']['expected']}"
    return f"{variable}: {problem['msg']}"
