"""The tutorial (docs/tutorial/a-first-job.md), step by step, as a person does it: by forms alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from jobs.models import Job, Role, Run, Workspace
from sinks.models import Delivery
from tests.acceptance.service import CountingService, counting_service
from tests.browser.conftest import AsRole

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial" / "a-first-job.md"
WITHIN = 30_000
PATIENT = 90_000


@pytest.fixture
def service() -> Iterator[CountingService]:
    with counting_service() as running:
        yield running


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


def add_http_job(page: Page, *, name: str, url: str, sinks: str = "") -> None:
    """As chapters 1 and 4 say."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Jobs").click()
    page.get_by_role("link", name="Add job").click()
    page.get_by_role("link", name="HTTP call").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("url").fill(url)
    page.get_by_label("Attempts").fill("5")
    page.get_by_label("First wait").fill("1s")
    page.get_by_label("Growth").fill("2")
    expect(page.locator("#waits")).to_contain_text("15 s")
    if sinks:
        page.locator("[name=sinks]").fill(sinks)
    save(page)
    expect(page.get_by_text(f"task:{name} is saved.")).to_be_visible()


def schedule(page: Page, *, job: str, **fields: str) -> None:
    """As chapters 3 and 4 say, from the job's page."""
    for name, value in fields.items():
        field = page.locator(f"[name='{name}']")
        field.wait_for()
        if field.evaluate("each => each.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    page.locator("#preview .sentence").wait_for()
    save(page)
    expect(page).to_have_url(re.compile(r"/schedules/\d+/$"))
    assert Job.objects.get(name=job.partition(":")[2]).schedules


@pytest.mark.usefixtures("workers")
def test_a_job_is_made_run_scheduled_chained_and_delivered(
    as_role: AsRole, workspace: Workspace, service: CountingService
) -> None:
    visit = as_role(Role.EDITOR)
    page = visit.go("/ui/w/acme/")

    # 1, 2: a job, and its first run, watched to its end.
    add_http_job(page, name="check-service", url=f"{service.url}/flaky/1")
    page.get_by_role("link", name="Run", exact=True).click()
    page.get_by_role("dialog").get_by_label("Comment").fill("the first one")
    page.get_by_role("dialog").get_by_role("button", name="Run").click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("COMPLETED", timeout=WITHIN)
    page.get_by_role("link", name="Attempts over time").click()
    expect(page.locator(".waterfall-line rect")).to_have_count(2)

    # 3: a schedule, which fires.
    page.goto(f"{visit.base}/ui/w/acme/jobs/task:check-service/")
    page.get_by_role("link", name="New schedule").click()
    schedule(page, job="task:check-service", triggers__0__expression="0/2 * * * * ?")
    expect(page.locator("#next")).to_be_visible()

    # 4: a second job, which follows it and delivers.
    sink = '[{"kind": "log", "name": "notes"}]'
    add_http_job(page, name="tell-others", url=f"{service.url}/wait/1", sinks=sink)
    page.get_by_role("link", name="New schedule").click()
    page.locator("[name='triggers__0__type']").select_option("job")
    schedule(page, job="task:tell-others", triggers__0__jobs__0="task:check-service")
    for _ in range(PATIENT // 1000):
        if Delivery.objects.filter(state="delivered").exists():
            break
        page.wait_for_timeout(1000)
    told = Run.objects.filter(job_key="task:tell-others", trigger="job").order_by("pk").first()
    assert told is not None, "check-service has started nothing"

    # 5: the proof.
    page.goto(f"{visit.base}/ui/w/acme/runs/{told.pk}/deliveries/")
    expect(page.locator("#list")).to_contain_text("DELIVERED", timeout=WITHIN)
    page.goto(f"{visit.base}/ui/w/acme/schedules/chains/")
    expect(page.get_by_role("main")).to_contain_text("task:tell-others")
    visit.assert_calm()


def test_the_words_of_the_tutorial_are_those_of_the_pages() -> None:
    written = TUTORIAL.read_text()
    for words in (
        "Add job",
        "HTTP call",
        "First wait",
        "Attempts over time",
        "New schedule",
        "After another job completes",
    ):
        assert f"*{words}*" in written, words


def test_the_pictures_of_the_tutorial_are_there() -> None:
    for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", TUTORIAL.read_text()):
        assert (TUTORIAL.parent / picture).is_file(), picture
