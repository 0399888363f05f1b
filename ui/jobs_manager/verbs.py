"""What may be done to a job, in the words of the admin, and by whom."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils.translation import gettext

from jobs.admin.datasource_controls import DATASOURCE_VERBS
from jobs.admin.job_controls import JOB_VERBS
from jobs.models import Role
from jobs.selectors.jobs import JobView
from jobs.states import FINAL_RUN_STATES, JobState

TERMINATE = "terminate"


class Offered(NamedTuple):
    """A verb that fits the job as it stands."""

    name: str
    word: str


def may_run(view: JobView, may: Any) -> bool:
    """Whether it can be run now, by somebody with that `ui.places.May`."""
    return bool(view.job.state == JobState.ACTIVE and may.operator)


def offered(view: JobView, may: Any) -> list[Offered]:
    """The verbs that fit a job and a role, in the order of their buttons."""
    found = [
        Offered(name, gettext(verb.button))
        for name, verb in JOB_VERBS.items()
        if view.job.state in verb.states and getattr(may, verb.role)
    ]
    last = view.last_run
    if last is not None and last.run.state not in FINAL_RUN_STATES and getattr(may, Role.OPERATOR):
        found.append(Offered(TERMINATE, gettext("Terminate the run")))
    return found


def offered_for_datasource(view: JobView, may: Any) -> list[Offered]:
    """What a worker may be asked to do with a datasource outside any run; none for other jobs."""
    if view.job.type != "datasource":
        return []
    return [Offered(name, gettext(verb.button)) for name, verb in DATASOURCE_VERBS.items() if getattr(may, verb.role)]
