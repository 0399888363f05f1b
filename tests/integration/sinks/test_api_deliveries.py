"""Deliveries in the API, and what a run's answer says of them."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from jobs.errors import PermanentError
from jobs.models import Role, Run, Workspace
from jobs.services import kept_answers
from jobs.services.runs import start_run
from jobs.states import Trigger
from sinks.models import Delivery
from sinks.services.naming import save_sink
from tests.integration.people import Api, make_user, make_workspace
from tests.integration.sinks.makers import end_run, make_job
from tests.integration.sinks.obedient import Target
from tests.integration.sinks.test_delivering import deliver, refusing

OBEDIENT = {"kind": "obedient"}
NOTHING = {"redelivered": 0, "skipped_count": 0, "skipped": [], "action": None}


@pytest.fixture
def workspace(transactional_db: None, target: Target) -> Workspace:
    return make_workspace()


@pytest.fixture
def api(workspace: Workspace) -> Api:
    return Api(make_user("olaf", workspace=workspace, role=Role.OPERATOR))


def refused_once(target: Target, *sinks: dict[str, Any], payloads: int = 3, name: str = "ping") -> Run:
    """A run of whose deliveries one was refused for good."""
    target.before = refusing(PermanentError("too large", code="size"), times=1)
    run = end_run(make_job(*(sinks or (OBEDIENT,)), payloads=payloads, name=name))
    deliver()
    return run


class TestListing:
    def test_the_deliveries_of_a_run_the_newest_first(self, api: Api, target: Target) -> None:
        run = refused_once(target)
        refused_once(target, name="pong")
        found = api.get("deliveries/", run=run.pk, limit=2).json()
        rest = api.get("deliveries/", run=run.pk, limit=2, after=found["results"][-1]["id"]).json()
        shown = found["results"] + rest["results"]
        assert [each["id"] for each in shown] == sorted((each["id"] for each in shown), reverse=True)
        assert (len(shown), {each["run"] for each in shown}, rest["next"]) == (3, {run.pk}, None)
        assert sorted(each["state"] for each in shown) == ["dead", "delivered", "delivered"]

    def test_those_of_a_sink_in_one_state(self, api: Api, target: Target, workspace: Workspace) -> None:
        save_sink(workspace=workspace, document=OBEDIENT | {"name": "lake"}, actor="ann")
        refused_once(target, {"sink": "lake"})
        refused_once(target, name="pong")
        [dead] = api.get("deliveries/", sink="lake", state="dead").json()["results"]
        assert (dead["job"], dead["sink"], dead["error"]["code"]) == ("task:ping", "lake", "size")
        [own] = api.get("deliveries/", sink="obedient", job="task:pong", state="dead").json()["results"]
        assert own["job"] == "task:pong"

    def test_neither_run_nor_sink_is_refused(self, api: Api) -> None:
        assert api.get("deliveries/").json()["errors"][0]["field"] == "run"


class TestOne:
    def test_it_shows_its_receipt_and_the_attempts_that_failed(self, api: Api, target: Target) -> None:
        run = refused_once(target, payloads=1)
        pk = Delivery.objects.get(run_id=run.pk).pk
        assert api.post(f"deliveries/{pk}/redeliver/").json() == {"id": pk, "changed": True}
        assert api.post(f"deliveries/{pk}/redeliver/").json()["changed"] is False
        deliver()
        found = api.get(f"deliveries/{pk}/").json()
        assert (found["key"], found["state"], found["attempts"], found["receipt"]) == (
            f"dlv_{pk}",
            "delivered",
            2,
            {"place": "here"},
        )
        assert [(each["number"], each["error"]["code"]) for each in found["failed_attempts"]] == [(1, "size")]

    def test_another_workspaces_is_not_found(self, api: Api, target: Target) -> None:
        other = make_workspace("other")
        stranger = Api(make_user("eve", workspace=other, role=Role.OWNER), workspace="other")
        pk = Delivery.objects.get(run_id=refused_once(target, payloads=1).pk).pk
        assert stranger.get(f"deliveries/{pk}/").status_code == 404
        assert stranger.post(f"deliveries/{pk}/redeliver/").status_code == 404
        assert stranger.post("deliveries/redeliver/", {"deliveries": [pk]}).json() == {
            "redelivered": 0,
            "skipped_count": 1,
            "skipped": [{"id": pk, "reason": "not_found", "message": "there is no such delivery"}],
            "action": None,
        }
        assert Delivery.objects.get().state == "dead"

    def test_one_whose_results_were_erased_is_refused(self, api: Api, target: Target) -> None:
        run = end_run(make_job(OBEDIENT, payloads=1))
        deliver()
        Run.objects.filter(pk=run.pk).update(results_erased_at=timezone.now())
        pk = Delivery.objects.get().pk
        answer = api.post(f"deliveries/{pk}/redeliver/")
        assert (answer.status_code, answer.headers["Content-Type"]) == (409, "application/problem+json")
        assert "the results of its run were erased" in answer.json()["detail"]
        assert Delivery.objects.get().state == "delivered"


class TestRedeliveringMany:
    def test_what_was_given_up_of_a_run_of_a_sink_or_by_ids(self, api: Api, target: Target) -> None:
        run = refused_once(target)
        dead = Delivery.objects.get(state="dead").pk
        late = {"since": "2999-01-01T00:00:00Z"}
        assert api.post("deliveries/redeliver/", {"run": run.pk} | late).json() == NOTHING
        assert api.post("deliveries/redeliver/", {"run": run.pk}).json() == NOTHING | {"redelivered": 1}
        assert api.post("deliveries/redeliver/", {"sink": "obedient", "job": "task:ping"}).json() == NOTHING
        due = {"id": dead, "reason": "due", "message": "it is due anyway"}
        again = api.post("deliveries/redeliver/", {"deliveries": [dead]}).json()
        assert again == {"redelivered": 0, "skipped_count": 1, "skipped": [due], "action": None}
        deliver()
        assert api.post("deliveries/redeliver/", {"deliveries": [dead]}).json()["redelivered"] == 1

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, ""),
            ({"run": 1, "sink": "lake"}, ""),
            ({"run": 1, "job": "task:ping"}, "job"),
            ({"deliveries": [1], "since": "2026-01-01T00:00:00Z"}, "since"),
            ({"sink": "lake", "since": "yesterday"}, "since"),
            ({"deliveries": []}, "deliveries"),
            ({"deliveries": [1, 2**63]}, "deliveries.1"),
            ({"deliveries": [0]}, "deliveries.0"),
            ({"deliveries": [10**400]}, "deliveries.0"),
            ({"deliveries": [True]}, "deliveries.0"),
            ({"deliveries": ["1"]}, "deliveries.0"),
        ],
    )
    def test_what_is_unclear_is_refused(self, api: Api, body: dict[str, Any], field: str) -> None:
        answer = api.post("deliveries/redeliver/", body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)


class TestARunsAnswer:
    def test_it_shows_how_it_stands_with_each_of_its_sinks(self, api: Api, target: Target) -> None:
        run = refused_once(target, OBEDIENT, OBEDIENT | {"name": "second", "skip_on_fail": True})
        answer = api.get(f"runs/{run.pk}/").json()
        assert answer["state"] == "succeeded"
        counts = {each["sink"]: (each["waiting"], each["due"]) for each in answer["deliveries"]}
        assert counts == {"obedient": (0, 0), "second": (0, 0)}
        assert sum(each["dead"] for each in answer["deliveries"]) == 1
        assert sum(each["delivered"] for each in answer["deliveries"]) == 5

    def test_what_is_not_yet_made_into_deliveries_waits(self, api: Api, target: Target) -> None:
        run = end_run(make_job(OBEDIENT))
        [shown] = api.get(f"runs/{run.pk}/").json()["deliveries"]
        assert shown == {"sink": "obedient", "waiting": 3, "due": 0, "delivered": 0, "dead": 0}

    def test_a_run_without_sinks_says_so_and_one_that_has_not_ended_is_not_asked(
        self, api: Api, target: Target, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        job = make_job()
        ended, active = end_run(job), start_run(job=job, trigger=Trigger.MANUAL)
        with django_assert_num_queries(3):  # who calls, run with its counts, deliveries
            assert api.get(f"runs/{ended.pk}/").json()["deliveries"] == []
        with django_assert_num_queries(2) as asked:
            assert "deliveries" not in api.get(f"runs/{active}/").json()
        assert not [each["sql"] for each in asked.captured_queries if "sinks_" in each["sql"]]


class TestWithAnIdempotencyKey:
    def test_it_is_delivered_again_once_and_answered_alike(self, api: Api, target: Target) -> None:
        run = refused_once(target, payloads=1)
        answers = [api.post("deliveries/redeliver/", {"run": run.pk}, Idempotency_Key="k") for _ in range(2)]
        assert [(answer.status_code, answer.json()) for answer in answers] == [(202, NOTHING | {"redelivered": 1})] * 2

    def test_who_dies_before_the_answer_is_kept_has_not_delivered_it(
        self, api: Api, target: Target, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = refused_once(target, payloads=1)

        def die(*_: Any, **__: Any) -> None:
            raise OperationalError

        with monkeypatch.context() as dying:
            dying.setattr(kept_answers, "keep_answer", die)
            assert api.post("deliveries/redeliver/", {"run": run.pk}, Idempotency_Key="k").status_code == 503
        assert Delivery.objects.get(run_id=run.pk).state == "dead"
