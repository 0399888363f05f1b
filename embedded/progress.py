"""How far several runs are: redrawn in place in a terminal, a line for each change elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TextIO

_BAR_CELLS = 24
_UP_AND_CLEAR = "\x1b[{}A\x1b[J"


class ProgressDisplay:
    """Shows runs, each as the API shows it, with ``job``, ``state`` and ``counts``."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal
        self._redraws = terminal.isatty()
        self._drawn_lines = 0
        self._last: dict[str, str] = {}

    def show(self, runs: Sequence[Mapping[str, Any]]) -> None:
        """Draw the runs as they are now."""
        if self._redraws:
            self._redraw([progress_line(run) for run in runs])
        else:
            self._append(runs)

    def _redraw(self, lines: list[str]) -> None:
        up = _UP_AND_CLEAR.format(self._drawn_lines) if self._drawn_lines else ""
        self._terminal.write(up + "".join(f"{line}\n" for line in lines))
        self._terminal.flush()
        self._drawn_lines = len(lines)

    def _append(self, runs: Sequence[Mapping[str, Any]]) -> None:
        """A log need not see each payload: a line when the state changes."""
        for run in runs:
            if self._last.get(run["job"]) != run["state"]:
                self._last[run["job"]] = run["state"]
                self._terminal.write(f"{progress_line(run)}\n")
        self._terminal.flush()


def progress_line(run: Mapping[str, Any]) -> str:
    """``task:ping  [####----]  12/200  running``."""
    counts = run["counts"]
    total, done = counts["total"], counts["succeeded"] + counts["failed"] + counts["cancelled"]
    filled = _BAR_CELLS * done // total if total else _BAR_CELLS
    bar = "#" * filled + "-" * (_BAR_CELLS - filled)
    return f"  {run['job']:<32} [{bar}] {done:>4}/{total:<4} {run['state']}"
