"""The command line: ``python -m embedded up | demo | run -- COMMAND... | stop | reset``.

up     the whole system in the foreground; PORT chooses the port, BEATS how many beats there are
demo   run every example to its end and hold it against its expectation
run    start the servers, run a command with their addresses in its environment, stop them
stop   end what runs in this checkout
reset  stop, and remove the data
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from embedded.demo import demo
from embedded.errors import StartError, Terminated
from embedded.processes import end_with_parent
from embedded.run import run
from embedded.stopping import reset, stop
from embedded.up import up

_INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Run one of the commands; the exit code."""
    match list(arguments):
        case ["up"]:
            up(port=os.environ.get("PORT") or "8000", beats=os.environ.get("BEATS") or "1")
        case ["demo"]:
            return 0 if demo() else 1
        case ["run", "--", *command] if command:
            return run(command)
        case ["stop"]:
            stop()
        case ["reset"]:
            reset()
        case _:
            sys.stderr.write(__doc__ or "")
            return 2
    return 0


def guarded(arguments: Sequence[str]) -> int:
    """`main`, with signals and errors turned into what a terminal expects."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    if "MAKELEVEL" in os.environ:
        end_with_parent(os.getppid(), signal.SIGTERM)  # a killed make takes us with it
    try:
        return main(arguments)
    except StartError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 0 if arguments[:1] == ["up"] else _INTERRUPTED


def _interrupt(received: int, _frame: object) -> None:
    """Unwind once, and let nothing disturb the unwinding: it is what stops the processes."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt if received == signal.SIGINT else Terminated


if __name__ == "__main__":
    sys.exit(guarded(sys.argv[1:]))
