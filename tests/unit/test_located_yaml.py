from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict

from orderhub.config.located_yaml import parse, read_document
from orderhub.errors import ConfigError

YAML_HINT = "; look at colons, quotes, brackets and the depth of the lines before it"


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    province: str
    mode: Literal["live", "shadow"] = "live"
    pieces: int = 0


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str = ""
    parts: tuple[Inner, ...] = ()


@pytest.mark.parametrize("word", ["12:30", "NO", "yes", "0123", "1e3", "2026-01-01", "2160451543726114828"])
def test_words_stay_text(word: str):
    assert read_document(f"title: {word}\n", "f").value == {"title": word}


def test_empty_value_is_absent_and_quoted_empty_is_text():
    assert read_document("a:\nb: ''\nc: null\nd: 'null'\n", "f").value == {
        "a": None,
        "b": "",
        "c": None,
        "d": "null",
    }


@pytest.mark.parametrize(
    "source, message",
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3: a is given twice (first on line 1)"),
        ("a: &x 1\nb: 2\n", "f.yaml:1: anchors, aliases and tags are not allowed; write the value out"),
        ("a: 1\nb: *x\n", "f.yaml:2: anchors, aliases and tags are not allowed; write the value out"),
        ("a: 1\nb: !!str 2\n", "f.yaml:2: anchors, aliases and tags are not allowed; write the value out"),
        (
            "a:\n\tb: 1\n",
            f"f.yaml:2: not valid YAML: found character '\\t' that cannot start any token{YAML_HINT}",
        ),
        ("", "f.yaml:1: the file is empty; docs/reference lists its keys"),
        ("# nothing\n", "f.yaml:1: the file is empty; docs/reference lists its keys"),
        ("a: 1\n? [b]\n: 2\n", "f.yaml:2: a key must be a word, not a list or an object"),
        ("a: 1\nb: \x07\n", "f.yaml:2: a character that YAML does not allow (7)"),
        ("a: 1\n---\na: 2\n", f"f.yaml:2: not valid YAML: but found another document{YAML_HINT}"),
    ],
)
def test_what_yaml_would_hide_is_refused_with_its_line(source: str, message: str):
    with pytest.raises(ConfigError) as caught:
        read_document(source, "f.yaml")

    assert str(caught.value) == message


@pytest.mark.parametrize(
    "source, message",
    [
        (
            "title: x\nparts:\n  - province: 浙江省\n    pices: 3\n",
            "f.yaml:4: parts.0.pices is not a known key; did you mean 'pieces'?",
        ),
        ("title: x\npieces: 3\n", "f.yaml:2: pieces is not a known key here; it goes under parts"),
        (
            "parts:\n  - province: 浙江省\n    title: x\n",
            "f.yaml:3: parts.0.title is not a known key here; it goes under the top of the file",
        ),
        ("title: x\nparts:\n  - mode: live\n", "f.yaml:3: parts.0.province is missing"),
        (
            "parts:\n  - province: 浙江省\n    mode: shadwo\n",
            "f.yaml:3: parts.0.mode: 'shadwo' is not allowed; did you mean 'shadow'?",
        ),
        (
            "parts:\n  - province: 浙江省\n    pieces: many\n",
            "f.yaml:3: parts.0.pieces: must be a whole number (value 'many')",
        ),
        (
            "parts:\n  - province:\n",
            "f.yaml:2: parts.0.province: must be given",
        ),
        ("- a\n", "f.yaml:1: must be keys with values below it"),
    ],
)
def test_wrong_content_names_line_key_value_and_nearest(source: str, message: str):
    with pytest.raises(ConfigError) as caught:
        parse(Outer, source, "f.yaml")

    assert str(caught.value) == message
