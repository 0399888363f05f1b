"""Lists: filters that live in the address, pages by cursor, and the part that htmx puts in when a filter changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict

from jobs.selectors.looks import Found
from ui.pages import AccountPage, WorkspacePage, is_htmx

LIST = "list"
"""The id of the element that holds the rows, and that filters put anew."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One of a list's filters.

    Args:
        name: In the address.
        label: For people.
        choices: Values and words to choose from, without the empty one; None for what is typed.
        kind: ``search`` (one a list), ``text``, ``date`` or ``number``, where there are no choices.
        hint: What stands in the empty field.
        suggests: The name of an address below the workspace that answers what is typed with ``<option>`` elements to choose from.
    """

    name: str
    label: object
    choices: Sequence[tuple[str, object]] | None = None
    kind: str = "text"
    hint: object = ""
    suggests: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A filter with its value, for the template."""

    filter: Filter
    value: str

    @property
    def input(self) -> str:
        """The kind of its field: an instant of an address, which is no day, would not be seen in a field for days."""
        is_instant = self.filter.kind == "date" and len(self.value) > len("2026-11-21")
        return "text" if is_instant else self.filter.kind


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of rows, for the templates: as ``list``.

    Args:
        rows: As many as a page has.
        following: The address of the next page; empty on the last one.
        broken_off: Whether the page has fewer rows than it could only because so many were looked through; ``following`` goes on.
        first: The address of the first page; empty on it.
        filters: All, with their values.
        is_filtered: Whether any has a value, which tells an empty list from one in which nothing was found.
        clear: The address without filters.
    """

    rows: Sequence[Any]
    following: str
    broken_off: bool
    first: str
    filters: Sequence[Shown]
    is_filtered: bool
    clear: str

    @property
    def is_searched(self) -> bool:
        """Whether one of the filters is a search, which is followed while somebody types."""
        return any(each.filter.kind == "search" for each in self.filters)


class AccountList(AccountPage):
    """A list for whoever is logged in. A subclass says ``template`` (the whole page, which includes ``rows_template`` in
    ``#list``), ``filters`` and implements `find` and `cursor`."""

    rows_template: str = ""
    filters: Sequence[Filter] = ()
    per_page = 50

    def find(self, values: Mapping[str, str], *, after: str, limit: int) -> Sequence[Any]:
        """Up to ``limit`` rows behind the cursor ``after``, which is empty for the first page.

        Args:
            values: Of all filters by name; empty for those that are not set. What does not fit is to be taken for no match.
        """
        raise NotImplementedError

    def cursor(self, row: Any) -> str:
        """Where the page after this row begins."""
        raise NotImplementedError

    def more(self, listed: Listed) -> dict[str, Any]:
        """What else the templates need."""
        return {}

    def choices(self) -> Sequence[Filter]:
        """The filters; for those whose choices come from rows."""
        return self.filters

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The page, or the part of it that a filter changes."""
        filters = self.choices()
        values = {each.name: request.GET.get(each.name, "").replace("\0", "").strip() for each in filters}
        after = request.GET.get("after", "").replace("\0", "")
        found = self.find(values, after=after, limit=self.per_page + 1)
        listed = self._listed(found, filters, values, after)
        told = {"list": listed, **self.more(listed)}
        if is_htmx(request) and request.headers.get("HX-Target") == LIST:
            return self.part(self.rows_template, **told)
        return self.page(rows_template=self.rows_template, **told)

    def _listed(self, found: Sequence[Any], filters: Sequence[Filter], values: Mapping[str, str], after: str) -> Listed:
        set_values = {name: value for name, value in values.items() if value}
        shown = list(found[: self.per_page])
        until = found.until if isinstance(found, Found) else None
        behind = self.cursor(shown[-1]) if len(found) > self.per_page else "" if until is None else str(until)
        return Listed(
            rows=shown,
            following=self._address(set_values, behind) if behind else "",
            broken_off=until is not None and len(found) <= self.per_page,
            first=self._address(set_values, "") if after else "",
            filters=[Shown(each, values[each.name]) for each in filters],
            is_filtered=bool(set_values),
            clear=self.request.path,
        )

    def _address(self, values: Mapping[str, str], after: str) -> str:
        query = QueryDict(mutable=True)
        query.update(values)
        if after:
            query["after"] = after
        return f"{self.request.path}?{query.urlencode()}" if query else self.request.path


class ListPage(AccountList, WorkspacePage):
    """A list in a workspace."""
