"""The noop kind."""

from __future__ import annotations

from tests.conformance.adapter import SCENARIOS, Adapter, Case


class NoopAdapter(Adapter):
    """It does nothing, so nothing can happen to it."""

    kind = "noop"
    without = dict.fromkeys(SCENARIOS, "it does nothing, at once")

    def success(self) -> Case:
        """It returns nothing."""
        return Case({"anything": 1}, holds=lambda result: result is None)
