"""What an attempt means for its payload."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from jobs.claims import FailedAttempt, Final, Leased, Report, Requeue
from jobs.retry import RetryPolicy
from workers.outcomes import Attempted, Failed, GoesOn, Outcome, Succeeded, add, give_back

BEGAN = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
ENDED = BEGAN + dt.timedelta(seconds=2)
POLICY = RetryPolicy(3, initial_interval_ms=200, backoff_coefficient=2, maximum_interval_ms=1000)
ERROR = {"message": "no", "code": "scripted"}


def leased(*, attempts: int = 0, requeued: bool = False) -> Leased:
    return Leased(7, "noop", "", {}, None, attempts, requeued)


def report_of(outcome: Outcome, *, attempts: int = 0, requeued: bool = False, policy: RetryPolicy = POLICY) -> Report:
    report = Report()
    add(report, Attempted(leased(attempts=attempts, requeued=requeued), outcome, policy, BEGAN, ENDED))
    return report


class TestSuccess:
    def test_it_is_the_payloads_outcome(self) -> None:
        report = report_of(Succeeded('{"rows": 1}'))
        assert report == Report(finals=[Final(7, "succeeded", 1, BEGAN, ENDED, '{"rows": 1}', None)])
        assert report.is_plain

    def test_after_failures_it_counts_the_attempts_and_ends_the_waiting(self) -> None:
        report = report_of(Succeeded(None), attempts=2, requeued=True)
        assert report == Report(finals=[Final(7, "succeeded", 3, BEGAN, ENDED, None, None)], settled=[7])
        assert not report.is_plain


class TestFailure:
    def test_with_attempts_left_it_is_kept_and_tried_again(self) -> None:
        report = report_of(Failed(ERROR))
        assert report.failed_attempts == [FailedAttempt(7, 1, "failed", json.dumps(ERROR), BEGAN, ENDED)]
        assert report.requeues == [Requeue(7, 1, 200.0, False)]
        assert (report.finals, report.settled) == ([], [])

    def test_the_second_wait_is_longer(self) -> None:
        assert report_of(Failed(ERROR), attempts=1, requeued=True).requeues == [Requeue(7, 2, 400.0, False, again=True)]

    def test_what_the_other_side_asks_for_is_waited_up_to_the_maximum(self) -> None:
        assert report_of(Failed(ERROR, retry_after_seconds=0.7)).requeues[0].wait_ms == 700
        assert report_of(Failed(ERROR, retry_after_seconds=70)).requeues[0].wait_ms == 1000

    def test_the_last_attempt_is_the_payloads_outcome_with_its_error(self) -> None:
        report = report_of(Failed(ERROR), attempts=2, requeued=True)
        assert report.finals == [Final(7, "failed", 3, BEGAN, ENDED, None, json.dumps(ERROR))]
        assert report.failed_attempts[0].number == 3
        assert (report.requeues, report.settled) == ([], [7])

    def test_a_final_error_ends_it_at_once(self) -> None:
        report = report_of(Failed(ERROR, final=True))
        assert [final.state for final in report.finals] == ["failed"]
        assert report.requeues == []


class TestLoss:
    def test_it_is_tried_again_at_once_and_alone(self) -> None:
        report = report_of(Failed(ERROR, lost=True))
        assert report.failed_attempts[0].state == "lost"
        assert report.requeues == [Requeue(7, 1, 0.0, True)]

    def test_it_counts_as_an_attempt(self) -> None:
        report = report_of(Failed(ERROR, lost=True), policy=RetryPolicy(1))
        assert [final.state for final in report.finals] == ["failed"]


class TestGivingBack:
    @pytest.mark.parametrize("alone", [False, True])
    def test_no_attempt_is_charged_and_nothing_is_waited(self, alone: bool) -> None:
        report = Report()
        give_back(report, leased(attempts=2), alone=alone)
        assert report == Report(requeues=[Requeue(7, 2, 0.0, alone)])


class TestGoingOnElsewhere:
    LOOKING = '{"since": "2026-01-01T12:00:00+00:00", "until": "2026-01-01T13:00:00+00:00", "state": {"id": 7}}'

    def looked_at(self, attempts: int = 0) -> Leased:
        return Leased(7, "noop", "", {}, None, attempts, True, json.loads(self.LOOKING))

    def test_it_waits_for_the_next_look_and_costs_no_attempt(self) -> None:
        report = report_of(GoesOn(self.LOOKING, 5.0), attempts=1)
        assert report == Report(requeues=[Requeue(7, 1, 5000.0, False, self.LOOKING)])

    def test_in_a_run_that_is_being_ended_it_was_the_last_look(self) -> None:
        report = Report()
        attempted = Attempted(self.looked_at(), GoesOn(self.LOOKING, 5.0), POLICY, BEGAN, ENDED)
        add(report, attempted, run_stopped=True)
        assert [final.state for final in report.finals] == ["cancelled"]
        assert (report.requeues, report.settled) == ([], [7])

    def test_a_look_that_was_lost_costs_an_attempt_and_keeps_what_was_known(self) -> None:
        report = Report()
        add(report, Attempted(self.looked_at(), Failed(ERROR, lost=True), POLICY, BEGAN, ENDED))
        (requeue,) = report.requeues
        assert (requeue.attempts, requeue.wait_ms, json.loads(requeue.looking or "")) == (
            1,
            0,
            json.loads(self.LOOKING),
        )

    def test_one_that_failed_begins_anew(self) -> None:
        report = Report()
        add(report, Attempted(self.looked_at(), Failed(ERROR), POLICY, BEGAN, ENDED))
        assert report.requeues == [Requeue(7, 1, 200.0, False, again=True)]

    def test_one_that_was_given_back_unlooked_keeps_what_was_known(self) -> None:
        report = Report()
        give_back(report, self.looked_at(attempts=1))
        (requeue,) = report.requeues
        assert (requeue.attempts, json.loads(requeue.looking or "")) == (1, json.loads(self.LOOKING))
