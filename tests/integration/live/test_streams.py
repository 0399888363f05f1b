"""Streams of the real process on real sockets: what they carry, where they go on, and how they end."""

from __future__ import annotations

import signal

import pytest

from jobs.models import Event, Job, LogLine, Run
from jobs.states import RunState
from tests.integration.live.given import write, writer
from tests.integration.people import NOW, make_job, make_workspace
from tests.integration.run_rows import make_lane, make_run
from tests.live_server import LiveServer, Received, Stream, is_event

WORKSPACE = "/api/v1/workspaces/acme/live/"


def of_run(run: Run) -> str:
    return f"/api/v1/workspaces/acme/runs/{run.pk}/live/"


def kinds(events: list[Received]) -> list[str]:
    return [event.data["kind"] for event in events if is_event(event)]


class TestWhatItCarries:
    def test_a_workspaces_events_as_they_happen(self, server: LiveServer, job: Job, token: str) -> None:
        stream = server.open(WORKSPACE, token=token, Last_Event_ID="0")
        stream.events(1)
        event_id = write(job, "job.paused")
        [event] = stream.events(1)
        assert event.id == str(event_id)
        assert event.data | {"at": ""} == {
            "id": event_id,
            "kind": "job.paused",
            "actor": "mia",
            "data": {},
            "at": "",
            "run": None,
            "job": "task:ping",
        }

    def test_nothing_of_another_workspace_job_or_run(self, server: LiveServer, job: Job, token: str) -> None:
        other, foreign = make_job(job.workspace, "task:other"), make_job(make_workspace("other"))
        mine, theirs = make_run(job), make_run(job)
        paths = (WORKSPACE, "/api/v1/workspaces/acme/jobs/task:ping/live/", of_run(mine))
        start = str(write(job, "job.first"))
        streams = [server.open(path, token=token, Last_Event_ID=start) for path in paths]
        write(foreign, "of.another.workspace")
        write(other, "of.another.job")
        write(job, "of.another.run", run=theirs)
        write(job, "of.the.run", run=mine)
        assert [
            kinds(stream.read_until(lambda e: is_event(e) and e.data["kind"] == "of.the.run")) for stream in streams
        ] == [
            ["of.another.job", "of.another.run", "of.the.run"],
            ["of.another.run", "of.the.run"],
            ["of.the.run"],
        ]

    def test_a_runs_progress_whenever_it_changes(self, server: LiveServer, job: Job, token: str) -> None:
        run = make_run(job, "sqqq")
        make_lane(run, 1, 3, progress={"current": 5, "total": 9, "unit": "rows"})
        stream = server.open(of_run(run), token=token)
        first = stream.read_until(lambda event: event.name == "progress")[-1]
        Run.objects.filter(pk=run.pk).update(succeeded=2)
        second = until_succeeded(stream, 2)[-1]
        assert (first.data["state"], first.data["counts"]) == (
            "running",
            {"total": 4, "queued": 1, "running": 2, "succeeded": 1, "failed": 0, "cancelled": 0},
        )
        assert first.data["at_work"] == [
            {"slot": 0, "position": 1, "until": 3, "progress": {"current": 5, "total": 9, "unit": "rows"}}
        ]
        assert first.data["per_second"] is None
        assert second.data["per_second"] > 0

    def test_a_runs_log_lines_on_request_those_that_were_there_and_those_that_come(
        self, server: LiveServer, job: Job, token: str
    ) -> None:
        run, other = make_run(job), make_run(job)
        line(run, "before")
        stream = server.open(f"{of_run(run)}?logs=true", token=token)
        [first] = stream.read_until(lambda event: event.name == "log")[-1:]
        line(other, "of another run")
        last = line(run, "after")
        [second] = stream.read_until(lambda event: event.name == "log")[-1:]
        assert [first.data["message"], second.data["message"]] == ["before", "after"]
        assert second.id.endswith(f".{last.pk}")
        stream.close()
        again = server.open(f"{of_run(run)}?logs=true", token=token, Last_Event_ID=second.id)
        line(run, "much later")
        assert again.read_until(lambda event: event.name == "log")[-1].data["message"] == "much later"

    def test_without_a_request_no_log_lines(self, server: LiveServer, job: Job, token: str) -> None:
        run = make_run(job)
        line(run, "not asked for")
        stream = server.open(of_run(run), token=token, Last_Event_ID="0")
        write(job, "run.noted", run=run)
        assert "log" not in {event.name for event in stream.read_until(is_event)}


