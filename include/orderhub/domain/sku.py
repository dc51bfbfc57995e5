"""How codes of goods are compared, and which code somebody probably meant. A name never binds anything."""

import difflib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

#: Codes less alike than this are not worth showing.
_LEAST_ALIKE = 0.75


@dataclass(frozen=True)
class Suggestion:
    """A SKU that a merchant code may mean, and how it was found; a person writes the mapping row."""

    sku_id: str
    how: Literal["exact", "without_separators", "alike"]
    likeness: float


def normalise_sku(code: str) -> str:
    """Return a merchant code as it is compared: NFKC (full width → half), upper case, no outer blanks.

    The same as PostgreSQL's `upper(btrim(normalize(code, nfkc)))`: one letter for one letter (ß stays).
    """
    letters = unicodedata.normalize("NFKC", code).strip()
    return "".join(letter.upper() if len(letter.upper()) == 1 else letter for letter in letters)


def suggest_sku(code: str, known: Sequence[tuple[str, str]]) -> Suggestion | None:
    """Return the SKU whose known code is most like `code`; `known` are pairs (code, SKU).

    An equal code wins, then one equal without separators, then the nearest by edit distance.
    """
    wanted = normalise_sku(code)
    bare = _without_separators(wanted)
    nearest: Suggestion | None = None
    for other, sku_id in known:
        compared = normalise_sku(other)
        if compared == wanted:
            return Suggestion(sku_id, "exact", 1.0)
        if bare and _without_separators(compared) == bare:
            nearest = Suggestion(sku_id, "without_separators", 1.0)
        elif nearest is None or nearest.likeness < 1:
            likeness = difflib.SequenceMatcher(None, bare, _without_separators(compared)).ratio()
            if likeness >= _LEAST_ALIKE and (nearest is None or likeness > nearest.likeness):
                nearest = Suggestion(sku_id, "alike", likeness)
    return nearest


def _without_separators(code: str) -> str:
    return "".join(letter for letter in code if letter.isalnum())
