"""A scenario: measurements that are compared with each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.report import Target
from benchmarks.subjects.base import Sample, Subject


@dataclass(frozen=True, slots=True)
class Measure:
    """One measurement: of which subject, and how. ``run`` starts and ends all processes that it needs."""

    subject: Subject
    run: Callable[[], Sample]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Measurements that are compared with each other, run in turn, round by round."""

    name: str
    measures: Sequence[Measure]
    targets: Sequence[Target] = ()
