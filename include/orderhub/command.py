"""What `./hub COMMAND` becomes: the command line; Ctrl-C while it is still loading ends it without a word."""

import signal

if __name__ == "__main__":
    is_heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # A background job's is ignored.
    if is_heard:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from orderhub.cli import main

    if is_heard:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    main()
