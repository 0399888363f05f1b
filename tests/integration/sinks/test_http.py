"""HTTP requests as sinks: in the shape that a service asks for."""

from __future__ import annotations

import email
import email.policy
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import yaml
import zstandard
from pydantic import ValidationError

from jobs.errors import PermanentError, TransientError
from sinks.base import OpenSink, Parcel, Receipt
from sinks.http import KIND
from sinks.http.configuration import HttpConfiguration
from sinks.models import Delivery
from tests.integration.http_payload.service import Seen, Service
from tests.integration.sinks.handmade import notices, parcel, record, results
from tests.integration.sinks.pages import deliver_example, example
from tests.integration.sinks.surroundings import surroundings


def deliver(url: str, *, what: Parcel | None = None, **configuration: Any) -> Receipt:
    """Make one attempt at delivering a payload's result."""
    sink = KIND.open(HttpConfiguration(url=url, **configuration), surroundings(token="hunter2-and-more"))
    return sink.deliver(what or parcel(record(3, result={"n": "ü"}), unit="payload"))


def unpack_zstd(body: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(body)


def _content(part: email.message.Message) -> bytes:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


def parts(seen: Seen) -> list[tuple[str, str | None, str, bytes]]:
    """What a server reads of a multipart form: name, file name, type and content of each part."""
    head = f"Content-Type: {seen.headers['Content-Type']}\r\n\r\n".encode()
    form = email.message_from_bytes(head + seen.body, policy=email.policy.HTTP)
    return [
        (
            str(part.get_param("name", header="content-disposition")),
            part.get_filename(),
            part.get_content_type(),
            _content(part),
        )
        for part in form.iter_parts()
    ]


class TestWhatIsSent:
    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
    def test_by_which_method(self, service: Service, method: Any) -> None:
        receipt = deliver(service.url("/ok"), method=method)
        (seen,) = service.seen
        assert (seen.method, seen.headers["Content-Type"]) == (method, "application/json")
        assert seen.headers["Idempotency-Key"] == "dlv_1"
        assert (receipt.bytes, receipt.details["status"]) == (len(seen.body), 200)

    @pytest.mark.parametrize(
        ("content", "unit", "body", "content_type"),
        [
            ("results", "payload", '{"n":"ü"}', "application/json"),
            ("results", "batch", '[{"n":"ü"},null,7]', "application/json"),
            ("lines", "run", '"result":null', "application/x-ndjson"),
            ("document", "run", '"payloads":[{"position":0', "application/json"),
            ("document", "payload", '"payload":{"position":0', "application/json"),
        ],
    )
    def test_how_much_of_it(self, service: Service, content: Any, unit: Any, body: str, content_type: str) -> None:
        values = [{"n": "ü"}] if unit == "payload" else [{"n": "ü"}, None, 7]
        deliver(service.url("/ok"), what=parcel(*results(*values), unit=unit), content=content)
        (seen,) = service.seen
        assert seen.headers["Content-Type"] == content_type
        assert body in seen.body.decode()
        if content != "lines":
            json.loads(seen.body)
        else:
            assert [json.loads(line)["result"] for line in seen.body.splitlines()] == values

    @pytest.mark.parametrize("send_as", ["body", "form", "multipart"])
    @pytest.mark.parametrize(("compression", "read"), [("gzip", gzip.decompress), ("zstd", unpack_zstd)])
    def test_compressed(self, service: Service, compression: Any, read: Any, send_as: Any) -> None:
        for how in ("none", compression, compression):
            receipt = deliver(service.url("/ok"), compression=how, send_as=send_as)
        plain, packed, again = service.seen
        assert "Content-Encoding" not in plain.headers
        assert packed.headers["Content-Encoding"] == compression
        assert read(packed.body) == plain.body
        assert packed.headers["Content-Type"] == plain.headers["Content-Type"]
        assert packed.body == again.body
        assert (receipt.bytes, receipt.sha256) == (len(again.body), hashlib.sha256(again.body).hexdigest())

    def test_its_type_can_be_said(self, service: Service) -> None:
        deliver(service.url("/ok"), content_type="application/vnd.acme+json")
        assert service.seen[0].headers["Content-Type"] == "application/vnd.acme+json"

    def test_as_a_form(self, service: Service) -> None:
        deliver(service.url("/ok"), send_as="form", content="results", field="data", fields={"run": "{{ run }}"})
        (seen,) = service.seen
        assert seen.headers["Content-Type"] == "application/x-www-form-urlencoded"
        assert parse_qs(seen.body.decode()) == {"run": ["7"], "data": ['{"n":"ü"}']}

    def test_as_a_file_of_a_form(self, service: Service) -> None:
        deliver(
            service.url("/ok"),
            send_as="multipart",
            content="results",
            fields={"job": "{{ job }}", "empty": ""},
            file_name='{{ name }} "x".{{ extension }}',
        )
        assert parts(service.seen[0]) == [
            ("job", None, "text/plain", b"task:ping"),
            ("empty", None, "text/plain", b""),
            ("results", "p3 %22x%22.json", "application/json", '{"n":"ü"}'.encode()),
        ]

    def test_a_result_cannot_end_the_part_that_it_is_in(self, service: Service) -> None:
        deliver(service.url("/ok"), send_as="multipart", content="results")
        boundary = parts_boundary(service.seen[0])
        forged = f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="admin"\r\n\r\nyes'
        evil = parcel(record(3, name=forged, result=forged), unit="payload")
        deliver(service.url("/ok"), what=evil, send_as="multipart", content="results", fields={"name": "{{ name }}"})
        assert [name for name, *_ in parts(service.seen[1])] == ["name", "results"]

    @pytest.mark.parametrize("send_as", ["form", "multipart"])
    def test_another_attempt_sends_the_same_bytes(self, service: Service, send_as: Any) -> None:
        for attempt in (1, 2):
            deliver(service.url("/ok"), what=parcel(*results(1), attempt=attempt), send_as=send_as)
        first, second = service.seen
        assert (first.body, first.headers["Content-Type"]) == (second.body, second.headers["Content-Type"])

    def test_in_a_shape_of_its_own(self, service: Service) -> None:
        template = {
            "text": '{{ job }} "{{ name }}"',
            "blocks": [{"n": "{{ result.n }}", "{{ run }}": 1}, 2, None, True],
        }
        deliver(service.url("/ok"), content="template", template=template)
        [seen] = service.seen
        assert seen.headers["Content-Type"] == "application/json"
        said = {"text": 'task:ping "p3"', "blocks": [{"n": "ü", "{{ run }}": 1}, 2, None, True]}
        assert json.loads(seen.body) == said
        with pytest.raises(PermanentError, match="larger than 100 bytes"):
            deliver(service.url("/ok"), content="template", template="x" * 99, max_bytes=100)

    def test_the_chat_example_of_the_page_on_notices(self, service: Service) -> None:
        page = Path("docs/how-to/get-notified.md").read_text()
        chat = yaml.safe_load(page.partition("For a chat that takes")[2].partition("```yaml")[2].partition("```")[0])
        given = surroundings(**{"chat-address": service.url("/ok")})
        KIND.open(HttpConfiguration.model_validate(chat["configuration"]), given).deliver(notices())
        [seen] = service.seen
        assert list(json.loads(seen.body)) == ["text"]
        assert json.loads(seen.body)["text"].startswith("task:ping failed\nRun 7 of task:ping failed at")

    def test_what_would_be_too_large_is_not_sent(self, service: Service) -> None:
        with pytest.raises(PermanentError, match="larger than 100 bytes") as caught:
            deliver(service.url("/ok"), max_bytes=100)
        assert (caught.value.code, service.seen) == ("too_large", [])


class TestASecretAddress:
    def sink(self, url: str, **configuration: Any) -> OpenSink:
        given = HttpConfiguration(url_secret="chat", **configuration)
        return KIND.open(given, surroundings(chat=url))

    def test_it_is_called_as_it_is_with_what_the_query_adds(self, service: Service) -> None:
        url = service.url("/ok/%7B%7B%20x%20%7D%7D/x9Y8z7W6?a=b")
        self.sink(url, query={"run": "{{ run }}"}).deliver(parcel(*results(1)))
        assert service.seen[0].path == "/ok/%7B%7B%20x%20%7D%7D/x9Y8z7W6?a=b&run=7"

    def test_no_more_than_its_host_is_told(self, service: Service) -> None:
        sink = self.sink(service.url("/status?code=500&key=x9Y8z7W6"), query={"run": "{{ run }}"})
        with pytest.raises(TransientError, match=r"from POST http://127.0.0.1:\d+/\*\*\*$") as caught:
            sink.deliver(parcel(*results(1)))
        assert "x9Y8z7W6" not in f"{caught.value} {caught.value.details}"
        assert "/*** answers" in self.sink(service.url("/ok/x9Y8z7W6")).check()

    def test_it_is_one_or_the_other(self) -> None:
        for given in ({}, {"url": "https://h/", "url_secret": "chat"}):
            with pytest.raises(ValidationError, match="exactly one of url, url_secret"):
                HttpConfiguration.model_validate(given)
        assert list(KIND.secrets({"url_secret": "chat"})) == ["chat"]


class TestWhere:
    def test_gaps_of_the_address_are_filled_as_parts_of_a_path(self, service: Service) -> None:
        slashed = parcel(record(3, name="a/b c", result=1), unit="payload")
        deliver(service.url("/ok/{{ job }}/{{ run }}/{{ position }}-{{ name }}"), what=slashed)
        assert service.seen[0].path == "/ok/task%3Aping/7/3-a%2Fb%20c"

    def test_query_parameters_come_after_those_of_the_address(self, service: Service) -> None:
        deliver(service.url("/ok?a=1"), query={"id": "{{ id }}", "what": "a&b"})
        assert service.seen[0].path == "/ok?a=1&id=dlv_1&what=a%26b"

    def test_a_value_cannot_lead_elsewhere(self, service: Service) -> None:
        away = parcel(record(name="//evil.example/x?y#z"), unit="payload")
        deliver(service.url("/ok/{{ name }}"), what=away)
        assert service.seen[0].path == "/ok/%2F%2Fevil.example%2Fx%3Fy%23z"

    @pytest.mark.parametrize("name", ["..", ".", ""])
    @pytest.mark.parametrize("path", ["/ok/{{ name }}", "/ok/{{ name }}/end?a={{ name }}", "/{{ name }}{{ error }}/ok"])
    def test_a_value_that_is_no_part_of_a_path_is_refused(self, service: Service, path: str, name: str) -> None:
        with pytest.raises(PermanentError, match="url: a value is") as caught:
            deliver(service.url(path), what=parcel(record(name=name), unit="payload"))
        assert (caught.value.code, service.seen) == ("url", [])

    def test_values_may_be_dots_beside_others_and_nothing_in_a_query(self, service: Service) -> None:
        deliver(service.url("/ok/a{{ name }}//b?c={{ error }}"), what=parcel(record(name=".."), unit="payload"))
        assert service.seen[0].path == "/ok/a..//b?c="

    def test_half_of_what_leads_up_may_be_the_addresss_own(self, service: Service) -> None:
        with pytest.raises(PermanentError, match="url: a value is"):
            deliver(service.url("/ok/%2e{{ name }}"), what=parcel(record(name="."), unit="payload"))

    def test_the_key_in_the_query_is_in_no_error(self, service: Service) -> None:
        with pytest.raises(PermanentError) as caught:
            deliver(service.url("/status?code=400"), auth={"api_key": {"secret": "token", "query": "key"}})
        assert service.seen[0].path.endswith("key=hunter2-and-more")
        assert "hunter2" not in f"{caught.value} {caught.value.details}"


class TestAnswers:
    def test_which_are_expected_can_be_said(self, service: Service) -> None:
        assert deliver(service.url("/status?code=409"), expect_status=["2xx", 409]).details["status"] == 409
        with pytest.raises(PermanentError, match="HTTP 200 OK from POST"):
            deliver(service.url("/ok"), expect_status=[201])

    def test_others_are_told_apart(self, service: Service) -> None:
        with pytest.raises(TransientError, match="HTTP 503 Service Unavailable from PUT"):
            deliver(service.url("/status?code=503"), method="PUT")
        with pytest.raises(PermanentError, match="HTTP 410 Gone") as caught:
            deliver(service.url("/status?code=410"))
        assert type(caught.value) is PermanentError, "one address of many may be gone"


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        ({"method": "GET"}, "'POST', 'PUT' or 'PATCH'"),
        ({"url": "https://{{ name }}/"}, "in front of the first gap"),
        ({"url": "https://h{{ name }}"}, "in front of the first gap"),
        ({"url": "https://h/{{ [ }}"}, "no JMESPath expression"),
        ({"url": "h"}, "must begin with http"),
        ({"content": "template"}, "go together"),
        ({"template": {"a": "b"}}, "go together"),
        ({"content": "template", "template": {"a": ["{{ [ }}"]}}, "no JMESPath expression"),
        ({"fields": {"a": "b"}}, "set send_as to form or multipart"),
        ({"send_as": "form", "fields": {"results": "b"}}, "the field that holds the content"),
        ({"send_as": "form", "fields": {'a"b': "c"}}, "without quotes"),
        ({"expect_status": ["9xx"]}, "expected status codes"),
        ({"headers": {"Idempotency-Key": "x"}}, "the same on all attempts"),
    ],
)
def test_what_cannot_be_meant_is_refused_when_it_is_saved(configuration: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        HttpConfiguration.model_validate({"url": "https://h/"} | configuration)


def test_the_check_asks_for_the_address_before_its_first_gap(service: Service) -> None:
    sink = KIND.open(HttpConfiguration(url=service.url("/ok/{{ id }}")), surroundings())
    assert "answers (HTTP 200" in sink.check()
    assert [(seen.method, seen.path) for seen in service.seen] == [("HEAD", "/ok/")]


def test_of_an_address_with_gaps_the_beginning_may_be_missing(service: Service) -> None:
    sink = KIND.open(HttpConfiguration(url=service.url("/status?code=404&id={{ id }}")), surroundings())
    assert "answers (HTTP 404" in sink.check()
    whole = KIND.open(HttpConfiguration(url=service.url("/status?code=404")), surroundings())
    with pytest.raises(TransientError, match="HTTP 404 Not Found from HEAD"):
        whole.check()


def test_the_pages_example_is_delivered(service: Service) -> None:
    surroundings(**{"archive-password": "p" * 20})
    document = example("http")
    sink = document["sinks"][0]["configuration"]
    sink["url"] = sink["url"].replace("https://archive.example.com", service.url("/ok"))
    deliver_example(document)
    assert [row.state for row in Delivery.objects.all()] == ["delivered"] * 2
    assert sorted(seen.path.rpartition("/")[2] for seen in service.seen) == ["0?source=jobs", "1?source=jobs"]
    assert {tuple(name for name, *_ in parts(seen)) for seen in service.seen} == {("delivery", "report")}


def parts_boundary(seen: Seen) -> str:
    """What stands between the parts of a form."""
    return seen.headers["Content-Type"].partition("boundary=")[2]
