"""The noop kind: does nothing, at once. For trying chains, schedules and limits, and for measuring the engine."""

from pydantic import BaseModel, ConfigDict

from jobs.kinds import Kind
from workers.payloads.base import JSON, Work


class NoopParameters(BaseModel):
    """Anything is accepted; nothing is used."""

    model_config = ConfigDict(extra="allow")


class NoopExecutor:
    """Succeeds without a result."""

    def perform(self, work: Work) -> JSON:
        """Return at once."""
        return None


KIND = Kind(name="noop", queue="default", batchable=True, job_types=frozenset({"task"}), parameters=NoopParameters)
EXECUTOR = NoopExecutor()
