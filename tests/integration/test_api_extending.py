"""Adding payloads and time through the API: by people, and by attempts with their run tokens, which are good for nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from jobs import dispatch, hotpath
from jobs.models import Event, Job, KeptAnswer, Lane, LogLine, Payload, Role, Run, Workspace
from jobs.services import run_tokens
from tests.integration.people import Api, make_job, make_user, make_workspace
from tests.integration.run_rows import make_lane, make_run, requeue

pytestmark = pytest.mark.django_db

NOOP = {"kind": "noop"}


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What was published."""
    messages: list[Any] = []
    monkeypatch.setattr(dispatch, "publish", messages.extend)
    yield messages
    hotpath.close()


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def job(workspace: Workspace) -> Job:
    return make_job(workspace)


@pytest.fixture
def run(job: Job) -> Run:
    """Of three payloads the first is over and the second at work."""
    run = make_run(job, "sqq", next_position=2)
    make_lane(run, 1, 2)
    return run


@pytest.fixture
def api(workspace: Workspace) -> Api:
    return Api(make_user("olga", workspace=workspace, role=Role.OPERATOR))


def attempt_of(run: Run, position: int = 1, attempt: int = 1, *, seconds: float = 60, workspace: str = "acme") -> Api:
    """The API as an attempt sees it."""
    token = run_tokens.issue(
        run_id=run.pk, position=position, attempt=attempt, expires_seconds=seconds, now=dt.datetime.now(dt.UTC)
    )
    api = Api(None, workspace=workspace)
    api.headers = {"Authorization": f"Bearer {token}"}
    return api


def keys(run: Run) -> list[str | None]:
    """The keys of what was added, by position."""
    return list(Payload.objects.filter(run=run, position__gte=3).order_by("position").values_list("key", flat=True))


class TestAnOperator:
    def test_adds_payloads_to_a_run_that_has_not_ended(self, api: Api, run: Run) -> None:
        response = api.post(f"runs/{run.pk}/payloads/", {"payload": [NOOP, {**NOOP, "key": "a"}]})
        assert (response.status_code, response.json()) == (201, {"added": 2, "cancelled": 0, "first_position": 3})
        shown = api.get(f"runs/{run.pk}/payloads/4/").json()
        assert (shown["key"], shown["state"], "parent" in shown) == ("a", "queued", False)
        assert Event.objects.get(run=run).actor == "olga"

    def test_may_say_for_which_payload(self, api: Api, run: Run) -> None:
        assert api.post(f"runs/{run.pk}/payloads/", {"payload": [NOOP], "parent": 1}).status_code == 201
        shown = api.get(f"runs/{run.pk}/payloads/3/").json()
        assert (shown["parent"], "key" in shown) == (1, False)
        response = api.post(f"runs/{run.pk}/payloads/", {"payload": [NOOP], "parent": 0})
        assert (response.status_code, response.json()["detail"]) == (
            409,
            f"payload 0 of run {run.pk} has succeeded: only one that is not over can add others",
        )

    def test_gives_an_attempt_more_time(self, api: Api, run: Run) -> None:
        assert api.post(f"runs/{run.pk}/payloads/1/extend-time/").status_code == 204
        assert Lane.objects.get(run=run).time_extensions == {"1:1": 1}
        assert api.post(f"runs/{run.pk}/payloads/2/extend-time/").status_code == 409

    def test_is_refused_once_the_run_has_ended(self, api: Api, job: Job) -> None:
        ended = make_run(job, "s")
        response = api.post(f"runs/{ended.pk}/payloads/", [NOOP])
        assert (response.status_code, Payload.objects.filter(run=ended).count()) == (409, 1)

    def test_a_viewer_and_a_stranger_do_not(self, run: Run, workspace: Workspace) -> None:
        viewer = Api(make_user("vera", workspace=workspace, role=Role.VIEWER))
        stranger = Api(make_user("otto", workspace=make_workspace("other"), role=Role.OWNER))
        for path in (f"runs/{run.pk}/payloads/", f"runs/{run.pk}/payloads/1/extend-time/"):
            statuses = [each.post(path, [NOOP]).status_code for each in (viewer, stranger, Api(None))]
            assert statuses == [403, 404, 401]
        assert viewer.get(f"runs/{run.pk}/payloads/").status_code == 200
        assert fresh_total(run) == 3

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            (None, "payload"),
            ({}, "payload"),
            ('"text"', "payload"),
            ({"payload": {}}, "payload"),
            ({"payload": [1]}, "payload.0"),
            ({"payload": [{"kind": "nonsense"}]}, "payload.0.kind"),
            ({"payload": [NOOP, {**NOOP, "key": ""}]}, "payload.1.key"),
            ({"payload": [NOOP, {**NOOP, "name": "a\x00"}]}, "payload.1.name"),
            ({"payload": [NOOP], "parents": 1}, "parents"),
            ({"payload": [NOOP], "parent": -1}, "parent"),
            ({"payload": [NOOP], "parent": True}, "parent"),
            ({"payload": [NOOP], "parent": 2**31}, "parent"),
            ({"payload": [NOOP], "parent": "1"}, "parent"),
        ],
    )
    def test_is_told_what_is_wrong(self, api: Api, run: Run, body: Any, field: str) -> None:
        response = api.post(f"runs/{run.pk}/payloads/", body)
        assert (response.status_code, [error["field"] for error in response.json()["errors"]]) == (400, [field])
        assert fresh_total(run) == 3


