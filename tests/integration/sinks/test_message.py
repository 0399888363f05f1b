"""Sinks of kind ``message``, with RabbitMQ and Redis on loopback."""

from __future__ import annotations

import ipaddress
import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import kombu
import pytest
from cryptography import x509

from jobs.errors import PermanentError, TransientError
from sinks.documents import configuration_errors
from sinks.message import KIND
from sinks.message.sink import MessageSink
from sinks.models import Delivery
from tests.integration.http_payload.identities import Identity, make_identity
from tests.integration.sinks import rabbitmq
from tests.integration.sinks.dripping import dripping
from tests.integration.sinks.handmade import notices, parcel, record, results
from tests.integration.sinks.pages import deliver_example, example
from tests.integration.sinks.rabbitmq import RabbitMq
from tests.integration.sinks.relay import Relay
from tests.integration.sinks.surroundings import let_every_name_lead_here, surroundings

pytestmark = pytest.mark.django_db

ONE = parcel(record(4, result={"city": "Zürich"}), unit="payload")


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return make_identity(tmp_path_factory.mktemp("identity"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))


@pytest.fixture(scope="module")
def server(identity: Identity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMq]:
    if not rabbitmq.SERVER.exists():
        pytest.skip("this machine has no RabbitMQ (Debian: rabbitmq-server)")
    with rabbitmq.running(tmp_path_factory.mktemp("rabbitmq"), identity) as made:
        yield made


@pytest.fixture
def redis(redis_url: str) -> Iterator[Relay]:
    """A port before this session's Redis, which listens on a socket."""
    with Relay(redis_url.removeprefix("redis+socket://").partition("?")[0]) as made:
        yield made


@pytest.fixture
def name() -> str:
    return f"results-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def queue(server: RabbitMq, name: str) -> str:
    with kombu.Connection(server.url) as connection:
        kombu.Queue(name, durable=True)(connection.default_channel).declare()
    return name


def sink(url: str, *, ca: str = "", **said: Any) -> MessageSink:
    said |= {"url_secret": "BROKER", **({"ca_secret": "CA"} if ca else {})}
    opened = KIND.open(KIND.configuration.model_validate(said), surroundings(BROKER=url, **({"CA": ca} if ca else {})))
    assert isinstance(opened, MessageSink)
    return opened


def delivered(url: str, queue: str) -> list[kombu.Message]:
    """What is in a queue, as anybody reads it with kombu."""
    with kombu.Connection(url) as connection:
        bound = kombu.Queue(queue, channel=connection.default_channel)
        return list(iter(lambda: bound.get(no_ack=True), None))


