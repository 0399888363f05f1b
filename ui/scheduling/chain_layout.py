"""Where the jobs of completion chains stand when they are drawn, and the lines between them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

NODE_WIDTH, NODE_HEIGHT = 190, 36
ACROSS, DOWN = 280, 56
MARGIN = 16
SWEEPS = 4
LONGEST_LABEL = 25


@dataclass(frozen=True, slots=True)
class Node:
    """A job, as a box."""

    key: str
    x: int
    y: int

    @property
    def label(self) -> str:
        """Its key, cut where it would not fit."""
        return self.key if len(self.key) <= LONGEST_LABEL else f"{self.key[: LONGEST_LABEL - 1]}…"


@dataclass(frozen=True, slots=True)
class Line:
    """From one box to another: the data of an SVG path. ``place``: of which edge it is."""

    path: str
    place: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """All of it, and how large it is."""

    nodes: Sequence[Node]
    lines: Sequence[Line]
    width: int
    height: int


def layout(edges: Sequence[tuple[str, str]]) -> Drawing:
    """Place what is waited for left of what waits; in each column so that few lines cross.

    Args:
        edges: From a key to a key. Cycles, which nobody can save, are cut somewhere.
    """
    columns = _ordered(_columns(edges), edges)
    nodes = {
        key: Node(key, MARGIN + column * ACROSS, MARGIN + row * DOWN)
        for column, keys in enumerate(columns)
        for row, key in enumerate(keys)
    }
    lines = [Line(_path(nodes[first], nodes[second]), place) for place, (first, second) in enumerate(edges)]
    deepest = max((len(keys) for keys in columns), default=0)
    return Drawing(
        list(nodes.values()),
        lines,
        2 * MARGIN + max(0, len(columns) - 1) * ACROSS + NODE_WIDTH,
        2 * MARGIN + max(0, deepest - 1) * DOWN + NODE_HEIGHT,
    )


def _columns(edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    """By the longest way from a job that waits for none."""
    depth = _depths(sorted(set(edges)))
    columns: dict[int, list[str]] = defaultdict(list)
    for key in sorted(depth):
        columns[depth[key]].append(key)
    return [columns[at] for at in sorted(columns)]


def _depths(edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    depth = {key: 0 for edge in edges for key in edge}
    for _ in depth:  # as often as a way can be long: so that a cycle ends, too
        deeper = [(first, second) for first, second in edges if depth[second] <= depth[first]]
        if not deeper:
            break
        for first, second in deeper:
            depth[second] = max(depth[second], depth[first] + 1)
    return depth


def _ordered(columns: list[list[str]], edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Each column by the middle of its neighbours in the others, there and back a few times."""
    near: dict[str, list[str]] = defaultdict(list)
    for first, second in edges:
        near[first].append(second)
        near[second].append(first)
    for sweep in range(SWEEPS):
        place = {key: row for keys in columns for row, key in enumerate(keys)}
        for keys in columns if sweep % 2 == 0 else reversed(columns):
            keys.sort(key=lambda key: (_middle(near[key], place), key))
            place |= {key: row for row, key in enumerate(keys)}
    return columns


def _middle(keys: Sequence[str], place: dict[str, int]) -> float:
    return sum(place[key] for key in keys) / len(keys) if keys else 0.0


def _path(first: Node, second: Node) -> str:
    x, y = first.x + NODE_WIDTH, first.y + NODE_HEIGHT // 2
    to_x, to_y = second.x - 6, second.y + NODE_HEIGHT // 2
    bend = max(40, (to_x - x) // 2)
    return f"M{x} {y} C{x + bend} {y} {to_x - bend} {to_y} {to_x} {to_y}"
