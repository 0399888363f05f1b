"""Results that are too large for their rows: stored before they are reported, read whole, and erased once nobody refers to them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs import large_results
from jobs.claims import stored_results as stored_claims
from jobs.errors import PermanentError, TransientError
from jobs.models import Attempt, Payload, Run, StoredResult
from jobs.services import stored_results
from jobs.services.cleanup import MemoryLedger, Order, step
from jobs.services.reruns import replay
from jobs.services.runs import start_run
from jobs.states import Trigger
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    error_of,
    expire,
    fresh,
    make_job,
    make_run,
    make_single_runs,
    scripts,
)
from tests.integration.engine.scripted import Killed, ScriptedExecutor
from tests.integration.people import NOW
from workers import sweep
from workers.payloads.base import Work

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]

INLINE = 1000
MOST = 10_000
LARGE = {"rows": ["x" * 10] * 200}
SMALL = {"rows": 1}


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    """The storage of results; what has more than a thousand bytes goes there, up to ten thousand."""
    location = tmp_path / "results"
    backend = {"BACKEND": "jobs.result_files.ResultFiles", "OPTIONS": {"location": str(location)}}
    settings.STORAGES = {**settings.STORAGES, "results": backend}
    settings.JOBS_RESULT_INLINE_BYTES = INLINE
    settings.JOBS_RESULT_BYTES = MOST
    return location


def files(folder: Path) -> list[str]:
    """What lies in the storage."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def payload_of(run: Run | int, position: int = 0) -> Payload:
    return Payload.objects.get(run=run, position=position)


def stored_of(payload: Payload) -> dict[str, Any]:
    """Where its result is stored."""
    assert payload.stored is not None
    return dict(payload.stored)


def whole(payload: Payload) -> Any:
    return large_results.whole(result=payload.result, stored=payload.stored)


def executed(broker: Broker, *results: Any, **configuration: Any) -> Run:
    """A run whose payloads have returned these."""
    run = make_run(scripts(*[{"result": result} for result in results]), **configuration)
    broker.deliver_all()
    return fresh(run)


def clean_up(run: Run, **what: Any) -> dict[str, int]:
    """Erase the history of the run's workspace, and then what nobody refers to; what the rows came to."""
    assert run.ended_at is not None
    order = Order(workspace_ids=[run.workspace_id], before=NOW.replace(year=2100), keep_newest=0, **what)
    ledger = MemoryLedger()
    while not (standing := step(order=order, ledger=ledger)).is_done:
        pass
    if order.erases_results:
        erase_orphans()
    return standing.counts


def erase_orphans() -> int:
    """How many objects went."""
    found = stored_results.find_orphans()
    assert found.after is None
    return stored_results.erase(found.kept)