class TestAQueueOfRabbitMq:
    def test_a_message_carries_the_parcel_under_its_id(self, server: RabbitMq, queue: str) -> None:
        opened = sink(server.url, queue=queue, headers={"city": "{{ result.city }}"})
        receipt = opened.deliver(ONE)
        opened.close()
        [message] = delivered(server.url, queue)
        assert (message.properties["message_id"], message.content_type) == ("dlv_1", "application/json")
        assert int(message.properties["delivery_mode"]) == 2
        assert message.headers == {"city": "Zürich"}
        assert (message.payload["run"], message.payload["payload"]["result"]) == (7, {"city": "Zürich"})
        assert receipt.details == {"message_id": "dlv_1", "exchange": "", "routing_key": queue}

    def test_notices_are_a_message_of_their_own_type(self, server: RabbitMq, queue: str) -> None:
        opened = sink(server.url, queue=queue, headers={"event": "{{ event }}"})
        opened.deliver(notices())
        opened.close()
        [message] = delivered(server.url, queue)
        assert (message.properties["type"], message.headers) == ("jobs.notices", {"event": "run.failed"})
        assert [each["run"] for each in message.payload["notices"]] == [7]

    def test_a_batch_is_one_message(self, server: RabbitMq, queue: str) -> None:
        opened = sink(server.url, queue=queue)
        opened.deliver(parcel(*results(1, 2)))
        opened.close()
        [message] = delivered(server.url, queue)
        assert [each["result"] for each in message.payload["payloads"]] == [1, 2]

    def test_several_threads_may_deliver_at_once(self, server: RabbitMq, queue: str) -> None:
        opened = sink(server.url, queue=queue)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda at: opened.deliver(parcel(record(at), id=f"dlv_{at}")), range(40)))
        opened.close()
        ids = {message.properties["message_id"] for message in delivered(server.url, queue)}
        assert ids == {f"dlv_{at}" for at in range(40)}

    def test_one_that_is_not_there_takes_nothing_and_may_come(self, server: RabbitMq, name: str) -> None:
        opened = sink(server.url, queue=name)
        for tried in (lambda: opened.deliver(ONE), opened.check):
            with pytest.raises(TransientError) as refused:
                tried()
            assert refused.value.code in ("unroutable", "refused")

    def test_it_is_made_when_the_sink_is_told_so(self, server: RabbitMq, name: str) -> None:
        opened = sink(server.url, queue=name, declare=True)
        assert "will be made" in opened.check()
        opened.deliver(ONE)
        opened.close()
        assert len(delivered(server.url, name)) == 1

    def test_one_that_is_full_refuses(self, server: RabbitMq, name: str) -> None:
        with kombu.Connection(server.url) as connection:
            limits = {"x-max-length": 1, "x-overflow": "reject-publish"}
            kombu.Queue(name, durable=True, queue_arguments=limits)(connection.default_channel).declare()
        opened = sink(server.url, queue=name)
        opened.deliver(ONE)
        with pytest.raises(TransientError, match="did not take"):
            opened.deliver(ONE)
        opened.close()
        assert len(delivered(server.url, name)) == 1

    def test_a_message_that_would_be_too_large_is_not_sent(self, server: RabbitMq, queue: str) -> None:
        with pytest.raises(PermanentError) as refused:
            sink(server.url, queue=queue, max_bytes=1000).deliver(parcel(*results("x" * 1000)))
        assert refused.value.code == "too_large"
        assert delivered(server.url, queue) == []

    def test_a_connection_that_is_lost_may_come_back(self, server: RabbitMq, queue: str) -> None:
        with Relay(("127.0.0.1", server.port)) as relay:
            opened = sink(f"amqp://guest:guest@127.0.0.1:{relay.port}", queue=queue)
            opened.deliver(ONE)
            relay.cut()
            with pytest.raises(TransientError):
                opened.deliver(ONE)
            opened.deliver(ONE)
            opened.close()
        assert len(delivered(server.url, queue)) == 2

    def test_a_password_that_is_wrong_can_be_mended(self, server: RabbitMq, queue: str) -> None:
        with pytest.raises(TransientError):
            sink(server.url.replace("guest@", "gust@"), queue=queue).check()


class TestAnExchangeOfRabbitMq:
    def test_the_routing_key_is_filled(self, server: RabbitMq, name: str) -> None:
        with kombu.Connection(server.url) as connection:
            exchange = kombu.Exchange(name, type="topic")
            kombu.Queue(name, exchange, routing_key="*.p4.#")(connection.default_channel).declare()
        opened = sink(server.url, exchange=name, routing_key="{{ workspace }}.{{ name }}.{{ state }}")
        assert opened.check()
        opened.deliver(ONE)
        with pytest.raises(TransientError) as refused:
            opened.deliver(parcel(record(5), unit="payload"))
        opened.close()
        assert refused.value.code == "unroutable"
        [message] = delivered(server.url, name)
        assert message.delivery_info["routing_key"] == "acme.p4.succeeded"


class TestEncryption:
    def test_the_certificate_is_looked_at(self, server: RabbitMq, identity: Identity, queue: str) -> None:
        with pytest.raises(PermanentError) as refused:
            sink(server.tls_url, queue=queue).check()
        assert refused.value.code == "tls"
        opened = sink(server.tls_url, ca=identity.pem, queue=queue)
        opened.deliver(ONE)
        opened.close()
        assert len(delivered(server.url, queue)) == 1

    def test_and_its_name(self, server: RabbitMq, identity: Identity, queue: str) -> None:
        with pytest.raises(PermanentError) as refused:
            sink(server.tls_url.replace("127.0.0.1", "localhost"), ca=identity.pem, queue=queue).check()
        assert refused.value.code == "tls"


