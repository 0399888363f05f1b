"""What the payloads of a batched range have come to, until it is reported."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import fields

from jobs import claims
from jobs.claims import Lane, Report
from workers import persistence


class Unreported:
    """The lane's thread enters outcomes and collects them for its report. When a payload takes long, the heartbeat reports what
    came before it, so that nothing that is done waits for it or is lost with it.

    Whoever of the two enters (under ``lock``, into ``report``), reports early or collects does it alone.
    """

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self.lock = threading.Lock()
        self.report = Report()
        self._sent: Report | None = None
        """What was reported early, of which nobody knows whether the database has it."""

    def report_early(self, *, keep_from: int, still: Callable[[], bool], lease: dt.timedelta) -> int:
        """Report what there is if ``still`` says so once nobody else is at it; the lane keeps its range from ``keep_from`` on.

        What adds payloads to the run is left to the lane: that may take longer than the heartbeat has.

        Returns:
            How many outcomes were reported, and payloads that are to be tried again.

        Raises:
            LaneLost: The lane was taken back.
            jobs.hotpath.RETRYABLE: The database may have it or not. `collect` finds out.
        """
        with self.lock:
            leaving, staying = _apart(self.report)
            count = len(leaving.finals) + len(leaving.requeues)
            if self._sent is not None or not count or not still():
                return 0
            self.report, self._sent = staying, leaving
            kept = min([keep_from, *(final.position for final in staying.finals)])
            claims.report(lane=self._lane, outcome=leaving, take=0, keep_from=kept, lease=lease, early=True)
            self._sent = None
            return count

    def collect(self) -> Report:
        """All that is not reported yet; from now on there is nothing.

        Raises:
            LaneLost: The lane was taken back.
        """
        with self.lock:
            report, self.report = self.report, Report()
            sent, self._sent = self._sent, None
        if sent is None or persistence.until_answered(lambda: claims.resync(lane=self._lane)) is not None:
            return report
        return _joined(sent, report)


def _apart(report: Report) -> tuple[Report, Report]:
    """Without the outcomes that add payloads, and those."""
    adding = {addition.parent for addition in report.added}
    if not adding:
        return report, Report()
    leaving = Report(failed_attempts=report.failed_attempts, requeues=report.requeues)
    staying = Report(added=report.added)
    for final in report.finals:
        (staying if final.position in adding else leaving).finals.append(final)
    for position in report.settled:
        (staying if position in adding else leaving).settled.append(position)
    return leaving, staying


def _joined(first: Report, second: Report) -> Report:
    return Report(**{each.name: getattr(first, each.name) + getattr(second, each.name) for each in fields(Report)})
