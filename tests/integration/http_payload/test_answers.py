"""What becomes of answers, good and bad, from a real server."""

import json
import socket

import pytest

from jobs.errors import PermanentError, TransientError
from tests.integration.http_payload.calls import perform
from tests.integration.http_payload.service import Service
from workers.payloads.http import client


class TestResult:
    def test_it_has_status_headers_body_and_measures(self, service: Service) -> None:
        result = perform(service.url("/ok"))
        assert result["status"] == 200
        assert result["body"] == {"ok": True}
        assert (result["body_bytes"], result["body_truncated"], result["redirects"]) == (12, False, 0)
        assert result["url"] == service.url("/ok")
        assert result["elapsed_ms"] > 0

    def test_it_keeps_known_headers_and_never_cookies(self, service: Service) -> None:
        headers = perform(service.url("/ok"))["headers"]
        assert headers["etag"] == '"7"'
        assert headers["content-type"] == "application/json"
        assert not {"set-cookie", "x-other", "server"} & set(headers)

    @pytest.mark.parametrize(
        ("body", "content_type", "kept"),
        [
            (b'{"a": [1]}', "application/problem+json", {"a": [1]}),
            (b"\xef\xbb\xbf[1]", "application/json", [1]),
            (b"{broken", "application/json", "{broken"),
            (b"NaN", "application/json", "NaN"),
            (b"1e999", "application/json", "1e999"),
            (b"[" * 5000, "application/json", "[" * 5000),
            (b"[" * 200 + b"]" * 200, "application/json", "[" * 200 + "]" * 200),
            (b'{"a\\u0000": "\\ud800"}', "application/json", {"a\ufffd": "\ufffd"}),
            (b"a\x00b", "text/plain", "a\ufffdb"),
            (b"\xfc", "text/plain; charset=iso-8859-1", "ü"),
            (b"\xfc", "text/plain", "\ufffd"),
            (b"\xc3\xbc", "text/plain; charset=klingon", "ü"),
            (b"ab-", "text/plain; charset=punycode", "ab-"),
            (b"\xc3\xbc", 'text/plain; charset="base64"', "ü"),
            (b"", "application/json", ""),
        ],
    )
    def test_the_body_is_kept_as_data_that_can_be_stored(
        self, service: Service, body: bytes, content_type: str, kept: object
    ) -> None:
        service.fixed = (body, content_type)
        result = perform(service.url("/fixed"))
        assert result["body"] == kept
        json.dumps(result, allow_nan=False).encode()

    @pytest.mark.parametrize("method", ["HEAD", "DELETE"])
    def test_an_answer_without_a_body_is_none(self, service: Service, method: str) -> None:
        result = perform(service.url("/status?code=204"), method=method)
        assert (result["status"], result["body"], result["body_bytes"]) == (204, "", 0)

    def test_chunks_are_joined(self, service: Service) -> None:
        assert perform(service.url("/chunked"))["body"] == "hello world"


class TestSize:
    def test_what_exceeds_the_limit_is_counted_and_dropped(self, service: Service) -> None:
        result = perform(service.url("/large?size=3000000"), max_response_bytes=1000)
        assert result["body"] == "x" * 1000
        assert (result["body_bytes"], result["body_truncated"]) == (3_000_000, True)

    def test_a_body_of_exactly_the_limit_is_whole(self, service: Service) -> None:
        result = perform(service.url("/large?size=1000"), max_response_bytes=1000)
        assert (result["body_bytes"], result["body_truncated"]) == (1000, False)

    def test_a_megabyte_is_kept_by_default(self, service: Service) -> None:
        assert len(perform(service.url("/large?size=2000000"))["body"]) == 1024 * 1024

    def test_truncated_json_is_kept_as_text(self, service: Service) -> None:
        service.fixed = (b'{"a": "bbbbbbbbbb"}', "application/json")
        assert perform(service.url("/fixed"), max_response_bytes=8)["body"] == '{"a": "b'

    def test_compressed_answers_are_counted_as_what_they_inflate_to(self, service: Service) -> None:
        result = perform(service.url("/gzip?size=2000000"), max_response_bytes=10)
        assert (result["body"], result["body_bytes"]) == ("0" * 10, 2_000_000)

    def test_a_decompression_bomb_stops_at_the_ceiling_and_its_connection_ends(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client, "MAX_INFLATED_BYTES", 1_000_000)
        result = perform(service.url("/gzip?size=100000000"), max_response_bytes=10)
        assert 1_000_000 < result["body_bytes"] < 2_000_000
        assert result["body_truncated"]
        perform(service.url("/ok"))
        assert service.connections == 2

    def test_what_is_not_compressed_is_counted_to_its_end(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client, "MAX_INFLATED_BYTES", 1000)
        assert perform(service.url("/large?size=1000000"), max_response_bytes=10)["body_bytes"] == 1_000_000


