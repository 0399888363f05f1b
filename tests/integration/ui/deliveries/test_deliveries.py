"""The pages of deliveries: which are found, what is said of one, and how they are made again."""

from __future__ import annotations

import pytest

from jobs.models import Job, Role, Run, Workspace
from sinks.models import Delivery, Sink
from tests.integration.delivery_rows import SHA256, make_delivery, make_sink
from tests.integration.people import make_job, make_user, make_workspace, signed_in
from tests.integration.run_rows import make_ended_run
from tests.integration.ui.deliveries.conftest import Browser
from tests.integration.ui.deliveries.reading import BASE, queries, sent, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def sink(workspace: Workspace) -> Sink:
    return make_sink(workspace)


@pytest.fixture
def job(workspace: Workspace, sink: Sink) -> Job:
    return make_job(workspace, "task:report", payloads=2, sinks=[{"sink": "journal"}])


@pytest.fixture
def run(job: Job) -> Run:
    return make_ended_run(job, "ss")


@pytest.fixture
def dead(run: Run, sink: Sink) -> Delivery:
    return make_delivery(run, sink, "dead")


class TestTheList:
    @pytest.mark.parametrize(
        ("query", "is_there"),
        [
            ("", True),
            ("state=dead", True),
            ("state=due", False),
            ("state=delivered", False),
            ("state=nonsense", False),
            ("sink=journal", True),
            ("sink=other", False),
            ("job=task:report", True),
            ("job=task:other", False),
            ("run={run}", True),
            ("run={run}&state=due", False),
            ("run={run}&sink=journal", True),
            ("run=999999999", False),
            ("run=soon", False),
            ("since=2020-01-01", True),
            ("since=2199-01-01", False),
            ("since=soon", False),
            ("since=2020-13-45", False),
            ("after=1", False),
            ("after=nonsense", True),
            ("after=99999999999999999999", False),
        ],
    )
    def test_filters_of_the_address_choose(
        self, browser: Browser, dead: Delivery, run: Run, query: str, is_there: bool
    ) -> None:
        page = text(browser(Role.VIEWER), f"deliveries/?{query.format(run=run.pk)}")
        assert (f"/deliveries/{dead.pk}/" in page) is is_there

    def test_those_of_a_deleted_sink_are_found_by_their_run(
        self, browser: Browser, dead: Delivery, run: Run, sink: Sink
    ) -> None:
        Delivery.objects.update(sink_id=None)
        client = browser(Role.VIEWER)
        assert "(gone)" in text(client, f"deliveries/?run={run.pk}")
        assert "(gone)" in text(client, f"deliveries/{dead.pk}/")

    def test_pages_go_on_where_the_one_before_ended(self, browser: Browser, job: Job, sink: Sink) -> None:
        made = [make_delivery(make_ended_run(job, "s"), sink).pk for _ in range(52)]
        client = browser(Role.VIEWER)
        first = text(client, "deliveries/")
        assert f"after={made[2]}" in first
        assert f"/deliveries/{made[1]}/" not in first
        assert f"/deliveries/{made[1]}/" in text(client, f"deliveries/?after={made[2]}")

    def test_its_queries_do_not_grow_with_its_deliveries(
        self, browser: Browser, workspace: Workspace, dead: Delivery
    ) -> None:
        client = browser(Role.OPERATOR)
        few = queries(client, "deliveries/")
        for number in range(15):
            made = make_job(workspace, f"task:n{number}", sinks=[{"name": "own", "kind": "log"}])
            make_delivery(make_ended_run(made, "s"), Sink.objects.get(job=made))
        assert queries(client, "deliveries/") == few

    def test_another_workspaces_are_not_there(self, browser: Browser) -> None:
        other = make_workspace("globex")
        theirs = make_sink(other)
        made = make_delivery(make_ended_run(make_job(other), "s"), theirs, "dead")
        client = browser(Role.OWNER)
        assert f"/deliveries/{made.pk}/" not in text(client, "deliveries/")
        assert client.get(f"{BASE}deliveries/{made.pk}/").status_code == 404
        assert client.post(f"{BASE}deliveries/{made.pk}/again/").status_code == 422
        made.refresh_from_db()
        assert made.state == "dead"

    def test_an_empty_one_says_what_to_do_first(self, browser: Browser) -> None:
        assert "Nothing was delivered yet" in text(browser(Role.VIEWER), "deliveries/")


