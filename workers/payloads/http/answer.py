"""One answer: from the bytes that come to status, headers and body (RFC 9112).

The reading itself is llhttp's, the parser of Node.js, which is as strict as one must be towards strangers. Four things
that servers do in fact, and that browsers put up with, are let through: lines that end without a carriage return,
folded header lines, a Content-Length beside chunks (the chunks count), and blanks after a chunk's size.
"""

from __future__ import annotations

import re

import httptools

MAX_HEAD_BYTES = 65_536
"""So long may a head be, all interim answers before it included; and so much may come between two pieces of a body."""
MAX_HEADERS = 100
BROKEN_OFF = "the answer broke off before its end"

_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
# Lists that may be spread over several lines; of any other header that comes twice the last one counts.
_LISTS = frozenset({"connection", "content-encoding", "transfer-encoding"})


class AnswerError(Exception):
    """What came is not a whole HTTP answer. The message says why and quotes nothing of it."""


class NoAnswerError(ConnectionResetError):
    """The server closed the connection without a word: on an idle connection that is no answer to this call."""


class Answer:
    """An answer in the making: `feed` it until it has ended.

    ``status`` and ``headers`` are there as soon as it is ``headed``; the names of headers are in lower case.

    Args:
        method: The request's; HEAD is answered without a body, whatever the headers announce.
    """

    def __init__(self, *, method: str) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.headed = self.ended = False
        self._method = method
        self._lines: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._begun = self._lasting = self._surplus = False
        self._bytes_since_body = 0
        self._fault = ""
        self._parser = httptools.HttpResponseParser(self)
        # The last one is for interim answers that announce the end of the connection: the answer still follows.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_optional_cr_before_lf=True,
            lenient_chunked_length=True,
            lenient_spaces_after_chunk_size=True,
            lenient_keep_alive=True,
        )

    @property
    def reusable(self) -> bool:
        """Whether the connection may carry another request: the end was reached, and nothing came after it."""
        return self.ended and self._lasting and not self._surplus

    def feed(self, data: bytes) -> list[bytes]:
        """Take in what came and return what of it belongs to the body. No bytes: the server closed its side.

        Raises:
            NoAnswerError: It closed before it said anything.
            AnswerError: It closed before the answer's end, or this is no HTTP, or more than is sensible.
        """
        if not data:
            self._close()
        elif not self._begun and not data.startswith(b"H"):
            raise AnswerError("the answer is no HTTP")  # llhttp reads RTSP too
        else:
            self._begun = True
            self._parse_within_limit(data)
        if self.ended:
            del self._parser  # It refers to this object: not to wait for the garbage collector.
        body, self._body = self._body, []
        return body

    def _close(self) -> None:
        if not self._begun:
            raise NoAnswerError("the server closed the connection without an answer")
        if not self.headed or not self._ends_with_connection():
            raise AnswerError(BROKEN_OFF)
        self.ended = True

    def _ends_with_connection(self) -> bool:
        coding = self.headers.get("transfer-encoding")
        if coding is None:
            return "content-length" not in self.headers
        return coding.rpartition(",")[2].strip().lower() != "chunked"

    def _parse_within_limit(self, data: bytes) -> None:
        room = MAX_HEAD_BYTES - self._bytes_since_body
        self._parse(data[:room])
        if len(data) > room:
            if self._bytes_since_body == MAX_HEAD_BYTES:
                part = "trailer" if self.headed else "head"
                raise AnswerError(f"the answer's {part} is longer than {MAX_HEAD_BYTES} bytes")
            self._parse(data[room:])

    def _parse(self, data: bytes) -> None:
        self._bytes_since_body += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self.ended:
                raise AnswerError(f"the answer is no HTTP: {error}") from error
            self._surplus = True
        if self._fault:
            raise AnswerError(f"the answer is no HTTP: {self._fault}")
        # After an answer to HEAD llhttp goes on to a body: the beginning of a chunk's size is no event yet.
        self._surplus |= self.ended and not self._body and not data.endswith(b"\n")

    def on_message_begin(self) -> None:
        """Called by the parser, as the rest of these are; once for each interim answer too."""
        self._surplus = self.ended

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or after the head one of the trailer, which nobody reads."""
        self._lines.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is complete: an interim one, the answer's own, or that of an answer nobody asked for."""
        status = self._parser.get_status_code()
        lines, self._lines = self._lines, []
        if self.ended or (status // 100 == 1 and status != 101):
            return
        self.status, self.headed, self._bytes_since_body = status, True, 0
        self._read_lines(lines)
        self._lasting = self._is_lasting()
        # llhttp knows that 204 and 304 have no body; it does not know what was asked.
        self.ended = self._method == "HEAD"

    def on_body(self, data: bytes) -> None:
        """A piece of the body, without the framing of chunks."""
        self._bytes_since_body = 0
        self._expect_body()
        if not self.ended:
            self._body.append(data)

    def on_chunk_header(self) -> None:
        """The size of a chunk."""
        self._expect_body()

    def on_message_complete(self) -> None:
        """The end, of an interim answer too."""
        self.ended = self.headed

    def _expect_body(self) -> None:
        self._surplus |= self.ended
        if not self.headed:
            self._fault = "an interim answer has a body"

    def _read_lines(self, lines: list[tuple[bytes, bytes]]) -> None:
        if self.status < 100 or not self._parser.get_http_version().startswith("1."):
            self._fault = "no status line of HTTP/1"
        if len(lines) > MAX_HEADERS:
            self._fault = f"more than {MAX_HEADERS} headers"
        for line in lines:
            name, value = line[0].decode("latin-1").lower(), line[1].decode("latin-1").strip(" \t")
            if name.endswith(" ") or _CONTROL.search(line[1]):
                self._fault = "a malformed header"
            known = self.headers.get(name) if name in _LISTS else None
            self.headers[name] = f"{known}, {value}" if known else value

    def _is_lasting(self) -> bool:
        headers = self.headers
        if "content-length" in headers and "transfer-encoding" in headers:
            return False  # Two opinions on where the answer ends.
        if self._parser.should_keep_alive():
            return True
        # llhttp takes an answer to HEAD that names no length for one that ends with the connection.
        closing = "close" in headers.get("connection", "").lower() or self._parser.get_http_version() == "1.0"
        return self._method == "HEAD" and not closing
