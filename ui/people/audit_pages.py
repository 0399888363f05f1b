"""The audit: who changed what when. For owners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from jobs.models import AuditEntry
from jobs.selectors.audit import AuditFilter, find_entry, list_entries
from jobs.services.service_accounts import SUFFIX
from ui.finding import NoMatch, instant, number
from ui.listing import Filter, Listed, ListPage
from ui.pages import WorkspacePage
from ui.people.differences import differences
from ui.people.member_pages import FOR_OWNERS
from ui.pretty import pretty
from ui.words import NOTHING

SUBJECTS = (
    ("job.", _("jobs")),
    ("schedule.", _("schedules")),
    ("run.", _("runs")),
    ("bulk.", _("many at once")),
    ("sink.", _("sinks")),
    ("delivery.", _("deliveries")),
    ("rule.", _("rules for notices")),
    ("group.", _("groups")),
    ("datasource.", _("datasources")),
    ("secret.", _("secrets")),
    ("member.", _("members")),
    ("service_account.", _("service accounts")),
    ("token.", _("tokens")),
    ("workspace.", _("the workspace")),
    ("audit.", _("the audit itself")),
)
NAMED_FIELDS = 4
_GONE = (".deleted", ".removed", ".revoked")
_WAYS = {"ui": _("these pages"), "admin": _("administration"), "api": "API"}
_PAGES = {"job": "ui:job", "sink": "ui:sink"}
_SEARCHES = {
    "member": "ui:members",
    "service_account": "ui:service-accounts",
    "token": "ui:workspace-tokens",
    "secret": "ui:secrets",
}


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry in the list. ``fields``: what was different, by name; ``way``: by what way it was done, in words."""

    entry: AuditEntry
    fields: str
    way: object


class AuditList(ListPage):
    """``audit/``: the newest first."""

    template = "ui/people/audit.html"
    rows_template = "ui/people/audit_rows.html"
    area = "ui:audit"
    roles = FOR_OWNERS

    def choices(self) -> Sequence[Filter]:
        """With the action of the address, where it is a single one."""
        chosen = self.request.GET.get("action", "").replace("\0", "").strip()
        known = not chosen or chosen in dict(SUBJECTS)
        return (
            Filter("actor", _("Who"), hint=_("user name")),
            Filter("action", _("What"), SUBJECTS if known else ((chosen, chosen), *SUBJECTS)),
            Filter("target", _("On what"), hint="job task:name"),
            Filter("token", _("With the token"), hint=_("name")),
            Filter("since", _("Since (UTC)"), kind="date"),
            Filter("until", _("Before (UTC)"), kind="date"),
        )

    def find(self, values: Mapping[str, str], *, after: str, limit: int) -> Sequence[EntryRow]:
        """In a query, and one more behind the first page."""
        try:
            wanted, behind = _wanted(values), number(after)
        except NoMatch:
            return []
        found = list_entries(workspace=self.workspace, wanted=wanted, limit=limit, after=behind)
        return [EntryRow(entry, _fields(entry), way(entry)) for entry in found]

    def cursor(self, row: EntryRow) -> str:
        """The id."""
        return str(row.entry.pk)

    def more(self, listed: Listed) -> dict[str, Any]:
        """Where all that fits can be had as a file."""
        query = _export_query({each.filter.name: each.value for each in listed.filters})
        address = reverse("audit-export", args=[self.workspace.slug])
        return {"exports": [(word, f"{address}?{urlencode(query | {'format': form})}") for word, form in _FORMATS]}


class EntryPage(WorkspacePage):
    """``audit/<id>/``: what was different, line beside line."""

    template = "ui/people/audit_entry.html"
    area = "ui:audit"
    roles = FOR_OWNERS

    def get(self, request: HttpRequest, entry_id: int, **kwargs: Any) -> HttpResponse:
        """One of them."""
        entry = find_entry(workspace=self.workspace, entry_id=entry_id)
        return self.page(
            entry=entry,
            differences=differences(entry.before, entry.after),
            told=pretty(entry.data),
            way=way(entry),
            target_page=target_page(entry, slug=self.workspace.slug),
        )


_FORMATS = (("CSV", "csv"), ("JSON Lines", "jsonl"))


def way(entry: AuditEntry) -> object:
    """By what way something was done, in words."""
    return _WAYS.get(entry.via, entry.via) or NOTHING


def target_page(entry: AuditEntry, *, slug: str) -> str:
    """The page of what an entry is about; empty where there is none, or what it was about is gone with it."""
    subject, _space, name = entry.target.partition(" ")
    if entry.action.endswith(_GONE) or not name:
        return ""
    try:
        if subject in _SEARCHES:
            return _search(subject, name, slug)
        if entry.run_id is not None:
            return reverse("ui:run", args=[slug, entry.run_id])
        return reverse(_PAGES[subject], args=[slug, name]) if subject in _PAGES else ""
    except NoReverseMatch:
        return ""


def _search(subject: str, name: str, slug: str) -> str:
    """The list in which it is found: a token is called ``ci of ann`` there, a service account's membership ``ci@acme.service``."""
    if subject == "member" and name.endswith(SUFFIX):
        subject, name = "service_account", name.partition("@")[0]
    if subject == "token":
        name = name.rpartition(" of ")[0]
    return f"{reverse(_SEARCHES[subject], args=[slug])}?search={quote(name)}"


def _wanted(values: Mapping[str, str]) -> AuditFilter:
    """Raises NoMatch."""
    return AuditFilter(
        actor=values["actor"] or None,
        action=values["action"] or None,
        target=values["target"] or None,
        token=values["token"] or None,
        since=instant(values["since"]),
        until=instant(values["until"]),
    )


def _export_query(values: Mapping[str, str]) -> dict[str, str]:
    """As the API reads them: days are instants there. What is no day finds nothing here, and is left for the API to refuse."""
    query = {name: value for name, value in values.items() if value}
    for name in {"since", "until"} & set(query):
        try:
            at = instant(query[name])
        except NoMatch:
            continue
        query[name] = at.isoformat() if at else ""
    return query


def _fields(entry: AuditEntry) -> str:
    """What was changed of something that was there before and after."""
    if entry.before is None or entry.after is None:
        return ""
    names = list({**entry.before, **entry.after})
    return ", ".join(names[:NAMED_FIELDS]) + (", …" if len(names) > NAMED_FIELDS else "")
