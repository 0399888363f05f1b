"""Results as files: in the deployment's own folders, by SFTP, or on any other file system that fsspec knows."""

from sinks.base import SinkKind
from sinks.file.configuration import FileConfiguration, secrets_of
from sinks.lazily import opener

KIND = SinkKind(
    name="file",
    title="File",
    configuration=FileConfiguration,
    units=("payload", "batch", "run"),
    idempotent=True,
    open=opener("sinks.file.sink", "FileSink"),
    secrets=secrets_of,
)
