"""A job keeps its newest replays: each new one calls for the oldest to be erased."""

from __future__ import annotations

import pytest

from jobs.models import FollowUp, Job, Pin, Run, Workspace
from jobs.services import control, old_replays
from jobs.services.reruns import replay
from jobs.states import Trigger
from tests.integration.cleanup.history import kept, old_run
from tests.integration.people import make_job
from workers import sweep

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def keeps_two(workspace: Workspace) -> Job:
    """A job that keeps two replays."""
    return make_job(workspace, "task:replayed", configuration={"keep_replays": 2})


def replays(original: Run, count: int) -> list[int]:
    """So many replays of a run."""
    return [replay(run=original, actor="ann") for _ in range(count)]


def work_off() -> int:
    """Until nothing is left to be done; how many runs went."""
    erased = 0
    while FollowUp.objects.exists():
        erased += old_replays.work_off()
    return erased


class TestAfterAReplay:
    def test_the_sweep_erases_the_oldest_beyond_those_that_the_job_keeps(self, keeps_two: Job) -> None:
        original = old_run(keeps_two)
        made = replays(original, 4)
        while FollowUp.objects.exists():
            sweep.sweep_once()
        assert kept() == [original.pk, *made[-2:]]

    def test_other_runs_and_other_jobs_lose_nothing(self, keeps_two: Job, job: Job) -> None:
        originals = [old_run(keeps_two) for _ in range(3)]
        others = replays(old_run(job), 3)
        made = replays(originals[2], 3)
        assert work_off() == 1
        assert {*[run.pk for run in originals], *others, *made[-2:]} <= set(kept())

    def test_a_pinned_replay_stays(self, keeps_two: Job) -> None:
        made = replays(old_run(keeps_two), 4)
        Pin.objects.create(run_id=made[0])
        assert work_off() == 1
        assert made[0] in kept()
        assert made[1] not in kept()

    def test_pinned_ones_do_not_stand_before_the_others(self, keeps_two: Job, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(old_replays, "AT_ONCE", 1)
        made = replays(old_run(keeps_two), 4)
        Pin.objects.create(run_id=made[0])
        assert work_off() == 1
        assert made[1] not in kept()

    def test_a_job_that_does_not_say_keeps_ten(self, job: Job) -> None:
        made = replays(old_run(job), 12)
        assert work_off() == 2
        assert Run.objects.filter(trigger=Trigger.REPLAY).count() == 10
        assert made[0] not in kept()

    def test_of_a_paused_job_too(self, keeps_two: Job) -> None:
        original = old_run(keeps_two)
        control.pause_job(job=keeps_two, actor="ann")
        replays(original, 3)
        assert work_off() == 1

    def test_batch_by_batch(self, keeps_two: Job, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(old_replays, "AT_ONCE", 2)
        replays(old_run(keeps_two), 7)
        FollowUp.objects.exclude(pk=FollowUp.objects.latest("pk").pk).delete()
        assert [old_replays.work_off() for _ in range(3)] == [2, 2, 1]
        assert not FollowUp.objects.exists()

    def test_other_follow_ups_are_left_to_those_whose_they_are(self, job: Job) -> None:
        FollowUp.objects.create(job=job, run=old_run(job), kind=control.CHECK_FAILURES)
        assert old_replays.work_off() == 0
        assert FollowUp.objects.exists()
