"""Each node of each shipped YAML file, deleted, doubled or retyped: refused, or exactly what it then says."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from orderhub import paths
from orderhub.config import models
from orderhub.config.located_yaml import LocatedDocument, model_of, read_document
from orderhub.config.routing import Routing
from orderhub.errors import ConfigError
from orderhub.platforms.spec import PlatformSpec, platform_names

FILES = {
    "shops.yaml": models.Shops,
    "warehouses.yaml": models.Warehouses,
    "routing.yaml": Routing,
    "alerts.yaml": models.Alerts,
}
SOURCES = [
    pytest.param(model, paths.shipped_config_directory() / name, id=name) for name, model in FILES.items()
] + [
    pytest.param(PlatformSpec, paths.platforms_directory() / name / "platform.yaml", id=name)
    for name in platform_names()
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


def copied_along(value: Any, path: tuple[Any, ...]) -> Any:
    """Return a copy whose nodes on the way to `path` are its own; the rest is shared."""
    copied = copy.copy(value)
    if path:
        copied[path[0]] = copied_along(value[path[0]], path[1:])
    return copied


def without(value: Any, path: tuple[Any, ...]) -> Any:
    changed = copied_along(value, path[:-1])
    del at(changed, path[:-1])[path[-1]]
    return changed


def with_other(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    changed = copied_along(value, path[:-1])
    at(changed, path[:-1])[path[-1]] = other
    return changed


#: Whose keys the platform names; in a JSON body their values may be anything.
OPEN = {"common", "account", "headers", "parameters", "count_parameters", "page_parameters", "line", "order"}


def is_json_value(document: Any, path: tuple[Any, ...]) -> bool:
    """Return whether a node is, or is inside, a parameter that travels as JSON."""
    if not {"parameters", "count_parameters", "page_parameters"} & set(path):
        return False
    if path[0] in ("ship", "stock") and "ask" not in path:
        return True  # What is told nests everywhere: a body over REST, a JSON text in a form.
    api = document.get("api", {})
    own = api.get("auth", {}).get("encoding") if "auth" in path else None
    encoding = own or api.get("encoding", "form")
    return encoding in ("json", "form_json")


def names_a_further_list(document: Any, path: tuple[Any, ...]) -> bool:
    """Return whether a key is the free name of a stream that fills another one's table."""
    return path[:-1] == ("streams",) and "into" in at(document, path)


def said(model: type, value: Any) -> Any:
    """Return what the model holds of a file that reads as `value`, without defaults; None when it is refused."""
    try:
        read = model_of(model, LocatedDocument("f.yaml", value, {}))
    except ConfigError:
        return None
    return read.model_dump(mode="json", exclude_unset=True, by_alias=True)


def shipped(file: Path) -> Any:
    return read_document(file.read_text(encoding="utf-8"), file.name).value


@pytest.mark.parametrize("model, file", SOURCES)
def test_unchanged_file_is_accepted_and_its_values_written_as_text_read_the_same(model: type, file: Path):
    """What is asked of values below holds for files."""
    document = shipped(file)
    written = yaml.safe_dump(document, allow_unicode=True, default_style='"')

    assert said(model, document) is not None
    assert read_document(written, "f.yaml").value == document


@pytest.mark.parametrize("model, file", SOURCES)
def test_deleted_node_is_refused_or_leaves_exactly_its_gap(model: type, file: Path):
    document = shipped(file)
    whole = said(model, document)

    surprising = [
        path
        for path in places(document)
        if said(model, without(document, path)) not in (None, without(whole, path))
    ]

    assert surprising == []


@pytest.mark.parametrize("model, file", SOURCES)
def test_retyped_node_is_refused(model: type, file: Path):
    document = shipped(file)

    accepted = [
        (path, kind)
        for path in places(document)
        for kind, other in (("list in list", [[at(document, path)]]), ("object", {"zz-unknown": {"x": "y"}}))
        if not is_json_value(document, path)
        if said(model, with_other(document, path, other)) is not None
    ]

    assert accepted == []


@pytest.mark.parametrize("model, file", SOURCES)
def test_doubled_entry_is_refused_where_it_has_a_name(model: type, file: Path):
    document = shipped(file)
    named = [
        path
        for path in places(document)
        if isinstance(at(document, path), dict) and isinstance(path[-1], int)
        if path[-2] not in ("errors", "answers") and not is_json_value(document, path)
    ]

    accepted = []
    for path in named:
        doubled = copied_along(document, path[:-1])
        at(doubled, path[:-1]).append(at(document, path))
        if said(model, doubled) is not None:
            accepted.append(path)

    assert accepted == []


@pytest.mark.parametrize("model, file", SOURCES)
def test_misspelt_key_is_refused(model: type, file: Path):
    document = shipped(file)
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
        if said(model, with_other(without(document, path), (*path[:-1], path[-1] + "x"), at(document, path)))
        is not None
    ]

    assert accepted == []
