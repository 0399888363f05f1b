"""Deliveries: all of a workspace, and one with its attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jobs.errors import ConflictError, NotFoundError
from jobs.models import Role, Run
from jobs.selectors.runs import find_run
from sinks.models import Delivery, Sink
from sinks.selectors.deliveries import failed_attempts, get_delivery, sink_named
from sinks.selectors.delivery_pages import DeliveryFilter, deliveries_of_workspace, sinks_by_id
from sinks.services.redelivering import redeliver, redeliver_of_run, redeliver_one
from sinks.states import DeliveryState
from ui.actions import Action, Done, Question
from ui.deliveries import again, kinds
from ui.deliveries.sink_verbs import SinceForm
from ui.finding import NoMatch, instant, number
from ui.listing import Filter, Listed, ListPage
from ui.pages import WorkspacePage, is_htmx
from ui.pretty import pretty

_STATES = (
    (DeliveryState.DUE.value, gettext_lazy("due")),
    (DeliveryState.DELIVERED.value, gettext_lazy("delivered")),
    (DeliveryState.DEAD.value, gettext_lazy("dead")),
)
NAMED = 10
MOST_TICKED = 1000


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as it is shown. ``sink_address`` is empty where its sink is gone."""

    delivery: Delivery
    sink: str
    kind: str
    sink_address: str
    job: str

    @property
    def positions(self) -> str:
        """From the first to the last, or the one."""
        first, last = self.delivery.first_position, self.delivery.last_position
        return str(first) if first == last else f"{first:,} \N{EN DASH} {last:,}"


class DeliveryList(ListPage):
    """``deliveries/``"""

    template = "ui/deliveries/deliveries.html"
    rows_template = "ui/deliveries/delivery_rows.html"
    area = "ui:deliveries"
    filters = (
        Filter("state", gettext_lazy("State"), _STATES),
        Filter("sink", gettext_lazy("Sink"), hint=gettext_lazy("name")),
        Filter("job", gettext_lazy("Job"), hint="task:name"),
        Filter("run", gettext_lazy("Run"), hint=gettext_lazy("number")),
        Filter("since", gettext_lazy("Since (UTC)"), kind="date"),
    )

    def find(self, values: Mapping[str, str], *, after: str, limit: int) -> Sequence[DeliveryRow]:
        """The newest first."""
        try:
            wanted = self._wanted(values)
            behind = number(after) if after.isdecimal() else None
        except (NotFoundError, NoMatch, ValueError):
            return []
        found = deliveries_of_workspace(workspace=self.workspace, wanted=wanted, limit=limit, after=behind)
        return rows_of(found, self)

    def cursor(self, row: DeliveryRow) -> str:
        """Its id."""
        return str(row.delivery.pk)

    def more(self, listed: Listed) -> dict[str, Any]:
        """Where all that was given up of the chosen run is made again."""
        run = next(each.value for each in listed.filters if each.filter.name == "run")
        return {"run_id": int(run) if run.isdecimal() and len(run) < 19 and listed.rows else None}

    def _wanted(self, values: Mapping[str, str]) -> DeliveryFilter:
        run_id = number(values["run"])
        return DeliveryFilter(
            state=DeliveryState(values["state"]) if values["state"] else None,
            sink=values["sink"] or None,
            job_key=values["job"] or None,
            run=None if run_id is None else find_run(workspace=self.workspace, run_id=run_id),
            since=instant(values["since"]),
        )


class DeliveryPage(WorkspacePage):
    """``deliveries/<id>/``"""

    template = "ui/deliveries/delivery.html"
    area = "ui:deliveries"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """What is delivered, each attempt at it, and what came of it."""
        delivery = get_delivery(workspace=self.workspace, delivery_id=self.kwargs["delivery_id"])
        row = rows_of([delivery], self)[0]
        failed = failed_attempts(delivery=delivery)
        told: dict[str, Any] = {
            "row": row,
            "delivery": delivery,
            "run": delivery.handover.run if delivery.handover else None,
            "rule": delivery.rule,
            "failed": [(each, pretty(each.error)) for each in failed],
            "receipt": pretty(delivery.receipt),
            "succeeded": delivery.state == DeliveryState.DELIVERED,
            "is_due": delivery.state == DeliveryState.DUE,
            "may_be_twice": not kinds.is_idempotent(row.kind),
        }
        if is_htmx(request) and request.headers.get("HX-Target") == "delivery":
            return self.part("ui/deliveries/delivery_body.html", **told)
        return self.page(**told)


