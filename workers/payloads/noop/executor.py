"""Performs ``noop`` payloads."""

from workers.payloads.base import JSON, Work


class NoopExecutor:
    """Succeeds without a result."""

    def perform(self, work: Work) -> JSON:
        """Return at once."""
        return None


EXECUTOR = NoopExecutor()
