"""The generate kind: makes data up, and shows it or keeps it as files to download."""

from jobs.kinds import Kind
from workers.generate.job import GenerateJob

KIND = Kind(
    name="generate",
    queue="datasource",
    batchable=False,
    job_types=frozenset({"task"}),
    parameters=GenerateJob,
)
