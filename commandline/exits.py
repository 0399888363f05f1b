"""How a command ends: the codes are a promise to scripts, in docs/reference/command-line.md."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes."""

    OK = 0
    RUN_FAILED = 1
    """The run that was waited for has failed or was cancelled."""

    USAGE = 2
    """The command line is wrong, a file cannot be read or written, or nobody is logged in. Nothing was asked of the API."""

    REFUSED = 3
    """The API refused: the token, the role, the input, or because the present state forbids it."""

    NOT_FOUND = 4
    """It does not exist, is not for this caller, or was erased."""

    UNREACHABLE = 5
    """The API could not be reached, was too busy, or the connection was cut, also after trying again."""

    TIMED_OUT = 6
    """What was waited for has not come in the time that ``--timeout`` gave it. It goes on."""

    BROKEN = 7
    """An error of the system, or an answer that is none of this API."""

    INTERRUPTED = 130
    """Ctrl-C: 128 and the number of SIGINT, as shells have it."""

    PIPE_CLOSED = 141
    """Whoever read the output has gone, as ``head`` does: 128 and the number of SIGPIPE."""


class Failure(Exception):
    """What ends a command before its time. The message is for people: plain words, one line a thing that is wrong."""

    def __init__(self, code: Exit, message: str) -> None:
        super().__init__(message)
        self.code = code
