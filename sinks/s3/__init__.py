"""Results as objects in a bucket of S3, or of any service that speaks its protocol."""

from sinks.base import SinkKind
from sinks.lazily import opener
from sinks.s3.configuration import S3Configuration, secrets_of

KIND = SinkKind(
    name="s3",
    title="S3",
    configuration=S3Configuration,
    units=("payload", "batch", "run"),
    idempotent=True,
    open=opener("sinks.s3.sink", "S3Sink"),
    secrets=secrets_of,
)
