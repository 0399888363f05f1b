"""How a run gets on, while somebody waits: a line that is written over on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import time
from typing import Any

from commandline.output import Form, Output
from commandline.terminal import cut, plain
from commandline.watching import Clock, Pace
from commandline.words import done, span

EVERY_SECONDS = 10.0
"""Where no line can be written over, one comes when the state changes, and else so seldom."""
_BACK = "\r\x1b[K"


class Progress:
    """Written to standard error, so that the answer alone stands on standard output. Nothing when quiet."""

    def __init__(self, output: Output, *, clock: Clock = time.monotonic) -> None:
        self._output = output
        self._clock = clock
        self._pace = Pace()
        self._state = ""
        self._written_at = float("-inf")
        self._dirty = False

    def show(self, run: dict[str, Any]) -> None:
        """What the run has come to by now."""
        self._pace.see(at=self._clock(), done=done(run))
        if self._output.form is Form.QUIET:
            return
        line = described(run, pace=self._pace)
        screen = self._output.err
        if screen.is_terminal:
            screen.write(_BACK + cut(line, (screen.width or 80) - 1, ellipsis=screen.ellipsis))
            self._dirty = True
        elif run["state"] != self._state or self._clock() - self._written_at >= EVERY_SECONDS:
            screen.write(f"{line}\n")
            self._state, self._written_at = run["state"], self._clock()

    def say(self, text: str) -> None:
        """Something else, on a line of its own."""
        self.clear()
        self._output.note(text)

    def clear(self) -> None:
        """Leave the terminal's line to others."""
        if self._dirty:
            self._output.err.write(_BACK)
            self._dirty = False


def described(run: dict[str, Any], *, pace: Pace) -> str:
    """``run 7 running: 55 of 200 done, 2 failed, 5 running, 12.0/s, 12.1 s remaining``"""
    counts = run["counts"]
    words = [f"{done(run)} of {counts['total']} done"]
    words += [f"{counts[name]} {name}" for name in ("failed", "cancelled", "running") if counts[name]]
    if pace.rate is not None and run["ended_at"] is None:
        words.append(f"{pace.rate:.1f}/s")
        words.append(f"{span(pace.remaining_seconds(counts['total'] - done(run)) or 0.0)} remaining")
    return plain(f"run {run['id']} {run['state']}: {', '.join(words)}")
