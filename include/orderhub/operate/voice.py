"""What the launcher says in the terminal: one short line per step, in Chinese or English."""

import sys
import time
from typing import Literal, TextIO

Language = Literal["zh", "en"]


class Voice:
    """Prints lines with the seconds since the start; the caller brings both languages."""

    def __init__(self, language: Language, stream: TextIO = sys.stdout) -> None:
        self.language = language
        self._stream = stream
        self._started = time.monotonic()

    def pick(self, zh: str, en: str) -> str:
        """Return the text in the language of this hub."""
        return zh if self.language == "zh" else en

    def say(self, zh: str, en: str) -> None:
        """Print one line, at once."""
        seconds = time.monotonic() - self._started
        print(f"{seconds:6.1f} s  {self.pick(zh, en)}", file=self._stream, flush=True)

    def show(self, text: str = "") -> None:
        """Print text as it is."""
        print(text, file=self._stream, flush=True)
