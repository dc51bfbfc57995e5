"""Connectors that are wrong in one way each: for every case one that it must fail.

`broken/<case>.yaml` says which connector is broken how: by other values of its files, or, where only the engine
could make the mistake, by a named fault of engine_faults.py.
"""

import copy
import re
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field

from orderhub.config.frozen import Frozen
from tests.contract.connector import Connector, Texts, connector_of
from tests.contract.reference_connectors import TEXTS

FOLDER = Path(__file__).parent / "broken"


class Broken(Frozen):
    """One file of broken/."""

    mistake: str = Field(description="What somebody did wrong, in words.")
    connector: Literal["numbered", "newshop"]
    stream: str = "orders"
    spec: dict[str, Any] = Field(
        default={}, description="Dotted path in platform.yaml → value; null removes."
    )
    fields: dict[str, str | None] = Field(
        default={}, description="record.field → path,converter; null removes."
    )
    engine: str | None = Field(default=None, description="A fault of engine_faults.py.")


def broken(case: str) -> Broken:
    """Return what is wrong with the connector that `case` must fail."""
    return Broken.model_validate(yaml.safe_load((FOLDER / f"{case}.yaml").read_text(encoding="utf-8")))


def described() -> set[str]:
    """Return the cases that have a broken connector."""
    return {file.stem for file in FOLDER.glob("*.yaml")}


def connector_with(mistake: Broken) -> Connector:
    """Return the connector with its mistake in it."""
    texts = TEXTS[mistake.connector]()
    spec = copy.deepcopy(texts.spec)
    for path, value in mistake.spec.items():
        _change(spec, path.split("."), value)
    fields = texts.fields
    for name, rule in mistake.fields.items():
        fields = _with_rule(fields, name.replace(".", ","), rule)
    return connector_of(Texts(spec, fields, texts.contract, texts.samples))


def _change(value: Any, keys: list[str], wanted: Any) -> None:
    key: Any = int(keys[0]) if isinstance(value, list) else keys[0]
    if len(keys) > 1:
        _change(value.setdefault(key, {}) if isinstance(value, dict) else value[key], keys[1:], wanted)
    elif wanted is None:
        del value[key]
    else:
        value[key] = wanted


def _with_rule(fields: str, name: str, rule: str | None) -> str:
    row = re.compile(rf"^{name},.*\n", re.MULTILINE)
    assert row.search(fields), f"fields.csv has no row {name}"
    return row.sub("" if rule is None else f"{name},{rule},\n", fields)
