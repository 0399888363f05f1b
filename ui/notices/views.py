"""The rules by which somebody is told, and what was told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from jobs.errors import NotFoundError
from jobs.models import Origin
from jobs.selectors.jobs import find_job
from jobs.selectors.ordering import Ordering, Wanted
from jobs.selectors.origins import origin_of
from sinks.models import Rule
from sinks.rules import RuleDocument, read_rule
from sinks.selectors.notices import (
    NoticeView,
    RuleView,
    find_rule,
    list_notices,
    list_rules,
    rule_pages,
)
from sinks.selectors.sinks import list_sinks
from sinks.services.ruling import KIND
from ui.listing import Filter, Listed, ListPage
from ui.notices.words import EVENTS, SHORT
from ui.pages import WorkspacePage

MOST_CHOICES = 200
LAST = 20
_ENABLED = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule in the list."""

    view: RuleView
    document: RuleDocument
    events: Sequence[object]
    about: Sequence[str]


class RuleList(ListPage):
    """``notifications/``: the rules by name, each with what it told last."""

    template = "ui/notices/rules.html"
    rows_template = "ui/notices/rules_rows.html"
    area = "ui:notifications"
    filters = (
        Filter("search", _("Search"), kind="search", hint=_("name or description")),
        Filter("event", _("Tells of"), [(each.value, each.short) for each in EVENTS]),
        Filter("enabled", _("Enabled"), [("yes", _("yes")), ("no", _("no"))]),
        Filter("sink", _("Through the sink")),
    )

    def find(self, values: Mapping[str, str], *, after: str, limit: int) -> Sequence[RuleRow]:
        """In four queries."""
        if values["enabled"] not in ("", *_ENABLED):
            return []
        found = rule_pages(
            workspace=self.workspace,
            limit=limit,
            after=after,
            search=values["search"],
            enabled=_ENABLED.get(values["enabled"]),
            sink=values["sink"],
            event=values["event"],
        )
        return [rule_row(view) for view in found]

    def cursor(self, row: RuleRow) -> str:
        """Its name."""
        return row.view.rule.name

    def more(self, listed: Listed) -> dict[str, Any]:
        """Whether there is a sink to tell through, where there is no rule yet."""
        is_new = not listed.rows and not listed.is_filtered
        wanted = Wanted(1, Ordering(("name",)))
        sinks = is_new and list_sinks(workspace=self.workspace, now=self.now, wanted=wanted)
        return {"tab": "rules", "has_sink": bool(sinks)}


class NoticeList(ListPage):
    """``notifications/sent/``: what was told, is to be told or was kept back, the newest first."""

    template = "ui/notices/notices.html"
    rows_template = "ui/notices/notices_rows.html"
    area = "ui:notifications"

    def choices(self) -> Sequence[Filter]:
        """Rules to choose from; a rule that is gone can still be asked for by its address."""
        rules = list_rules(workspace=self.workspace, wanted=Wanted(MOST_CHOICES, Ordering(("name",))))
        return (
            Filter("rule", _("Rule"), [(rule.name, rule.name) for rule in rules]),
            Filter("job", _("Job"), hint="task:name"),
            Filter("run", _("Run"), kind="number"),
        )

    def find(self, values: Mapping[str, str], *, after: str, limit: int) -> Sequence[NoticeView]:
        """What does not fit is no match."""
        try:
            rule = find_rule(workspace=self.workspace, name=values["rule"]) if values["rule"] else None
            job = find_job(workspace=self.workspace, key=values["job"]) if values["job"] else None
            run, before = _number(values["run"]), _number(after)
        except NotFoundError:
            return []
        return list_notices(
            workspace=self.workspace,
            limit=limit,
            rule=rule,
            job_id=None if job is None else job.pk,
            run_id=run,
            after=before,
        )

    def cursor(self, row: NoticeView) -> str:
        """Its id."""
        return str(row.notice.pk)

    def more(self, listed: Listed) -> dict[str, Any]:
        """Which of the tabs this is, and the events in words."""
        return {"tab": "sent"}


class RulePage(WorkspacePage):
    """Whatever is about one rule."""

    area = "ui:notifications"

    @cached_property
    def rule(self) -> Rule:
        """That of the address. Raises NotFoundError."""
        return find_rule(workspace=self.workspace, name=self.kwargs["name"])

    @cached_property
    def origin(self) -> Origin | None:
        """The file that keeps it, None for none."""
        return origin_of(workspace_id=self.workspace.pk, kind=KIND, name=self.rule.name)

    @property
    def place(self) -> list[str]:
        """The arguments of its addresses."""
        return [self.workspace.slug, self.rule.name]


class RuleDetail(RulePage):
    """``notifications/rules/<name>/``: what it says, and what it has told last."""

    template = "ui/notices/rule.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """In some seven queries."""
        document = read_rule(self.rule.document)
        return self.page(
            rule=self.rule,
            document=document,
            events=[each for each in EVENTS if each.value in document.events],
            about=about(document),
            origin=self.origin,
            notices=list_notices(workspace=self.workspace, rule=self.rule, limit=LAST),
        )


def rule_row(view: RuleView) -> RuleRow:
    """A rule for the list."""
    document = read_rule(view.rule.document)
    return RuleRow(view, document, [SHORT[each] for each in document.events], about(document))


def about(document: RuleDocument) -> list[str]:
    """Which jobs a rule is about, each part in words; empty for all."""
    jobs = document.jobs
    parts = ((_("types"), jobs.types), (_("tags"), jobs.tags), (_("jobs"), jobs.keys))
    return [f"{word}: {', '.join(values)}" for word, values in parts if values]


def _number(text: str) -> int | None:
    """None for nothing. Raises NotFoundError for what is no id."""
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise NotFoundError("that is no id")
    return int(text)
