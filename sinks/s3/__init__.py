"""Results as objects in a bucket of S3, or of any service that speaks its protocol."""

from sinks.base import SinkKind
from sinks.s3.configuration import S3Configuration, secrets_of
from sinks.s3.sink import S3Sink

KIND = SinkKind(
    name="s3",
    title="S3",
    configuration=S3Configuration,
    units=("payload", "batch", "run"),
    idempotent=True,
    open=S3Sink,
    secrets=secrets_of,
)
