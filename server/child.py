"""The command line as a child of the server: `python -m server.child train …`, at low priority.

Films and pages go first. The child reads its standard input to the end, which comes when the server closes it or dies, and
dies then too: a server that was killed and starts again must not find its old child at work in the same folder.
"""

import os
import sys
import threading

NICE = 15
ORPHANED = 86
"""The exit code of a child whose server is gone."""


def _die_with_the_server() -> None:
    while os.read(0, 1024):  # not sys.stdin: at its end Python would wait for the lock that a reader of it holds
        pass
    os._exit(ORPHANED)  # every checkpoint is whole or not there, so nothing needs to be put in order


def begin() -> None:
    """From now on at low priority, and no longer than standard input is open."""
    if hasattr(os, "nice"):
        os.nice(NICE)
    threading.Thread(target=_die_with_the_server, daemon=True).start()


def main() -> int:
    """Run one command of `fer_core`; gives its exit code."""
    begin()
    from fer_core.__main__ import main as command

    return command(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
