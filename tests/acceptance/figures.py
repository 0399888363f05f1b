"""Figures that the tests measure on their way; printed at the end, so that a slow recovery is seen before it fails."""

from __future__ import annotations

from typing import Protocol

import pytest

FIGURES = pytest.StashKey[list[str]]()


class Measured(Protocol):
    """Keeps a figure, named for what it is and for its unit."""

    def __call__(self, name: str, value: float) -> None: ...


def keeper(request: pytest.FixtureRequest) -> Measured:
    """What the fixture ``measured`` gives to a test."""
    figures = request.config.stash.setdefault(FIGURES, [])

    def keep(name: str, value: float) -> None:
        figures.append(f"{value:8.2f}  {name}  {request.node.name}")

    return keep
