"""The sinks of a workspace: how it stands with each, what it is owed, and who uses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from jobs.errors import NotFoundError
from jobs.selectors.jobs import find_job
from jobs.selectors.ordering import Ordering, Wanted
from jobs.selectors.origins import names_from_files
from sinks.selectors.delivery_pages import last_deliveries
from sinks.selectors.sinks import MOST_COUNTED, SinkView, list_sinks, list_sinks_of_job
from ui.deliveries import kinds
from ui.listing import Filter, Listed, ListPage

NAMED_JOBS = 3
_STATES = (("resting", _("resting")), ("disabled", _("disabled")))


@dataclass(frozen=True, slots=True)
class SinkRow:
    """A sink in the list. ``job``: the key of the one whose own it is, or empty; ``name``: the one of its entry then."""

    view: SinkView
    name: str
    job: str
    title: str
    takes: Sequence[object]
    last: Any
    is_kept: bool

    @property
    def jobs(self) -> list[str]:
        """The first that use it."""
        return self.view.jobs[:NAMED_JOBS]

    @property
    def more_jobs(self) -> int:
        """How many others do."""
        return max(len(self.view.jobs) - NAMED_JOBS, 0)


class SinkList(ListPage):
    """``sinks/``; with ``?job=`` those that a job delivers to, its own among them."""

    template = "ui/deliveries/sinks.html"
    rows_template = "ui/deliveries/sink_rows.html"
    area = "ui:sinks"

    def choices(self) -> Sequence[Filter]:
        """The kinds are those of this deployment."""
        return (
            Filter("search", _("Search"), kind="search", hint=_("name")),
            Filter("kind", _("Kind"), tuple((each.kind, each.title) for each in kinds.offers())),
            Filter("state", _("State"), _STATES),
            Filter("job", _("Job"), hint="task:name"),
        )

    def find(self, values: Mapping[str, str], *, after: str, limit: int) -> Sequence[SinkRow]:
        """By name."""
        found = self._of_job(values) if values["job"] else self._named(values, after, limit)
        last = last_deliveries(sink_ids=[view.sink.pk for _name, view in found])
        kept = names_from_files(workspace=self.workspace, kind="sink", names=[view.sink.name for _name, view in found])
        return [self._row(name, view, values["job"], last, kept) for name, view in found]

    def cursor(self, row: SinkRow) -> str:
        """Its name."""
        return row.view.sink.name

    def more(self, listed: Listed) -> dict[str, Any]:
        """How far deliveries are counted."""
        return {"most": MOST_COUNTED}

    def _named(self, values: Mapping[str, str], after: str, limit: int) -> list[tuple[str, SinkView]]:
        where: dict[str, Any] = {}
        if values["search"]:
            where["name__icontains"] = values["search"]
        if values["kind"]:
            where["kind"] = values["kind"]
        if values["state"]:
            where |= self._in_state(values["state"])
        wanted = Wanted(limit, Ordering(("name",)), after=[after.replace("\0", "")] if after else None, where=where)
        return [(view.sink.name, view) for view in list_sinks(workspace=self.workspace, now=self.now, wanted=wanted)]

    def _in_state(self, state: str) -> dict[str, Any]:
        if state == "disabled":
            return {"standing__disabled_at__isnull": False}
        if state == "resting":
            return {"standing__disabled_at__isnull": True, "standing__retry_at__gt": self.now}
        return {"pk__in": []}

    def _of_job(self, values: Mapping[str, str]) -> list[tuple[str, SinkView]]:
        """All of a job: they are few."""
        try:
            job = find_job(workspace=self.workspace, key=values["job"])
        except NotFoundError:
            return []
        return [
            (name, view)
            for name, view in list_sinks_of_job(job=job, now=self.now)
            if values["search"].lower() in name.lower()
            and values["kind"] in ("", view.sink.kind)
            and values["state"] in ("", view.state)
        ][: self.per_page]

    @staticmethod
    def _row(name: str, view: SinkView, job: str, last: Mapping[int, Any], kept: set[str]) -> SinkRow:
        sink = view.sink
        return SinkRow(
            view=view,
            name=name,
            job=job if sink.job_id else "",
            title=kinds.title_of(sink.kind),
            takes=kinds.takes(sink.kind),
            last=last.get(sink.pk),
            is_kept=sink.job_id is None and sink.name in kept,
        )