class _Again(Action):
    """Whatever makes deliveries again."""

    roles = {"POST": Role.OPERATOR}
    area = "ui:deliveries"

    def back(self) -> str:
        """The list."""
        return reverse("ui:deliveries", args=[self.workspace.slug])


class RedeliverOne(_Again):
    """One of them."""

    def question(self) -> Question:
        """Under which id, and what to consider."""
        delivery = get_delivery(workspace=self.workspace, delivery_id=self.kwargs["delivery_id"])
        if delivery.state == DeliveryState.DUE:
            raise ConflictError(_("Delivery %(id)s is due anyway.") % {"id": delivery.pk})
        text = _("It is made again under the id that it has. A sink that has it already may get it twice.")
        return Question(_("Make delivery %(id)s again") % {"id": delivery.pk}, text, _("Deliver again"))

    def act(self, form: Any) -> Done:
        """Make it due."""
        delivery_id = self.kwargs["delivery_id"]
        get_delivery(workspace=self.workspace, delivery_id=delivery_id)
        if redeliver_one(workspace=self.workspace, delivery_id=delivery_id, actor=self.actor):
            return Done(_("Delivery %(id)s will be made again.") % {"id": delivery_id})
        raise ConflictError(_("It is due anyway, or its sink is gone: nothing was changed."))

    def back(self) -> str:
        """Its page."""
        return reverse("ui:delivery", args=[self.workspace.slug, self.kwargs["delivery_id"]])


class RedeliverTicked(_Again):
    """Those whose ids stand in the query."""

    @property
    def ids(self) -> list[int]:
        """Of at most `MOST_TICKED`, each once."""
        sent = [int(each) for each in self.request.GET.getlist("delivery") if each.isdecimal() and len(each) < 19]
        return list(dict.fromkeys(sent))[:MOST_TICKED]

    def question(self) -> Question:
        """Which."""
        ids = self.ids
        if not ids:
            raise ConflictError(
                _("No delivery is chosen. Tick deliveries in the list first, then press the button again.")
            )
        facts = [", ".join(map(str, ids[:NAMED])) + (" …" if len(ids) > NAMED else "")]
        text = _("Each is made again under the id that it has. A sink that has one already may get it twice.")
        title = ngettext("Make %(count)s delivery again", "Make %(count)s deliveries again", len(ids))
        return Question(title % {"count": f"{len(ids):,}"}, text, _("Deliver again"), facts=facts)

    def act(self, form: Any) -> Done:
        """Make them due."""
        found = redeliver(workspace=self.workspace, delivery_ids=self.ids, actor=self.actor)
        again.tell_the_others(self.request, found)
        text, level = again.made_words(found)
        return Done(text, level=level)


class RedeliverOfRun(_Again):
    """What was given up of a run."""

    form_class = SinceForm

    def question(self) -> Question:
        """Of which."""
        run = self.run()
        text = _("Whatever was given up of its results is made again, each delivery under its id.")
        return Question(_("Deliver again what run %(run)s owes") % {"run": run.pk}, text, _("Deliver again"))

    def act(self, form: Any) -> Done:
        """Make them due."""
        found = redeliver_of_run(run=self.run(), actor=self.actor, since=form.cleaned_data["since"])
        again.tell_the_others(self.request, found)
        text, level = again.made_words(found)
        return Done(text, level=level)

    def run(self) -> Run:
        """That of the address. Raises NotFoundError."""
        return find_run(workspace=self.workspace, run_id=self.kwargs["run_id"])

    def back(self) -> str:
        """The run's deliveries."""
        return f"{super().back()}?run={self.kwargs['run_id']}"


def rows_of(deliveries: Sequence[Delivery], page: WorkspacePage) -> list[DeliveryRow]:
    """The deliveries with their sinks, in one query."""
    sinks = sinks_by_id(workspace=page.workspace, ids=(each.sink_id for each in deliveries))
    return [_row(each, sinks.get(each.sink_id or 0), page.workspace.slug) for each in deliveries]


def _row(delivery: Delivery, sink: Sink | None, slug: str) -> DeliveryRow:
    name = sink_named(delivery) or (sink.name if sink else "")
    if sink is None:
        address = ""
    elif sink.job is None:
        address = reverse("ui:sink", args=[slug, sink.name])
    else:
        address = reverse("ui:job-sink", args=[slug, sink.job.key, sink.name])
    job = delivery.handover.run.job_key if delivery.handover else ""
    return DeliveryRow(delivery, name, sink.kind if sink else "", address, job)
