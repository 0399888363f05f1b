"""The OpenAPI document as it is served, and the pages that show it. All of them are for everybody: the document says nothing that
the documentation does not, and a client that is being written, or an editor, has no token yet.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

import yaml
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from jobs.api.base import JSONView
from jobs.api.described.operation import Answer, Operation, described, word
from jobs.api.pages import Query
from jobs.errors import FieldError, ValidationError
from jobsproject.openapi import document

MEDIA_TYPES = {"json": "application/json", "yaml": "application/yaml"}
"""By format. Source of the second: RFC 9512."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The browser lets these pages call nobody but this site. They set styles on elements, which takes 'unsafe-inline'; Redoc searches
in a worker that it makes itself."""

READ = Operation(
    id="getSchema",
    tag="This document",
    summary="Read this document",
    says="The OpenAPI document of this API, for everybody.",
    parameters=(word("format", "JSON or YAML.", list(MEDIA_TYPES), default="json"),),
    answers={
        200: Answer(
            says="The document.",
            shape={"type": "object"},
            example={"openapi": "3.1.1", "info": {"title": "Jobs", "version": "1"}, "paths": {}},
            media_types=tuple(MEDIA_TYPES.values()),
            headers=("ETag",),
        )
    },
    public=True,
)


@described(get=READ)
class OpenAPIDocument(JSONView):
    """``schema/``"""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()  # The same bytes for everybody, from memory.

    def get(self, request: Request) -> HttpResponse:
        """The document, in the ``format`` of the query."""
        asked = Query(request, known=("format",), paged=False).text("format") or "json"
        if asked not in MEDIA_TYPES:
            raise ValidationError([FieldError("format", f"expected one of {', '.join(MEDIA_TYPES)}")])
        content = _content(asked)
        headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"'}
        return HttpResponse(content, content_type=MEDIA_TYPES[asked], headers=headers)


@require_safe
@ensure_csrf_cookie  # So that who is logged in can try out what writes.
def swagger(request: HttpRequest) -> HttpResponse:
    """``docs/``: Swagger UI."""
    return _page(request, "api/swagger.html")


@require_safe
def redoc(request: HttpRequest) -> HttpResponse:
    """``redoc/``: Redoc."""
    return _page(request, "api/redoc.html")


def as_yaml(made: dict[str, Any]) -> str:
    """The document as it is committed and served: in its own order, with long texts as they are."""
    return yaml.dump(made, sort_keys=False, allow_unicode=True, width=132, Dumper=_Dumper)


class _Dumper(yaml.SafeDumper):
    """Without anchors, which not every reader knows; texts of several lines as blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


@cache
def _content(kind: str) -> bytes:
    made = document()
    return (json.dumps(made) if kind == "json" else as_yaml(made)).encode()


def _page(request: HttpRequest, template: str) -> HttpResponse:
    page = render(request, template)
    page["Content-Security-Policy"] = POLICY
    return page
