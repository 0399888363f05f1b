"""Who works: the processes of the deployment, and what each holds of this workspace's runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from jobs.errors import NotFoundError
from jobs.kinds import QUEUES, SINKS_QUEUE
from jobs.selectors.fleet import STATES, ProcessView, get_process, lanes_of, list_processes, queues_without_worker
from scheduler.selectors.beats import beat_lives
from ui.listing import Filter, Listed, ListPage
from ui.looks import look
from ui.pages import WorkspacePage

ALL_QUEUES = (*QUEUES, SINKS_QUEUE)
LANES = "worker-lanes"


class WorkerList(ListPage):
    """``workers/``: all processes. They serve every workspace; of others it is told only that they are at work there."""

    template = "ui/fleet/workers.html"
    rows_template = "ui/fleet/workers_rows.html"
    area = "ui:workers"
    filters = (
        Filter("search", _("Search"), kind="search", hint=_("name or host")),
        Filter("state", _("State"), [(each, look(each).word) for each in STATES]),
        Filter("kind", _("Kind"), [("worker", _("worker")), ("beat", _("beat"))]),
        Filter("queue", _("Queue"), [(each, each) for each in ALL_QUEUES]),
    )

    def find(self, values: Mapping[str, str], *, after: str, limit: int) -> Sequence[ProcessView]:
        """In two queries."""
        return list_processes(workspace=self.workspace, now=self.now, limit=limit, after=after, **values)

    def cursor(self, row: ProcessView) -> str:
        """Its name."""
        return row.process.name

    def more(self, listed: Listed) -> dict[str, Any]:
        """What is missing: queues that nobody serves, and a beat."""
        return {
            "unserved": queues_without_worker(queues=ALL_QUEUES, now=self.now) if listed.rows else (),
            "fires": beat_lives(),
            "may_drain": self.user.is_superuser,
        }


class WorkerDetail(WorkspacePage):
    """``workers/<id>/``: one of them, with each lane that it holds."""

    template = "ui/fleet/worker.html"
    area = "ui:workers"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The page, or the part of it that changes."""
        is_part = request.headers.get("HX-Target") == LANES
        try:
            view = get_process(workspace=self.workspace, process_id=self.kwargs["process_id"], now=self.now)
        except NotFoundError:
            if is_part:  # It has ended while somebody looked.
                return self.part("ui/fleet/ended.html")
            raise
        lanes = lanes_of(process=view.process, workspace=self.workspace, now=self.now)
        told: dict[str, Any] = {
            "view": view,
            "process": view.process,
            "lanes": lanes,
            "may_drain": self.user.is_superuser,
        }
        if is_part:
            return self.part("ui/fleet/worker_lanes.html", **told)
        return self.page(**told)
