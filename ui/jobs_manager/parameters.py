"""The form of a payload kind's parameters, made of the model that judges them: whatever a kind takes can be typed in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from jobs import kinds
from jobs.errors import NotFoundError
from ui.model_forms import ModelForm, form_of_model

MAIN: Mapping[str, tuple[str, ...]] = {
    "http": ("method", "url", "headers", "query", "body", "auth"),
    "log_cleanup": ("days", "keep_newest", "what", "job_types", "jobs", "states", "dry_run"),
    "generate": ("datasets", "records", "format", "output", "seed"),
    "spark": ("target", "python", "jar", "aggregation", "arguments"),
    "datasource": ("source", "destination", "write", "key", "cursor"),
}
"""What stands in the form at once; the rest waits under "More"."""

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_CHOICES = {"http": {"method": METHODS}}


@cache
def form_of(kind: str) -> type[ModelForm]:
    """The form of a kind, with its main fields first. Raises NotFoundError for a kind that there is not."""
    found = kinds.get(kind)
    if found is None:
        raise NotFoundError(f"there is no payload kind {kind!r}")
    return form_of_model(found.parameters, first=MAIN.get(kind, ()), choices=_CHOICES.get(kind))
