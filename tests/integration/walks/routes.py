"""Every address under /api/v1, as Django knows them: nobody has to remember to add one to the walks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter
from rest_framework.views import APIView

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Route:
    """One address, and what is called there. ``address`` has its parameters in braces."""

    name: str
    address: str
    converters: Mapping[str, Any]
    view: Any

    def __str__(self) -> str:
        return self.address

    @property
    def methods(self) -> list[str]:
        """What the view implements."""
        return [method.upper() for method in METHODS if hasattr(self.view, method)]

    @property
    def in_workspace(self) -> bool:
        """Whether it belongs to one."""
        return "workspace" in self.converters

    def filled(self, objects: Mapping[str, object]) -> str:
        """The address of the objects of a workspace: by ``route.parameter``, by ``parameter``, or any of the right form."""
        values = {
            parameter: objects.get(f"{self.name}.{parameter}", objects.get(parameter, _any(converter)))
            for parameter, converter in self.converters.items()
        }
        return self.address.format(**values)


def api_routes() -> list[Route]:
    """All of them, but the last one, which answers for addresses that are none."""
    return routes_below("/api/")


def routes_below(prefix: str) -> list[Route]:
    """All addresses that begin so."""
    return [route for route in _walk(get_resolver(), "", {}) if route.address.startswith(prefix)]


def _walk(resolver: URLResolver, prefix: str, converters: Mapping[str, Any]) -> Iterator[Route]:
    for pattern in resolver.url_patterns:
        address, own = prefix + str(pattern.pattern), {**converters, **pattern.pattern.converters}
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, address, own)
        elif isinstance(pattern, URLPattern):
            view = getattr(pattern.callback, "view_class", None) or getattr(pattern.callback, "cls", pattern.callback)
            yield Route(pattern.name or "", "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", address), own, view)


def _any(converter: Any) -> object:
    return 1 if isinstance(converter, IntConverter) else "x"


def is_api_view(view: Any) -> bool:
    """Whether REST framework asks the view's permissions."""
    return isinstance(view, type) and issubclass(view, APIView)