class TestStoring:
    def test_a_small_result_stays_in_its_row_and_nothing_is_asked_of_the_storage(
        self, broker: Broker, folder: Path
    ) -> None:
        payload = payload_of(executed(broker, SMALL))
        assert (payload.result, payload.stored, whole(payload)) == (SMALL, None, SMALL)
        assert (StoredResult.objects.count(), folder.exists()) == (0, False)

    @pytest.mark.parametrize("configuration", [{}, {"strict": True}])
    def test_a_large_one_is_stored_and_its_row_says_where_and_what_it_begins_with(
        self, broker: Broker, folder: Path, configuration: dict[str, Any]
    ) -> None:
        run = executed(broker, LARGE, LARGE, SMALL, max_concurrent_requests=1, **configuration)
        text = json.dumps(LARGE)
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        for position in (0, 1):
            payload = payload_of(run, position)
            assert payload.state == "succeeded"
            assert payload.result == {
                "stored": True,
                "size_bytes": len(text),
                "sha256": sha256,
                "head": text[:1000],
            }
            assert (stored_of(payload)["size_bytes"], stored_of(payload)["sha256"]) == (len(text), sha256)
            assert stored_of(payload)["key"].startswith(f"acme/{run.pk}/{position}-1-")
            assert (folder / stored_of(payload)["key"]).read_text() == text
            assert whole(payload) == LARGE
        assert (payload_of(run, 2).result, payload_of(run, 2).stored) == (SMALL, None)
        assert (run.state, len(files(folder)), StoredResult.objects.count()) == ("succeeded", 2, 2)

    def test_runs_of_one_payload_that_share_a_message_store_theirs_too(self, broker: Broker, folder: Path) -> None:
        run_ids = make_single_runs([{"result": LARGE}, {"result": SMALL}, {"result": LARGE}])
        broker.share(run_ids)
        broker.deliver_all()
        assert [whole(payload_of(run_id)) for run_id in run_ids] == [LARGE, SMALL, LARGE]
        assert (fresh(run_ids[0]).result or {})["head"] == json.dumps(LARGE)[:1000]
        assert [Path(name).parts[1] for name in files(folder)] == [str(run_ids[0]), str(run_ids[2])]

    def test_it_is_stored_without_the_secrets_that_its_attempt_has_read(
        self, broker: Broker, folder: Path, scripted: ScriptedExecutor
    ) -> None:
        def tell(work: Work) -> Any:
            work.hide("correct-horse-battery")
            return ["correct-horse-battery", *LARGE["rows"]]

        scripted.result = tell
        payload = payload_of(executed(broker, None))
        assert whole(payload) == ["***", *LARGE["rows"]]
        assert "correct-horse" not in (folder / stored_of(payload)["key"]).read_text()
        assert "correct-horse" not in json.dumps(payload.result)

    def test_what_no_json_of_a_database_may_hold_is_replaced_as_in_a_row(
        self, broker: Broker, folder: Path, scripted: ScriptedExecutor
    ) -> None:
        scripted.result = lambda work: "\x00\ud800" + "x" * INLINE
        assert whole(payload_of(executed(broker, None))) == "��" + "x" * INLINE

    def test_one_beyond_the_second_limit_fails_its_payload_for_good(self, broker: Broker, folder: Path) -> None:
        run = executed(broker, "x" * MOST)
        assert (error_of(run, 0)["code"], payload_of(run).attempts) == ("result_too_large", 1)
        assert (payload_of(run).stored, StoredResult.objects.count(), folder.exists()) == (None, 0, False)

    def test_one_as_large_as_either_limit_is_within_it(self, broker: Broker, folder: Path) -> None:
        run = executed(broker, "x" * (INLINE - 2), "x" * (INLINE - 1), "x" * (MOST - 2), max_concurrent_requests=1)
        assert [payload_of(run, at).stored is None for at in range(3)] == [True, False, False]

    def test_without_a_storage_it_stays_in_its_row(self, broker: Broker, settings: Any) -> None:
        settings.JOBS_RESULT_INLINE_BYTES = INLINE
        payload = payload_of(executed(broker, LARGE))
        assert (payload.result, payload.stored) == (LARGE, None)

    def test_a_storage_that_does_not_take_it_costs_an_attempt_and_the_next_one_finds_it_well(
        self, broker: Broker, folder: Path, scripted: ScriptedExecutor
    ) -> None:
        folder.write_text("a file where the folder should be")

        def mend(work: Work) -> None:
            if work.attempt == 2:
                folder.unlink()

        scripted.before = mend
        run = executed(broker, LARGE, retry={"maximum_attempts": 2})
        failed = Attempt.objects.get(run=run)
        assert failed.error["code"] == "result_storage"
        assert str(folder) not in json.dumps(failed.error)
        assert (payload_of(run).attempts, whole(payload_of(run))) == (2, LARGE)


