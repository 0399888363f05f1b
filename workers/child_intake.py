"""What a child process says, read line by line: bounded in length and number, with secrets blacked out."""

from __future__ import annotations

import collections
import json
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from jobs.errors import JobsError, PermanentError, TransientError
from workers.deadline import Deadline
from workers.masking import Masker

JSON = Any

MAX_LOG_LINES = 1000
"""Log lines kept of one attempt; the rest are counted."""
MAX_LINE_CHARACTERS = 2000
LAST_WORDS = 20
"""Lines of standard error that a crash report carries."""
LEVELS = ("debug", "info", "warning", "error")
MAX_ADDED_CHARACTERS = 64 * 1024 * 1024
"""Of the payloads that one attempt adds to its run: what a call of the API may have, too."""
SHORTEST_SECRET = 4
"""Blacking out shorter ones would only make the text unreadable."""


class KeptHandle(Protocol):
    """What ``keep_handle`` of a Work returns."""

    def drop(self) -> None: ...


class Attempt(Protocol):
    """What of a `workers.payloads.base.Work` a child needs. Said here, as that package imports this one."""

    @property
    def deadline(self) -> Deadline: ...
    @property
    def grace_seconds(self) -> float: ...
    @property
    def keep_handle(self) -> Callable[..., KeptHandle]: ...
    @property
    def extend_payload(self) -> Callable[..., None]: ...
    @property
    def cancelled(self) -> threading.Event: ...
    @property
    def log(self) -> Callable[[str, str], None]: ...
    @property
    def progress(self) -> Callable[..., None]: ...


class LineSplitter:
    """Cuts a byte stream into lines; of a line longer than the limit it keeps the beginning."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._pending = bytearray()

    def feed(self, chunk: bytes) -> Iterator[str]:
        """The lines that ``chunk`` completes, without their ends; empty bytes mean the end of the stream."""
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            self._keep(line)
            yield self._take()
        self._keep(rest)
        if not chunk and self._pending:
            yield self._take()

    def _keep(self, part: bytes) -> None:
        self._pending += part[: self._limit - len(self._pending)]

    def _take(self) -> str:
        line = self._pending.decode(errors="replace").rstrip("\r")
        self._pending.clear()
        return line


class Intake:
    """Passes a child's lines on to the attempt, and keeps how it ended.

    Messages are JSON lines: ``{"type": "log", "level", "message"}``, ``{"type": "progress", "current", "total", "unit"}``,
    ``{"type": "extend_time"}``, ``{"type": "extend_payload", "item"}``, ``{"type": "result", "result"}`` and ``{"type": "error",
    "transient", "message", "code", "details", "retry_after_seconds"}``. Whatever the child merely prints becomes log lines too.
    """

    MESSAGE_BYTES = 1024 * 1024 + 4096
    LINE_BYTES = 4 * MAX_LINE_CHARACTERS

    def __init__(self, *, work: Attempt, secrets: Sequence[str]) -> None:
        self._work = work
        self._masker = Masker(secret for secret in secrets if len(secret) >= SHORTEST_SECRET)
        self._lines = 0
        self._last_words: collections.deque[str] = collections.deque(maxlen=LAST_WORDS)
        self._ended: dict[str, Any] | None = None
        self._added = 0

    def printed(self, line: str) -> None:
        """A line of standard output."""
        self._log("info", line)

    def complained(self, line: str) -> None:
        """A line of standard error."""
        self._last_words.append(self._clean(line))
        self._log("warning", line)

    def message(self, line: str) -> None:
        """A line of the message channel."""
        try:
            message = json.loads(line)
        except ValueError:
            message = None
        match message:
            case {"type": "log", "level": str(level), "message": str(text)}:
                self._log(level if level in LEVELS else "info", text)
            case {"type": "progress", "current": int() | float() as current}:
                self._work.progress(current=current, total=message.get("total"), unit=str(message.get("unit", "")))
            case {"type": "extend_payload", "item": item}:
                self._extend_payload(item, len(line))
            case {"type": "extend_time"}:
                self._work.deadline.extend()
            case {"type": "result", "result": _} | {"type": "error"}:
                self._ended = message
            case _:
                self._log("warning", f"the child process sent what is no message: {line[:200]}")

    def outcome(self, returncode: int) -> JSON:
        """The child's result; raises the error it reported, or a TransientError when it died without a word."""
        self._count_dropped()
        ended = self._ended or {}
        if ended.get("type") == "error":
            raise self._error(ended)
        if ended.get("type") == "result" and returncode == 0:
            if self._added > MAX_ADDED_CHARACTERS:
                raise PermanentError(
                    f"extend_payload: more than {MAX_ADDED_CHARACTERS:,} characters", code="extend_payload"
                )
            return ended["result"]
        raise self._crash(returncode)

    def _error(self, error: dict[str, Any]) -> JobsError:
        message, code = self._clean(str(error.get("message", ""))), str(error.get("code", "error"))
        details = {str(name): self._clean_value(value) for name, value in (error.get("details") or {}).items()}
        if not error.get("transient"):
            return PermanentError(message, code=code, details=details)
        wait = error.get("retry_after_seconds")
        return TransientError(message, code=code, details=details, retry_after_seconds=wait)

    def _crash(self, returncode: int) -> TransientError:
        how = f"was ended by {_signal_name(-returncode)}" if returncode < 0 else f"ended with exit code {returncode}"
        details: dict[str, object] = {"last_words": list(self._last_words)}
        details["signal" if returncode < 0 else "exit_code"] = (
            _signal_name(-returncode) if returncode < 0 else returncode
        )
        return TransientError(f"the child process {how} without a result", code="crashed", details=details)

    def _extend_payload(self, item: JSON, characters: int) -> None:
        self._added += characters
        if self._added <= MAX_ADDED_CHARACTERS:
            self._work.extend_payload(item)

    def _log(self, level: str, text: str) -> None:
        self._lines += 1
        if text.strip() and self._lines <= MAX_LOG_LINES:
            self._work.log(level, self._clean(text))

    def _count_dropped(self) -> None:
        if self._lines > MAX_LOG_LINES:
            self._work.log("warning", f"{self._lines - MAX_LOG_LINES} more log lines were not kept")

    def _clean(self, text: str) -> str:
        text = self._masker.text(text)  # before it is cut: half a secret would not be known again
        text = text.replace("\x00", "\N{REPLACEMENT CHARACTER}")  # PostgreSQL's text cannot hold it
        return text if len(text) <= MAX_LINE_CHARACTERS else f"{text[: MAX_LINE_CHARACTERS - 1]}…"

    def _clean_value(self, value: JSON) -> JSON:
        match value:
            case str():
                return self._clean(value)
            case list():
                return [self._clean_value(item) for item in value]
            case dict():
                return {name: self._clean_value(item) for name, item in value.items()}
        return value


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
