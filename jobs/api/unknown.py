"""Addresses that are none."""

from __future__ import annotations

from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from jobs.api.base import JSONView


class UnknownAddress(JSONView):
    """Stands last, so that a wrong address is answered in JSON, and is never redirected with its body lost."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Refuse, whatever the method is."""
        hint = "" if request.path.endswith("/") else "; the addresses of this API end with a slash"
        raise NotFound(f"there is nothing at {request.path}{hint}")
