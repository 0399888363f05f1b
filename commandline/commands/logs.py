"""The lines that payloads logged, also while they do."""

from __future__ import annotations

import datetime as dt
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import click

from commandline import targets
from commandline.api import Api
from commandline.exits import Exit, Failure
from commandline.output import Form
from commandline.parameters import RUN, SINCE
from commandline.session import Session, with_session
from commandline.terminal import plain
from commandline.watching import PATIENCE_SECONDS
from commandline.words import moment, read_moment

LEVELS = ("debug", "info", "warning", "error", "critical")
PAUSE_SECONDS = 1.0
"""A line can be read within about a second; to ask more often would show nothing sooner."""

LATE_SECONDS = 5.0
"""A line is written by a statement of its own, which is over long before."""


@click.command()
@click.argument("run_id", type=RUN, metavar="RUN")
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until the run has ended.")
@click.option(
    "--level", type=click.Choice(LEVELS), default="debug", show_default=True, help="Lines of this level and above."
)
@click.option(
    "--since", type=SINCE, metavar="WHEN", help="Lines since an instant, or since so long ago, for example 10m."
)
@click.option("--payload", type=click.IntRange(0), metavar="POSITION", help="Lines of this payload.")
@with_session
def logs(
    session: Session,
    *,
    run_id: targets.Run,
    follow: bool,
    level: str,
    since: float | dt.datetime | None,
    payload: int | None,
) -> None:
    """Show what a run's payloads logged, the oldest first. With --json a line each is an object."""
    wanted = _filter(level, since)
    try:
        for line in lines(session.api, run_id, follow=follow, position=payload):
            if wanted(line):
                _show(session, line)
    except KeyboardInterrupt:
        raise Failure(
            Exit.INTERRUPTED, f"{run_id} goes on; look again with: jobsctl logs {run_id.id} --follow"
        ) from None


def lines(
    api: Api,
    run: targets.Run,
    *,
    follow: bool,
    position: int | None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[dict[str, Any]]:
    """The lines of a run; with ``follow`` also those to come, until it has ended.

    Raises:
        Failure: The API refuses, or cannot be reached; with ``follow`` for longer than `PATIENCE_SECONDS`.
    """
    seen = Seen()
    heard = clock()
    while True:
        try:
            # The run first: what it logged before its end is there when its end is.
            over = not follow or api.get(run.path)["ended_at"] is not None
            for line in api.every(f"{run.path}logs/", position=position, after=seen.certain_until(clock())):
                if seen.is_new(line["id"], at=clock()):
                    yield line
            heard = clock()
        except Failure as failure:
            if not follow or failure.code is not Exit.UNREACHABLE or clock() - heard > PATIENCE_SECONDS:
                raise
            over = False
        if over:
            return
        sleep(PAUSE_SECONDS)


class Seen:
    """The lines that were shown. Who writes a line gets its number first and commits it a moment later, so one may appear below
    others that were shown already: it is looked for again from what was the newest `LATE_SECONDS` ago."""

    def __init__(self) -> None:
        self._certain: int | None = None
        self._recent: deque[tuple[float, int]] = deque()
        self._numbers: set[int] = set()

    def certain_until(self, now: float) -> int | None:
        """The number up to which every line was seen; None for none."""
        while self._recent and now - self._recent[0][0] >= LATE_SECONDS:
            _, number = self._recent.popleft()
            self._numbers.discard(number)
            self._certain = max(number, self._certain or 0)
        return self._certain

    def is_new(self, number: int, *, at: float) -> bool:
        """Take note of a line; False if it was seen before."""
        if number in self._numbers:
            return False
        self.certain_until(at)  # a long log is not kept in memory
        self._recent.append((at, number))
        self._numbers.add(number)
        return True


def _filter(level: str, since: float | dt.datetime | None) -> Callable[[dict[str, Any]], bool]:
    least = LEVELS.index(level)
    if isinstance(since, float):
        since = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=since)

    def wanted(line: dict[str, Any]) -> bool:
        # A level that is none of ours is shown: better too much than a line that is missed.
        high = line["level"] not in LEVELS or LEVELS.index(line["level"]) >= least
        return high and (since is None or read_moment(line["at"]) >= since)

    return wanted


def _show(session: Session, line: dict[str, Any]) -> None:
    output = session.output
    if output.form is Form.JSON:
        output.json(line)
    elif output.form is Form.QUIET:
        output.line(line["message"])
    else:
        level = output.out.paint(line["level"], f"{line['level']:<8}")
        output.out.write(f"{moment(line['at'])}  {line['position']:>4}  {level}  {plain(line['message'])}\n")
