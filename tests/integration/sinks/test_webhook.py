"""Webhooks: messages that can be verified, answers that are understood, and receivers that behave badly."""

from __future__ import annotations

import base64
import ipaddress
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from pydantic import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from jobs.errors import PermanentError, TransientError
from sinks.base import OpenSink, Parcel, Receipt, SinkGone
from sinks.models import Delivery, FailedDelivery
from sinks.webhook import KIND
from sinks.webhook.configuration import WebhookConfiguration
from tests.conformance.engine import every_row
from tests.integration.http_payload.identities import Identity, make_identity
from tests.integration.http_payload.service import Seen, Service
from tests.integration.sinks.handmade import parcel, record, results
from tests.integration.sinks.pages import deliver_example, example
from tests.integration.sinks.surroundings import surroundings

OLD, NEW = (f"whsec_{base64.b64encode(letter * 32).decode()}" for letter in (b"o", b"n"))
SECRETS = {"old": OLD, "new": NEW, "token": "hunter2-and-more"}


def deliver(url: str, *, what: Parcel | None = None, **configuration: Any) -> Receipt:
    """Make one attempt at delivering a payload's result."""
    sink = KIND.open(WebhookConfiguration(url=url, **configuration), surroundings(**SECRETS))
    return sink.deliver(what or parcel(record(result={"n": "ü"}), unit="payload"))


def verify(seen: Seen, key: str) -> Any:
    """What a receiver does; the message."""
    return Webhook(key).verify(seen.body, {name.lower(): value for name, value in seen.headers.items()})


class TestTheMessage:
    def test_it_says_what_became_of_the_payload_and_of_its_run(self, service: Service) -> None:
        receipt = deliver(service.url("/ok"))
        (seen,) = service.seen
        said = json.loads(seen.body)
        assert (seen.method, seen.headers["Content-Type"]) == ("POST", "application/json")
        assert (said["type"], said["timestamp"]) == ("payload.ended", "2026-11-21T12:00:05+00:00")
        assert said["data"]["payload"]["result"] == {"n": "ü"}
        assert {name: said["data"][name] for name in ("id", "workspace", "job", "run", "state")} == {
            "id": "dlv_1",
            "workspace": "acme",
            "job": "task:ping",
            "run": 7,
            "state": "succeeded",
        }
        assert receipt.bytes == len(seen.body)
        assert receipt.details == {"status": 200, "answer": '{"ok": true}'}

    @pytest.mark.parametrize("unit", ["batch", "run"])
    def test_it_holds_several_payloads_in_their_order(self, service: Service, unit: Any) -> None:
        deliver(service.url("/ok"), what=parcel(*results(1, None, "x"), unit=unit))
        said = json.loads(service.seen[0].body)
        assert said["type"] == f"{unit}.ended"
        assert [each["result"] for each in said["data"]["payloads"]] == [1, None, "x"]

    def test_another_attempt_has_the_same_id_and_the_same_body(self, service: Service) -> None:
        for attempt in (1, 2):
            deliver(service.url("/ok"), what=parcel(*results(1), attempt=attempt), sign={"secrets": ["new"]})
        first, second = service.seen
        assert first.headers["Webhook-Id"] == second.headers["Webhook-Id"] == "dlv_1"
        assert first.body == second.body

    def test_one_that_would_be_too_large_is_not_sent(self, service: Service) -> None:
        with pytest.raises(PermanentError, match=r"larger than 2000 bytes \(max_bytes\): deliver payloads") as caught:
            deliver(service.url("/ok"), what=parcel(*results(*["x" * 200] * 9), unit="run"), max_bytes=2000)
        assert caught.value.code == "too_large"
        assert service.seen == []

    def test_results_are_read_no_further_than_they_may_be_sent(self, service: Service) -> None:
        read: list[int] = []

        def endless() -> Iterator[Any]:
            while True:
                read.append(1)
                yield record(result="x" * 500)

        large = parcel(*results(1), unit="run")
        with pytest.raises(PermanentError, match="larger than"):
            deliver(service.url("/ok"), what=replace(large, records=endless), max_bytes=10_000)
        assert len(read) < 20


