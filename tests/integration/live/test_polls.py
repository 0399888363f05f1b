"""Long polls, under ASGI and under plain WSGI, and what WSGI makes of a stream."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User

from jobs.api.live import polls, reading
from jobs.api.live.cursors import Cursor
from jobs.api.live.following import Follower
from jobs.api.live.hub import HUB, Hub
from jobs.api.live.topics import Scope, Topic
from jobs.models import Job, Role, Workspace
from jobs.services.tokens import create_token
from tests.integration.live.given import write, writer, writing_later
from tests.integration.people import NOW, Api, make_user
from tests.integration.run_rows import make_run
from tests.live_server import LiveServer

BASE = "/api/v1/workspaces/acme/"
Ask = Callable[[str], dict[str, Any]]


@pytest.fixture
def vera(workspace: Workspace) -> User:
    return make_user("vera", workspace=workspace, role=Role.VIEWER)


def whole(answer: Any) -> bytes:
    """A streamed body."""
    return b"".join(answer.streaming_content)


@pytest.fixture(params=["asgi", "wsgi"])
def ask(request: pytest.FixtureRequest, vera: User) -> Iterator[Ask]:
    """Asks one of the two servers for a path below the workspace."""
    if request.param == "wsgi":
        api = Api(vera)
        yield lambda path: json.loads(whole(api.client.get(BASE + path, headers=api.headers)))
    else:
        server: LiveServer = request.getfixturevalue("server")
        token = create_token(user=vera, name="test", now=NOW)[1]
        yield lambda path: json.loads(server.open(BASE + path, token=token).text())


def kinds(answer: dict[str, Any]) -> list[str]:
    return [event["kind"] for event in answer["results"]]


def test_what_there_is_is_answered_at_once(ask: Ask, job: Job) -> None:
    first = write(job, "job.first")
    last = write(job, "job.last")
    answer = ask(f"events/?after={first - 1}&wait=25")
    assert kinds(answer) == ["job.first", "job.last"]
    assert answer["cursor"] == str(last)
    assert answer["results"][0]["job"] == "task:ping"


def test_what_comes_ends_the_waiting(ask: Ask, job: Job) -> None:
    cursor = ask("events/")["cursor"]
    with writing_later(job, "job.later", seconds=0.3):
        answer = ask(f"events/?after={cursor}&wait=25")
    assert kinds(answer) == ["job.later"]
    assert kinds(ask(f"events/?after={answer['cursor']}")) == []


def test_nothing_is_an_empty_answer_with_a_place_to_go_on_from(ask: Ask, job: Job) -> None:
    last = write(job)
    answer = ask(f"events/?after={last}&wait=1")
    assert answer == {"results": [], "cursor": str(last)}


def test_a_job_and_a_run_are_asked_for_alike(ask: Ask, job: Job) -> None:
    run = make_run(job)
    before = write(job, "job.first")
    write(job, "run.noted", run=run)
    assert kinds(ask(f"jobs/task:ping/events/?after={before - 1}&wait=5")) == ["job.first", "run.noted"]
    assert kinds(ask(f"runs/{run.pk}/events/?wait=5")) == ["run.noted"]


def test_a_limit_leaves_the_rest_for_the_next_one(ask: Ask, job: Job) -> None:
    before = write(job)
    for number in range(3):
        write(job, f"job.{number}")
    first = ask(f"events/?after={before}&limit=2")
    assert kinds(first) == ["job.0", "job.1"]
    assert kinds(ask(f"events/?after={first['cursor']}")) == ["job.2"]


def test_a_wait_that_is_too_long_is_refused(vera: User) -> None:
    answer = Api(vera).get("events/", wait=61)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "wait")


def test_so_many_may_wait_in_a_wsgi_process_and_the_next_is_answered_at_once(
    vera: User, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "JOBS_API_WAITERS", 0)
    last = write(job)
    answer = Api(vera).get("events/", after=last, wait=60)
    assert json.loads(whole(answer)) == {"results": [], "cursor": str(last)}


def test_a_stream_under_wsgi_is_what_there_is_now_and_the_browser_comes_again(vera: User, job: Job) -> None:
    first = write(job, "job.first")
    api = Api(vera)
    answer = api.client.get(f"{BASE}live/", headers=api.headers | {"Last-Event-ID": str(first - 1)})
    text = whole(answer).decode()
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert text.startswith("retry: 2000\n\n")
    assert f"id: {first}\nevent: event\ndata: {{" in text
    assert text.endswith(f"id: {first}\n\n")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("live/?limit=5", "limit"),
        ("live/?logs=true", "logs"),
        ("jobs/task:ping/live/?logs=true", "logs"),
        ("runs/{run}/live/?logs=yes", "logs"),
        ("runs/{run}/live/?after=then", "after"),
    ],
)
def test_a_stream_refuses_what_it_does_not_heed(vera: User, job: Job, path: str, field: str) -> None:
    api = Api(vera)
    address = BASE + path.format(run=make_run(job).pk)
    answer = api.client.get(address, headers=api.headers | {"Last-Event-ID": "1"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)


def test_who_does_not_wait_needs_no_reader_and_is_answered_at_once(
    ask: Ask, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write(job, "job.first")
    with writer() as other:
        held = other.write(job, "job.held")
        later = write(job, "job.later")
        monkeypatch.setattr(HUB, "subscribe", None)
        answer = ask(f"events/?after={first - 1}")
        assert (kinds(answer), answer["cursor"]) == (["job.first"], str(first))
        assert ask(f"events/?after={first}") == {"results": [], "cursor": str(first)}
        other.commit()
    answer = ask(f"events/?after={first}")
    assert [event["id"] for event in answer["results"]] == [held, later]


def test_a_job_is_told_what_of_its_past_is_left_out(vera: User, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LOOK_BACK", 2)
    first, *_, last = [write(job, f"job.{number}") for number in range(5)]
    api = Api(vera)
    for wait in (0, 5):
        answer = json.loads(whole(api.get("jobs/task:ping/events/", after=first, wait=wait)))
        assert kinds(answer) == ["job.3", "job.4"]
        assert (answer["gap"]["after"], answer["gap"]["until"]) == (str(first), str(last - 2))
        assert (answer["cursor"], "gap" in json.loads(whole(api.get("jobs/task:ping/events/", after=last)))) == (
            str(last),
            False,
        )
    stream = whole(api.client.get(f"{BASE}jobs/task:ping/live/?after={first}", headers=api.headers)).decode()
    assert f"id: {last - 2}\nevent: gap\ndata: {{" in stream
    assert stream.index("event: gap") < stream.index("event: event")
    assert "gap" not in json.loads(whole(api.get("events/", after=first)))


def test_a_place_that_nobody_was_given_is_refused(ask: Ask, vera: User, job: Job) -> None:
    last = write(job)
    api = Api(vera)
    for path in (f"events/?after={last + 9}", f"jobs/task:ping/live/?after={last + 9}", f"live/?after={10**18 - 1}"):
        answer = api.client.get(BASE + path, headers=api.headers)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "after"), path
    headers = api.headers | {"Last-Event-ID": str(last + 9)}
    answer = api.client.get(f"{BASE}live/", headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "Last-Event-ID")


def test_nobody_stays_behind_with_the_reader(vera: User, job: Job) -> None:
    api = Api(vera)
    whole(api.client.get(f"{BASE}events/?wait=1", headers=api.headers))
    assert HUB.watching == 0


def test_what_comes_while_nothing_is_caught_up_with_is_not_left_waiting(transactional_db: None, job: Job) -> None:
    """Whoever hands it on wakes for the first that waits, and for no other."""
    hub, woken = Hub(follow=False), threading.Event()
    topic = Topic(Scope.WORKSPACE, job.workspace_id, job.workspace_id)
    last = write(job)
    follower = Follower(hub=hub, topic=topic, cursor=Cursor(last), logs=False, wake=woken.set)
    hub.look()
    later = write(job, "job.later")
    hub.look()
    woken.clear()
    answer = polls._turn(follower)
    assert answer is not None
    assert [item.id for item in answer.items] == [later]
    write(job)
    hub.look()
    assert woken.is_set()
    woken.clear()
    write(job)
    hub.look()
    assert not woken.is_set()
    answer = polls._turn(follower)
    assert answer is not None
    assert len(answer.items) == 2
