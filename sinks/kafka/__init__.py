"""Results as records of a Kafka topic. Its client is an extra, requirements/kafka.txt; the configuration is known without it."""

from sinks.base import SinkKind
from sinks.kafka.configuration import KafkaConfiguration, secrets_of
from sinks.lazily import opener

_NO_CLIENT = (
    "the workers of this deployment have no Kafka client: install it with `pip install -r requirements/kafka.txt`"
)

KIND = SinkKind(
    name="kafka",
    title="Kafka",
    configuration=KafkaConfiguration,
    units=("run", "batch", "payload"),
    idempotent=False,
    open=opener("sinks.kafka.sink", "KafkaSink", missing=_NO_CLIENT),
    secrets=secrets_of,
)
