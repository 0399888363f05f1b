"""What a browser may load and do on our pages: the Content-Security-Policy. Source: W3C, Content Security Policy Level 3.

Our own pages, below ``/ui/``, take scripts and styles from files of ours alone. The admin's scripts come from files of ours, too,
and none stands in a page; but the library with which its menus open makes functions of what stands in attributes, which takes
``'unsafe-eval'``, and styles stand in its pages (docs/explanation/security.md tells more). The API's answers have nothing that a
browser is to load.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

STRICT = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PAGES = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
OWN_PAGES = PAGES.replace(" 'unsafe-inline'", "")
ADMIN = PAGES.replace("script-src 'self'", "script-src 'self' 'unsafe-eval'")
_BY_PREFIX = {"/api/": STRICT, "/ui/": OWN_PAGES, "/admin/": ADMIN}
HEADER = "Content-Security-Policy"


class ContentPolicy:
    """Middleware: gives each answer its policy, unless its view has given it one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, with its policy."""
        response = self._get_response(request)
        policy = next((policy for prefix, policy in _BY_PREFIX.items() if request.path.startswith(prefix)), PAGES)
        response.headers.setdefault(HEADER, policy)
        return response