class TestACallThatIsRepeated:
    def test_adds_nothing_with_the_same_idempotency_key(self, api: Api, run: Run) -> None:
        body = [NOOP, {**NOOP, "key": "own"}, NOOP]
        first = api.post(f"runs/{run.pk}/payloads/", body, Idempotency_Key="x1")
        KeptAnswer.objects.all().delete()  # A day later: the payloads still have their keys.
        again = api.post(f"runs/{run.pk}/payloads/", body, Idempotency_Key="x1")
        other = api.post(f"runs/{run.pk}/payloads/", body, Idempotency_Key="x2")
        assert [answer.json()["added"] for answer in (first, again, other)] == [3, 0, 2]
        assert (again.status_code, again.json()["first_position"]) == (201, None)
        assert keys(run) == ["x1:0", "own", "x1:2", "x2:0", "x2:2"]

    @pytest.mark.parametrize("key", ["", "k" * 194])
    def test_a_key_that_cannot_be_one_is_refused(self, api: Api, run: Run, key: str) -> None:
        response = api.post(f"runs/{run.pk}/payloads/", [NOOP], Idempotency_Key=key)
        assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "Idempotency-Key")

    def test_the_longest_key_fits(self, api: Api, run: Run) -> None:
        assert api.post(f"runs/{run.pk}/payloads/", [NOOP], Idempotency_Key="k" * 193).status_code == 201


class TestAnAttempt:
    def test_adds_payloads_as_the_one_it_is(self, run: Run) -> None:
        response = attempt_of(run).post(f"runs/{run.pk}/payloads/", [NOOP])
        assert (response.status_code, response.json()) == (201, {"added": 1, "cancelled": 0, "first_position": 3})
        assert Payload.objects.get(run=run, position=3).parent == 1
        assert Event.objects.get(run=run).actor == "payload 1"

    def test_gives_itself_time(self, run: Run) -> None:
        assert attempt_of(run).post(f"runs/{run.pk}/payloads/1/extend-time/").status_code == 204
        assert Lane.objects.get(run=run).time_extensions == {"1:1": 1}

    def test_cannot_be_another_payload(self, run: Run) -> None:
        response = attempt_of(run).post(f"runs/{run.pk}/payloads/", {"payload": [NOOP], "parent": 2})
        assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "parent")
        assert attempt_of(run).post(f"runs/{run.pk}/payloads/2/extend-time/").status_code == 403

    def test_can_do_nothing_else_and_nothing_elsewhere(self, run: Run, job: Job) -> None:
        other = make_run(job, "qq", next_position=2)
        make_lane(other, 0, 2)
        make_workspace("other")
        api = attempt_of(run)
        refused = {
            f"runs/{other.pk}/payloads/": 403,
            f"runs/{other.pk}/payloads/1/extend-time/": 403,
            "jobs/task:ping/trigger/": 401,
            "jobs/": 401,
        }
        assert {path: api.post(path, [NOOP]).status_code for path in refused} == refused
        read = {
            f"runs/{run.pk}/payloads/": 403,
            f"runs/{run.pk}/payloads/1/": 401,
            f"runs/{run.pk}/": 401,
            "runs/": 401,
            "jobs/": 401,
        }
        assert {path: api.get(path).status_code for path in read} == read
        assert attempt_of(run, workspace="other").post(f"runs/{run.pk}/payloads/", [NOOP]).status_code == 404
        assert attempt_of(run, workspace="none").post(f"runs/{run.pk}/payloads/", [NOOP]).status_code == 404
        assert Payload.objects.count() == 5

    def test_that_is_over_can_do_nothing(self, run: Run) -> None:
        assert attempt_of(run, 0).post(f"runs/{run.pk}/payloads/", [NOOP]).status_code == 409
        requeue(run, 1, attempts=1, lane=Lane.objects.get(run=run))
        for path in (f"runs/{run.pk}/payloads/", f"runs/{run.pk}/payloads/1/extend-time/"):
            assert attempt_of(run, attempt=1).post(path, [NOOP]).status_code == 409
            assert attempt_of(run, attempt=2).post(path, [NOOP]).status_code in (201, 204)

    def test_whose_token_has_expired_or_was_made_elsewhere_is_nobody(self, run: Run, settings: Any) -> None:
        late = attempt_of(run, seconds=-1)
        own_key = settings.SECRET_KEY
        settings.SECRET_KEY = "of another deployment, and long enough to be one"
        foreign = attempt_of(run)
        settings.SECRET_KEY = own_key
        forged = attempt_of(run)
        forged.headers["Authorization"] += "x"
        for api in (late, foreign, forged):
            response = api.post(f"runs/{run.pk}/payloads/", [NOOP])
            assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, 'Bearer realm="jobs"')

    @pytest.mark.parametrize(
        "token", ["jobsrun_", "jobsrun_.", "jobsrun_a.b", "jobsrun_\xff.\xfe", "jobs_x", "jobsrun_" + "x" * 5000]
    )
    def test_nonsense_is_nobody(self, run: Run, token: str) -> None:
        address = f"/api/v1/workspaces/acme/runs/{run.pk}/payloads/"
        response = Client().post(address, headers={"Authorization": f"Bearer {token}"})
        assert response.status_code == 401

    def test_its_token_is_kept_nowhere(self, run: Run, capsys: pytest.CaptureFixture[str], caplog: Any) -> None:
        api = attempt_of(run)
        token = api.headers["Authorization"].split()[1]
        api.post(f"runs/{run.pk}/payloads/", [NOOP], Idempotency_Key="a")
        api.post(f"runs/{run.pk}/payloads/1/extend-time/")
        kept = [*Event.objects.values(), *Payload.objects.values(), *Run.objects.values(), *Lane.objects.values()]
        kept += KeptAnswer.objects.values()
        out = capsys.readouterr()
        assert token not in f"{kept}{[*LogLine.objects.values()]}{out.out}{out.err}{caplog.text}"


def fresh_total(run: Run) -> int:
    """How many payloads the run counts."""
    return Run.objects.get(pk=run.pk).total
