"""Workers in the API: who reads what of them, and who may have one drain."""

from __future__ import annotations

import datetime as dt

import pytest

from jobs.models import AuditEntry, Role, WorkerProcess, Workspace
from tests.integration.people import Api, make_job, make_user, make_workspace
from tests.integration.processes import hold, make_process
from tests.integration.run_rows import make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def api(workspace: Workspace) -> Api:
    return Api(make_user("vera", workspace=workspace, role=Role.VIEWER))


@pytest.fixture
def root() -> Api:
    api = Api(make_user("root", is_superuser=True))
    api.base = "/api/v1/"
    return api


def names(api: Api, query: str = "") -> list[str]:
    answer = api.get(f"workers/{query}")
    assert answer.status_code == 200, answer.json()
    return [each["name"] for each in answer.json()["results"]]


class TestReading:
    def test_a_worker_is_told_with_what_it_holds_of_the_workspace_alone(self, api: Api, workspace: Workspace) -> None:
        process = make_process()
        run = make_run(make_job(workspace, "task:ping"), "qq")
        hold(run)
        hold(make_run(make_job(make_workspace("other"), "task:theirs"), "q"))
        told = api.get(f"workers/{process.pk}/").json()
        assert (told["name"], told["state"], told["lanes"], told["lanes_elsewhere"]) == ("h1:41", "alive", 1, 1)
        assert [(each["run"], each["job"], each["payloads"]) for each in told["runs"]] == [(run.pk, "task:ping", 2)]
        assert [(each["run"], each["slot"], each["position"], each["more"]) for each in told["held"]] == [
            (run.pk, 0, 0, 1)
        ]
        assert "theirs" not in api.get("workers/").content.decode()

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("", ["h1:41", "h2:42", "h3:43"]),
            ("?search=H2", ["h2:42"]),
            ("?state=draining", ["h2:42"]),
            ("?state=silent", ["h3:43"]),
            ("?kind=beat", ["h3:43"]),
            ("?queue=spark", ["h1:41"]),
        ],
    )
    def test_filters_choose(self, api: Api, query: str, found: list[str]) -> None:
        make_process("h1:41", queues=["spark"])
        make_process("h2:42", draining_since=dt.datetime.now(dt.UTC), draining_by="ann")
        make_process("h3:43", kind="beat", ago=99)
        assert names(api, query) == found

    def test_they_come_in_pages(self, api: Api) -> None:
        for each in range(3):
            make_process(f"h{each}:4{each}")
        first = api.get("workers/?limit=2").json()
        assert [each["name"] for each in first["results"]] == ["h0:40", "h1:41"]
        second = api.client.get(first["next"], headers=api.headers).json()
        assert ([each["name"] for each in second["results"]], second["next"]) == (["h2:42"], None)

    @pytest.mark.parametrize("query", ["?state=odd", "?kind=odd", "?odd=1"])
    def test_what_is_not_understood_is_refused(self, api: Api, query: str) -> None:
        assert api.get(f"workers/{query}").status_code == 400

    def test_one_that_is_not_there_is_404(self, api: Api) -> None:
        assert api.get("workers/1/").status_code == 404


class TestDraining:
    def test_a_superuser_has_one_drain_and_go_on_and_both_are_kept(self, root: Api) -> None:
        process = make_process()
        first, again = (root.post(f"workers/{process.pk}/drain/").json() for _ in range(2))
        assert (first["draining"], first["changed"], again["changed"]) == (True, True, False)
        assert WorkerProcess.objects.get().draining_by == "root"
        assert root.post(f"workers/{process.pk}/resume/").json()["changed"] is True
        assert WorkerProcess.objects.get().draining_since is None
        kept = AuditEntry.objects.filter(action__startswith="worker.").order_by("id")
        assert [each.action for each in kept] == ["worker.drained", "worker.resumed"]

    def test_an_owner_may_not(self, workspace: Workspace) -> None:
        process = make_process()
        owner = Api(make_user("olga", workspace=workspace, role=Role.OWNER))
        owner.base = "/api/v1/"
        assert owner.post(f"workers/{process.pk}/drain/").status_code == 403
        assert WorkerProcess.objects.get().draining_since is None

    def test_nor_a_superusers_token_for_one_workspace(self, workspace: Workspace) -> None:
        process = make_process()
        bound = Api(make_user("root", is_superuser=True), bound=workspace)
        bound.base = "/api/v1/"
        assert bound.post(f"workers/{process.pk}/drain/").status_code == 403

    def test_a_beat_takes_no_work(self, root: Api) -> None:
        answer = root.post(f"workers/{make_process(kind='beat').pk}/drain/")
        assert (answer.status_code, answer.json()["detail"]) == (409, "worker-41@h1 is a beat: it takes no work")