class TestADelivery:
    def test_a_dead_one_says_why_with_each_attempt(self, browser: Browser, dead: Delivery, run: Run) -> None:
        page = text(browser(Role.VIEWER), f"deliveries/{dead.pk}/")
        assert page.count("worker-1") == 2
        assert "It was given up: HTTP 503 Service Unavailable" in page
        assert f"/runs/{run.pk}/" in page
        assert "/sinks/journal/" in page
        assert "/again/" not in page

    def test_a_delivered_one_has_its_proof(self, browser: Browser, run: Run, sink: Sink) -> None:
        made = make_delivery(run, sink)
        page = text(browser(Role.VIEWER), f"deliveries/{made.pk}/")
        for words in (SHA256, "1,234", "accepted", f"dlv_{made.pk}"):
            assert words in page

    def test_one_of_a_jobs_own_sink_leads_there(self, browser: Browser, workspace: Workspace) -> None:
        job = make_job(workspace, "task:mine", sinks=[{"name": "own", "kind": "log"}])
        made = make_delivery(make_ended_run(job, "s"), Sink.objects.get(job=job))
        assert "/jobs/task:mine/sinks/own/" in text(browser(Role.VIEWER), f"deliveries/{made.pk}/")


class TestAgain:
    @pytest.mark.parametrize("path", ["deliveries/{one}/again/", "deliveries/redeliver/?delivery={one}"])
    def test_chosen_ones_are_due_again(self, browser: Browser, dead: Delivery, path: str) -> None:
        client = browser(Role.OPERATOR)
        assert "/again/" in text(client, f"deliveries/{dead.pk}/")
        text(client, path.format(one=dead.pk))
        sent(client, path.format(one=dead.pk))
        dead.refresh_from_db()
        assert dead.state == "due"

    def test_all_that_a_run_owes_is_due_again(self, browser: Browser, dead: Delivery, run: Run) -> None:
        client = browser(Role.OPERATOR)
        assert f"/deliveries/of-run/{run.pk}/again/" in text(client, f"deliveries/?run={run.pk}")
        sent(client, f"deliveries/of-run/{run.pk}/again/")
        dead.refresh_from_db()
        assert dead.state == "due"

    @pytest.mark.parametrize(
        "path", ["deliveries/{one}/again/", "deliveries/redeliver/?delivery={one}", "deliveries/of-run/{run}/again/"]
    )
    def test_a_forged_form_changes_nothing(self, browser: Browser, dead: Delivery, run: Run, path: str) -> None:
        address = BASE + path.format(one=dead.pk, run=run.pk)
        assert browser(Role.VIEWER).post(address).status_code == 403
        stranger = signed_in(make_user("otto", workspace=make_workspace("other"), role=Role.OWNER))
        assert stranger.post(address).status_code == 404
        dead.refresh_from_db()
        assert dead.state == "dead"

    def test_one_that_is_due_is_left_alone_and_that_is_told(self, browser: Browser, run: Run, sink: Sink) -> None:
        made = make_delivery(run, sink, "due")
        client = browser(Role.OPERATOR)
        assert "is due anyway" in text(client, f"deliveries/{made.pk}/again/")
        sent(client, f"deliveries/redeliver/?delivery={made.pk}")
        assert "it is due anyway" in text(client, "deliveries/")

    def test_none_chosen_is_told(self, browser: Browser) -> None:
        assert "No delivery is chosen" in text(browser(Role.OPERATOR), "deliveries/redeliver/")

    def test_another_workspaces_among_them_stays_as_it_is(self, browser: Browser) -> None:
        other = make_workspace("globex")
        theirs = make_delivery(make_ended_run(make_job(other), "s"), make_sink(other), "dead")
        sent(browser(Role.OPERATOR), f"deliveries/redeliver/?delivery={theirs.pk}")
        theirs.refresh_from_db()
        assert theirs.state == "dead"
