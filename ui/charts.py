"""Small charts, drawn as SVG by the server. Everything is in attributes and classes: no style stands in a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Part(NamedTuple):
    """Part of a column: a tone of `ui.looks`, how much it is, and its name for who hovers or listens."""

    tone: str
    value: float
    name: object


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a stacked chart. ``label`` says what it stands for; ``address`` leads to what it counts, or is empty."""

    label: str
    parts: Sequence[Part]
    address: str = ""

    @property
    def total(self) -> float:
        """All of it."""
        return sum(part.value for part in self.parts)


class Rect(NamedTuple):
    """A part as it is drawn."""

    x: float
    y: float
    width: float
    height: float
    tone: str


class Bar(NamedTuple):
    """A column as it is drawn: its parts, the whole height's field for the pointer, and its text."""

    rects: list[Rect]
    x: float
    width: float
    title: str
    address: str


class Legend(NamedTuple):
    """A tone, and what it stands for."""

    tone: str
    name: object
    total: float


@dataclass(frozen=True, slots=True)
class Stacked:
    """Columns side by side, their parts upon each other.

    Args:
        title: What is shown, for who does not see it.
        columns: From left to right.
        width, height: Of the field, in units of the drawing: it is as wide as its place on the page.
        unit: What is counted: ``runs``.
    """

    title: str
    columns: Sequence[Column]
    width: int = 480
    height: int = 120
    unit: str = ""

    @property
    def top(self) -> float:
        """What the highest column would have: a round number, at least 1."""
        return round_up(max((column.total for column in self.columns), default=0))

    @property
    def legend(self) -> list[Legend]:
        """Each tone that occurs, in the order of the first column, with its sum."""
        sums: dict[tuple[str, object], float] = {}
        for column in self.columns:
            for part in column.parts:
                sums[part.tone, part.name] = sums.get((part.tone, part.name), 0) + part.value
        return [Legend(tone, name, total) for (tone, name), total in sums.items()]

    @property
    def is_empty(self) -> bool:
        """True when there is nothing to see."""
        return not any(column.total for column in self.columns)

    @property
    def bars(self) -> list[Bar]:
        """What is to be drawn."""
        step = self.width / max(1, len(self.columns))
        gap = min(2.0, step * 0.2)
        return [self._bar(n * step, step - gap, column) for n, column in enumerate(self.columns)]

    def _bar(self, x: float, width: float, column: Column) -> Bar:
        y, rects = float(self.height), []
        for part in column.parts:
            height = part.value / self.top * self.height
            if height:
                height = max(height, 1.0)  # or one failure among ten thousand would not be seen
                y -= height
                rects.append(Rect(round(x, 2), round(max(y, 0), 2), round(width, 2), round(height, 2), part.tone))
        told = ", ".join(f"{part.value:,g} {part.name}" for part in column.parts if part.value) or "0"
        return Bar(rects, round(x, 2), round(width, 2), f"{column.label}: {told}", column.address)


@dataclass(frozen=True, slots=True)
class Line:
    """One line through values, with the field below it; None where there is none.

    Args:
        title: What is shown.
        values: From left to right.
        labels: What each stands for, as many.
        tone: Of `ui.looks`.
    """

    title: str
    values: Sequence[float | None]
    labels: Sequence[str] = ()
    tone: str = "blue"
    width: int = 240
    height: int = 60

    @property
    def top(self) -> float:
        """What the upper edge stands for."""
        return round_up(max((value for value in self.values if value is not None), default=0))

    @property
    def points(self) -> str:
        """For ``<polyline points>``."""
        step = self.width / max(1, len(self.values) - 1)
        return " ".join(
            f"{n * step:.1f},{self.height - value / self.top * self.height:.1f}"
            for n, value in enumerate(self.values)
            if value is not None
        )


def round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50, ... that is not below; 1 for nothing."""
    size = 1.0
    while True:
        for step in (1, 2, 5):
            if size * step >= value:
                return size * step
        size *= 10
