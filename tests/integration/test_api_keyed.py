"""A POST with an Idempotency-Key: its work is done once, and it is answered alike, whoever dies and however many ask at once."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from jobs import dispatch, hotpath
from jobs.models import ApiToken, BulkAction, Job, KeptAnswer, Payload, Role, Run, Workspace
from jobs.services import kept_answers
from jobs.services.kept_answers import AskedBy, Request
from tests.integration.people import NOW, Api, make_job, make_user, make_workspace
from tests.integration.run_rows import make_ended_run, make_run
from workers import sweep

pytestmark = pytest.mark.django_db(transaction=True)

TRIGGER = "jobs/task:ping/trigger/"


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
    return make_job(workspace, payloads=2)


@pytest.fixture
def api(workspace: Workspace) -> Api:
    return Api(make_user("olga", workspace=workspace, role=Role.OPERATOR))


def same(first: Any, second: Any) -> bool:
    """Whether the second answer is the first, given again, to the byte."""
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    kept = [(answer.status_code, answer.content, answer.headers.get("Location")) for answer in (first, second)]
    return bool(kept[0] == kept[1])


class TestTheSameAgain:
    def test_a_trigger_makes_one_run_and_its_answer_is_given_again(self, api: Api, job: Job) -> None:
        body = {"parameters": {"day": 1, "share": 0.1}, "comment": "ä"}
        first = api.post(TRIGGER, body, Idempotency_Key="monday")
        Run.objects.update(comment="changed since")
        assert same(first, api.post(TRIGGER, body, Idempotency_Key="monday"))
        assert (first.status_code, Run.objects.count()) == (202, 1)

    def test_the_bodys_layout_does_not_matter(self, api: Api, job: Job) -> None:
        first = api.post(TRIGGER, '{"comment": "a", "parameters": {}}', Idempotency_Key="k")
        assert same(first, api.post(TRIGGER, '{"parameters":{},"comment":"a"}', Idempotency_Key="k"))

    def test_its_lanes_are_published_once_and_after_the_commit(self, api: Api, job: Job, sent: list[Any]) -> None:
        for _ in range(3):
            api.post(TRIGGER, Idempotency_Key="k")
        assert [lane for message in sent for lane in message.lanes] == [
            (Run.objects.get().pk, 0),
            (Run.objects.get().pk, 1),
        ]

    @pytest.mark.parametrize("verb", ["rerun", "replay"])
    def test_a_rerun_and_a_replay_are_made_once(self, api: Api, job: Job, verb: str) -> None:
        run = make_ended_run(job, "ss")
        first = api.post(f"runs/{run.pk}/{verb}/", Idempotency_Key="k")
        assert same(first, api.post(f"runs/{run.pk}/{verb}/", Idempotency_Key="k"))
        assert (first.status_code, Run.objects.filter(origin=run).count()) == (202, 1)

    def test_a_bulk_action_is_begun_once(self, api: Api, job: Job) -> None:
        run = make_run(job, "q")
        first = api.post("runs/bulk-terminate/", {"ids": [run.pk]}, Idempotency_Key="k")
        assert same(first, api.post("runs/bulk-terminate/", {"ids": [run.pk]}, Idempotency_Key="k"))
        assert BulkAction.objects.count() == 1

    def test_payloads_are_added_once(self, api: Api, job: Job) -> None:
        run = make_run(job, "q")
        body = [{"kind": "noop"}]
        first = api.post(f"runs/{run.pk}/payloads/", body, Idempotency_Key="k")
        assert same(first, api.post(f"runs/{run.pk}/payloads/", body, Idempotency_Key="k"))
        assert (first.json()["added"], Payload.objects.count()) == (1, 2)


class TestAnotherRequest:
    def test_with_another_body_is_refused(self, api: Api, job: Job) -> None:
        api.post(TRIGGER, {"parameters": {"day": 1}}, Idempotency_Key="k")
        response = api.post(TRIGGER, {"parameters": {"day": 2}}, Idempotency_Key="k")
        assert (response.status_code, "another body" in response.json()["detail"]) == (422, True)
        assert Run.objects.count() == 1

    def test_at_another_address_is_refused_and_told_which_was_meant(
        self, api: Api, job: Job, workspace: Workspace
    ) -> None:
        make_job(workspace, "task:other")
        api.post(TRIGGER, Idempotency_Key="k")
        response = api.post("jobs/task:other/trigger/", Idempotency_Key="k")
        assert (response.status_code, TRIGGER in response.json()["detail"]) == (422, True)
        assert Run.objects.count() == 1

    def test_of_another_caller_or_in_another_workspace_has_a_key_of_its_own(
        self, api: Api, job: Job, workspace: Workspace
    ) -> None:
        run = make_ended_run(job, "ss")
        other = Api(make_user("otto", workspace=workspace, role=Role.OPERATOR))
        away = make_workspace("other")
        make_ended_run(make_job(away), "s")
        abroad = Api(make_user("anna", workspace=away, role=Role.OPERATOR), workspace="other")
        first = api.post(f"runs/{run.pk}/rerun/", Idempotency_Key="k")
        second = other.post(f"runs/{run.pk}/rerun/", Idempotency_Key="k")
        third = abroad.post(TRIGGER, Idempotency_Key="k")
        assert [answer.status_code for answer in (first, second, third)] == [202, 202, 202]
        assert len({answer.json()["id"] for answer in (first, second, third)}) == 3

    def test_of_somebody_who_may_no_longer_do_it_is_not_answered(
        self, api: Api, job: Job, workspace: Workspace
    ) -> None:
        api.post(TRIGGER, Idempotency_Key="k")
        workspace.memberships.update(role=Role.VIEWER)
        assert api.post(TRIGGER, Idempotency_Key="k").status_code == 403

    @pytest.mark.parametrize("key", ["x" * 256, "  ", ""])
    def test_without_a_key_that_can_be_one_is_refused_by_name(self, api: Api, job: Job, key: str) -> None:
        response = api.post("runs/bulk-terminate/", {"ids": [1]}, Idempotency_Key=key)
        assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "Idempotency-Key")

    def test_whose_answer_holds_a_secret_takes_no_key(self, api: Api, job: Job) -> None:
        response = api.post(f"runs/{make_ended_run(job, 's').pk}/results/", {}, Idempotency_Key="k")
        assert (response.status_code, "holds a secret" in response.json()["errors"][0]["message"]) == (400, True)
        assert not KeptAnswer.objects.exists()


class TestTheRunsOwnKey:
    """``idempotency_key`` of the body: of the job, and of no caller."""

    def test_is_not_what_the_header_says(self, api: Api, job: Job) -> None:
        run = api.post(TRIGGER, Idempotency_Key="monday").json()
        assert (run["idempotency_key"], Run.objects.get().idempotency_key) == (None, None)
        both = api.post(TRIGGER, {"idempotency_key": "tuesday"}, Idempotency_Key="other").json()
        assert both["idempotency_key"] == "tuesday"

    def test_is_no_others_header(self, api: Api, job: Job, workspace: Workspace) -> None:
        """Two callers who chose the same header have nothing to do with each other."""
        eve = Api(make_user("another-eve", workspace=workspace, role=Role.EDITOR))
        answers = [each.post(TRIGGER, Idempotency_Key="1") for each in (api, eve)]
        assert [answer.status_code for answer in answers] == [202, 202]
        assert len({answer.json()["id"] for answer in answers}) == 2
        assert api.post(TRIGGER, {"idempotency_key": "1"}).status_code == 202


class TestATokenThatIsMade:
    """It is shown once, and stands nowhere else: its row has a hash."""

    @pytest.fixture
    def owner(self, workspace: Workspace) -> Api:
        return Api(make_user("olaf", workspace=workspace, role=Role.OWNER))

    @pytest.mark.parametrize("address", ["/api/v1/workspaces/acme/tokens/", "/api/v1/tokens/"])
    def test_takes_no_key(self, owner: Api, address: str) -> None:
        owner.base = ""
        made_before = ApiToken.objects.count()
        response = owner.post(address, {"name": "ci", "scopes": ["jobs:read"]}, Idempotency_Key="k")
        assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "Idempotency-Key")
        assert ApiToken.objects.count() == made_before

    @pytest.mark.parametrize("address", ["/api/v1/workspaces/acme/tokens/", "/api/v1/tokens/"])
    @pytest.mark.parametrize("headers", [{}, {"Idempotency_Key": "k"}], ids=["without a key", "with a key"])
    def test_stands_in_no_row_of_any_table(self, owner: Api, address: str, headers: dict[str, str]) -> None:
        owner.base = ""
        answer = owner.post(address, {"name": "for-the-pipeline", "scopes": ["jobs:read"]}, **headers).json()
        assert tables_with(answer.get("token", "no token")) == []
        assert ("token" in answer) is (not headers)
        assert ("jobs_api_token" in tables_with("for-the-pipeline")) is (not headers)


class TestWhatWasRefused:
    def test_leaves_the_key_free(self, api: Api, job: Job) -> None:
        Job.objects.update(state="paused")
        assert api.post(TRIGGER, Idempotency_Key="k").status_code == 409
        Job.objects.update(state="active")
        assert api.post(TRIGGER, Idempotency_Key="k").status_code == 202


class TestWhoeverDies:
    def test_before_the_commit_has_done_nothing_and_the_key_is_free(
        self, api: Api, job: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def die(*_: Any, **__: Any) -> None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM jobs_run")
                assert cursor.fetchone() == (1,)  # The work is done,
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")  # and is lost with its connection.

        with monkeypatch.context() as dying:
            dying.setattr(kept_answers, "keep_answer", die)
            assert api.post(TRIGGER, Idempotency_Key="k").status_code == 503
        assert not Run.objects.exists()
        assert api.post(TRIGGER, Idempotency_Key="k").status_code == 202
        assert Run.objects.count() == 1

    def test_after_the_commit_has_left_the_answer(
        self, api: Api, job: Job, sent: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Killed(BaseException):
            """As a process that is killed: nothing catches it."""

        def die(*_: Any, **__: Any) -> None:
            raise Killed

        with monkeypatch.context() as dying:
            dying.setattr("jobs.api.awaiting.StartsARun.settle", die)
            with pytest.raises(Killed):
                api.post(TRIGGER, Idempotency_Key="k")
        again = api.post(TRIGGER, Idempotency_Key="k")
        assert (again.status_code, again.headers["Idempotent-Replayed"]) == (202, "true")
        assert Run.objects.get().pk == again.json()["id"]


class TestManyAtOnce:
    def test_a_second_request_is_not_kept_waiting_while_the_first_is_under_way(self, api: Api, job: Job) -> None:
        asked = AskedBy(job.workspace, f"user:{api_user()}", "k")
        with transaction.atomic():
            assert kept_answers.take_key(asked)
            with ThreadPoolExecutor(1) as pool:
                response = pool.submit(in_a_thread, lambda: api.post(TRIGGER, Idempotency_Key="k")).result()
        assert (response.status_code, response.headers["Retry-After"]) == (409, "1")
        assert "under way" in response.json()["detail"]
        assert api.post(TRIGGER, Idempotency_Key="k").status_code == 202

    def test_fifty_identical_triggers_make_one_run(self, api: Api, job: Job) -> None:
        def trigger(_: int) -> Any:
            return in_a_thread(lambda: api.post(TRIGGER, {"parameters": {"day": 1}}, Idempotency_Key="k"))

        with ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(trigger, range(50)))
        codes = Counter(answer.status_code for answer in answers)
        assert set(codes) <= {202, 409}
        assert codes[202] >= 1
        assert {answer.json()["id"] for answer in answers if answer.status_code == 202} == {Run.objects.get().pk}
        assert [
            answer for answer in answers if answer.status_code == 202 and "Idempotent-Replayed" not in answer.headers
        ]
        assert all("Retry-After" in answer.headers for answer in answers if answer.status_code == 409)

    def test_who_comes_past_the_lock_is_refused_by_the_database(self, workspace: Workspace) -> None:
        asked, wanted = AskedBy(workspace, "user:1", "k"), Request("POST", "/", "d")
        for expected in (None, IntegrityError):
            with pytest.raises(expected) if expected else transaction.atomic():
                kept_answers.keep_answer(asked, wanted, status=202, headers={}, body="", until=NOW)


class TestExpiry:
    def keep(self, workspace: Workspace, key: str, *, until: dt.datetime) -> None:
        kept_answers.keep_answer(
            AskedBy(workspace, "user:1", key), Request("POST", "/", "d"), status=202, headers={}, body="", until=until
        )

    def test_an_answer_that_has_expired_is_forgotten(self, api: Api, job: Job) -> None:
        run = make_ended_run(job, "s")
        first = api.post(f"runs/{run.pk}/rerun/", Idempotency_Key="k")
        KeptAnswer.objects.update(expires_at=NOW)
        second = api.post(f"runs/{run.pk}/rerun/", Idempotency_Key="k")
        assert second.json()["id"] != first.json()["id"]
        assert KeptAnswer.objects.get().body == second.content.decode()

    def test_it_is_kept_for_as_long_as_the_setting_says(self, api: Api, job: Job, settings: Any) -> None:
        settings.JOBS_IDEMPOTENCY_HOURS = 3
        api.post(TRIGGER, Idempotency_Key="k")
        kept = KeptAnswer.objects.get()
        assert abs(kept.expires_at - kept.created_at - dt.timedelta(hours=3)) < dt.timedelta(minutes=1)

    def test_the_oldest_are_erased_first_and_so_many_at_a_time(self, workspace: Workspace) -> None:
        for age in range(5):
            self.keep(workspace, f"{age}", until=NOW - dt.timedelta(hours=age))
        assert kept_answers.erase_expired(now=NOW - dt.timedelta(hours=1), limit=3) == 3
        assert sorted(KeptAnswer.objects.values_list("key", flat=True)) == ["0", "1"]

    def test_the_sweep_does_it(self, workspace: Workspace) -> None:
        self.keep(workspace, "old", until=NOW - dt.timedelta(days=400))
        self.keep(workspace, "new", until=dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
        sweep.sweep_once()
        assert [kept.key for kept in KeptAnswer.objects.all()] == ["new"]


def tables_with(text: str) -> list[str]:
    """The tables in which a row has the text, in any column."""
    with connection.cursor() as cursor:
        found = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT EXISTS (SELECT 1 FROM "{table}" AS r WHERE strpos(r::text, %s) > 0)', [text])
            found += [table for [there] in cursor.fetchall() if there]
    return sorted(found)


def api_user() -> int:
    """The id of the one user with a token."""
    return int(ApiToken.objects.get().user_id)


def in_a_thread(call: Any) -> Any:
    """Call with a connection of this thread's, and give it back."""
    try:
        return call()
    finally:
        connection.close()
