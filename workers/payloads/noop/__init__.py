"""The noop kind: does nothing, at once. For trying chains, schedules and limits, and for measuring the engine."""

from pydantic import BaseModel, ConfigDict

from jobs.kinds import Kind


class NoopParameters(BaseModel):
    """Anything is accepted; nothing is used."""

    model_config = ConfigDict(extra="allow")


KIND = Kind(name="noop", queue="default", batchable=True, job_types=frozenset({"task"}), parameters=NoopParameters)
