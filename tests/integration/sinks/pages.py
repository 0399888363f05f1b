"""The examples of docs/reference/sink-<kind>.md, delivered as they stand there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from jobs.models import Run, Workspace
from jobs.services.closing import close_runs
from jobs.services.jobs import save_job
from jobs.services.runs import start_run
from jobs.states import Trigger
from sinks import claims
from tests.integration.sinks.makers import finish
from workers.delivering import deliver_to

_REFERENCE = Path(__file__).parents[3] / "docs" / "reference"


def example(kind: str) -> Any:
    """The first YAML block of a kind's page: a whole job."""
    page = (_REFERENCE / f"sink-{kind}.md").read_text(encoding="utf-8")
    found = re.search(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
    assert found is not None
    return yaml.safe_load(found.group(1))


def deliver_example(document: dict[str, Any]) -> Run:
    """Run the job, end the run, and make its deliveries."""
    workspace, _ = Workspace.objects.get_or_create(slug="acme", defaults={"name": "Acme"})
    job = save_job(workspace=workspace, document=document, actor="test")
    run = Run.objects.get(pk=start_run(job=job, trigger=Trigger.MANUAL))
    finish(run)
    close_runs(run_ids=[run.pk])
    for due in claims.due_sinks(limit=10):
        deliver_to(sink_id=due.sink_id or 0)
    return run
