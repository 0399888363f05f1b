"""The addresses to which the Scheduler's pages lead."""

from __future__ import annotations

from urllib.parse import quote

from django.urls import reverse


def schedule_address(slug: str, schedule_id: int) -> str:
    """A schedule's page."""
    return reverse("ui:schedule", args=[slug, schedule_id])


def run_address(slug: str, run_id: int) -> str:
    """A run's page."""
    return f"{_workspace(slug)}runs/{run_id}/"


def job_address(slug: str, key: str) -> str:
    """A job's page."""
    return f"{_workspace(slug)}jobs/{quote(key, safe=':')}/"


def _workspace(slug: str) -> str:
    return reverse("ui:dashboard", args=[slug])
