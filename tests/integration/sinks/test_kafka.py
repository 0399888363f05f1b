"""Sinks of kind ``kafka``, with the brokers that librdkafka makes for its own tests."""

from __future__ import annotations

import ipaddress
import json
import sys
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from jobs.errors import PermanentError, TransientError
from sinks.base import OpenSink, Record
from sinks.documents import configuration_errors
from sinks.kafka import KIND
from sinks.models import Delivery
from tests.integration.http_payload.identities import make_identity
from tests.integration.sinks.handmade import notices, parcel, record, results
from tests.integration.sinks.kafka import Cluster
from tests.integration.sinks.mail_server import serving
from tests.integration.sinks.pages import deliver_example, example
from tests.integration.sinks.relay import Relay
from tests.integration.sinks.surroundings import let_every_name_lead_here, surroundings

pytestmark = pytest.mark.django_db

Opens = Callable[..., OpenSink]


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def topic() -> str:
    return f"results-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def sink(cluster: Cluster, topic: str) -> Iterator[Opens]:
    """Opens sinks, and closes them afterwards."""
    opened: list[OpenSink] = []

    def opening(*, secrets: dict[str, str] | None = None, **said: Any) -> OpenSink:
        configuration = {"brokers": [cluster.address], "topic": topic, "security": "none", **said}
        opened.append(KIND.open(KIND.configuration.model_validate(configuration), surroundings(**secrets or {})))
        return opened[-1]

    yield opening
    for each in opened:
        each.close()


class TestAParcel:
    def test_each_record_is_a_message_under_the_deliverys_id(self, cluster: Cluster, topic: str, sink: Opens) -> None:
        opened = sink(key="{{ result.city }}", headers={"state": "{{ state }}"})
        receipt = opened.deliver(parcel(record(4, result={"city": "Zürich"}), record(5, state="failed")))
        first, second = sorted(cluster.read(topic), key=lambda each: each.key() or b"", reverse=True)
        assert (first.key(), second.key()) == ("Zürich".encode(), None)
        headers = {
            "state": b"succeeded",
            "delivery-id": b"dlv_1",
            "position": b"4",
            "content-type": b"application/json",
        }
        assert dict(first.headers() or ()) == headers
        assert first.timestamp()[1] == 1795262405000
        said = json.loads(first.value() or b"")
        assert (said["run"], said["payload"]["result"]) == (7, {"city": "Zürich"})
        assert receipt.details == {"topic": topic, "messages": 2}

    def test_a_notice_is_one_too(self, cluster: Cluster, topic: str, sink: Opens) -> None:
        sink(key="{{ event }}").deliver(notices())
        [message] = cluster.read(topic)
        said = json.loads(message.value() or b"")
        assert (message.key(), said["rule"], said["notice"]["run"]) == (b"run.failed", "on-call", 7)

    def test_records_of_one_key_stay_in_their_order(self, cluster: Cluster, topic: str, sink: Opens) -> None:
        sink(key="{{ job }}", compression="gzip").deliver(parcel(*results(*range(1200))))
        messages = cluster.read(topic)
        assert [json.loads(each.value() or b"")["payload"]["result"] for each in messages] == list(range(1200))

    def test_several_threads_may_deliver_at_once(self, cluster: Cluster, topic: str, sink: Opens) -> None:
        opened = sink()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda at: opened.deliver(parcel(record(at), id=f"dlv_{at}")), range(40)))
        ids = {dict(each.headers() or ())["delivery-id"] for each in cluster.read(topic)}
        assert ids == {f"dlv_{at}".encode() for at in range(40)}

    def test_a_record_that_is_too_large_is_refused_for_good(self, sink: Opens) -> None:
        with pytest.raises(PermanentError, match="than the sink's max_bytes") as refused:
            sink().deliver(parcel(*results("x" * 2_000_000)))
        assert refused.value.code == "too_large"

    def test_how_large_one_may_be_can_be_said(self, cluster: Cluster, topic: str, sink: Opens) -> None:
        sink(max_bytes=3_000_000).deliver(parcel(*results("x" * 2_000_000)))
        [message] = cluster.read(topic)
        assert len(message.value() or b"") > 2_000_000

    def test_large_records_are_sent_in_smaller_lots(self, cluster: Cluster, topic: str, sink: Opens) -> None:
        arrived: list[int] = []

        def records() -> Iterator[Record]:
            yield from results(*["x" * 700_000] * 6)
            arrived.append(len(cluster.read(topic)))
            yield record(6)

        sink().deliver(replace(parcel(record()), records=records))
        assert (arrived, len(cluster.read(topic))) == ([6], 7)

    def test_the_topic_can_be_looked_for(self, topic: str, sink: Opens) -> None:
        assert topic in sink().check()


