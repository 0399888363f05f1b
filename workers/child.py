"""Payloads that need a process of their own: one that can be killed with all it started, whatever it is doing."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from jobs.errors import TransientError
from workers import descendants
from workers.child_intake import JSON, Attempt, Intake, LineSplitter
from workers.descendants import COOKIE, KILL_SECONDS, Family

POLL_SECONDS = 0.05
"""How late a cancellation or the end of the child may be noticed; output wakes the loop at once."""
DRAIN_SECONDS = 1.0
"""How long to read on when something that could not be ended holds a pipe open."""
HANDLE = "process"
"""The kind of the handle that is kept of a child while it lives; see `workers.handles`."""

_PROJECT = str(Path(__file__).resolve().parent.parent)
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR")


def run_child(*, module: str, spec: JSON, work: Attempt, secrets: Sequence[str] = ()) -> JSON:
    """Run ``module.run(spec=..., channel=...)`` in a fresh process and wait for its result.

    The child leads a session and process group of its own, works in an empty directory that is removed afterwards, and
    has an environment without this process's secrets. The specification reaches it on standard input, so that passwords
    are in neither its command line nor its environment. When this process dies, however it dies, that pipe closes and the
    child ends itself and all it started (`workers.child_main`); should it be unable to, a handle in the database tells the
    workers of this machine what to end (`workers.handles`).

    Told to stop, the child gets SIGTERM, with its group, and the attempt's grace period to end by itself. Then, or once it
    has ended, whatever it started is killed, also what has left its group and its session (`workers.descendants`).

    Args:
        module: Dotted name; its ``run`` takes ``spec`` and ``channel`` (`workers.child_main.Channel`).
        spec: JSON-ready data.
        work: The attempt: its log, progress, deadline, cancellation, grace period and handles.
        secrets: Texts to black out in the child's log lines and errors, should any slip into one.

    Returns:
        What ``run`` returned, at most 1 MiB as JSON.

    Raises:
        TransientError: As the child raised it; or it crashed (code ``crashed``), took too long (``timeout``) or was
            cancelled (``cancelled``). In each case nothing of it is left running, unless the kernel itself cannot end it:
            then its handle stays, and the sweep goes on trying.
        PermanentError: As the child raised it.
    """
    with tempfile.TemporaryDirectory(prefix="jobs-child-", ignore_cleanup_errors=True) as directory:
        intake = Intake(work=work, secrets=secrets)
        with _running(module=module, spec=spec, directory=directory, intake=intake, work=work) as child:
            _watch(child, work)
        return intake.outcome(child.returncode)


def _watch(child: _Child, work: Attempt) -> None:
    while not child.has_exited():
        if work.cancelled.is_set():
            raise TransientError("stopped before it was done", code="cancelled")
        if work.deadline.remaining() <= 0:
            raise TransientError(work.deadline.missed(), code="timeout")
        child.pump(POLL_SECONDS)


@contextlib.contextmanager
def _running(*, module: str, spec: JSON, directory: str, intake: Intake, work: Attempt) -> Iterator[_Child]:
    """Start the child, hand it the specification, and leave nothing of it behind."""
    read_end, write_end = os.pipe()
    with open(read_end, "rb", buffering=0) as messages:
        try:
            process = _start(module=module, directory=directory, channel=write_end)
        except OSError as error:
            raise TransientError(f"could not start a child process: {error.strerror}", code="crashed") from error
        finally:
            os.close(write_end)
        family = Family.of(process.pid, cookie=directory)
        child = _Child(process, messages, intake, family)
        handle = None
        try:
            if family:  # Before it has its specification: until then it does nothing, and ends with this process.
                handle = work.keep_handle(HANDLE, family.to_data(), host=descendants.host())
            child.send(spec)
            yield child
        finally:
            is_gone = child.end(work.grace_seconds)
            if not is_gone:
                work.log("error", "something that the child process started could not be ended")
            elif handle:
                handle.drop()


def _start(*, module: str, directory: str, channel: int) -> subprocess.Popen[bytes]:
    # -P: the child's empty directory must not come before the standard library on its path.
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "workers.child_main", module, str(channel)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        cwd=directory,
        env=_environment(directory),
        pass_fds=(channel,),
        start_new_session=True,
    )


def _environment(directory: str) -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    own = {"HOME": directory, "TMPDIR": directory, COOKIE: directory, "TZ": "UTC"}
    return {**passed_on, **own, "PYTHONPATH": _PROJECT, "PYTHONUNBUFFERED": "1"}


class _Child:
    """The process and its three pipes, read by one thread."""

    def __init__(
        self, process: subprocess.Popen[bytes], messages: IO[bytes], intake: Intake, family: Family | None
    ) -> None:
        assert process.stdin and process.stdout and process.stderr  # noqa: PT018 - one statement, for mypy
        self._process = process
        self._family = family
        self._stdin = process.stdin
        self._files = (process.stdin, process.stdout, process.stderr)
        self._selector = selectors.DefaultSelector()
        self._listen(messages, LineSplitter(intake.MESSAGE_BYTES), intake.message)
        self._listen(process.stdout, LineSplitter(intake.LINE_BYTES), intake.printed)
        self._listen(process.stderr, LineSplitter(intake.LINE_BYTES), intake.complained)

    @property
    def returncode(self) -> int:
        """The exit code, or minus the signal that ended the process. Only after `end`."""
        return self._process.wait()

    def send(self, spec: JSON) -> None:
        """Write the specification as one line. The pipe stays open: its end tells the child that this process died."""
        with contextlib.suppress(BrokenPipeError):  # it died already; its exit code says more than this would
            _write_all(self._stdin, json.dumps(spec).encode() + b"\n")

    def has_exited(self) -> bool:
        """Look without reaping: until it is reaped, the number of its process group cannot go to another."""
        try:
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    def pump(self, timeout: float) -> None:
        """Pass on what the child wrote, waiting at most ``timeout`` seconds for it."""
        if not self._selector.get_map():
            time.sleep(timeout)
        for key, _ in self._selector.select(timeout):
            splitter, handle = key.data
            chunk = os.read(key.fd, 65536)
            for line in splitter.feed(chunk):
                handle(line)
            if not chunk:
                self._selector.unregister(key.fileobj)

    def end(self, grace_seconds: float) -> bool:
        """Stop whatever of it still runs, read what it left in the pipes, close them. True when certainly nothing runs any more."""
        try:
            if not self.has_exited():
                self._signal(signal.SIGTERM)
                self._pump_until(grace_seconds, self.has_exited)
        finally:
            is_gone = self._kill()
            self._close()
        return is_gone

    def _kill(self) -> bool:
        """The descendants first: the number of the group is surely ours until the child is reaped."""
        is_gone = self._family is None or self._family.end()
        self._signal(signal.SIGKILL)
        try:
            self._process.wait(KILL_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        return is_gone

    def _close(self) -> None:
        try:
            self._pump_until(DRAIN_SECONDS, lambda: not self._selector.get_map())
        finally:
            self._selector.close()
            for file in self._files:
                file.close()

    def _listen(self, file: IO[bytes], splitter: LineSplitter, handle: Callable[[str], None]) -> None:
        self._selector.register(file, selectors.EVENT_READ, (splitter, handle))

    def _pump_until(self, seconds: float, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + seconds
        while not done() and time.monotonic() < deadline:
            self.pump(POLL_SECONDS)

    def _signal(self, number: signal.Signals) -> None:
        # PermissionError: what a system other than Linux says of a group that holds only a dead leader.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def _write_all(file: IO[bytes], data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
