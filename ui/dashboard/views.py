"""The dashboard: is anything wrong?"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from ui.dashboard.figures import board
from ui.pages import WorkspacePage


class Dashboard(WorkspacePage):
    """``/ui/w/<workspace>/``"""

    template = "ui/dashboard/dashboard.html"
    area = "ui:dashboard"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The whole page."""
        return self.page(board=board(workspace=self.workspace, now=self.now))


class Figures(WorkspacePage):
    """``dashboard/figures/``: what is live of it."""

    area = "ui:dashboard"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """That part."""
        return self.part("ui/dashboard/figures.html", board=board(workspace=self.workspace, now=self.now))
