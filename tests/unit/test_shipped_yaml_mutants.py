"""Each node of each shipped YAML file, deleted, doubled or retyped: refused, or exactly what it then says."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from orderhub import paths
from orderhub.config import models
from orderhub.config.located_yaml import parse, read_document
from orderhub.errors import ConfigError
from orderhub.platforms.spec import PlatformSpec, platform_names

FILES = {
    "shops.yaml": models.Shops,
    "warehouses.yaml": models.Warehouses,
    "routing.yaml": models.Routing,
    "alerts.yaml": models.Alerts,
}
SOURCES = [(name, model, paths.shipped_config_directory() / name) for name, model in FILES.items()] + [
    (name, PlatformSpec, paths.platforms_directory() / name / "platform.yaml") for name in platform_names()
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def without(value: Any, path: tuple[Any, ...]) -> Any:
    changed = copy.deepcopy(value)
    del at(changed, path[:-1])[path[-1]]
    return changed


def with_other(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    changed = copy.deepcopy(value)
    at(changed, path[:-1])[path[-1]] = other
    return changed


#: Whose keys the platform names; in a JSON body their values may be anything.
OPEN = {"common", "account", "headers", "parameters", "count_parameters", "page_parameters"}


def is_json_value(document: Any, path: tuple[Any, ...]) -> bool:
    """Return whether a node is, or is inside, a parameter that travels as JSON."""
    if not {"parameters", "count_parameters", "page_parameters"} & set(path):
        return False
    api = document.get("api", {})
    own = api.get("auth", {}).get("encoding") if "auth" in path else None
    encoding = own or api.get("encoding", "form")
    return encoding in ("json", "form_json")


def names_a_further_list(document: Any, path: tuple[Any, ...]) -> bool:
    """Return whether a key is the free name of a stream that fills another one's table."""
    return path[:-1] == ("streams",) and "into" in at(document, path)


def dump(value: Any) -> str:
    return yaml.safe_dump(value, allow_unicode=True, default_style='"')


def said(model: type, source: str) -> Any:
    """Return what the model holds of the file, without defaults; None when it is refused."""
    try:
        return parse(model, source, "f.yaml").model_dump(mode="json", exclude_unset=True, by_alias=True)
    except ConfigError:
        return None


@pytest.mark.parametrize("name, model, file", SOURCES, ids=[name for name, _, _ in SOURCES])
def test_deleted_node_is_refused_or_leaves_exactly_its_gap(name: str, model: type, file: Any):
    document = read_document(file.read_text(encoding="utf-8"), name).value
    whole = said(model, dump(document))

    surprising = [
        path
        for path in places(document)
        if said(model, dump(without(document, path))) not in (None, without(whole, path))
    ]

    assert surprising == []


@pytest.mark.parametrize("name, model, file", SOURCES, ids=[name for name, _, _ in SOURCES])
def test_retyped_node_is_refused(name: str, model: type, file: Any):
    document = read_document(file.read_text(encoding="utf-8"), name).value

    accepted = [
        (path, kind)
        for path in places(document)
        for kind, other in (("list in list", [[at(document, path)]]), ("object", {"zz-unknown": {"x": "y"}}))
        if not is_json_value(document, path)
        if said(model, dump(with_other(document, path, other))) is not None
    ]

    assert accepted == []


@pytest.mark.parametrize("name, model, file", SOURCES, ids=[name for name, _, _ in SOURCES])
def test_doubled_entry_is_refused_where_it_has_a_name(name: str, model: type, file: Any):
    document = read_document(file.read_text(encoding="utf-8"), name).value
    named = [
        path
        for path in places(document)
        if isinstance(at(document, path), dict) and isinstance(path[-1], int) and path[-2] != "errors"
    ]

    accepted = []
    for path in named:
        doubled = copy.deepcopy(document)
        at(doubled, path[:-1]).append(at(document, path))
        if said(model, dump(doubled)) is not None:
            accepted.append(path)

    assert accepted == []


@pytest.mark.parametrize("name, model, file", SOURCES, ids=[name for name, _, _ in SOURCES])
def test_misspelt_key_is_refused(name: str, model: type, file: Any):
    document = read_document(file.read_text(encoding="utf-8"), name).value
    keys = [
        path
        for path in places(document)
        if isinstance(path[-1], str)
        and not OPEN & set(path[:-1])
        and not names_a_further_list(document, path)
    ]

    accepted = [
        path
        for path in keys
        if said(
            model, dump(with_other(without(document, path), (*path[:-1], path[-1] + "x"), at(document, path)))
        )
        is not None
    ]

    assert accepted == []
