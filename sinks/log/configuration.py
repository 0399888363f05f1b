"""What a sink of kind ``log`` is told."""

from typing import Literal

from pydantic import Field

from jobs.documents.basis import Strict


class LogConfiguration(Strict):
    """How lines are written.

    Args:
        prefix: Before each line.
        level: Of each line.
    """

    prefix: str = Field(default="DATA: ", max_length=200)
    level: Literal["debug", "info", "warning", "error"] = "info"