class TestTheSignature:
    def test_the_receiver_can_verify_it(self, service: Service) -> None:
        deliver(service.url("/ok"), sign={"secrets": ["new"]})
        (seen,) = service.seen
        assert verify(seen, NEW)["data"]["id"] == seen.headers["Webhook-Id"]
        with pytest.raises(WebhookVerificationError):
            verify(Seen(seen.method, seen.path, seen.headers, seen.body + b" "), NEW)
        with pytest.raises(WebhookVerificationError):
            verify(seen, OLD)

    def test_while_keys_are_rotated_either_is_good(self, service: Service) -> None:
        deliver(service.url("/ok"), sign={"secrets": ["new", "old"]})
        assert verify(service.seen[0], OLD) == verify(service.seen[0], NEW)

    def test_without_keys_there_are_id_and_time_and_no_signature(self, service: Service) -> None:
        deliver(service.url("/ok"))
        headers = service.seen[0].headers
        assert headers["Webhook-Timestamp"].isdecimal()
        assert "Webhook-Signature" not in headers

    def test_a_secret_that_is_no_key_is_refused_without_being_told(self, service: Service) -> None:
        with pytest.raises(PermanentError, match="the secret token is no signing key") as caught:
            deliver(service.url("/ok"), sign={"secrets": ["token"]})
        assert SECRETS["token"] not in str(caught.value)


class TestWhatIsSentBesides:
    def test_headers_of_text_and_of_secrets(self, service: Service) -> None:
        headers = {"X-Tenant": "acme", "X-Token": {"secret": "token", "prefix": "Token "}, "User-Agent": "me"}
        deliver(service.url("/ok"), headers=headers)
        seen = service.seen[0].headers
        assert (seen["X-Tenant"], seen["X-Token"], seen["User-Agent"]) == ("acme", "Token hunter2-and-more", "me")

    @pytest.mark.parametrize(
        ("auth", "name", "value"),
        [
            ({"bearer": {"secret": "token"}}, "Authorization", "Bearer hunter2-and-more"),
            (
                {"basic": {"username": "me", "password_secret": "token"}},
                "Authorization",
                f"Basic {base64.b64encode(b'me:hunter2-and-more').decode()}",
            ),
            ({"api_key": {"secret": "token", "header": "X-Key"}}, "X-Key", "hunter2-and-more"),
        ],
    )
    def test_what_proves_who_delivers(self, service: Service, auth: Any, name: str, value: str) -> None:
        deliver(service.url("/ok"), auth=auth)
        assert service.seen[0].headers[name] == value

    def test_a_key_in_the_query_comes_after_what_the_address_has(self, service: Service) -> None:
        deliver(service.url("/ok?a=b"), auth={"api_key": {"secret": "token", "query": "key"}})
        assert service.seen[0].path == "/ok?a=b&key=hunter2-and-more"


