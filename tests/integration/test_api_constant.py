"""What is asked for often takes as many queries for many rows as for one, and whatever state they are in."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.models import ApiToken, Job, Membership, Role, Run, Workspace
from jobs.services.groups import save_group
from jobs.services.pins import pin_run
from tests.integration.people import Api, make_job, make_user, make_workspace
from tests.integration.run_rows import make_event, make_lane, make_run, requeue

pytestmark = pytest.mark.django_db

HOURLY = [{"triggers": [{"type": "cron", "expression": "0 0 * * * ?"}]}]
LISTS = ["jobs/", "runs/", "runs/?job=task:j0", "runs/?state=running", "runs/?active=true", "runs/?state=succeeded"]


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def api(workspace: Workspace) -> Api:
    return Api(make_user("vera", workspace=workspace, role=Role.OPERATOR))


def asked(api: Api, path: str) -> tuple[int, Any]:
    """How many queries a GET takes, and its answer."""
    with CaptureQueriesContext(connection) as captured:
        answer = api.get(path)
    assert answer.status_code == 200
    return len(captured), answer.json()


def make_history(workspace: Workspace, *, jobs: range) -> list[Run]:
    """Scheduled jobs in a group, each with a run that was kept, and with one that is at work."""
    save_group(workspace=workspace, name="few", limit=9, rate=None, actor="test")
    runs = []
    for number in jobs:
        configuration = {"concurrency_group": "few"}
        job = make_job(workspace, f"task:j{number}", schedules=HOURLY, configuration=configuration)
        pin_run(run=make_run(job, "s", group=job.group), actor="ann", note="")
        run = make_run(job, "qqqq", group=job.group)
        requeue(run, 3, lane=make_lane(run, 0, 2))
        runs.append(run)
    return runs


@pytest.mark.parametrize("path", LISTS)
def test_a_page_of_many_takes_as_many_queries_as_a_page_of_one(api: Api, workspace: Workspace, path: str) -> None:
    make_history(workspace, jobs=range(1))
    once, few = asked(api, path)
    make_history(workspace, jobs=range(1, 25))
    for _ in range(25):
        make_run(Job.objects.get(name="j0"), "s")
    again, many = asked(api, path)
    assert once == again <= 4
    assert len(many["results"]) > len(few["results"])


def test_a_later_page_takes_as_many_as_the_first(api: Api, workspace: Workspace) -> None:
    make_history(workspace, jobs=range(6))
    for path in ("jobs/?limit=2", "runs/?limit=2"):
        first, answer = asked(api, path)
        later, _ = asked(api, answer["next"].partition(api.base)[2])
        assert first == later


@pytest.mark.parametrize(("part", "most"), [("", 2), ("events/", 3), ("payloads/", 5)])
def test_a_run_takes_as_many_with_much_in_it_as_with_little(
    api: Api, workspace: Workspace, part: str, most: int
) -> None:
    job = make_job(workspace)
    little, much = make_run(job, "q"), make_run(job, "s" * 50 + "q" * 50)
    make_event(little, "run.created")
    for number in range(40):
        make_event(much, f"run.{number}")
        make_lane(much, 50 + number, 51 + number, slot=number)
    queries = {asked(api, f"runs/{run.pk}/{part}")[0] for run in (little, much)}
    assert queries == {most}


def test_a_trigger_takes_four_however_large_the_job_is(api: Api, workspace: Workspace) -> None:
    taken = []
    for payloads in (1, 500):
        make_job(workspace, f"task:of-{payloads}", payloads=payloads)
        with CaptureQueriesContext(connection) as captured:
            assert api.post(f"jobs/task:of-{payloads}/trigger/").status_code == 202
        taken.append(len(captured))
    assert taken == [4, 4]  # who calls, the job, its start, the run


class TestWhoCalls:
    """Nothing of a caller is remembered: what was taken from them is missed by their next request."""

    def test_a_token_that_was_revoked_opens_nothing(self, api: Api) -> None:
        assert api.get("jobs/").status_code == 200
        ApiToken.objects.all().delete()
        assert api.get("jobs/").status_code == 401

    def test_a_member_who_was_removed_finds_nothing(self, api: Api) -> None:
        assert api.get("jobs/").status_code == 200
        Membership.objects.all().delete()
        assert api.get("jobs/").status_code == 404

    def test_a_role_that_was_lowered_is_the_one_that_counts(self, api: Api, workspace: Workspace) -> None:
        make_job(workspace)
        assert api.post("jobs/task:ping/trigger/").status_code == 202
        Membership.objects.update(role=Role.VIEWER)
        assert api.post("jobs/task:ping/trigger/").status_code == 403

    def test_an_account_that_was_closed_is_nobodys(self, api: Api) -> None:
        User.objects.update(is_active=False)
        assert api.get("jobs/").status_code == 401

    def test_a_token_expires_at_its_time(self, api: Api) -> None:
        ApiToken.objects.update(expires_at=dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1))
        assert api.get("jobs/").status_code == 401

    def test_a_place_in_one_workspace_is_none_in_another(self, api: Api, workspace: Workspace) -> None:
        make_workspace("other")
        assert api.get("jobs/").status_code == 200
        api.base = api.base.replace("acme", "other")
        assert api.get("jobs/").status_code == 404

    def test_a_token_bound_to_another_workspace_opens_nothing_here(self, workspace: Workspace) -> None:
        other = make_workspace("other")
        vera = make_user("vera", workspace=workspace, role=Role.OWNER)
        Membership.objects.create(workspace=other, user=vera, role=Role.OWNER)
        assert Api(vera, bound=other).get("jobs/").status_code == 404
        assert Api(vera, bound=other, workspace="other").get("jobs/").status_code == 200


def test_jobs_are_paged_across_their_types(api: Api, workspace: Workspace) -> None:
    """The place after which a page begins is a pair, and is compared as one."""
    for key in ("spark:b", "task:a", "task:b", "spark:c", "spark:a"):
        job_type, _, name = key.partition(":")
        made = make_job(workspace, f"task:made-{job_type}-{name}")
        Job.objects.filter(pk=made.pk).update(type=job_type, name=name)
    keys, path = [], "jobs/?limit=2"
    while path:
        answer = asked(api, path)[1]
        keys += [job["key"] for job in answer["results"]]
        path = (answer["next"] or "").partition(api.base)[2]
    assert keys == ["spark:a", "spark:b", "spark:c", "task:a", "task:b"]


def test_a_group_and_a_pin_are_told_where_there_are_any(api: Api, workspace: Workspace) -> None:
    make_history(workspace, jobs=range(1))
    bare = make_run(make_job(workspace, "task:bare"), "s", result={"n": 2**70})
    [newest, at_work, kept] = api.get("runs/").json()["results"]
    assert (newest["id"], newest["group"], newest["pin"], newest["result"]) == (bare.pk, None, None, {"n": 2**70})
    assert (at_work["group"], at_work["pin"], at_work["counts"]["running"]) == ("few", None, 3)
    assert (kept["group"], kept["pin"]["actor"], kept["counts"]["running"]) == ("few", "ann", 0)
