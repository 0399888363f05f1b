"""The child's side of `workers.child`: ``python -m workers.child_main MODULE CHANNEL``. Knows neither Django nor Celery.

Every attempt waits for what this module and those below it import, so they do without the standard library's larger modules:
dataclasses (which brings inspect) and socket would take a third as long again.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from typing import Any

from jobs.errors import PermanentError, TransientError
from workers.descendants import COOKIE, Family

MAX_RESULT_BYTES = 1024 * 1024
PROGRESS_SECONDS = 1.0
_TRACEBACK_LINES = 12
_PR_SET_CHILD_SUBREAPER = 36
"""Source: linux/prctl.h"""


class Channel:
    """How the child talks to the worker. Safe from any thread; one JSON object a line."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)  # a grandchild must not keep it open, nor write to it
        self._file = open(descriptor, "wb", buffering=0)  # noqa: SIM115 - it lives as long as the process
        self._lock = threading.Lock()
        self._next_progress = 0.0

    def log(self, level: str, message: str) -> None:
        """Keep a line with the run. Levels: debug, info, warning, error."""
        self._send(type="log", level=level, message=message)

    def progress(self, *, current: float, total: float | None = None, unit: str = "") -> None:
        """Show how far the work is. More than one call a second is dropped."""
        now = time.monotonic()
        if now >= self._next_progress:
            self._next_progress = now + PROGRESS_SECONDS
            self._send(type="progress", current=current, total=total, unit=unit)

    def extend_time(self) -> None:
        """Ask for a full timeout from now. Granted until the job's ``timeout_ceiling`` is reached; asking again is cheap."""
        self._send(type="extend_time")

    def extend_payload(self, *items: dict[str, Any]) -> None:
        """Add payloads to the run, each as in a job's list; one with a ``key`` is added once in a run. They are written with the
        attempt's outcome: when it fails, nothing is added.

        Raises:
            PermanentError: One is larger than 1 MiB as JSON.
        """
        for item in items:
            size = len(json.dumps(item))
            if size > MAX_RESULT_BYTES:
                raise PermanentError(
                    f"extend_payload: a payload has {size} bytes; the limit is {MAX_RESULT_BYTES}",
                    code="extend_payload",
                )
            self._send(type="extend_payload", item=item)

    def result(self, result: Any) -> None:
        """Report success. Raises PermanentError when the result is larger than 1 MiB as JSON."""
        size = len(json.dumps(result))
        if size > MAX_RESULT_BYTES:
            raise PermanentError(f"the result has {size} bytes; the limit is {MAX_RESULT_BYTES}", code="result_size")
        self._send(type="result", result=result)

    def error(self, error: Exception) -> None:
        """Report failure: as the error says, or as transient when it is none of ours."""
        match error:
            case PermanentError():
                self._send(type="error", transient=False, message=str(error), code=error.code, details=error.details)
            case TransientError():
                wait = error.retry_after_seconds
                known = {
                    "message": str(error),
                    "code": error.code,
                    "details": error.details,
                    "retry_after_seconds": wait,
                }
                self._send(type="error", transient=True, **known)
            case _:
                lines = "".join(traceback.format_exception(error)).splitlines()[-_TRACEBACK_LINES:]
                message = f"{type(error).__name__}: {error}"
                self._send(
                    type="error", transient=True, message=message, code="unexpected", details={"traceback": lines}
                )

    def _send(self, **message: object) -> None:
        line = memoryview(json.dumps(message).encode() + b"\n")
        with self._lock:
            while line:
                line = line[self._file.write(line) :]


def main() -> None:
    """Read the specification, run the module, report, and leave without waiting for stray threads."""
    module, descriptor = sys.argv[1], int(sys.argv[2])
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a parent that ignores it would have passed that on
    _adopt_orphans()
    channel = Channel(descriptor)
    spec = json.loads(_first_line())
    threading.Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()
    try:
        channel.result(importlib.import_module(module).run(spec=spec, channel=channel))
    except Exception as error:
        channel.error(error)
    sys.stdout.flush()
    sys.stderr.flush()
    _end_descendants()
    os._exit(0)


def _adopt_orphans() -> None:
    """Become the parent of descendants that lose theirs, so that a process that forks twice is still known to come from here."""
    with contextlib.suppress(OSError, AttributeError):  # not Linux
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _end_descendants() -> None:
    if family := Family.of(os.getpid(), cookie=os.environ.get(COOKIE, "")):
        family.end()


def _first_line() -> bytes:
    line = bytearray()
    while not line.endswith(b"\n"):
        chunk = os.read(0, 65536)
        if not chunk:
            os._exit(1)  # the parent died before it had told us what to do
        line += chunk
    return bytes(line)


def _end_with_parent() -> None:
    """Wait for the end of standard input, which the parent holds open while it lives; then end the whole group, and who left it.

    PR_SET_PDEATHSIG would not do: it fires when the *thread* that forked ends, and never reaches grandchildren.
    """
    while os.read(0, 65536):
        pass
    try:
        _end_descendants()
        directory = os.environ.get(COOKIE, "")
        if directory and os.path.samefile(directory, os.curdir):
            shutil.rmtree(directory, ignore_errors=True)  # nobody else is left to do it
    finally:  # whatever became of that
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
