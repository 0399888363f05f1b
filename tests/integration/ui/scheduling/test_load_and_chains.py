"""The load to come, and the chains of jobs."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from jobs.models import Job, Workspace
from scheduler.models import Schedule
from scheduler.selectors.chains import chain_links, chain_of
from scheduler.services.controls import pause_schedule
from tests.integration.people import make_job
from tests.integration.schedule_rows import make_schedule
from tests.integration.ui.scheduling.reading import BASE, PART, main, words

pytestmark = pytest.mark.django_db
LOAD, CHAINS = f"{BASE}load/?whole=yes", f"{BASE}chains/"


def after(*jobs: str, **parts: Any) -> dict[str, Any]:
    return {"triggers": [{"type": "job", "jobs": list(jobs), **parts}]}


@pytest.fixture
def chains(workspace: Workspace) -> Workspace:
    """flights -> metrics -> report, alarm; and a -> b."""
    for key in ("task:flights", "task:a"):
        make_job(workspace, key)
    make_schedule(workspace, "task:metrics", **after("task:flights"))
    make_schedule(workspace, "task:report", **after("task:metrics", "task:flights", of="all", delay="5m"))
    make_schedule(workspace, "task:alarm", **after("task:metrics", results=["failed", "cancelled"]))
    make_schedule(workspace, "task:b", **after("task:a", run_if="all_done"))
    return workspace


class TestLoad:
    def test_each_hour_has_its_cell_and_the_busiest_is_named(self, viewer: Client, workspace: Workspace) -> None:
        make_schedule(workspace, triggers=[{"type": "every", "every": "30m"}])
        answer = viewer.get(LOAD)
        told = words(answer)
        assert "1 schedule fires 1,4" in told
        assert "The busiest hour has 2 fires" in told
        assert {cell.fires for row in answer.context["rows"] for cell in row.cells if cell} == {2}
        assert len(answer.context["rows"]) in (30, 31)

    def test_the_measure_stands_in_the_address(self, viewer: Client, workspace: Workspace) -> None:
        make_schedule(workspace, triggers=[{"type": "every", "every": "30m"}])
        assert "Runs at once in each hour" in words(viewer.get(f"{LOAD}&measure=runs"))
        assert "Fire times in each hour" in words(viewer.get(f"{LOAD}&measure=odd"))

    def test_the_page_comes_at_once_and_the_map_by_itself(self, viewer: Client, schedule: Schedule) -> None:
        assert "Counting" in words(viewer.get(f"{BASE}load/"))
        part = viewer.get(f"{BASE}load/", headers=PART | {"HX-Target": "heat"}).content.decode()
        assert "1 schedule fires" in part
        assert "<html" not in part

    def test_an_empty_one_says_what_to_do(self, editor: Client, viewer: Client, workspace: Workspace) -> None:
        assert "Nothing fires by the clock" in words(viewer.get(LOAD))
        assert "/schedules/new/" in main(editor.get(LOAD))

    def test_strangers_do_not_see_it(self, stranger: Client, workspace: Workspace) -> None:
        assert stranger.get(LOAD).status_code == 404

    @pytest.mark.parametrize("count", [1, 12])
    def test_it_takes_the_same_number_of_queries_whatever_there_is(
        self, viewer: Client, workspace: Workspace, django_assert_max_num_queries: Any, count: int
    ) -> None:
        viewer.get(LOAD)
        for number in range(count):
            make_schedule(workspace, f"task:t{number}")
        with django_assert_max_num_queries(8):
            viewer.get(LOAD)


class TestLinks:
    def test_they_say_after_what_and_which_result(self, chains: Workspace) -> None:
        found = {(link.upstream, link.job): link for link in chain_links(workspace=chains, limit=100)}
        assert set(found) == {
            ("task:flights", "task:metrics"),
            ("task:flights", "task:report"),
            ("task:metrics", "task:report"),
            ("task:metrics", "task:alarm"),
            ("task:a", "task:b"),
        }
        report, alarm = found["task:metrics", "task:report"], found["task:metrics", "task:alarm"]
        assert (report.needs_all, report.delay, report.results) == (True, "5m", ("succeeded",))
        assert (alarm.needs_all, alarm.results, alarm.exists) == (False, ("failed", "cancelled"), True)
        assert found["task:a", "task:b"].results == ("succeeded", "failed", "cancelled")

    def test_those_of_one_job_are_all_that_hang_together_with_it(self, chains: Workspace) -> None:
        links = chain_links(workspace=chains, limit=100)
        assert {link.job for link in chain_of(links, job="task:alarm")} == {"task:metrics", "task:report", "task:alarm"}
        assert [link.job for link in chain_of(links, job="task:a")] == ["task:b"]
        assert chain_of(links, job="task:nobody") == []

    def test_a_document_that_cannot_be_read_has_none(self, chains: Workspace) -> None:
        broken = Schedule.objects.get(job__name="b")
        Schedule.objects.filter(pk=broken.pk).update(document={"triggers": "odd"})
        assert "task:b" not in {link.job for link in chain_links(workspace=chains, limit=100)}

    @pytest.mark.parametrize("limit", [1, 100])
    def test_they_take_two_queries(self, chains: Workspace, django_assert_num_queries: Any, limit: int) -> None:
        with django_assert_num_queries(2):
            chain_links(workspace=chains, limit=limit)


class TestChains:
    def test_they_are_drawn_and_told_as_a_table(self, viewer: Client, chains: Workspace) -> None:
        answer = viewer.get(CHAINS)
        assert main(answer).count('class="link ') == 5
        told = words(answer)
        assert "task:metrics failed or was cancelled task:alarm \N{EN DASH} default ACTIVE" in told
        assert "task:metrics succeeded, and so all the others task:report 5m default ACTIVE" in told

    def test_one_that_rests_is_drawn_with_gaps(self, viewer: Client, chains: Workspace) -> None:
        schedule = Schedule.objects.select_related("job").get(job__name="b")
        pause_schedule(schedule=schedule, actor="ann")
        assert main(viewer.get(CHAINS)).count("rests") == 1

    def test_the_chain_of_a_job_stands_alone(self, viewer: Client, chains: Workspace) -> None:
        assert "task:metrics" not in words(viewer.get(CHAINS, {"job": "task:a"}))
        assert "This job is in no chain" in words(viewer.get(CHAINS, {"job": "task:nobody"}))

    def test_a_job_that_was_deleted_is_told_and_leads_nowhere(self, viewer: Client, chains: Workspace) -> None:
        Job.objects.get(name="a").delete()
        page = viewer.get(CHAINS)
        assert "task:a deleted" in words(page)
        assert [each.address for each in page.context["nodes"] if each.node.key == "task:a"] == [""]

    def test_an_empty_one_says_what_to_do(self, editor: Client, viewer: Client, workspace: Workspace) -> None:
        assert "No job waits for another" in words(viewer.get(CHAINS))
        assert "kind=job" in main(editor.get(CHAINS))

    def test_strangers_do_not_see_them(self, stranger: Client, chains: Workspace) -> None:
        assert stranger.get(CHAINS).status_code == 404
        assert "No job waits" in words(stranger.get("/ui/w/other/schedules/chains/"))

    @pytest.mark.parametrize("count", [1, 12])
    def test_it_takes_the_same_number_of_queries_whatever_there_is(
        self, viewer: Client, workspace: Workspace, django_assert_num_queries: Any, count: int
    ) -> None:
        viewer.get(CHAINS)
        make_job(workspace, "task:first")
        for number in range(count):
            make_schedule(workspace, f"task:t{number}", **after("task:first"))
        with django_assert_num_queries(7):
            viewer.get(CHAINS)
