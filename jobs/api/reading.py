"""Reading lists and single things: what may stand in the query, which fields are shown, and what is shown besides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.foreign.shaping import ShapedView
from jobs.api.pages import Query

READING = ("GET", "HEAD")


class ReadingView(ShapedView):
    """A view whose GET reads its query strictly, and shows what its caller asks for.

    ``fields=id,state`` keeps these fields alone; ``include=NAME`` adds what is left out otherwise.
    """

    parameters: tuple[str, ...] = ()
    """What else may stand in the query."""
    paged = False
    """Whether the answer is a page."""
    shown: tuple[str, ...] = ()
    """The fields of what is read. Empty for what is shown whole."""
    includable: tuple[str, ...] = ()
    """Fields that are shown only if they are asked for."""
    query: Query
    included: frozenset[str] = frozenset()
    _fields: frozenset[str] | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Read the query of a GET. Raises ValidationError."""
        super().initial(request, *args, **kwargs)
        if request.method not in READING:
            return
        chosen = (*(("fields",) if self.shown else ()), *(("include",) if self.includable else ()))
        shape = ("shape",) if self.foreign.get("GET") else ()
        self.query = Query(request, known=(*self.parameters, *chosen, *shape), paged=self.paged)
        self.included = self.query.names("include", self.includable) or frozenset()
        fields = self.query.names("fields", (*self.shown, *self.includable))
        self._fields = None if fields is None else fields | self.included

    def settle(self, request: Request, answer: Response) -> Response:
        """Leave out what was not asked for."""
        answer = super().settle(request, answer)
        if request.method in READING and self._fields is not None:
            answer.data = self._pruned(answer.data)
        return answer

    def _pruned(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.paged:
            return {**data, "results": [self._kept(entry) for entry in data["results"]]}
        return self._kept(data)

    def _kept(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        assert self._fields is not None
        return {name: value for name, value in entry.items() if name in self._fields}
