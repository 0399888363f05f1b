"""The datasource kind: loads a CSV, JSON, JSON Lines or Parquet file into a table of PostgreSQL or DuckDB."""

from jobs.kinds import Kind
from workers.payloads.datasource.executor import DatasourceExecutor
from workers.payloads.datasource.parameters import DatasourceParameters, secrets_of

KIND = Kind(
    name="datasource",
    queue="datasource",
    batchable=False,
    job_types=frozenset({"datasource"}),
    parameters=DatasourceParameters,
    secrets=secrets_of,
)
EXECUTOR = DatasourceExecutor()
