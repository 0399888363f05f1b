"""The kinds that the suite is run against: one adapter each, or one a sort of server. A new kind joins by one in this list."""

from tests.sinks_conformance.adapter import Adapter
from tests.sinks_conformance.adapters.email import EmailAdapter
from tests.sinks_conformance.adapters.file import LocalFileAdapter, SftpFileAdapter
from tests.sinks_conformance.adapters.http import HttpAdapter
from tests.sinks_conformance.adapters.kafka import KafkaAdapter
from tests.sinks_conformance.adapters.log import LogAdapter
from tests.sinks_conformance.adapters.message import AmqpAdapter, RedisAdapter
from tests.sinks_conformance.adapters.s3 import EncryptedS3Adapter, S3Adapter
from tests.sinks_conformance.adapters.sql import EncryptedSqlAdapter, SqlAdapter
from tests.sinks_conformance.adapters.webhook import WebhookAdapter

ADAPTERS: tuple[type[Adapter], ...] = (
    AmqpAdapter,
    EmailAdapter,
    EncryptedS3Adapter,
    EncryptedSqlAdapter,
    HttpAdapter,
    KafkaAdapter,
    LocalFileAdapter,
    LogAdapter,
    RedisAdapter,
    S3Adapter,
    SftpFileAdapter,
    SqlAdapter,
    WebhookAdapter,
)
