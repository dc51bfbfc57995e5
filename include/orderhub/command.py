"""What `./hub COMMAND` and `orderhub COMMAND` become: Ctrl-C ends it with a word from the first line on.

`./hub` starts it with the signal blocked, so that one that comes while Python itself starts is heard here.
"""

import signal
import sys
from collections.abc import Callable

from orderhub.stopped import leave

#: What stays in the foreground; every other command is one of the command line.
LAUNCHED = ("demo", "up", "sandbox", "reset", "sql")


def main() -> int | None:
    """Load what was asked for and run it; return its exit code."""
    is_heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # A background job's is ignored.
    if is_heard:
        signal.signal(signal.SIGINT, leave)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    run = _program()
    try:
        if is_heard:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        return run()
    except KeyboardInterrupt:  # Before the program listened, or after.
        leave()
    finally:
        if is_heard:
            signal.signal(signal.SIGINT, leave)


def _program() -> Callable[[], int | None]:
    if sys.argv[1:2] and sys.argv[1] in LAUNCHED:
        from orderhub.operate.launch import main as launch

        return launch
    from orderhub.cli import main as command_line

    return command_line


if __name__ == "__main__":
    sys.exit(main())
