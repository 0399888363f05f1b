"""Results as records of a Kafka topic. Its client is an extra, requirements/kafka.txt; the configuration is known without it."""

from jobs.errors import PermanentError
from sinks.base import OpenSink, SinkKind, Surroundings
from sinks.kafka.configuration import KafkaConfiguration, secrets


def _open(configuration: KafkaConfiguration, surroundings: Surroundings) -> OpenSink:
    try:
        from sinks.kafka.sink import KafkaSink  # noqa: PLC0415 - the client may not be there
    except ModuleNotFoundError as error:
        raise PermanentError(
            "Kafka's client is not on this worker: install it with `pip install -r requirements/kafka.txt`",
            code="configuration",
        ) from error
    return KafkaSink(configuration, surroundings)


KIND = SinkKind(
    name="kafka",
    title="Kafka",
    configuration=KafkaConfiguration,
    units=("run", "batch", "payload"),
    idempotent=False,
    open=_open,
    secrets=secrets,
)
