"""What a person at the terminal is told when something is refused: Chinese, or English where that is chosen.

A message is written in English beside its raise; `include/messages/zh.csv` has the Chinese of its sentence.
In both, {1} is a value that stays as it is; {hint}, {kind} and {rule} are words that have a row of their own.
A sentence without a row stays English: it is told rather than lost.
"""

import csv
import functools
import os
import re
from collections.abc import Mapping

from orderhub import paths

_PLACE = re.compile(r"\{(\w+)\}")
#: Places whose text is translated, too.
_WORDS = frozenset({"hint", "kind", "rule"})


def speaks_english(environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether `ORDERHUB_LANGUAGE` asks for English: also where settings cannot be read."""
    return environ.get("ORDERHUB_LANGUAGE") == "en"


def told(message: object, *, in_english: bool | None = None) -> str:
    """Return a message as this hub's people read it."""
    english = str(message)
    if speaks_english() if in_english is None else in_english:
        return english
    return in_chinese(english) or english


def in_chinese(english: str) -> str | None:
    """Return the Chinese of a message; none where it, or words in it, have no row."""
    for pattern, chinese in _sentences():
        found = pattern.fullmatch(english)
        said = _filled(chinese, found) if found else None
        if said is not None:
            return said
    return None


def _filled(chinese: str, found: re.Match[str]) -> str | None:
    values: dict[str, str] = {}
    for name, value in found.groupdict().items():
        given = in_chinese(value) if name in _WORDS else value
        if given is None:
            return None
        values[name] = given
    return _PLACE.sub(lambda place: values[_group(place[1])], chinese)


@functools.cache
def _sentences() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the rows of the table; a sentence with more words of its own is tried before one with fewer."""
    with paths.messages_file().open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    rows.sort(key=lambda row: -len(_PLACE.sub("", row["english"])))
    return tuple((_pattern(row["english"]), row["chinese"]) for row in rows)


def _pattern(english: str) -> re.Pattern[str]:
    parts = _PLACE.split(english)
    texts, names = parts[::2], parts[1::2]
    places = [f"(?P<{_group(name)}>.*?)" for name in names]
    mixed = [re.escape(texts[0])]
    for place, text in zip(places, texts[1:], strict=True):
        mixed += [place, re.escape(text)]
    return re.compile("".join(mixed), re.DOTALL)


def _group(name: str) -> str:
    """Return the name of a place as a group of a pattern: no group is called 1."""
    return name if name in _WORDS else f"value_{name}"
