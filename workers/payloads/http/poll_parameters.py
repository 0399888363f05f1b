"""How to wait for an answer that comes later, as a person writes it."""

from __future__ import annotations

from pydantic import Field

from jobs.documents import Strict, Timeout
from jobs.durations import parse_ms
from workers.payloads.http.checks import MAX_CHECKS, Check


class Poll(Strict):
    """How to wait for an answer that is announced by 202 and Location (RFC 9110, section 15.3.3).

    ``interval`` is the pause between two looks where the server names none. ``until``: what an answer must say to be the last one;
    without it, any but 202 is.
    """

    interval: Timeout = "5s"
    until: list[Check] = Field(default_factory=list, max_length=MAX_CHECKS)

    @property
    def seconds(self) -> float:
        """The interval."""
        return parse_ms(self.interval) / 1000
