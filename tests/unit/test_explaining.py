"""Why a schedule did or did not run: the sentences, from what is known."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from scheduler.definition import Due, compile_schedule
from scheduler.explaining import (
    BUSY_AFTER,
    BUSY_BEAT,
    NO_BEAT,
    EventFact,
    Facts,
    FireFact,
    RunFact,
    Verdict,
    answer,
    sentence,
)
from scheduler.states import FireState, Reason, ScheduleState

NINE = dt.datetime(2026, 11, 21, 8, tzinfo=dt.UTC)
"""In Berlin."""
NOON = NINE + dt.timedelta(hours=3)
DAILY: dict[str, Any] = {"triggers": [{"type": "cron", "expression": "0 9 * * *"}]}
BY_ANN = EventFact(NINE - dt.timedelta(hours=1), "ann", "disk full")


def seconds(number: float) -> dt.timedelta:
    return dt.timedelta(seconds=number)


def facts(*, document: dict[str, Any] = DAILY, **parts: Any) -> Facts:
    """At noon, of a schedule whose beats have decided on all that came up."""
    definition = compile_schedule(document=document, anchor=NINE, key="1", default_zone="Europe/Berlin")
    known: dict[str, Any] = {
        "definition": definition,
        "fire_at": NINE,
        "now": NOON,
        "state": ScheduleState.ACTIVE,
        "job_key": "task:a",
        "job_state": "active",
        "created_at": NINE - dt.timedelta(days=30),
        "decided_until": NOON,
        "due": Due(NINE, NINE, None),
    }
    return Facts(**known | parts)


def fired(**parts: Any) -> FireFact:
    run = RunFact(12, "succeeded", NINE + seconds(0.2), NINE + seconds(1), NINE + seconds(73))
    kept: dict[str, Any] = {"state": FireState.FIRED, "decided_at": NINE + seconds(0.2), "run": run}
    return FireFact(**kept | parts)


def skipped(reason: Reason, detail: str = "") -> FireFact:
    return FireFact(state=FireState.SKIPPED, decided_at=NINE, reason=reason, detail=detail)


def told(**parts: Any) -> tuple[Verdict, str]:
    found = answer(facts(**parts))
    return found.verdict, found.words


def test_the_sentence_begins_with_the_time_on_the_schedules_clock() -> None:
    words = sentence(fire_at=NINE, definition=facts().definition, words="it fired")
    assert words == "Saturday 21 November 2026, 09:00 (Europe/Berlin): it fired."


def test_of_a_time_that_comes_twice_the_sentence_tells_which() -> None:
    second = dt.datetime(2026, 10, 25, 1, 30, tzinfo=dt.UTC)
    words = sentence(fire_at=second, definition=facts().definition, words="it fired")
    assert words == "Sunday 25 October 2026, 02:30 (UTC+01:00) (Europe/Berlin): it fired."


class TestFired:
    def test_with_its_run_how_late_and_what_became_of_it(self) -> None:
        found = answer(facts(fires=[fired()]))
        assert (found.verdict, found.run_id) == (Verdict.FIRED, 12)
        assert found.words == "it fired, 0.2 s late: run 12 succeeded after 1 m 12 s"

    @pytest.mark.parametrize(
        ("run", "words"),
        [
            (RunFact(12, "running", NINE, NINE), "run 12 is running"),
            (RunFact(12, "pending", NINE), "run 12 is pending"),
            (RunFact(12, "cancelled", NINE, NINE, NINE + seconds(5)), "run 12 was cancelled after 5 s"),
            (RunFact(12, "failed", NINE, None, NINE + seconds(5)), "run 12 failed"),
            (RunFact(12), "run 12, which was erased since"),
        ],
    )
    def test_whatever_became_of_it(self, run: RunFact, words: str) -> None:
        assert told(fires=[fired(run=run)])[1].endswith(words)

    def test_jitter_is_no_lateness(self) -> None:
        due = Due(NINE, NINE + seconds(0.1), None)
        words = told(fires=[fired()], due=due)[1]
        assert words.startswith("it fired, 0.1 s late (jitter had moved it by 0.1 s)")

    def test_by_the_end_of_another_job(self) -> None:
        words = told(fires=[fired(upstream=("run 5 of task:up, which failed",))], due=None)[1]
        assert words == "called for by run 5 of task:up, which failed, it fired: run 12 succeeded after 1 m 12 s"

    def test_by_a_backfill_after_it_was_skipped(self) -> None:
        found = answer(facts(fires=[skipped(Reason.ASKED), fired(detail="run by backfill 3", cause="backfill:3")]))
        assert (found.verdict, found.reason, found.run_id) == (Verdict.SKIPPED, Reason.ASKED, 12)
        assert found.words == (
            "it was skipped: somebody had asked to skip it; it was run by backfill 3 on 21 November 2026, 09:00:00:"
            " run 12 succeeded after 1 m 12 s"
        )


class TestSkipped:
    @pytest.mark.parametrize("reason", Reason)
    def test_each_reason_has_words(self, reason: Reason) -> None:
        verdict, words = told(fires=[skipped(reason)])
        assert verdict == Verdict.SKIPPED
        assert len(words) > len("it was skipped: ")

    def test_what_was_kept_of_the_reason_is_told(self) -> None:
        assert told(fires=[skipped(Reason.MISFIRE, "it came up 1 h 2 m late")])[1] == (
            "it was skipped: it came up 1 h 2 m late"
        )

    def test_for_an_overlap_with_the_run_that_was_in_its_way(self) -> None:
        runs = [RunFact(11, "succeeded", ended_at=NINE + seconds(60)), RunFact(9, "running")]
        words = told(fires=[skipped(Reason.OVERLAP)], active=runs)[1]
        assert words == (
            "it was skipped: its former run had not ended (run 11 ended on 21 November 2026, 09:01:00 and run 9 is running still)"
        )

    def test_on_request_with_who_asked(self) -> None:
        words = told(fires=[skipped(Reason.ASKED)], asked_to_skip=BY_ANN)[1]
        assert words == "it was skipped: asked for by ann on 21 November 2026, 08:00:00 (disk full)"

    def test_of_a_job_that_was_paused_with_who_paused_it(self) -> None:
        words = told(fires=[skipped(Reason.JOB_INACTIVE, "task:a was paused")], job_change=BY_ANN)[1]
        assert words == "it was skipped: task:a was paused, by ann on 21 November 2026, 08:00:00 (disk full)"


class TestWaiting:
    def test_for_the_end_of_a_former_run(self) -> None:
        verdict, words = told(fires=[FireFact(FireState.BUFFERED, NINE)], active=[RunFact(9, "running")])
        assert verdict == Verdict.BUFFERED
        assert words == "it waits for the schedule's former run to end: run 9 is running still"

    def test_for_a_delay(self) -> None:
        fire = FireFact(
            FireState.WAITING, NINE, due_at=NOON + seconds(90), upstream=("run 5 of task:up, which failed",)
        )
        assert told(fires=[fire]) == (
            Verdict.WAITING,
            "called for by run 5 of task:up, which failed, it waits for its delay, 1 m 30 s more",
        )

    def test_for_a_beat(self) -> None:
        fire = FireFact(FireState.WAITING, NINE, due_at=NINE)
        assert told(fires=[fire])[1] == "it is due, and no beat has dealt with it yet"
        assert told(fires=[fire], beat_lives=False)[1].endswith(NO_BEAT)
        buffered = FireFact(FireState.BUFFERED, NINE)
        assert told(fires=[buffered], beat_lives=False)[1].endswith(NO_BEAT)


class TestNotDecided:
    """Its time has passed, and there is no decision."""

    def test_the_schedule_did_not_exist(self) -> None:
        assert told(created_at=NINE) == (
            Verdict.NOT_CREATED,
            "the schedule did not exist yet: it was created on 21 November 2026, 09:00:00",
        )

    def test_the_schedule_was_paused_then(self) -> None:
        assert told(held=BY_ANN) == (
            Verdict.PAUSED,
            "the schedule was paused then: by ann on 21 November 2026, 08:00:00 (disk full)",
        )

    def test_the_schedule_was_changed_since(self) -> None:
        verdict, words = told(changed=EventFact(NINE + seconds(60), "ann"))
        assert verdict == Verdict.OTHERWISE_THEN
        assert words == (
            "no decision on it is kept: it was erased, or the schedule did not fire then as it does now, for it was changed by ann "
            "on 21 November 2026, 09:01:00"
        )

    def test_the_schedule_is_not_enabled(self) -> None:
        assert told(document=DAILY | {"enabled": False})[0] == Verdict.NOT_ENABLED

    @pytest.mark.parametrize(("left", "why"), [(0, "its actions are used up"), (None, "its last fire time has passed")])
    def test_the_schedule_has_ended(self, left: int | None, why: str) -> None:
        assert told(state=ScheduleState.ENDED, actions_left=left) == (
            Verdict.ENDED,
            f"the schedule has ended: {why}",
        )

    def test_it_is_late_right_now(self) -> None:
        before = NINE - seconds(1)
        late = "it is 3 h 0 m late, and no beat has dealt with it yet"
        assert told(decided_until=before) == (Verdict.LATE, f"{late}; {BUSY_BEAT}")
        assert (
            told(decided_until=before, now=NINE + BUSY_AFTER)[1] == "it is 10 s late, and no beat has dealt with it yet"
        )
        assert told(decided_until=before, beat_lives=False)[1].endswith(NO_BEAT)
        words = told(decided_until=before, problem="triggers: gone")[1]
        assert words == "it is 3 h 0 m late: it could not be fired (triggers: gone), and is tried again"

    def test_nothing_is_known(self) -> None:
        assert told()[0] == Verdict.UNKNOWN


class TestToCome:
    TOMORROW = NINE + dt.timedelta(days=1)

    def told(
        self, *, run_at: dt.datetime = TOMORROW, excluded: str | None = None, **parts: Any
    ) -> tuple[str, str, str]:
        due = Due(self.TOMORROW, run_at, excluded)
        found = answer(facts(fire_at=self.TOMORROW, due=due, **parts))
        return found.verdict, found.words, found.reason

    def test_it_is_not_due_yet(self) -> None:
        assert self.told() == (Verdict.NOT_DUE, "it is not due yet: it fires in 21 h 0 m", "")
        jittered = self.told(run_at=self.TOMORROW + seconds(12))
        assert jittered[1] == "it is not due yet: it fires in 21 h 0 m, jitter of 12 s included"

    def test_it_will_be_skipped_because_it_is_excluded_or_somebody_asked(self) -> None:
        assert self.told(excluded="blackout: 22:00 to 06:00") == (
            Verdict.NOT_DUE,
            "it is 21 h 0 m ahead and will be skipped: blackout: 22:00 to 06:00",
            Reason.EXCLUDED,
        )
        assert self.told(is_to_skip=True, asked_to_skip=BY_ANN) == (
            Verdict.NOT_DUE,
            "it is 21 h 0 m ahead and will be skipped: asked for by ann on 21 November 2026, 08:00:00 (disk full)",
            Reason.ASKED,
        )

    def test_it_will_be_skipped_unless_the_job_is_active_by_then(self) -> None:
        assert self.told(job_state="paused", job_change=BY_ANN) == (
            Verdict.NOT_DUE,
            "it is 21 h 0 m ahead and will be skipped unless task:a is active by then; it is paused now"
            " (paused by ann on 21 November 2026, 08:00:00 (disk full))",
            Reason.JOB_INACTIVE,
        )

    def test_the_schedule_owes_nothing_as_it_stands(self) -> None:
        verdict, words, _ = self.told(state=ScheduleState.PAUSED, held=BY_ANN)
        assert verdict == Verdict.PAUSED
        assert words == (
            "the schedule was paused by ann on 21 November 2026, 08:00:00 (disk full): until it is resumed it does not fire"
        )
        assert self.told(document=DAILY | {"enabled": False})[0] == Verdict.NOT_ENABLED
        assert self.told(state=ScheduleState.ENDED, actions_left=0)[0] == Verdict.ENDED
