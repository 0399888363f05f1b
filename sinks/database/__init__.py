"""Results as rows of a table. (Of kind ``sql``: that name is taken, here, by the folder of this app's own statements.)"""

from sinks.base import OpenSink, SinkKind, Surroundings
from sinks.database.configuration import DatabaseConfiguration, secrets


def _open(configuration: DatabaseConfiguration, surroundings: Surroundings) -> OpenSink:
    from sinks.database.sink import DatabaseSink  # noqa: PLC0415 - SQLAlchemy's 25 MB are for whoever delivers to databases

    return DatabaseSink(configuration, surroundings)


KIND = SinkKind(
    name="sql",
    title="SQL table",
    configuration=DatabaseConfiguration,
    units=("batch", "run", "payload"),
    idempotent=True,
    open=_open,
    secrets=secrets,
)
