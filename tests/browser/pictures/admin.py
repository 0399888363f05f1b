"""The administration: its own pages are Unfold's, whose faults are not ours to mend; they are looked at all the same."""

from __future__ import annotations

from jobs.models import Workspace
from tests.browser.pictures import Picture
from tests.browser.pictures.dashboard import a_day
from tests.integration.people import make_job
from tests.integration.run_rows import make_ended_run


def a_run(workspace: Workspace) -> str:
    """One that has ended; its page."""
    return f"/admin/jobs/run/{make_ended_run(make_job(workspace)).pk}/change/"


def a_job(workspace: Workspace) -> str:
    """One; its form."""
    return f"/admin/jobs/job/{make_job(workspace).pk}/change/"


PICTURES = [
    Picture("admin", "/admin/", prepare=a_day, staff=True),
    Picture("admin-jobs", "/admin/jobs/job/", prepare=a_day, staff=True),
    Picture("admin-job", prepare=a_job, staff=True),
    Picture("admin-runs", "/admin/jobs/run/", prepare=a_day, staff=True),
    Picture("admin-run", prepare=a_run, staff=True),
]
