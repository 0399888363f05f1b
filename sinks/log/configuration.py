"""What a sink of kind ``log`` is told."""

from typing import Annotated, Literal

from pydantic import Field

from jobs.documents.basis import Strict
from sinks.filling import Filled


class LogConfiguration(Strict):
    """How lines are written.

    Args:
        prefix: Before each line; may have gaps, see `sinks.filling`.
        level: Of each line.
    """

    prefix: Annotated[Filled, Field(max_length=200)] = "DATA: "
    level: Literal["debug", "info", "warning", "error"] = "info"
