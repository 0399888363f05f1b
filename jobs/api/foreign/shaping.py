"""``?shape=fusion``: an answer in another system's shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.base import WorkspaceView
from jobs.api.foreign import Mapper
from jobs.errors import FieldError, ValidationError


class ShapedView(WorkspaceView):
    """A view whose answers that succeed can be had in other shapes: by the method and the word that ``shape`` names."""

    foreign: Mapping[str, Mapping[str, Mapper]] = {}
    _shape: Mapper | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Read the shape, before anything is done. Raises ValidationError."""
        super().initial(request, *args, **kwargs)
        known = self.foreign.get("GET" if request.method == "HEAD" else request.method or "", {})
        asked = request.query_params.getlist("shape")
        if not asked:
            return
        if len(asked) > 1 or asked[0] not in known:
            expected = f"expected one of {', '.join(known)}" if known else "this has no other shape"
            raise ValidationError([FieldError("shape", expected)])
        if "fields" in request.query_params:
            raise ValidationError([FieldError("fields", "another shape has other fields: leave one of the two out")])
        self._shape = known[asked[0]]

    def settle(self, request: Request, answer: Response) -> Response:
        """Put what is answered in the end into its shape."""
        answer = super().settle(request, answer)
        if self._shape is None or answer.data is None:
            return answer
        data = answer.data
        if isinstance(data, dict) and set(data) == {"results", "next"}:
            answer.data = data | {"results": [self._shape(entry) for entry in data["results"]]}
        else:
            answer.data = self._shape(data)
        return answer
