"""The next fire of an expression that was read once: this system's Quartz cron, cronsim and croniter, in this process."""

from __future__ import annotations

import datetime as dt
import itertools
import time
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from croniter import croniter
from cronsim import CronSim

from benchmarks.subjects.base import Sample
from scheduler.triggers.quartz import QuartzCron

ZONE = ZoneInfo("Europe/Berlin")
BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
TIMES = 200
REPEATS = 5
EXPRESSIONS = {
    "0 0 12 ? * MON-FRI": "0 12 * * MON-FRI",
    "0 */5 * * * ?": "*/5 * * * *",
    "0 30 2 * * ?": "30 2 * * *",
    "0 0 9 1 * ?": "0 9 1 * *",
    "0 15 10 L * ?": "15 10 L * *",
    "0 0 18 ? * 6#3": "0 18 * * FRI#3",
    "0 0 0 29 2 ?": "0 0 29 2 *",
}
"""In Quartz's words, and in those of both others."""


class NextFire:
    """One of the three."""

    def __init__(self, name: str, fires: Callable[[str, str], Iterator[object]]) -> None:
        self.name = name
        self._fires = fires

    def install(self) -> None:
        """Nothing."""

    def remove(self) -> None:
        """Nothing."""

    def measure(self) -> Sample:
        """The mean over the expressions, of each the best of some repeats: what disturbs can only lengthen."""
        seconds = [min(self._seconds(quartz, unix) for _ in range(REPEATS)) for quartz, unix in EXPRESSIONS.items()]
        return {"next_us": sum(seconds) / len(seconds) * 1e6}

    def _seconds(self, quartz: str, unix: str) -> float:
        """For each of so many fires, one after the other; reading the expression is not counted."""
        fires = self._fires(quartz, unix)
        next(fires)
        began = time.perf_counter()
        count = sum(1 for _ in itertools.islice(fires, TIMES))
        return (time.perf_counter() - began) / count


def all_three() -> list[NextFire]:
    """Ours, cronsim and croniter."""
    local = BEGIN.astimezone(ZONE)
    return [
        NextFire("ours", lambda quartz, _: _our_fires(QuartzCron.parse(quartz, zone=ZONE))),
        NextFire("cronsim", lambda _, unix: CronSim(unix, local)),
        NextFire("croniter", lambda _, unix: croniter(unix, local).all_next(dt.datetime)),
    ]


def _our_fires(trigger: QuartzCron) -> Iterator[dt.datetime]:
    fire = trigger.next_after(BEGIN)
    while fire is not None:
        yield fire
        fire = trigger.next_after(fire)
