"""The head of a request says what it is to say, and nothing can slip another line into it."""

import pytest

from jobs.http.urls import parse_target
from workers.payloads.http.head import request_head


def head(
    *,
    method: str = "GET",
    url: str = "http://example.com/a?b=1",
    path: str = "",
    headers: dict[str, str] | None = None,
    body_bytes: int | None = None,
) -> bytes:
    target = parse_target(url)
    return request_head(
        method=method, target=target, path=path or target.path, headers=headers or {}, body_bytes=body_bytes
    )


def test_it_is_written_in_one_piece() -> None:
    written = head(method="POST", headers={"X-Name": "Zürich\t1", "Empty": ""}, body_bytes=3)
    assert written == (
        b"POST /a?b=1 HTTP/1.1\r\nHost: example.com\r\nContent-Length: 3\r\nX-Name: Z\xc3\xbcrich\t1\r\nEmpty: \r\n\r\n"
    )


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://example.com/", "example.com"),
        ("http://example.com:80/", "example.com"),
        ("https://example.com:443/", "example.com"),
        ("https://example.com:80/", "example.com:80"),
        ("http://example.com:443/", "example.com:443"),
        ("http://example.com.:81/", "example.com:81"),
        ("http://[2606:4700::1]/", "[2606:4700::1]"),
        ("http://[2606:4700::1]:81/", "[2606:4700::1]:81"),
        ("http://[fe80::1%25eth0]:81/", "[fe80::1]:81"),
        ("http://bücher.example/", "xn--bcher-kva.example"),
    ],
)
def test_the_host_is_written_as_the_standard_says(url: str, host: str) -> None:
    assert f"\r\nHost: {host}\r\n".encode() in head(url=url)


@pytest.mark.parametrize(
    ("method", "body_bytes", "length"),
    [
        ("GET", None, b""),
        ("HEAD", None, b""),
        ("DELETE", None, b""),
        ("OPTIONS", None, b""),
        ("POST", None, b"Content-Length: 0\r\n"),
        ("PUT", None, b"Content-Length: 0\r\n"),
        ("PATCH", None, b"Content-Length: 0\r\n"),
        ("GET", 0, b"Content-Length: 0\r\n"),
        ("DELETE", 7, b"Content-Length: 7\r\n"),
    ],
)
def test_a_length_is_given_where_there_is_a_body_or_could_be(
    method: str, body_bytes: int | None, length: bytes
) -> None:
    written = head(method=method, body_bytes=body_bytes)
    assert written == b"%s /a?b=1 HTTP/1.1\r\nHost: example.com\r\n%s\r\n" % (method.encode(), length)


@pytest.mark.parametrize("bad", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\x00b", "a\x1bb", "a\x7fb"])
class TestNothingSlipsIn:
    def test_by_a_value(self, bad: str) -> None:
        with pytest.raises(ValueError, match="a header must not contain line breaks"):
            head(headers={"X-City": bad})

    def test_by_a_name(self, bad: str) -> None:
        with pytest.raises(ValueError, match="a name that no header can have"):
            head(headers={bad: "x"})

    def test_by_a_path(self, bad: str) -> None:
        with pytest.raises(ValueError, match="no request line can carry"):
            head(path=f"/{bad}")

    def test_by_a_method(self, bad: str) -> None:
        with pytest.raises(ValueError, match="no request line can carry"):
            head(method=bad)


@pytest.mark.parametrize("path", ["/a b", "/ü", " /", "/\u2028"])
def test_a_path_is_percent_encoded_before_it_comes_here(path: str) -> None:
    with pytest.raises(ValueError, match="no request line can carry"):
        head(path=path)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "ü", "a:"])
def test_a_name_is_a_token(name: str) -> None:
    with pytest.raises(ValueError, match="a name that no header can have"):
        head(headers={name: "x"})
