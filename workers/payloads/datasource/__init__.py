"""The datasource kind: loads files, databases, REST services and made-up rows into tables and files."""

from jobs.kinds import Kind
from workers.payloads.datasource.parameters import DatasourceParameters, secrets_of

KIND = Kind(
    name="datasource",
    queue="datasource",
    batchable=False,
    job_types=frozenset({"datasource"}),
    parameters=DatasourceParameters,
    secrets=secrets_of,
)
