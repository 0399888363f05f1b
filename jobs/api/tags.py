"""Entity tags of what is read, and 304 for whoever has it already. Source: RFC 9110, sections 8.8.3 and 13.1.2."""

from __future__ import annotations

import hashlib
import re

from django.http import HttpResponseNotModified
from django.http.response import HttpResponseBase
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response


def tag(request: Request, answer: Response) -> None:
    """Give the answer to a GET its tag once it is rendered, and turn it into a 304 where If-None-Match names that.

    An answer with a version (``"3"``) becomes ``"3-DIGEST"``: what is told beside a document changes without a new version, and who
    has an old one of that is not to keep it. `matched_number` looks at the version alone. Without a version the tag is a weak one,
    which If-Match never matches.
    """
    if request.method not in ("GET", "HEAD") or answer.status_code != status.HTTP_200_OK:
        return
    seen = re.split(r"\s*,\s*", request.headers.get("If-None-Match", "").strip())

    def finish(rendered: Response) -> HttpResponseBase | None:
        digest = hashlib.sha256(rendered.content).hexdigest()[:16]
        version = rendered.headers.get("ETag", "").strip('"')
        rendered.headers["ETag"] = f'"{version}-{digest}"' if version else f'W/"{digest}"'
        rendered.headers.setdefault("Cache-Control", "private, no-cache")
        if "*" not in seen and _opaque(rendered.headers["ETag"]) not in map(_opaque, seen):
            return None
        kept = ("ETag", "Cache-Control", "Vary")
        return HttpResponseNotModified(
            headers={name: rendered.headers[name] for name in kept if name in rendered.headers}
        )

    answer.add_post_render_callback(finish)


def _opaque(entity_tag: str) -> str:
    """Weak or strong: whoever asks whether it has changed need not tell."""
    return entity_tag.removeprefix("W/")
