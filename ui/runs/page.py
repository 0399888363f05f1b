"""A run's page: its head, which stands over each of its tabs."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from jobs.selectors.chain import chain
from jobs.selectors.comparing import run_before
from jobs.selectors.run_views import RunView
from jobs.selectors.runs import get_run
from jobs.states import Trigger
from scheduler.models import Schedule
from scheduler.selectors.schedules import zone_of
from ui.pages import WorkspacePage
from ui.runs import finding, offering
from ui.standing import Standing


class Tab(NamedTuple):
    """One of them, for the template."""

    name: str
    word: object
    address: str


TABS = (
    ("run", _("Payloads")),
    ("run-log", _("Log")),
    ("run-times", _("Attempts over time")),
    ("run-result", _("Result")),
    ("run-deliveries", _("Deliveries")),
    ("run-events", _("Events")),
)


class RunPage(WorkspacePage):
    """Whatever is about one run."""

    area = "ui:runs"

    @cached_property
    def view(self) -> RunView:
        """The run of the address with its counts. Raises NotFoundError."""
        return get_run(workspace=self.workspace, run_id=self.kwargs["run_id"], with_snapshot=True)

    @property
    def place(self) -> list[Any]:
        """The arguments of its addresses."""
        return [self.workspace.slug, self.view.run.pk]

    def told(self) -> dict[str, Any]:
        """What each part of its page needs."""
        return {"run": self.view.run, "counts": self.view.counts, "standing": Standing(self.view, self.now)}

    def head(self) -> dict[str, Any]:
        """What the head needs besides."""
        run = self.view.run
        return (
            self.told()
            | self._fired_by()
            | {
                "chain": chain(run=run),
                "verbs": offering.offered(self.view) if self.may(offering.ROLE) else [],
                "trigger_word": finding.TRIGGERS[run.trigger],
            }
        )

    def _fired_by(self) -> dict[str, Any]:
        """The schedule that owed the run, if it is there still, and what its clock showed."""
        run = self.view.run
        if run.schedule_id is None:
            return {"schedule": None}
        schedule = Schedule.objects.filter(pk=run.schedule_id, workspace=self.workspace).first()
        if schedule is None:
            return {"schedule": None}
        zone = zone_of(schedule)
        there = run.scheduled_for.astimezone(zone) if run.scheduled_for else None
        return {
            "schedule": schedule,
            "schedule_zone": str(zone),
            "due_there": f"{there:%Y-%m-%d %H:%M:%S}" if there else "",
        }

    def whole(self, tab: str) -> dict[str, Any]:
        """What the whole page needs, with that tab chosen."""
        run = self.view.run
        before_id = run_before(run=run) if run.trigger != Trigger.REPLAY else None
        tabs = [Tab(name, word, reverse(f"ui:{name}", args=self.place)) for name, word in TABS]
        if before_id is not None:
            word = _("Compare with run %d") % before_id
            tabs.append(Tab("run-compare", word, reverse("ui:run-compare", args=self.place)))
        return self.head() | {"tab": tab, "tabs": tabs, "stream": reverse("live-run", args=self.place)}


class RunHead(RunPage):
    """The head alone, which the page asks for anew while the run is at work."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Of the run as it stands."""
        return self.part("ui/runs/head.html", **self.head())


class RunTab(RunPage):
    """A tab. A subclass says ``tab`` and ``body_template``, and implements `body`."""

    tab = ""
    template = "ui/runs/run.html"
    body_template = ""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The page; or what the tab holds, where that is asked for."""
        if request.headers.get("HX-Target") == "tab":
            return self.part(self.body_template, **self.told(), **self.body())
        return self.page(body_template=self.body_template, **self.whole(self.tab), **self.body())

    def body(self) -> dict[str, Any]:
        """What the tab shows."""
        raise NotImplementedError