class TestAQueueOfRedis:
    def test_anybody_reads_it_with_kombu(self, redis: Relay, name: str) -> None:
        url = f"redis://127.0.0.1:{redis.port}/1"
        opened = sink(url, queue=name, headers={"state": "{{ state }}"})
        assert opened.check()
        opened.deliver(ONE)
        opened.close()
        [message] = delivered(url, name)
        assert (message.properties["message_id"], message.headers) == ("dlv_1", {"state": "succeeded"})
        assert json.loads(message.body or "")["payload"]["result"] == {"city": "Zürich"}

    def test_what_is_no_queue_is_refused(self, redis: Relay, name: str) -> None:
        url = f"redis://127.0.0.1:{redis.port}/1"
        with kombu.Connection(url) as connection:
            channel: Any = connection.default_channel
            channel.client.set(name, "text")
        with pytest.raises(PermanentError, match="WRONGTYPE"):
            sink(url, queue=name).deliver(ONE)

    def test_it_has_no_exchanges(self, redis: Relay) -> None:
        with pytest.raises(PermanentError, match="say queue"):
            sink(f"redis://127.0.0.1:{redis.port}", exchange="results")

    def test_one_that_is_not_there_may_come(self) -> None:
        with Relay("nowhere") as gone:
            port = gone.port
        with pytest.raises(TransientError):
            sink(f"redis://127.0.0.1:{port}", queue="q").deliver(ONE)

    def test_one_that_says_a_little_now_and_then_is_left_when_the_attempts_time_is_over(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sinks.message.sink.MOST_SECONDS", 0.5)
        with dripping(b"a") as port, pytest.raises(TransientError) as caught:
            sink(f"redis://127.0.0.1:{port}/0", queue="results").deliver(ONE)
        assert caught.value.code == "timeout"


class TestWhereItMayGo:
    def test_it_connects_to_the_address_that_was_looked_at(
        self, server: RabbitMq, queue: str, redis: Relay, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        let_every_name_lead_here(monkeypatch)
        here = {"amqp": server.url, "redis": f"redis://127.0.0.1:{redis.port}/1"}
        for url in here.values():
            opened = sink(url.replace("127.0.0.1", "service.invalid"), queue=queue)
            opened.deliver(ONE)
            opened.close()
            assert len(delivered(url, queue)) == 1

    @pytest.mark.parametrize("scheme", ["amqp", "redis"])
    def test_a_host_that_is_not_allowed_is_not_connected_to(self, scheme: str, settings: Any) -> None:
        settings.JOBS_EGRESS_ALLOW = ()
        with Relay("nowhere") as relay:
            opened = sink(f"{scheme}://127.0.0.1:{relay.port}", queue="q")
            with pytest.raises(PermanentError, match="JOBS_EGRESS_ALLOW"):
                opened.deliver(ONE)
            assert relay.connections == 0

    @pytest.mark.parametrize(
        "url",
        [
            "redis+socket:///tmp/redis.sock",
            "amqp://one;amqp://two",
            "redis://h/notanumber",
            "amqp://",
            "amqp://h/?heartbeat=1",
            "no url",
        ],
    )
    def test_what_is_no_url_of_one_host_is_refused(self, url: str) -> None:
        with pytest.raises(PermanentError, match="url_secret"):
            sink(url, queue="q")

    @pytest.mark.parametrize("ca", ["no certificate", "Zürich"])
    def test_what_is_no_certificate_is_told_when_it_is_opened(self, ca: str) -> None:
        with pytest.raises(PermanentError, match="ca_secret: the secret holds no certificates") as caught:
            sink("amqps://h/", ca=ca, queue="q")
        assert caught.value.code == "configuration"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "expected a queue, or an exchange"),
        ({"queue": "a", "exchange": "b"}, "expected a queue, or an exchange"),
        ({"queue": "a", "routing_key": "b"}, "goes with an exchange"),
        ({"exchange": "a", "declare": True}, "only a queue is made"),
        ({"exchange": "a", "routing_key": "{{ job. }}"}, "is no JMESPath expression"),
    ],
)
def test_what_is_wrong_is_told_when_it_is_saved(wrong: dict[str, Any], said: str) -> None:
    [error] = configuration_errors(kind="message", configuration={"url_secret": "X", **wrong})
    assert said in error.message


@pytest.mark.django_db(transaction=True)
def test_the_example_of_the_page(server: RabbitMq) -> None:
    document = example("message")
    with kombu.Connection(server.url) as connection:
        exchange = kombu.Exchange("job-results", type="topic")
        kombu.Queue("readings", exchange, routing_key="task:readings.*")(connection.default_channel).declare()
    surroundings(BROKER=server.url)
    deliver_example(document)
    messages = delivered(server.url, "readings")
    assert sorted(message.payload["payload"]["result"]["n"] for message in messages) == [0, 1]
    assert {message.headers["state"] for message in messages} == {"succeeded"}
    ids = {f"dlv_{delivery.pk}" for delivery in Delivery.objects.filter(state="delivered")}
    assert {message.properties["message_id"] for message in messages} == ids
