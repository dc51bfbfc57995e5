"""What a person must say of a decision: why, in text that can be kept and shown.

Every decision asks here, whatever door it came through: command line, form or page.
"""

import re
from typing import Final

from orderhub.errors import StopError

#: What stands in an audit row, a mail and a cell of a sheet is read by people; a pasted log is not.
LONGEST_REASON: Final = 1_000
#: NUL and halves of characters that a form or a terminal cut: no database keeps them. The other control
#: characters repaint a terminal, and no XML of a warehouse may carry them; tabs and new lines are text.
_UNKEPT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def refuse_reason(decision: str, reason: str) -> None:
    """Let a reason pass that says something, in text that can be kept.

    Args:
        decision: what it is the reason of, as "order tb/1: a correction".
        reason: as it was given.

    Raises:
        StopError: there is none, it is too long, or it has a character that cannot be kept.
    """
    if not reason.strip():
        raise StopError(f"{decision} needs a reason; it is kept")
    refuse_unkept(decision, reason)
    if len(reason) > LONGEST_REASON:
        raise StopError(
            f"{decision} needs a shorter reason: it has {len(reason):,} characters, {LONGEST_REASON:,} are "
            "the most"
        )


def refuse_unkept(decision: str, *said: str) -> None:
    """Let texts pass whose every character can be kept and shown.

    Raises:
        StopError: one has another; it is named by its number, never shown.
    """
    found = _UNKEPT.search("".join(said))
    if found:
        raise StopError(
            f"{decision} has the character U+{ord(found[0]):04X}, which no database keeps or no page shows; "
            "type it anew"
        )
