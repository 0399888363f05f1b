"""What the payloads of a batched range have come to, until it is reported."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import fields

from jobs import claims, hotpath
from jobs.claims import Lane, Report
from workers import persistence


class Unreported:
    """The lane's thread enters outcomes and collects them for its report. When a payload takes long, the heartbeat reports what
    came before it, so that nothing that is done waits for it or is lost with it.

    Whoever of the two enters (under ``lock``, into ``report``), reports early or collects does it alone. ``may_leave`` tells
    whether outcomes may be reported without the lane's thread, which does more than report some of them.
    """

    def __init__(self, lane: Lane, *, may_leave: Callable[[Report], bool]) -> None:
        self._lane = lane
        self._may_leave = may_leave
        self.lock = threading.Lock()
        self.report = Report()
        self._sent: Report | None = None
        """What was reported early, of which nobody knows whether the database has it."""

    def report_early(self, *, keep_from: int, still: Callable[[], bool], lease: dt.timedelta) -> int:
        """Report what there is if ``still`` says so once nobody else is at it; the lane keeps its range from ``keep_from`` on.

        Returns:
            How many outcomes were reported.

        Raises:
            LaneLost: The lane was taken back.
            jobs.hotpath.RETRYABLE: The database may have it or not. `collect` finds out.
        """
        with self.lock:
            report = self.report
            if self._sent is not None or not report.finals or not still() or not self._may_leave(report):
                return 0
            self.report, self._sent = Report(), report
            claims.report(
                lane=self._lane, outcome=report, take=0, keep_from=keep_from, lease=lease, role=hotpath.HEARTBEAT
            )
            self._sent = None
            return len(report.finals)

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


def _joined(first: Report, second: Report) -> Report:
    return Report(**{each.name: getattr(first, each.name) + getattr(second, each.name) for each in fields(Report)})
