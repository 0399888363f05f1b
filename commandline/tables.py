"""Tables: fitted to a terminal, and separated by tabs where a program reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from commandline.terminal import Screen, cut, plain, width_of

GAP = "  "
LEAST = 8
"""A column that is cut keeps so many characters; where that is too much the rows are shown one below the other."""


@dataclass(frozen=True)
class Column:
    """A column: its title, and what an entry has there.

    Args:
        title: In the header.
        value: Of an entry; None for nothing.
        right: Numbers stand at the right, and are never cut.
        painted: Words for states have their colours.
        prose: Sentences, which are cut before names and times are.
    """

    title: str
    value: Callable[[dict[str, Any]], object]
    right: bool = False
    painted: bool = False
    prose: bool = False


def render(columns: Sequence[Column], entries: Sequence[dict[str, Any]], *, screen: Screen) -> Iterator[str]:
    """The lines of a table with its header. Where the screen has no width: tab-separated, whole and without colours."""
    titles = [column.title for column in columns]
    rows = [[cell(column.value(entry)) for column in columns] for entry in entries]
    if screen.width is None:
        yield from ("\t".join(row) for row in [titles, *rows])
        return
    widths = fitted(columns, [titles, *rows], room=screen.width)
    if widths is None:
        yield from _stacked(titles, rows, screen=screen)
        return
    yield _line(columns, titles, widths, screen=screen, header=True)
    for row in rows:
        yield _line(columns, row, widths, screen=screen)


def cell(value: object) -> str:
    """A value on one line; nothing for None."""
    return "" if value is None else plain(str(value))


def fitted(columns: Sequence[Column], rows: Sequence[Sequence[str]], *, room: int) -> list[int] | None:
    """The widths of the columns: sentences are cut first, then what is widest; None when even that does not fit."""
    widths = [max(width_of(row[number]) for row in rows) for number in range(len(columns))]
    over = sum(widths) + len(GAP) * (len(columns) - 1) - room
    while over > 0:
        number = _to_be_cut(columns, widths)
        if number is None:
            return None
        widths[number] -= 1
        over -= 1
    return widths


def _to_be_cut(columns: Sequence[Column], widths: Sequence[int]) -> int | None:
    """The next column to take a character from; None when there is none left that could be shorter."""
    long = [number for number, column in enumerate(columns) if not column.right and widths[number] > LEAST]
    prose = [number for number in long if columns[number].prose]
    return max(prose or long, key=widths.__getitem__, default=None)


def _line(
    columns: Sequence[Column], row: Sequence[str], widths: Sequence[int], *, screen: Screen, header: bool = False
) -> str:
    cells = []
    for column, text, width in zip(columns, row, widths, strict=True):
        shown = cut(text, width, ellipsis=screen.ellipsis)
        gap = " " * (width - width_of(shown))
        painted = screen.paint(text, shown) if column.painted and not header else shown
        cells.append(gap + painted if column.right else painted + gap)
    return GAP.join(cells).rstrip()


def _stacked(titles: Sequence[str], rows: Sequence[Sequence[str]], *, screen: Screen) -> Iterator[str]:
    """A row as lines of its own, as much of each as a line takes."""
    for number, row in enumerate(rows):
        if number:
            yield ""
        for title, text in zip(titles, row, strict=True):
            yield cut(f"{title}: {text}", screen.width or len(title), ellipsis=screen.ellipsis)
