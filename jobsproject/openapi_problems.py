"""The problems that the OpenAPI document shows: as the API tells them, with the kind that goes with the status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.api.described.operation import PROBLEM
from jobsproject.problems import KINDS, kind_of, type_of

JSON = Any


def with_kinds(part: JSON) -> JSON:
    """The part of the document with the type and the title of each problem in it."""
    if isinstance(part, list):
        return [with_kinds(each) for each in part]
    if not isinstance(part, Mapping):
        return part
    return {name: _shown(each) if name == PROBLEM else with_kinds(each) for name, each in part.items()}


def _shown(content: Mapping[str, JSON]) -> dict[str, JSON]:
    example = content["example"]
    kind = kind_of(example["status"])
    return {**content, "example": {"type": type_of(kind), "title": KINDS[kind].title, **example}}
