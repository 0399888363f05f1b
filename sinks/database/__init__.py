"""Results as rows of a table. (Of kind ``sql``: that name is taken, here, by the folder of this app's own statements.)"""

from sinks.base import SinkKind
from sinks.database.configuration import DatabaseConfiguration, secrets_of
from sinks.lazily import opener

KIND = SinkKind(
    name="sql",
    title="SQL table",
    configuration=DatabaseConfiguration,
    units=("batch", "run", "payload"),
    idempotent=True,
    open=opener("sinks.database.sink", "DatabaseSink"),
    secrets=secrets_of,
)
