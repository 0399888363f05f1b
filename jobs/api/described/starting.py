"""The answers of what starts a run."""

from __future__ import annotations

from typing import Any

from jobs.api.described.operation import Answer
from jobs.api.described.run_shapes import Run

JSON = Any


def started(example: JSON) -> dict[int, Answer]:
    """The new run, as the example has it; and with ``wait`` the same one at its end."""
    return {
        202: Answer(says="The new run.", shape=Run, headers=("Location",), example=example),
        200: Answer(says="With `wait`: the new run, which has ended.", shape=Run, headers=("Location",)),
    }
