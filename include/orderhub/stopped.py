"""What a command says and returns that Ctrl-C ends before anything of it has begun; loaded first: light."""

import os
import sys
from types import FrameType
from typing import NoReturn

#: The exit code of a command that Ctrl-C ended.
INTERRUPTED = 130
WORD = "已停止 / stopped"


def leave(_number: int | None = None, _frame: FrameType | None = None) -> NoReturn:
    """End the process at once, with a word: the handler of a signal for when there is nothing to put away."""
    try:
        sys.stdout.flush()
        os.write(2, f"\n{WORD}\n".encode())
    except (OSError, ValueError, RuntimeError):  # Nobody reads any more, or it was being flushed just now.
        pass
    os._exit(INTERRUPTED)
