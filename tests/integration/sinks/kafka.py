"""Kafka brokers on loopback: those that librdkafka makes for its own tests.

A mock cluster: real connections and the real protocol, in memory, without logins, replicas and encryption.
"""

from __future__ import annotations

from collections.abc import Sequence

from confluent_kafka import Consumer, Message, Producer, TopicPartition


class Cluster:
    """One broker; ``address`` is where it listens."""

    def __init__(self) -> None:
        self._owner = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "-", "log_level": 0})
        [broker] = self._owner.list_topics(timeout=30).brokers.values()
        self.port = int(broker.port)
        self.address = f"{broker.host}:{broker.port}"

    def read(self, topic: str, count: int) -> Sequence[Message]:
        """So many messages, each partition's in their order; fails when they do not come."""
        consumer = Consumer({"bootstrap.servers": self.address, "group.id": topic, "log_level": 0})
        partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
        consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
        found: list[Message] = []
        while more := consumer.consume(1000, timeout=0.5 if len(found) >= count else 30):  # a moment for one too many
            found += more
        consumer.close()
        return found
