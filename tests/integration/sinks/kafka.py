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

    def read(self, topic: str) -> Sequence[Message]:
        """All messages of a topic, each partition's in their order."""
        consumer = Consumer({"bootstrap.servers": self.address, "group.id": topic, "log_level": 0})
        numbers = consumer.list_topics(topic, timeout=30).topics[topic].partitions
        partitions = [TopicPartition(topic, number, 0) for number in numbers]
        ends = [consumer.get_watermark_offsets(each, timeout=30)[1] for each in partitions]
        consumer.assign(partitions)
        found = [message for _ in range(sum(ends)) if (message := consumer.poll(30))]
        consumer.close()
        return found
