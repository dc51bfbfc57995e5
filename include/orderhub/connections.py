"""Credentials and addresses of the outside world, in Airflow's own JSON form.

Tasks and command line read the same: first `AIRFLOW_CONN_<ID>` of the environment, then the file that
`ORDERHUB_CONNECTIONS` names (`{"<id>": {"conn_type": …, "host": …, "extra": {…}}}`).
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from orderhub.errors import ConfigError


class Connection(BaseModel):
    """One account or address; secrets are typed as secret."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    conn_type: str = "http"
    host: str = ""
    port: int | None = None
    login: str = ""
    password: SecretStr = SecretStr("")
    schema_: str = Field(default="", alias="schema")
    description: str = ""
    extra: dict[str, Any] = Field(default_factory=dict, repr=False)


def load_connection(
    connection_id: str, file: Path | None, environ: Mapping[str, str] = os.environ
) -> Connection:
    """Return the connection `connection_id`.

    Raises:
        ConfigError: it is defined nowhere, or its JSON is unusable.
    """
    variable = f"AIRFLOW_CONN_{connection_id.upper()}"
    if variable in environ:
        return _parse(environ[variable], variable)
    stored = _stored(file).get(connection_id)
    if stored is None:
        raise ConfigError(
            f"connection {connection_id} is not defined: set {variable} (Airflow's JSON form) "
            f"or add it to {file or 'the file named by ORDERHUB_CONNECTIONS'}"
        )
    return _parse(stored, f"{file}: {connection_id}")


def _stored(file: Path | None) -> dict[str, Any]:
    if file is None or not file.exists():
        return {}
    try:
        values: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"{file}: not JSON ({error})") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{file}: must be a JSON object, connection id → connection")
    return values


def _parse(value: str | dict[str, Any], where: str) -> Connection:
    try:
        fields = json.loads(value) if isinstance(value, str) else dict(value)
        if isinstance(fields.get("extra"), str):
            fields["extra"] = json.loads(fields["extra"] or "{}")
        return Connection.model_validate(fields)
    except ValidationError as error:
        bad = ", ".join(str(e["loc"][0]) for e in error.errors())
        raise ConfigError(f"{where}: unusable field(s) {bad} in the connection") from None
    except (ValueError, TypeError, AttributeError):
        raise ConfigError(f"{where}: the connection is not a JSON object") from None