class TestAClusterThatIsDown:
    def test_it_may_come(self, sink: Opens) -> None:
        with Relay("nowhere") as gone:
            address = f"127.0.0.1:{gone.port}"
        with pytest.raises(TransientError, match="Unable to bootstrap"):
            sink(brokers=[address]).deliver(parcel(record()))

    def test_the_next_broker_of_the_list_is_asked(self, cluster: Cluster, topic: str, sink: Opens) -> None:
        with Relay("nowhere") as gone:
            address = f"127.0.0.1:{gone.port}"
        sink(brokers=[address, cluster.address]).deliver(parcel(record()))
        assert len(cluster.read(topic)) == 1


class TestWhereItMayGo:
    def test_it_connects_to_the_address_that_was_looked_at(
        self, cluster: Cluster, topic: str, sink: Opens, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        let_every_name_lead_here(monkeypatch)
        sink(brokers=[f"service.invalid:{cluster.port}"]).deliver(parcel(record()))
        assert len(cluster.read(topic)) == 1

    def test_a_host_that_is_not_allowed_is_not_connected_to(self, sink: Opens, settings: Any) -> None:
        settings.JOBS_EGRESS_ALLOW = ()
        with Relay("nowhere") as relay:
            with pytest.raises(PermanentError, match="JOBS_EGRESS_ALLOW"):
                sink(brokers=[f"127.0.0.1:{relay.port}"]).deliver(parcel(record()))
            assert relay.connections == 0

    def test_nor_one_that_another_broker_names(self, cluster: Cluster, topic: str, sink: Opens, settings: Any) -> None:
        settings.JOBS_EGRESS_ALLOW = (ipaddress.ip_network("127.0.0.2/32"),)
        with Relay(("127.0.0.1", cluster.port), host="127.0.0.2") as relay:
            with pytest.raises(PermanentError, match=r"127\.0\.0\.1 .* JOBS_EGRESS_ALLOW"):
                sink(brokers=[f"127.0.0.2:{relay.port}"]).deliver(parcel(record()))
            assert relay.connections == 1


class TestEncryption:
    def test_the_certificate_is_looked_at(self, sink: Opens, tmp_path: Path) -> None:
        identity = make_identity(tmp_path, x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        with serving(tls=identity.context) as server:  # any server that shows a certificate
            opened = sink(brokers=[f"127.0.0.1:{server.port}"], security="tls")
            with pytest.raises(PermanentError) as refused:
                opened.check()
        assert refused.value.code == "tls"


def test_without_its_client_it_says_what_to_install(sink: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiokafka", None)
    for module in ("sinks.kafka.sink", "sinks.kafka.producing"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(PermanentError, match=r"requirements/kafka\.txt"):
        sink()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"brokers": ["nowhere"]}, "expected host:port"),
        ({"brokers": ["somewhere:99999"]}, "between 1 and 65535"),
        ({"brokers": ["somewhere:0"]}, "between 1 and 65535"),
        ({"topic": "a b"}, "expected letters, digits"),
        ({"key": "{{ job. }}"}, "is no JMESPath expression"),
        (
            {"sasl": {"mechanism": "PLAIN", "username": "me", "password_secret": "X"}, "security": "none"},
            "not sent without encryption",
        ),
    ],
)
def test_what_is_wrong_is_told_when_it_is_saved(wrong: dict[str, Any], said: str) -> None:
    configuration = {"brokers": ["kafka.example.com:9092"], "topic": "t", **wrong}
    [error] = configuration_errors(kind="kafka", configuration=configuration)
    assert said in error.message


@pytest.mark.django_db(transaction=True)
def test_the_example_of_the_page(cluster: Cluster) -> None:
    document = example("kafka")
    configuration = document["sinks"][0]["configuration"]
    configuration |= {"brokers": [cluster.address], "security": "none"}
    del configuration["sasl"]
    deliver_example(document)
    messages = cluster.read("readings")
    assert [json.loads(each.value() or b"")["payload"]["result"] for each in messages] == [{"n": 0}, {"n": 1}]
    delivery = Delivery.objects.get()
    assert delivery.receipt == {"topic": "readings", "messages": 2}
    assert {dict(each.headers() or ())["delivery-id"] for each in messages} == {f"dlv_{delivery.pk}".encode()}