class TestStatus:
    @pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504])
    def test_what_may_pass_is_worth_another_attempt(self, service: Service, code: int) -> None:
        with pytest.raises(TransientError) as caught:
            perform(service.url(f"/status?code={code}"))
        assert caught.value.code == "http_status"
        assert caught.value.details["status"] == code

    @pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 410, 422, 304])
    def test_what_will_not_pass_is_final(self, service: Service, code: int) -> None:
        with pytest.raises(PermanentError) as caught:
            perform(service.url(f"/status?code={code}"))
        assert caught.value.details["status"] == code

    def test_the_message_can_be_read_by_a_stranger(self, service: Service) -> None:
        url = service.url("/status?code=503&body=database+is+down")
        with pytest.raises(TransientError, match="HTTP 503 Service Unavailable from GET http://127") as caught:
            perform(url)
        assert caught.value.details == {"status": 503, "method": "GET", "url": url, "body": "database is down"}

    def test_the_excerpt_of_a_body_is_two_kilobytes(self, service: Service) -> None:
        with pytest.raises(PermanentError) as caught:
            perform(service.url(f"/status?code=400&body={'y' * 5000}"))
        assert caught.value.details["body"] == "y" * 2048

    def test_the_payload_may_expect_something_else(self, service: Service) -> None:
        assert perform(service.url("/status?code=404"), expect_status=["2xx", 404])["status"] == 404
        with pytest.raises(PermanentError):
            perform(service.url("/status?code=200"), expect_status=[201])

    def test_the_payload_may_retry_or_give_up_on_something_else(self, service: Service) -> None:
        with pytest.raises(TransientError):
            perform(service.url("/status?code=409"), retry_status=[409])
        with pytest.raises(PermanentError):
            perform(service.url("/status?code=503"), final_status=["5xx"])

    def test_retry_after_travels_with_the_error(self, service: Service) -> None:
        with pytest.raises(TransientError) as caught:
            perform(service.url("/status?code=429&after=17"))
        assert caught.value.retry_after_seconds == 17


class TestBrokenAnswers:
    @pytest.mark.parametrize(
        ("path", "words"),
        [
            ("/short", "the answer broke off"),
            ("/not_gzip", "connection failed"),
            ("/reset", "Connection reset by peer"),
            ("/hang_up", "the server closed the connection without an answer"),
            ("/garbage", "connection failed"),
            ("/many_headers", "connection failed"),
        ],
    )
    def test_they_are_worth_another_attempt(self, service: Service, path: str, words: str) -> None:
        with pytest.raises(TransientError, match=words) as caught:
            perform(service.url(path))
        assert caught.value.code == "connection"
        assert service.url(path) in str(caught.value)

    def test_nobody_listens(self, service: Service) -> None:
        with Service() as gone:
            pass
        with pytest.raises(TransientError, match="Connection refused"):
            perform(gone.url("/"))

    def test_a_name_that_does_not_exist(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def unknown(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        with pytest.raises(TransientError, match="host not found: Name or service not known") as caught:
            perform("http://does-not-exist.example/")
        assert caught.value.code == "dns"