def until_succeeded(stream: Stream, number: int) -> list[Received]:
    """What comes until so many payloads are said to have succeeded."""
    return stream.read_until(lambda event: event.name == "progress" and event.data["counts"]["succeeded"] == number)


def line(run: Run, message: str) -> LogLine:
    return LogLine.objects.create(run=run, position=0, attempt=1, level="info", message=message, at=NOW)


class TestWhereItGoesOn:
    def test_a_run_is_told_from_its_beginning(self, server: LiveServer, job: Job, token: str) -> None:
        run = make_run(job)
        for kind in ("run.created", "run.running"):
            write(job, kind, run=run)
        assert kinds(server.open(of_run(run), token=token).events(2)) == ["run.created", "run.running"]

    def test_a_workspace_from_now_on_and_says_where_that_is(self, server: LiveServer, job: Job, token: str) -> None:
        write(job, "job.before")
        stream = server.open(WORKSPACE, token=token)
        stream.read_place()
        stream.close()
        write(job, "job.after")
        again = server.open(WORKSPACE, token=token, Last_Event_ID=stream.last_event_id)
        assert kinds(again.events(1)) == ["job.after"]

    def test_from_where_on_it_tells_everything_it_says(self, server: LiveServer, job: Job, token: str) -> None:
        with writer() as other:
            other.write(job, "job.held")
            later = write(job, "job.before")
            stream = server.open(WORKSPACE, token=token)
            other.commit()
        stream.read_until(lambda event: event.name == "ready")
        assert stream.last_event_id == str(later)
        write(job, "job.after")
        assert kinds(stream.events(1)) == ["job.after"]

    def test_who_goes_on_from_a_place_is_told_all_since_and_needs_no_such_word(
        self, server: LiveServer, job: Job, token: str
    ) -> None:
        first = write(job)
        stream = server.open(WORKSPACE, token=token, Last_Event_ID=str(first))
        write(job, "job.after")
        assert "ready" not in {event.name for event in stream.read_until(is_event)}

    @pytest.mark.parametrize("how", ["header", "parameter"])
    def test_after_the_last_event_of_the_client(self, server: LiveServer, job: Job, token: str, how: str) -> None:
        ids = [write(job, f"job.{number}") for number in range(5)]
        stream = (
            server.open(WORKSPACE, token=token, Last_Event_ID=str(ids[1]))
            if how == "header"
            else server.open(f"{WORKSPACE}?after={ids[1]}", token=token)
        )
        assert kinds(stream.events(3)) == ["job.2", "job.3", "job.4"]

    def test_more_than_a_page_is_caught_up_with_and_joined_to_the_present(
        self, server: LiveServer, job: Job, token: str
    ) -> None:
        before = write(job)
        Event.objects.bulk_create(
            Event(workspace=job.workspace, job=job, kind="job.old", actor="") for _ in range(1_203)
        )
        stream = server.open(WORKSPACE, token=token, Last_Event_ID=str(before))
        write(job, "job.new")
        events = stream.events(1_204)
        ids = [event.data["id"] for event in events]
        assert ids == sorted(set(ids)), "one was doubled, or came before another that is older"
        assert kinds(events)[-1] == "job.new"

    def test_a_restart_of_the_server_loses_and_doubles_nothing(self, server: LiveServer, job: Job, token: str) -> None:
        wanted = [write(job, f"job.{number}") for number in range(3)]
        stream = server.open(WORKSPACE, token=token, Last_Event_ID=str(wanted[0] - 1))
        got = [event.data["id"] for event in stream.events(3)]
        server.stop()
        wanted += [write(job, "job.while.it.was.down") for _ in range(3)]
        server.start()
        wanted.append(write(job, "job.after"))
        again = server.open(WORKSPACE, token=token, Last_Event_ID=stream.last_event_id)
        wanted.append(write(job, "job.last"))
        assert got + [event.data["id"] for event in again.events(5)] == wanted