class TestReading:
    @pytest.fixture
    def payload(self, broker: Broker, folder: Path) -> Payload:
        return payload_of(executed(broker, LARGE))

    def test_one_that_is_gone_is_told_as_missing(self, payload: Payload, folder: Path) -> None:
        (folder / stored_of(payload)["key"]).unlink()
        with pytest.raises(PermanentError, match="no longer in the storage") as caught:
            whole(payload)
        assert caught.value.code == "result_missing"

    def test_one_that_was_changed_is_not_taken_for_the_result(self, payload: Payload, folder: Path) -> None:
        path = folder / stored_of(payload)["key"]
        path.write_text(path.read_text().replace("x", "y", 1))
        with pytest.raises(PermanentError) as caught:
            whole(payload)
        assert caught.value.code == "result_damaged"

    def test_a_storage_that_does_not_answer_may_be_asked_again(self, payload: Payload, folder: Path) -> None:
        path = folder / stored_of(payload)["key"]
        path.unlink()
        path.mkdir()
        with pytest.raises(TransientError) as caught:
            whole(payload)
        assert caught.value.code == "result_storage"

    def test_a_result_that_looks_like_a_reference_is_none(self, broker: Broker, payload: Payload) -> None:
        forged = {**(payload.result or {}), "key": stored_of(payload)["key"]}
        other = payload_of(executed(broker, forged | {"head": ""}))
        assert whole(other) == forged | {"head": ""}


class TestDying:
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_what_a_worker_left_that_died_beside_the_writing_is_erased_once_the_payload_has_its_outcome(
        self, broker: Broker, folder: Path, monkeypatch: pytest.MonkeyPatch, when: str
    ) -> None:
        run = make_run(scripts({"result": LARGE}))
        with monkeypatch.context() as dying:
            dying.setattr(large_results, "put", dying_put(when))
            with pytest.raises(Killed):
                broker.deliver_all()
        left = files(folder)
        assert (len(left), StoredResult.objects.count()) == ({"before": 0, "after": 1}[when], 1)
        assert erase_orphans() == 0, "the attempt might yet report it"
        recover(broker, run)
        payload = payload_of(run)
        assert (payload.state, payload.attempts, whole(payload)) == ("succeeded", 2, LARGE)
        assert erase_orphans() == 1
        assert (files(folder), StoredResult.objects.get().key) == (
            [stored_of(payload)["key"]],
            stored_of(payload)["key"],
        )
        assert erase_orphans() == 0

    def test_a_worker_whose_lane_was_lost_meanwhile_refers_to_nothing(
        self, broker: Broker, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = make_run(scripts({"result": LARGE}))
        put = large_results.put

        def put_late(**of: Any) -> dict[str, Any]:
            written = put(**of)
            with monkeypatch.context() as other:
                other.setattr(large_results, "put", put)
                recover(broker, run)  # another worker, while this one was slow
            return written

        with monkeypatch.context() as slow:
            slow.setattr(large_results, "put", put_late)
            broker.deliver()
        payload = payload_of(run)
        assert stored_of(payload)["key"].startswith(f"acme/{run.pk}/0-2-")
        assert (erase_orphans(), files(folder), whole(payload)) == (1, [stored_of(payload)["key"]], LARGE)

    @pytest.mark.parametrize("dying_in", ["erase", "forget"])
    def test_a_cleanup_that_dies_beside_the_erasing_has_it_done_by_the_next_one(
        self, broker: Broker, folder: Path, monkeypatch: pytest.MonkeyPatch, dying_in: str
    ) -> None:
        run = executed(broker, LARGE)
        with monkeypatch.context() as dying:
            dying.setattr({"erase": large_results, "forget": stored_claims}[dying_in], dying_in, killed)
            with pytest.raises(Killed):
                clean_up(run)
        assert (len(files(folder)), StoredResult.objects.count()) == ({"erase": 1, "forget": 0}[dying_in], 1)
        assert erase_orphans() == 1
        assert (files(folder), StoredResult.objects.count()) == ([], 0)


class TestErasing:
    def test_it_goes_with_its_run_and_so_does_the_folder(self, broker: Broker, folder: Path) -> None:
        run = executed(broker, LARGE, SMALL, LARGE)
        assert clean_up(run)["runs"] == 1
        assert (files(folder), list(folder.glob("*/*")), StoredResult.objects.count()) == ([], [], 0)

    def test_it_goes_where_only_results_are_erased_and_the_payload_stays(self, broker: Broker, folder: Path) -> None:
        run = executed(broker, LARGE, SMALL)
        assert clean_up(run, what=["results"]) == {"results": 2}
        payload = payload_of(run)
        assert (payload.state, payload.result, payload.stored, whole(payload)) == ("succeeded", None, None, None)
        assert (files(folder), StoredResult.objects.count()) == ([], 0)

    def test_a_cleanup_of_something_else_and_a_dry_run_leave_it(self, broker: Broker, folder: Path) -> None:
        run = executed(broker, LARGE)
        clean_up(run, what=["events"])
        clean_up(run, dry_run=True)
        assert whole(payload_of(run)) == LARGE

    def test_that_of_a_run_that_stays_stays(self, broker: Broker, folder: Path) -> None:
        run, other = executed(broker, LARGE), executed(broker, LARGE)
        clean_up(run, jobs=[run.job_key])
        assert whole(payload_of(other)) == LARGE
        assert [Path(name).parts[1] for name in files(folder)] == [str(other.pk)]

    def test_a_page_after_the_other(self, broker: Broker, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stored_results, "PAGE", 2)
        run = executed(broker, LARGE, LARGE, LARGE)
        Run.objects.filter(pk=run.pk).delete()
        first = stored_results.find_orphans()
        assert (len(first.kept), first.after) == (2, first.kept[-1].id)
        second = stored_results.find_orphans(after=first.after or 0)
        assert (len(second.kept), second.after) == (1, None)
        assert stored_results.erase([*first.kept, *second.kept]) == 3
        assert files(folder) == []


class TestReplays:
    @pytest.fixture
    def original(self, broker: Broker, folder: Path) -> Run:
        run_id = start_run(job=make_job(scripts({"result": LARGE}, {"result": SMALL})), trigger=Trigger.MANUAL)
        broker.deliver_all()
        return fresh(run_id)

    def test_both_runs_refer_to_one_object(self, original: Run, folder: Path) -> None:
        again = fresh(replay(run=original, actor="eve"))
        assert [whole(payload_of(again, at)) for at in (0, 1)] == [LARGE, SMALL]
        assert payload_of(again).stored == payload_of(original).stored
        assert (len(files(folder)), StoredResult.objects.count()) == (1, 2)

    @pytest.mark.parametrize("first", ["the original", "the replay"])
    def test_it_stays_until_the_second_of_them_is_gone(self, original: Run, folder: Path, first: str) -> None:
        again = fresh(replay(run=original, actor="eve"))
        gone, stays = (original, again) if first == "the original" else (again, original)
        erase_rows(gone)
        assert (erase_orphans(), StoredResult.objects.count()) == (0, 1)
        assert whole(payload_of(stays)) == LARGE
        erase_rows(stays)
        assert (erase_orphans(), files(folder), StoredResult.objects.count()) == (1, [], 0)

    def test_it_goes_when_both_go_at_once(self, original: Run, folder: Path) -> None:
        again = fresh(replay(run=original, actor="eve"))
        erase_rows(original)
        erase_rows(again)
        assert (erase_orphans(), files(folder), StoredResult.objects.count()) == (1, [], 0)


def dying_put(when: str) -> Callable[..., Any]:
    """Writes an object; the worker is killed right before or right after."""
    put: Callable[..., Any] = large_results.put

    def dying(**of: Any) -> Any:
        if when == "after":
            put(**of)
        raise Killed

    return dying


def killed(**_: Any) -> Any:
    raise Killed


def recover(broker: Broker, run: Run) -> None:
    """Its lease runs out, a sweep finds it, and another worker goes on."""
    expire(run=run)
    sweep.sweep_once()
    broker.deliver_all()


def erase_rows(run: Run) -> None:
    Payload.objects.filter(run=run).delete()
