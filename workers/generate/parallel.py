"""Blocks made in several processes. Python's threads compute one at a time, so they would make nothing faster."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from jobs.errors import TransientError
from workers.generate.independent import Drawn, Independent, Plan

Range = tuple[int, int]
"""The first record of a block, and how many."""
AHEAD = 2
"""Blocks that each process may be ahead of whoever writes them: more would only fill the memory."""

_mine: dict[str, Independent] = {}


def drawn_in_parallel(plan: Plan, ranges: Iterable[Range], *, processes: int) -> Iterator[tuple[Range, Drawn]]:
    """Make blocks, in the order of the ranges.

    Raises:
        TransientError: One of the processes died.
    """
    # Spawned: this process has threads, whose locks a forked one would inherit in whatever state they are.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(plan,)) as pool:
        try:
            yield from _in_order(pool, ranges, processes * AHEAD)
        except BrokenProcessPool as error:
            raise TransientError("a process that made records died: is there enough memory?", code="crashed") from error
        finally:
            # Waiting for them: killed at their end, they would complain in the run's log of what was killed before them.
            pool.shutdown(cancel_futures=True)


def _in_order(pool: ProcessPoolExecutor, ranges: Iterable[Range], ahead: int) -> Iterator[tuple[Range, Drawn]]:
    waiting: deque[tuple[Range, Future[Drawn]]] = deque()
    for one in ranges:
        waiting.append((one, pool.submit(_draw, *one)))
        if len(waiting) > ahead:
            first, future = waiting.popleft()
            yield first, future.result()
    for first, future in waiting:
        yield first, future.result()


def _begin(plan: Plan) -> None:
    _mine["plan"] = Independent(plan)


def _draw(first: int, count: int) -> Drawn:
    return _mine["plan"].draw(first, count)
