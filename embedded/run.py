"""`python -m embedded run -- COMMAND...`: a command with a database and a broker for as long as it runs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from embedded.errors import StartError, Terminated
from embedded.processes import spawn_in_foreground
from embedded.servers import DATA, running_servers

_GRACE_SECONDS = 30


def run(command: Sequence[str], *, data: Path = DATA) -> int:
    """Run the command in the foreground, with the servers' addresses and the generated keys in its environment.

    Returns:
        Its exit code; 128 and the signal's number when a signal ended it.

    Raises:
        StartError: A server does not start, or there is no such command.
    """
    with running_servers(data) as servers:
        try:
            process = spawn_in_foreground(command, environment={**os.environ, **servers.environment})
        except OSError as error:
            raise StartError(f"cannot run {command[0]}: {error.strerror}") from error
        code = _wait(process)
    return code if code >= 0 else 128 - code


def _wait(process: subprocess.Popen[str]) -> int:
    """Wait; when we are to end, let the command end first, before its servers go."""
    try:
        return process.wait()
    except KeyboardInterrupt as interruption:
        if isinstance(interruption, Terminated):
            process.terminate()
        try:
            process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise
