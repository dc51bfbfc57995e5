"""A reason is there, is text that can be kept and shown, and is no pasted log."""

import pytest

from orderhub.errors import StopError
from orderhub.quality.reasons import LONGEST_REASON, refuse_reason


@pytest.mark.parametrize("reason", ["已核对", "两行:\n第一\t第二\r\n", "x" * LONGEST_REASON, "OK 👌"])
def test_what_says_something_in_text_passes(reason: str) -> None:
    refuse_reason("order tb/1: a decision", reason)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (" \n", "order tb/1: a decision needs a reason"),
        ("好\x00", r"U\+0000, which no database keeps"),
        ("\ud83d", r"U\+D83D, which no database keeps"),
        ("\x1b[2J好", r"U\+001B"),
        ("好\x9b", r"U\+009B"),
        ("x" * (LONGEST_REASON + 1), "needs a shorter reason: it has 1,001 characters, 1,000 are the most"),
    ],
)
def test_what_cannot_be_kept_or_shown_is_refused_in_words(reason: str, said: str) -> None:
    with pytest.raises(StopError, match=said):
        refuse_reason("order tb/1: a decision", reason)
