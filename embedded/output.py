"""What the processes say: each to its own log file, and in the terminal behind its name."""

from __future__ import annotations

import logging
import logging.handlers
import os
import sys
import threading
from pathlib import Path
from typing import TextIO

from embedded.private_files import private_folder

_LOG_BYTES = 10 * 1024 * 1024
_COLOURS = {"web": 36, "beat": 35, "worker-1": 32, "worker-2": 33}
# Two lines for every message that a worker takes; the runs' own events tell the same in fewer words.
_NOISE = ("celery.worker.strategy", "celery.app.trace")


class Output:
    """Collects the lines of several processes. Safe from any thread."""

    def __init__(self, folder: Path, *, terminal: TextIO | None) -> None:
        """Prepare.

        Args:
            folder: For NAME.log: mode 0600, begun anew each time and at 10 MiB; the one before stays as NAME.log.1.
            terminal: Where the lines also go; None for nowhere.
        """
        self._folder = private_folder(folder)
        self._terminal = terminal
        self._lock = threading.Lock()
        self._logs: dict[str, logging.Logger] = {}

    def line(self, name: str, text: str) -> None:
        """Keep and show one line of a process."""
        self._log(name).info(text)
        if not any(noise in text for noise in _NOISE):
            self.show(text, name=name)

    def show(self, text: str, *, name: str = "") -> None:
        """Show a line in the terminal only."""
        if self._terminal is not None:
            with self._lock:
                self._terminal.write(f"{self._prefix(name)}{text}\n")
                self._terminal.flush()

    def last_lines(self, name: str, count: int = 5) -> str:
        """The end of a process's log."""
        path = self._folder / f"{name}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-count:]) if path.exists() else ""

    def _prefix(self, name: str) -> str:
        if not name or self._terminal is None:
            return ""
        padded = f"{name:<9}| "
        coloured = self._terminal.isatty() and "NO_COLOR" not in os.environ
        return f"\x1b[{_COLOURS.get(name, 37)}m{padded}\x1b[0m" if coloured else padded

    def _log(self, name: str) -> logging.Logger:
        with self._lock:
            if name not in self._logs:
                self._logs[name] = _log_file(self._folder / f"{name}.log")
            return self._logs[name]

    def close(self) -> None:
        """Close the files."""
        for log in self._logs.values():
            for handler in log.handlers:
                handler.close()


def terminal() -> TextIO:
    """Where people look."""
    return sys.stdout


def _log_file(path: Path) -> logging.Logger:
    """A logger that is nobody's child: it writes its lines to the file and nowhere else."""
    if path.exists():
        path.replace(path.with_name(f"{path.name}.1"))
    path.touch(mode=0o600)
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8")
    log = logging.Logger(path.stem, logging.INFO)
    log.addHandler(handler)
    return log
