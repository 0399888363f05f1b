"""``audit/``: who changed what when. For owners."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from jobs.api.base import WorkspaceView
from jobs.api.described import audit as on_audit
from jobs.api.described.operation import described
from jobs.api.pages import Query, page
from jobs.api.reading import ReadingView
from jobs.models import AuditEntry, Role
from jobs.selectors.audit import AuditFilter, all_entries, list_entries

FILTERS = ("actor", "action", "target", "token", "since", "until")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Format(StrEnum):
    """Of an export."""

    JSONL = "jsonl"
    CSV = "csv"


@described(get=on_audit.LIST)
class AuditList(ReadingView):
    """``audit/``"""

    roles = {"GET": Role.OWNER, "HEAD": Role.OWNER}
    parameters = (*FILTERS, "order")
    paged = True
    shown = tuple(on_audit.AuditEntry.model_fields)

    def get(self, request: Request, workspace: str) -> Response:
        """The entries, the newest first."""
        query = self.query
        _, descending = query.order(("-id",))
        entries = list_entries(
            workspace=self.workspace,
            wanted=_filter(query),
            limit=query.limit + 1,
            after=query.number("after"),
            descending=descending,
        )
        return page(request, entries, limit=query.limit, cursor=lambda entry: entry.pk, show=entry_json)


@described(get=on_audit.EXPORT)
class AuditExport(WorkspaceView):
    """``audit/export/``"""

    roles = {"GET": Role.OWNER, "HEAD": Role.OWNER}

    def get(self, request: Request, workspace: str) -> HttpResponseBase:
        """All entries, as a download: ``format=jsonl`` (the default) or ``csv``."""
        query = Query(request, known=(*FILTERS, "format"), paged=False)
        chosen = query.word("format", Format) or Format.JSONL
        entries = all_entries(workspace=self.workspace, wanted=_filter(query))
        lines, content_type = (
            (_json_lines(entries), "application/x-ndjson")
            if chosen is Format.JSONL
            else (_csv_lines(entries), "text/csv")
        )
        name = f'attachment; filename="audit-{self.workspace.slug}.{chosen}"'
        headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
        return StreamingHttpResponse(lines, content_type=content_type, headers=headers)


def entry_json(entry: AuditEntry) -> dict[str, Any]:
    """An entry."""
    names = ("id", "at", "actor", "via", "token", "action", "target", "before", "after", "data")
    return {name: getattr(entry, name) for name in names} | {"run": entry.run_id}


def _filter(query: Query) -> AuditFilter:
    return AuditFilter(
        actor=query.text("actor"),
        action=query.text("action"),
        target=query.text("target"),
        token=query.text("token"),
        since=query.instant("since"),
        until=query.instant("until"),
    )


def _json_lines(entries: Iterator[AuditEntry]) -> Iterator[str]:
    for entry in entries:
        yield json.dumps(entry_json(entry), cls=JSONEncoder, ensure_ascii=False) + "\n"


class _Line:
    """What a csv writer writes to: gives back what it is given."""

    def write(self, text: str) -> str:
        return text


def _csv_lines(entries: Iterator[AuditEntry]) -> Iterator[str]:
    columns = ("id", "at", "actor", "via", "token", "action", "target", "run", "before", "after", "data")
    writer = csv.writer(_Line())
    yield writer.writerow(columns)
    for entry in entries:
        shown = entry_json(entry)
        yield writer.writerow([_cell(shown[name]) for name in columns])


def _cell(value: Any) -> str:
    """A spreadsheet must not take what somebody wrote for a formula."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.isoformat()
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
