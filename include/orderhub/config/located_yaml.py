"""Reads YAML as text with line numbers and turns it into typed models.

Scalars stay text until a model converts them: YAML 1.1 would turn a cut-off `12:30` into 750 and a province
code `NO` into False. Duplicate keys, anchors, aliases and tags are refused.
"""

import difflib
from dataclasses import dataclass
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

from orderhub.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)
Path = tuple[str | int, ...]
#: What pydantic refuses → the rule.
_RULES = {
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
    "tuple_type": "must be a list, for example [one, two]",
    "model_type": "must be keys with values below it",
    "dict_type": "must be keys with values below it",
    "mapping_type": "must be keys with values below it",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "greater_than": "must be more than {gt}",
    "datetime_parsing": "must be a time such as 2026-01-01T00:00:00+08:00",
    "datetime_from_date_parsing": "must be a time such as 2026-01-01T00:00:00+08:00",
}
_PATTERNS = {
    r"^[a-z0-9][a-z0-9_-]{0,39}$": "must be lower-case letters, digits, - and _, 40 at most",
    r"^[a-z][a-z_]{0,29}$": "must be lower-case letters and _, 30 at most",
    r"^[^@\s]+@[^@\s]+$": "must be a mail address",
    "^[A-Z]{3}$": "must be three capital letters, such as CNY",
}
#: libyaml reads ten times faster; a PyYAML built without it works all the same.
_FAST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class LocatedDocument:
    """Plain values (text, lists, objects) and the line each one came from."""

    file: str
    value: Any
    lines: dict[Path, int]

    def line_of(self, path: Path) -> int:
        """Return the line of `path`, or of its nearest ancestor."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_document(source: str, file: str) -> LocatedDocument:
    """Parse YAML text.

    Raises:
        ConfigError: broken YAML, a duplicate key, an anchor, alias or tag; the message names file and line.
    """
    try:
        node = _root(source, file, _FAST)
    except yaml.YAMLError:
        node = _root_or_reason(source, file)
    if node is None:
        raise ConfigError(f"{file}:1: the file is empty; docs/reference lists its keys")
    lines: dict[Path, int] = {}
    value = _plain(node, (), lines, file)
    return LocatedDocument(file, value, lines)


def _root_or_reason(source: str, file: str) -> Node | None:
    """Read with the reader whose messages say what it found; raise them as ConfigError."""
    try:
        return _root(source, file, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigError(
            f"{file}:{line}: not valid YAML: {error.problem or error.context}; look at colons, quotes, "
            "brackets and the depth of the lines before it"
        ) from None
    except ReaderError as error:
        line = source.count("\n", 0, int(error.position)) + 1
        raise ConfigError(
            f"{file}:{line}: a character that YAML does not allow ({error.character!r})"
        ) from None


def _root(source: str, file: str, loader: Any) -> Node | None:
    for event in yaml.parse(source, Loader=loader):
        marked = getattr(event, "anchor", None) or getattr(event, "tag", None)
        if marked or isinstance(event, yaml.AliasEvent):
            line = event.start_mark.line + 1  # type: ignore[union-attr] # an event of a text has a place
            raise ConfigError(
                f"{file}:{line}: anchors, aliases and tags are not allowed; write the value out"
            )
    node: Node | None = yaml.compose(source, Loader=loader)
    return node


def _plain(node: Node, path: Path, lines: dict[Path, int], file: str) -> Any:
    lines[path] = node.start_mark.line + 1
    match node:
        case ScalarNode():
            return None if node.value in ("", "null", "~") and not node.style else node.value
        case SequenceNode():
            return [_plain(item, (*path, index), lines, file) for index, item in enumerate(node.value)]
        case MappingNode():
            return _plain_mapping(node, path, lines, file)
    raise ConfigError(f"{file}:{node.start_mark.line + 1}: unexpected content")


def _plain_mapping(node: MappingNode, path: Path, lines: dict[Path, int], file: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode):
            raise ConfigError(f"{file}:{line}: a key must be a word, not a list or an object")
        key = str(key_node.value)
        if key in result:
            raise ConfigError(f"{file}:{line}: {key} is given twice (first on line {lines[(*path, key)]})")
        result[key] = _plain(value_node, (*path, key), lines, file)
        lines[(*path, key)] = line
    return result


def parse(model: type[Model], source: str, file: str) -> Model:
    """Return `source` as `model`.

    Raises:
        ConfigError: the text is not YAML, or not such a model; the message names file, line, key, value, the
            rule, and the nearest valid key or value.
    """
    return model_of(model, read_document(source, file))


def model_of(model: type[Model], document: LocatedDocument) -> Model:
    """Return what was read as `model`.

    Raises:
        ConfigError: as `parse`.
    """
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        raise ConfigError(_explain(model, error, document)) from None


def _explain(model: type[BaseModel], error: ValidationError, document: LocatedDocument) -> str:
    # A mistyped key is unknown and missing at once; the unknown one tells more.
    problem = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
    path: Path = tuple(problem["loc"])
    where = f"{document.file}:{document.line_of(path)}"
    key = ".".join(str(part) for part in path) or "the file"
    if problem["type"] == "extra_forbidden":
        return f"{where}: {key} is not a known key{_hint(str(path[-1]), known_keys(model))}"
    if problem["type"] == "missing":
        return f"{where}: {key} is missing"
    value = problem.get("input")
    if problem["type"] in ("literal_error", "enum"):
        allowed = [
            word.strip(" '") for word in str(problem["ctx"]["expected"]).replace(" or ", ",").split(",")
        ]
        return f"{where}: {key}: {value!r} is not allowed; {nearest(str(value), allowed)}"
    if value is None:
        return f"{where}: {key}: must be given"
    if not path:
        return f"{where}: {_rule(problem)}"
    shown = "" if isinstance(value, (dict, list)) else f" (value {value!r})"
    return f"{where}: {key}: {_rule(problem)}{shown}"


def _rule(problem: Any) -> str:
    """Return what a value must be, in words of people who have not seen the code."""
    said = _RULES.get(problem["type"], problem["msg"].removeprefix("Value error, "))
    context = problem.get("ctx", {})
    if problem["type"] == "string_pattern_mismatch":
        return _PATTERNS.get(str(context["pattern"]), str(said))
    return str(said.format(**context)) if problem["type"] in _RULES else str(said)


def _hint(key: str, known: dict[str, set[str]]) -> str:
    """Return where a key goes that is known elsewhere, or the nearest known one."""
    if key in known:
        return f" here; it goes under {' or '.join(sorted(known[key]))}"
    return f"; {nearest(key, list(known))}"


def known_keys(model: type[BaseModel]) -> dict[str, set[str]]:
    """Return every key that `model` or a model inside it knows, with the keys that it stands under."""
    keys: dict[str, set[str]] = {}
    waiting: list[tuple[str, type[BaseModel]]] = [("the top of the file", model)]
    seen: set[tuple[str, type[BaseModel]]] = set()
    while waiting:
        parent, current = waiting.pop()
        if (parent, current) in seen:
            continue
        seen.add((parent, current))
        for name, field in current.model_fields.items():
            key = field.alias or name
            keys.setdefault(key, set()).add(parent)
            waiting.extend((key, inner) for inner in models_in(field.annotation))
    return keys


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the models that a type holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in models_in(part)]


def nearest(value: str, allowed: list[str]) -> str:
    """Return a hint: the nearest allowed word, or all of them."""
    near = difflib.get_close_matches(value, allowed, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"allowed: {', '.join(allowed)}"
