"""Which carriers a memo asks for or does not want: 发顺丰, 不要邮政. Standard library only.

A name alone is no wish: 上次顺丰弄坏了 asks for nothing. The words before the name decide.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_CLAUSES = re.compile(r"[,,。.;;!!??\n]+")
#: So many characters before a name say what is wished of it.
_NEAR = 6
_REFUSED = re.compile(r"不要|别|不发|不用|不走|不寄|不收|勿|拒绝|除了|讨厌|not|no ", re.IGNORECASE)
_ASKED = re.compile(r"发|用|走|寄|要|选|指定|换|快递|ship|send|by |via", re.IGNORECASE)
_BEFORE = re.compile(r"(请|麻烦|只|就|最好|尽量|优先|帮忙|老板|亲|默认|可以|能)*")
_AFTER = re.compile(
    r"(快递|速运|速递|快运|包裹|发货|优先|谢谢|就行|即可|可以|最好|吗|吧|哦|呀|啊|的|me|please)*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """Carriers by id that a memo asks for, and those that it does not want."""

    asked: frozenset[str] = frozenset()
    unwanted: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.asked or self.unwanted)


class WishReader:
    """Finds wishes in memos.

    Args:
        names: carrier → words by which people call it.
    """

    def __init__(self, names: Mapping[str, Iterable[str]]) -> None:
        self._carriers = {word.casefold(): carrier for carrier, words in names.items() for word in words}
        self._names = _pattern(self._carriers) if self._carriers else None

    @property
    def words(self) -> tuple[str, ...]:
        """Return every word that names a carrier, ascending."""
        return tuple(sorted(self._carriers))

    def read(self, buyer_message: str | None, seller_memo: str | None) -> Wishes:
        """Return the wishes; what the merchant wrote stands above what the buyer wrote."""
        return self._of(seller_memo or "") or self._of(buyer_message or "")

    def _of(self, text: str) -> Wishes:
        if self._names is None:
            return Wishes()
        asked: set[str] = set()
        unwanted: set[str] = set()
        for clause in _CLAUSES.split(text):
            found = list(self._names.finditer(clause))
            ends = [0, *(name.end() for name in found)]
            starts = [*(name.start() for name in found), len(clause)]
            for number, name in enumerate(found):
                carrier = self._carriers[name.group().casefold()]
                before = clause[ends[number] : starts[number]]
                after = clause[ends[number + 1] : starts[number + 1]]
                if _REFUSED.search(before[-_NEAR:]):
                    unwanted.add(carrier)
                elif _ASKED.search(before[-_NEAR:]) or (
                    _BEFORE.fullmatch(before) and _AFTER.fullmatch(after)
                ):
                    asked.add(carrier)
        return Wishes(frozenset(asked - unwanted), frozenset(unwanted))


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Return the pattern of all words, the longest first; Latin letters stand alone."""
    ordered = sorted(words, key=lambda word: (-len(word), word))
    parts = (
        rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])" if word.isascii() else re.escape(word)
        for word in ordered
    )
    return re.compile("|".join(parts), re.IGNORECASE)
