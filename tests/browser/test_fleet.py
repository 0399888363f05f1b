"""What a person does with workers: real ones."""

from __future__ import annotations

import signal

from playwright.sync_api import expect

from jobs.models import Role, Run, WorkerProcess, Workspace
from jobs.services.runs import start_run
from jobs.states import Trigger
from tests.acceptance.waiting import wait_for
from tests.acceptance.worker import Worker
from tests.browser.conftest import AsRole
from tests.integration.people import make_job


def test_a_worker_is_drained_and_takes_work_again(as_role: AsRole, workspace: Workspace, workers: Worker) -> None:
    visit = as_role(Role.OWNER, is_superuser=True)
    page = visit.go("/ui/w/acme/workers/")
    row = page.get_by_role("row").filter(has_text=workers.identity)
    expect(row).to_contain_text("ALIVE")
    expect(row).to_contain_text("sinks")
    expect(page.get_by_role("row").filter(has_text="beat@")).to_contain_text("ALIVE")

    row.get_by_role("link", name="Drain").click()
    page.get_by_role("dialog").get_by_role("button", name="Drain").click()
    expect(row).to_contain_text("DRAINING")
    expect(page.get_by_role("alert").filter(has_text="No worker takes work from")).to_be_visible()
    visit.look()
    wait_for("the worker to drain", lambda: "worker.draining" in workers.log, seconds=20, report=workers.describe)

    job = make_job(workspace, "task:waits")
    run = Run.objects.get(pk=start_run(job=job, trigger=Trigger.MANUAL))
    # The sweep asks a second time for lanes only when nobody has taken one for two seconds.
    nudged = Run.objects.filter(pk=run.pk, state="pending", nudges__gt=1)
    wait_for("nobody to take the run", nudged.exists, seconds=20, report=workers.describe)

    row.get_by_role("link", name="Resume").click()
    page.get_by_role("dialog").get_by_role("button", name="Take work again").click()
    expect(row).to_contain_text("ALIVE")
    page.goto(f"{visit.base}/ui/w/acme/runs/{run.pk}/")
    expect(page.get_by_text("COMPLETED").first).to_be_visible()

    workers.send(signal.SIGTERM)
    workers.wait_for_exit(seconds=30)
    assert not WorkerProcess.objects.filter(name=workers.identity).exists()
    assert "Traceback" not in workers.log
    visit.assert_calm()