class TestASecretAddress:
    """Addresses of chats, say: who knows one can write there."""

    PART = "T0123/B4567/x9Y8z7W6v5U4"

    def sink(self, url: str, **configuration: Any) -> OpenSink:
        given = WebhookConfiguration(url_secret="chat", **configuration)
        return KIND.open(given, surroundings(**SECRETS, chat=url))

    def refusal(self, sink: OpenSink) -> TransientError | PermanentError:
        try:
            sink.deliver(parcel(*results(1)))
        except (TransientError, PermanentError) as error:
            return error
        pytest.fail("it was delivered")

    @pytest.mark.parametrize("end", ["", "\n", "\r\n"])
    def test_it_is_called(self, service: Service, end: str) -> None:
        self.sink(service.url(f"/ok/{self.PART}") + end).deliver(parcel(*results(1)))
        assert service.seen[0].path == f"/ok/{self.PART}"

    def test_a_secret_that_is_no_address_is_refused_without_being_told(self) -> None:
        with pytest.raises(PermanentError, match="the secret chat holds no address: a URL must begin") as caught:
            self.sink(f"ftp://host/{self.PART}")
        assert caught.value.code == "secret"
        assert self.PART not in str(caught.value)

    def test_the_check_tells_no_more_than_its_host(self, service: Service) -> None:
        said = self.sink(service.url(f"/ok/{self.PART}")).check()
        assert said.startswith(f"http://127.0.0.1:{service.port}/*** answers (HTTP 200")

    @pytest.mark.parametrize(
        ("path", "words"),
        [
            ("/status?code=503&key=", "HTTP 503 Service Unavailable from POST http://127.0.0.1:{port}/***"),
            ("/status?code=410&key=", "HTTP 410 Gone from POST http://127.0.0.1:{port}/***: it wants nothing more"),
            ("/reset?key=", "POST http://127.0.0.1:{port}/***: connection failed: Connection reset by peer"),
            ("/redirect?to=/ok/", "it redirects to another address of 127.0.0.1, and redirects are not followed"),
        ],
    )
    def test_an_error_tells_no_more_than_its_host(self, service: Service, path: str, words: str) -> None:
        error = self.refusal(self.sink(service.url(path + self.PART)))
        assert words.format(port=service.port) in str(error)
        assert self.PART not in f"{error} {error.details}"

    def test_it_stands_in_nothing_that_is_kept_or_logged(
        self, service: Service, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        caplog.set_level(logging.DEBUG)
        paths = ["/echo", "/echo?code=503&key=", "/echo?code=400&key=", "/redirect?to=/echo/", "/reset?key="]
        surroundings(**{f"chat{at}": service.url(f"{path}/{self.PART}") for at, path in enumerate(paths)})
        names = [f"chat{at}" for at in range(len(paths))]
        entries = [
            {"kind": "webhook", "name": name, "deliver": "run", "configuration": {"url_secret": name}} for name in names
        ]
        deliver_example({"key": "task:t", "payload": [{"kind": "noop", "name": "first"}], "sinks": entries})
        assert len(service.seen) == len(paths)
        assert FailedDelivery.objects.count() == len(paths) - 1
        told = "\n".join([every_row(), caplog.text, *capfd.readouterr()])
        assert "127.0.0.1" in told
        assert self.PART.rpartition("/")[2] not in told


class TestAnswers:
    @pytest.mark.parametrize("code", [200, 201, 204])
    def test_2xx_is_delivered(self, service: Service, code: int) -> None:
        assert deliver(service.url(f"/status?code={code}")).details["status"] == code

    @pytest.mark.parametrize("code", [401, 403, 404, 408, 409, 425, 429, 500, 502, 503])
    def test_what_may_pass_or_be_mended_is_tried_again(self, service: Service, code: int) -> None:
        with pytest.raises(TransientError, match=f"HTTP {code} .* from POST http") as caught:
            deliver(service.url(f"/status?code={code}"))
        assert caught.value.code == "http_status"
        assert caught.value.details == {"status": code, "answer": "why"}

    @pytest.mark.parametrize("code", [300, 304, 400, 402, 405, 413, 422])
    def test_anything_else_is_final(self, service: Service, code: int) -> None:
        with pytest.raises(PermanentError, match=f"HTTP {code} ") as caught:
            deliver(service.url(f"/status?code={code}"))
        assert caught.value.code == "http_status"

    def test_the_wait_that_the_receiver_asks_for_is_told(self, service: Service) -> None:
        with pytest.raises(TransientError) as caught:
            deliver(service.url("/status?code=503&after=7"))
        assert caught.value.retry_after_seconds == 7

    def test_410_wants_nothing_more_ever(self, service: Service) -> None:
        with pytest.raises(SinkGone, match="HTTP 410 Gone"):
            deliver(service.url("/status?code=410"))

    @pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
    def test_a_redirect_is_told_and_not_followed(self, service: Service, code: int) -> None:
        with pytest.raises(PermanentError, match="it redirects to /ok, and redirects are not followed") as caught:
            deliver(service.url(f"/redirect?code={code}&to=/ok"))
        assert caught.value.code == "redirect"
        assert len(service.seen) == 1


class TestAReceiverThatBehavesBadly:
    @pytest.mark.parametrize("path", ["/reset", "/hang_up", "/garbage", "/short", "/reset_in_body", "/many_headers"])
    def test_half_an_answer_is_none(self, service: Service, path: str) -> None:
        with pytest.raises(TransientError, match="connection failed") as caught:
            deliver(service.url(path))
        assert caught.value.code == "connection"

    @pytest.mark.parametrize("path", ["/silent", "/drip_header", "/drip_body"])
    def test_one_that_takes_its_time_does_not_take_ours(self, service: Service, path: str) -> None:
        with pytest.raises(TransientError, match=r"took longer than its 0\.4 s") as caught:
            deliver(service.url(path), timeout="400ms")
        assert caught.value.code == "timeout"

    def test_an_answer_without_an_end_is_not_listened_to_for_long(self, service: Service) -> None:
        receipt = deliver(service.url("/endless"))
        assert receipt.details == {"status": 200, "answer": "x" * 500}

    def test_a_compressed_answer_is_not_inflated_without_bounds(self, service: Service) -> None:
        assert deliver(service.url("/gzip?size=50000000")).details == {"status": 200, "answer": "0" * 500}

    def test_one_that_nobody_may_reach_is_not_called(self, service: Service) -> None:
        with pytest.raises(PermanentError, match=r"does not let deliveries go there.*JOBS_EGRESS_ALLOW") as caught:
            deliver(service.url("/ok", host="127.0.0.2"))
        assert (caught.value.code, service.seen) == ("egress_refused", [])


class TestTls:
    @pytest.fixture
    def identity(self, tmp_path: Path) -> Identity:
        return make_identity(tmp_path, x509.IPAddress(ipaddress.ip_address("127.0.0.1")))

    @pytest.fixture
    def secure(self, service: Service, identity: Identity) -> Iterator[Service]:
        with Service(tls=identity.context) as secure:
            yield secure

    def test_an_unknown_authority_is_refused_until_it_is_known(self, secure: Service) -> None:
        with pytest.raises(TransientError, match="certificate not accepted") as caught:
            deliver(secure.url("/ok"))
        assert caught.value.code == "tls"
        assert secure.seen == []

    def test_the_sinks_own_authority_is_accepted(self, secure: Service, identity: Identity) -> None:
        assert deliver(secure.url("/ok"), tls={"ca": identity.pem}).details["status"] == 200

    def test_verification_can_be_switched_off(self, secure: Service) -> None:
        assert deliver(secure.url("/ok"), tls={"verify": False}).details["status"] == 200


class TestCheck:
    def check(self, url: str, **configuration: Any) -> str:
        return KIND.open(WebhookConfiguration(url=url, **configuration), surroundings(**SECRETS)).check()

    @pytest.mark.parametrize("code", [200, 400, 405, 501])
    def test_an_answer_shows_that_somebody_is_there(self, service: Service, code: int) -> None:
        assert f"answers (HTTP {code} to a HEAD request" in self.check(service.url(f"/status?code={code}"))
        assert [seen.method for seen in service.seen] == ["HEAD"]

    @pytest.mark.parametrize("path", ["/status?code=401", "/status?code=403", "/redirect?to=/ok"])
    def test_who_does_not_let_us_in_or_has_moved_is_told(self, service: Service, path: str) -> None:
        with pytest.raises((PermanentError, TransientError), match=r"HTTP \d+ .* from HEAD"):
            self.check(service.url(path))

    @pytest.mark.parametrize("code", [404, 410])
    def test_an_address_where_nothing_is_fails(self, service: Service, code: int) -> None:
        with pytest.raises((PermanentError, TransientError), match=f"HTTP {code} .* from HEAD"):
            self.check(service.url(f"/status?code={code}"))
        assert "POST" not in [seen.method for seen in service.seen]

    def test_one_that_knows_only_what_it_is_delivered_with_says_so_when_it_is_asked(self, service: Service) -> None:
        assert "takes POST (it says so to an OPTIONS request" in self.check(service.url("/post_only"))
        assert [seen.method for seen in service.seen] == ["HEAD", "OPTIONS"]

    def test_who_fails_is_told(self, service: Service) -> None:
        with pytest.raises(TransientError, match="HTTP 500 Internal Server Error from HEAD"):
            self.check(service.url("/status?code=500"))


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        ({}, "exactly one of url, url_secret"),
        ({"url": "https://h/", "url_secret": "chat"}, "exactly one of url, url_secret"),
        ({"url_secret": "https://h/"}, "expected the name of a secret"),
        ({"url": "ftp://h/"}, "must begin with http:// or https://"),
        ({"url": "https://me:pw@h/"}, "must not contain a user name"),
        ({"url": "https://h/", "timeout": "31s"}, "between 1 ms and 30 seconds"),
        ({"url": "https://h/", "timeout": True}, "expected milliseconds"),
        ({"url": "https://h/", "headers": {"webhook-id": "x"}}, "it is set for you"),
        ({"url": "https://h/", "headers": {"X": "a\r\nb"}}, "line breaks"),
        ({"url": "https://h/", "headers": {"X": {"secret": "no name"}}}, "name of a secret"),
        ({"url": "https://h/", "headers": {"X": "1", "x": "2"}}, "header x is given twice"),
        (
            {"url": "https://h/", "headers": {"authorization": "1"}, "auth": {"bearer": {"secret": "a"}}},
            "header authorization is given twice",
        ),
        ({"url": "https://h/", "sign": {"secrets": []}}, "at least 1"),
        ({"url": "https://h/", "auth": {}}, "exactly one of basic, bearer, api_key"),
        ({"url": "https://h/", "max_bytes": 10**9}, "less than or equal"),
        ({"url": "https://h/", "tls": {"ca": "no"}}, "PEM"),
        ({"url": "https://h/", "secret": "x"}, "Extra inputs"),
    ],
)
def test_what_cannot_be_meant_is_refused_when_it_is_saved(configuration: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        WebhookConfiguration.model_validate(configuration)


def test_the_secrets_of_a_configuration_are_known() -> None:
    given = {
        "url": "https://h/",
        "headers": {"A": {"secret": "one"}, "B": "text"},
        "auth": {"basic": {"username": "me", "password_secret": "two"}},
        "sign": {"secrets": ["three", "four"]},
    }
    WebhookConfiguration.model_validate(given)
    assert list(KIND.secrets(given)) == ["one", "two", "three", "four"]
    assert list(KIND.secrets({"url": "https://h/"})) == []
    assert list(KIND.secrets({"url_secret": "chat"})) == ["chat"]


def test_the_pages_example_is_delivered(service: Service) -> None:
    surroundings(**{"orders-key": NEW, "orders-key-before": OLD, "orders-token": "t" * 20})
    document = example("webhook")
    document["sinks"][0]["configuration"]["url"] = service.url("/ok")
    deliver_example(document)
    (row,) = Delivery.objects.all()
    (seen,) = service.seen
    assert (row.state, row.bytes, row.payloads) == ("delivered", len(seen.body), 2)
    assert verify(seen, OLD)["data"]["payloads"][1]["name"] == "second"
