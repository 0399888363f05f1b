"""What servers write byte for byte, and what becomes of the connection after it."""

import gzip
import zlib

import pytest

from jobs.errors import TransientError
from tests.integration.http_payload.calls import perform
from tests.integration.http_payload.service import Service

OK = b"HTTP/1.1 200 OK\r\n"
HELLO = OK + b"Content-Length: 5\r\n\r\nhello"
TWO_MEMBERS = gzip.compress(b"hel") + gzip.compress(b"lo")


def twice(service: Service, raw: bytes, *, method: str = "GET") -> list[object]:
    """The bodies of two calls that are answered with these bytes."""
    service.raw = raw
    return [perform(service.url("/raw"), method=method)["body"] for _ in range(2)]


@pytest.mark.parametrize(
    "raw",
    [
        HELLO,
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + HELLO,
        OK + b"Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 1\r\n\r\n",
        OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(TWO_MEMBERS) + TWO_MEMBERS,
    ],
)
def test_a_sound_answer_leaves_its_connection_to_the_next_call(service: Service, raw: bytes) -> None:
    assert twice(service, raw) == ["hello", "hello"]
    assert service.connections == 1


@pytest.mark.parametrize("framing", [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b""])
def test_an_answer_to_head_is_not_waited_for_any_longer(service: Service, framing: bytes) -> None:
    assert twice(service, OK + framing + b"\r\n", method="HEAD") == ["", ""]
    assert service.connections == 1


@pytest.mark.parametrize(
    ("raw", "method", "body"),
    [
        (HELLO + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", "GET", "hello"),
        (HELLO + b"x", "GET", "hello"),
        (HELLO, "HEAD", ""),
        (OK + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello", "GET", "hello"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "GET", "hello"),
    ],
)
def test_no_byte_of_one_answer_gets_into_the_next(service: Service, raw: bytes, method: str, body: str) -> None:
    assert twice(service, raw, method=method) == [body, body]
    assert service.connections == 2


def test_a_body_without_a_length_goes_on_to_the_end_of_the_connection(service: Service) -> None:
    service.raw_ends_connection = True
    assert twice(service, OK + b"\r\nhello") == ["hello", "hello"]


def test_deflate_may_come_raw(service: Service) -> None:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    body = compressor.compress(b"hello") + compressor.flush()
    raw = OK + b"Content-Encoding: deflate\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    assert twice(service, raw) == ["hello", "hello"]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (OK + b"Content-Length: 6\r\n\r\nhello", "the answer broke off before its end"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "the answer broke off before its end"),
        (OK + b"Content-Le", "the answer broke off before its end"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "the answer is no HTTP"),
        (OK + b"A: " + b"x" * 100_000, "the answer's head is longer than 65536 bytes"),
        (OK + b"A b\r\n\r\n", "the answer is no HTTP"),
    ],
)
def test_a_broken_answer_is_worth_another_attempt_and_tells_no_secret(service: Service, raw: bytes, words: str) -> None:
    service.raw, service.raw_ends_connection = raw, True
    with pytest.raises(TransientError, match=f"connection failed: {words}") as caught:
        perform(service.url("/raw"), auth={"api_key": {"secret": "token", "query": "key"}})
    assert caught.value.code == "connection"
    assert "s3cr3t" not in repr(caught.value) + repr(caught.value.__cause__) + repr(caught.value.details)


def test_a_reset_within_the_body_is_not_asked_about_again(service: Service) -> None:
    perform(service.url("/ok"))
    with pytest.raises(TransientError, match="the answer broke off before its end"):
        perform(service.url("/reset_in_body"))
    assert [seen.path for seen in service.seen] == ["/ok", "/reset_in_body"]
