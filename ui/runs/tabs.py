"""What the tabs of a run's page hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from jobs.masking import masked
from jobs.models import Event, LogLine, Role
from jobs.selectors.comparing import compare, run_before
from jobs.selectors.datasources import list_rejected
from jobs.selectors.ordering import Ordering
from jobs.selectors.payloads import PayloadView, get_payload, list_payloads
from jobs.selectors.runs import NEWEST_FIRST, OLDEST_FIRST, list_events, list_logs
from jobs.selectors.stored_files import list_files
from jobs.states import PayloadState
from sinks.models import Delivery
from sinks.selectors.deliveries import list_deliveries, of_run
from sinks.states import DeliveryState
from ui.finding import NoMatch, number
from ui.listing import Filter, ListPage
from ui.looks import look
from ui.pretty import pretty
from ui.runs.page import RunPage, RunTab
from ui.runs.waterfall import waterfall
from ui.standing import Standing

LEVELS = ("debug", "info", "warning", "error")
MOST = 200
"""Files, rejected rows, and lines of a waterfall on one page."""


class RunListTab(ListPage, RunPage):
    """A tab that is a list with filters; ``tab`` says which."""

    tab = ""
    template = "ui/runs/run.html"

    def more(self, listed: Any) -> dict[str, Any]:
        """The head, where the whole page is asked for."""
        if self.request.headers.get("HX-Target") == "list":
            return self.told()
        return self.whole(self.tab) | {"body_template": "ui/runs/list_tab.html"}


class Payloads(RunListTab):
    """The first tab: the payloads by position."""

    tab = "run"
    rows_template = "ui/runs/payload_rows.html"
    filters = (
        Filter("state", _("State"), choices=[(each.value, look(each).word) for each in PayloadState]),
        Filter("name", _("Name"), kind="search"),
        Filter("kind", _("Kind")),
        Filter("number", _("From number"), kind="number", hint="0"),
    )

    def find(self, values: Mapping[str, str], *, after: str, limit: int) -> Sequence[PayloadView]:
        """In four queries, with the last error of those that failed."""
        state = values["state"]
        try:
            behind, first = number(after), number(values["number"])
        except NoMatch:
            return []
        if state and state not in set(PayloadState):
            return []
        if behind is None and first is not None:
            behind = first - 1
        return list_payloads(
            run=self.view.run,
            limit=limit,
            after=behind,
            state=PayloadState(state) if state else None,
            kind=values["kind"] or None,
            name=values["name"] or None,
        )

    def cursor(self, row: PayloadView) -> str:
        """Its position."""
        return str(row.payload.position)


class Log(RunListTab):
    """The log lines; those of a run at work follow, the newest at the end."""

    tab = "run-log"
    rows_template = "ui/runs/log_rows.html"
    per_page = 500
    filters = (
        Filter("text", _("Text"), kind="search"),
        Filter("level", _("Level"), choices=[(each, each) for each in LEVELS]),
        Filter("payload", _("Payload"), kind="number"),
    )

    def choices(self) -> Sequence[Filter]:
        """Of a run at work also where to begin."""
        begins = Filter("from", _("From"), choices=[("start", _("the beginning"))])
        return self.filters if self.view.run.ended_at is not None else (*self.filters, begins)

    @property
    def follows(self) -> bool:
        """Whether the newest lines are shown, which others follow: of a run at work, unless its beginning is asked for."""
        asked = self.request.GET
        return self.view.run.ended_at is None and not asked.get("after") and asked.get("from") != "start"

    def find(self, values: Mapping[str, str], *, after: str, limit: int) -> Sequence[LogLine]:
        """In one query; in two with a level or a text."""
        try:
            behind, position = number(after), number(values["payload"])
        except NoMatch:
            return []
        follows = self.follows
        found = list_logs(
            run=self.view.run,
            limit=self.per_page if follows else limit,
            after=behind,
            position=position,
            level=values["level"] or None,
            text=values["text"] or None,
            ordering=NEWEST_FIRST if follows else OLDEST_FIRST,
        )
        return found[::-1] if follows else found

    def more(self, listed: Any) -> dict[str, Any]:
        """And whether it follows."""
        return super().more(listed) | {"follows": self.follows}

    def cursor(self, row: LogLine) -> str:
        """Its id."""
        return str(row.pk)


class Events(RunListTab):
    """What happened to the run, in order."""

    tab = "run-events"
    rows_template = "ui/runs/event_rows.html"

    def find(self, values: Mapping[str, str], *, after: str, limit: int) -> Sequence[Event]:
        """In one query."""
        try:
            behind = number(after)
        except NoMatch:
            return []
        return list_events(run=self.view.run, limit=limit, after=behind)

    def cursor(self, row: Event) -> str:
        """Its id."""
        return str(row.pk)


class Deliveries(RunListTab):
    """What goes to its sinks."""

    tab = "run-deliveries"
    rows_template = "ui/runs/delivery_rows.html"
    filters = (Filter("state", _("State"), choices=[(each.value, look(each).word) for each in DeliveryState]),)

    def find(self, values: Mapping[str, str], *, after: str, limit: int) -> Sequence[Delivery]:
        """The newest first, in one query."""
        state = values["state"]
        try:
            behind = number(after)
        except NoMatch:
            return []
        if state and state not in set(DeliveryState):
            return []
        return list_deliveries(
            run=self.view.run, limit=limit, after=behind, state=DeliveryState(state) if state else None
        )

    def cursor(self, row: Delivery) -> str:
        """Its id."""
        return str(row.pk)

    def more(self, listed: Any) -> dict[str, Any]:
        """And the sums by sink."""
        return super().more(listed) | of_run(self.view.run.pk)


class Times(RunTab):
    """A waterfall of the attempts of some payloads, from a position on."""

    tab = "run-times"
    body_template = "ui/runs/times.html"

    def body(self) -> dict[str, Any]:
        """In four queries."""
        try:
            behind = number(self.request.GET.get("after", ""))
        except NoMatch:
            behind = None
        found = list_payloads(run=self.view.run, limit=MOST + 1, after=behind, with_attempts=True)
        shown = found[:MOST]
        following = shown[-1].payload.position if len(found) > MOST else None
        return {"waterfall": waterfall(shown, now=self.now), "following": following, "behind": behind}


class Result(RunTab):
    """What came of it: its result, its error, its files, what it was started with and from."""

    tab = "run-result"
    body_template = "ui/runs/result.html"

    def body(self) -> dict[str, Any]:
        """In one query."""
        run = self.view.run
        files = list_files(run=run, limit=MOST + 1)
        return {
            "parts": parts({_("Result"): run.result, _("Error"): run.error, _("Parameters"): masked(run.parameters)}),
            "snapshot": pretty(masked(run.snapshot)),
            "files": files[:MOST],
            "files_cut": len(files) > MOST,
        }


class Compare(RunTab):
    """Beside the run before it, or another one of the workspace: ``?with=``."""

    tab = "run-compare"
    body_template = "ui/runs/compare.html"

    def body(self) -> dict[str, Any]:
        """In four queries."""
        run = self.view.run
        try:
            chosen = number(self.request.GET.get("with", ""))
        except NoMatch:
            chosen = None
        before_id = chosen or run_before(run=run)
        found = None if before_id is None else compare(run=run, before_id=before_id)
        if found is None:
            return {"comparison": None}
        sides = [Standing(each, self.now) for each in (found.before, found.run)]
        return {"comparison": found, "then": sides[0], "this": sides[1]}


class PayloadPage(RunPage):
    """One payload: its request, its outcome, its attempts, its files and log lines."""

    template = "ui/runs/payload.html"

    def get(self, request: Any, **kwargs: Any) -> Any:
        """In some eight queries."""
        run, position = self.view.run, self.kwargs["position"]
        found = get_payload(run=run, position=position)
        payload = found.payload
        return self.page(
            **self.told(),
            payload=found,
            parts=parts(
                {
                    _("Error"): payload.error,
                    _("Result"): payload.result,
                    _("Request"): masked(payload.parameters),
                    _("Options"): masked(payload.options),
                }
            ),
            attempts=[(each, pretty(each.error)) for each in found.failed_attempts],
            files=list_files(run=run, position=position, limit=MOST),
            lines=list_logs(run=run, position=position, limit=MOST, ordering=Ordering(("pk",))),
            rejected=self._rejected(position),
        )

    def _rejected(self, position: int) -> list[Any]:
        """The first rows that a load left out. They are somebody's data, which takes more than looking at runs."""
        if not self.may(Role.OPERATOR):
            return []
        rows = list_rejected(run=self.view.run, position=position, limit=MOST)
        return [(row, pretty(row.row)) for row in rows]


def parts(values: Mapping[Any, Any]) -> list[tuple[Any, Any]]:
    """Headings and what stands under them; those that hold nothing are left out."""
    return [(word, shown) for word, value in values.items() if (shown := pretty(value)) is not None]
