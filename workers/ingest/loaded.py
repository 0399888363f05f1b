"""What a load did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loaded:
    """``rows_read`` came out of the file and ``rows_written`` are in the table because of this load.

    ``columns`` maps names to the destination's types, in order. ``loaded_before`` says that an earlier attempt's commit
    had reached the destination: the numbers are that attempt's, and this one added nothing.
    """

    rows_read: int
    rows_written: int
    columns: dict[str, str]
    loaded_before: bool = False