class TestAnEventThatIsCommittedLate:
    def test_is_not_lost_though_a_later_one_was_there_before(self, server: LiveServer, job: Job, token: str) -> None:
        stream = server.open(WORKSPACE, token=token, Last_Event_ID=str(write(job)))
        with writer() as late:
            lower = late.write(job, "job.late")
            higher = write(job, "job.early")
            late.commit()
        assert [event.data["id"] for event in stream.events(2)] == [lower, higher]

    def test_is_waited_for_and_then_told_in_its_place(self, server: LiveServer, job: Job, token: str) -> None:
        run = make_run(job)
        stream = server.open(of_run(run), token=token, Last_Event_ID=str(write(job)))
        with writer() as late:
            lower = late.write(job, "job.late")
            higher = write(job, "run.noted", run=run)
            # Two changes of its progress say that the reader has looked, and has seen the higher one.
            for succeeded in (0, 1):
                Run.objects.filter(pk=run.pk).update(total=2, succeeded=succeeded)
                passed = until_succeeded(stream, succeeded)
                assert not kinds(passed)
            late.commit()
        assert lower < higher
        assert [event.data["id"] for event in stream.events(1)] == [higher]

    def test_that_is_rolled_back_keeps_nobody_waiting(self, server: LiveServer, job: Job, token: str) -> None:
        stream = server.open(WORKSPACE, token=token, Last_Event_ID=str(write(job)))
        with writer() as late:
            late.write(job, "job.never")
            write(job, "job.after")
            late.roll_back()
        write(job, "job.last")
        assert kinds(stream.events(2)) == ["job.after", "job.last"]

    def test_another_tables_long_transaction_keeps_nobody_waiting(
        self, server: LiveServer, job: Job, token: str
    ) -> None:
        stream = server.open(WORKSPACE, token=token, Last_Event_ID=str(write(job)))
        with writer() as never, writer() as open_long:
            open_long._session.execute("UPDATE jobs_workspace SET name = name WHERE slug = 'acme'")
            never.write(job, "job.never")
            never.roll_back()
            write(job, "job.after")
            assert kinds(stream.events(1)) == ["job.after"]


class TestHowItEnds:
    def test_when_the_run_has_ended_and_a_browser_need_not_come_again(
        self, server: LiveServer, job: Job, token: str
    ) -> None:
        run = make_run(job, "s", state=RunState.RUNNING, ended_at=None, wake_at=NOW)
        stream = server.open(of_run(run), token=token)
        Run.objects.filter(pk=run.pk).update(state=RunState.SUCCEEDED, ended_at=NOW, wake_at=None)
        write(job, "run.succeeded", run=run)
        events = stream.rest()
        assert [event.name for event in events if event.name != "progress"] == ["event", "end"]
        assert [event.data["state"] for event in events if event.name == "progress"][-1] == "succeeded"
        assert server.open(of_run(run), token=token, Last_Event_ID=stream.last_event_id).status == 204

    def test_at_once_when_the_server_is_stopped(self, server: LiveServer, job: Job, token: str) -> None:
        stream = server.open(WORKSPACE, token=token, Last_Event_ID=str(write(job) - 1))
        stream.events(1)
        assert server.stop() == -signal.SIGTERM, "it had to be killed"
        assert [event.name for event in stream.rest()] == ["closing"]

    def test_when_the_client_reads_too_slowly(self, server: LiveServer, job: Job, token: str) -> None:
        before = write(job)
        stream = server.open(WORKSPACE, token=token, Last_Event_ID=str(before))
        Event.objects.bulk_create(
            (
                Event(workspace=job.workspace, job=job, kind="job.large", actor="", data={"text": "x" * 50_000})
                for _ in range(2_500)
            ),
            batch_size=250,
        )
        last = write(job, "job.last")
        got, cut = read_all(server, stream, token, last)
        assert cut, "nobody was told to come again"
        assert got == list(Event.objects.filter(pk__gt=before).order_by("pk").values_list("pk", flat=True))


def read_all(server: LiveServer, stream: Stream, token: str, last: int) -> tuple[list[int], int]:
    """The ids up to the last, over as many streams as it takes, and how many were cut off."""
    got: list[int] = []
    cut = 0
    while last not in got:
        event = stream.read()
        if event is None:
            stream = server.open(WORKSPACE, token=token, Last_Event_ID=stream.last_event_id)
        elif event.name == "lagging":
            cut += 1
        elif is_event(event):
            got.append(event.data["id"])
    return got, cut


class TestItsHeaders:
    def test_keep_proxies_from_storing_it(self, server: LiveServer, job: Job, token: str) -> None:
        headers = server.open(WORKSPACE, token=token).headers
        wanted = ("Content-Type", "Cache-Control", "X-Accel-Buffering")
        assert [headers[name] for name in wanted] == ["text/event-stream", "no-store, no-transform", "no"]

    @pytest.mark.parametrize("place", ["x", "-1", "1.2.3", "9" * 30])
    def test_a_place_that_is_none_is_refused(self, server: LiveServer, job: Job, token: str, place: str) -> None:
        stream = server.open(WORKSPACE, token=token, Last_Event_ID=place)
        assert (stream.status, stream.headers["Content-Type"]) == (400, "application/problem+json")
