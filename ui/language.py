"""In which language pages are: that of the reader's choice, or of their browser. The API speaks English to all."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware


class LanguageOfPages:
    """Middleware: Django's `LocaleMiddleware`, for pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._plain = get_response
        self._localized = LocaleMiddleware(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, in the language."""
        if request.path.startswith("/ui/"):
            return cast(HttpResponseBase, self._localized(request))  # nothing awaitable of a view that is none
        return self._plain(request)
