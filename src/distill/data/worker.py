"""A process of `distill.data.pool`: takes tasks, JSON, one a line, and answers each by a line."""

import json
import os
import signal
import sys
from contextlib import suppress

from distill.data.tasks import do
from distill.errors import DistillError


def main() -> None:
    """Do the tasks of standard input until it ends."""
    # Ctrl-C goes to all processes of a terminal: the scan says when this one is to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # As an exception, so that half-written files are removed.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    # What libraries print is no answer.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin.buffer:
        # The scan meets the same error, and says it.
        with suppress(DistillError):
            do(json.loads(line))
        output.write(b"\n")


if __name__ == "__main__":
    # The scan is gone, or has asked to end.
    with suppress(BrokenPipeError, SystemExit):
        main()
    # At once: on a busy machine it takes a second to unload the libraries.
    os._exit(0)
