"""Answers are read the same however they are cut into segments, and nothing doubtful is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.payloads.http.answer import BROKEN_OFF, MAX_HEAD_BYTES, Answer, AnswerError, NoAnswerError

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
HELLO = OK + b"Content-Length: 5\r\n\r\nhello"


def read(*segments: bytes, method: str = "GET", closed: bool = False) -> tuple[Answer, bytes]:
    """What becomes of these segments; nothing more is fed to an answer that has ended."""
    answer = Answer(method=method)
    body = b""
    for segment in (*segments, *([b""] if closed else [])):
        if not answer.ended:
            body += b"".join(answer.feed(segment))
    return answer, body


def outcome(*segments: bytes, method: str = "GET", closed: bool = False) -> tuple[object, ...]:
    answer, body = read(*segments, method=method, closed=closed)
    return answer.status, answer.headers, body, answer.ended, answer.reusable


def bytewise(raw: bytes) -> list[bytes]:
    return [raw[position : position + 1] for position in range(len(raw))]


WHOLE = {
    "length": HELLO,
    "empty": OK + b"Content-Length: 0\r\n\r\n",
    "chunks": CHUNKED + b"5\r\nhello\r\n06\r\n world\r\n0\r\n\r\n",
    "chunk extension": CHUNKED + b'5;a=b;c="d e"\r\nhello\r\n0;last\r\n\r\n',
    "blanks after the size": CHUNKED + b"5  \r\nhello\r\n0  \r\n\r\n",
    "trailer": CHUNKED + b"5\r\nhello\r\n0\r\nX-Sum: 1\r\nContent-Length: 7\r\n\r\n",
    "interim": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + HELLO,
    "interim that says close": b"HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n" + HELLO,
    "no content": b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    "no reason": b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello",
    "no carriage returns": b"HTTP/1.1 200 OK\nA: b\nContent-Length: 5\n\nhello",
    "folded": OK + b"A: b\r\n c\r\nContent-Length: 5\r\n\r\nhello",
    "blanks around a value": OK + b"A: \tb \t\r\nContent-Length: 5 \r\n\r\nhello",
    "empty header": OK + b"A:\r\nB: \t \r\nContent-Length: 5\r\n\r\nhello",
    "not ASCII": OK + b"A: z\xc3\xbcrich\r\nContent-Length: 0\r\n\r\n",
    "upgrade offered": OK + b"Upgrade: h2,h2c\r\nConnection: Upgrade\r\nContent-Length: 5\r\n\r\nhello",
    "1.0 that stays": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
}


class TestSegments:
    @pytest.mark.parametrize("raw", WHOLE.values(), ids=WHOLE)
    def test_every_cut_gives_the_same_answer(self, raw: bytes) -> None:
        whole = outcome(raw)
        assert whole[3:] == (True, True)
        for position in range(1, len(raw)):
            assert outcome(raw[:position], raw[position:]) == whole
        assert outcome(*bytewise(raw)) == whole

    @pytest.mark.parametrize("raw", WHOLE.values(), ids=WHOLE)
    def test_what_ends_early_never_counts_as_whole(self, raw: bytes) -> None:
        for position in range(1, len(raw)):
            with pytest.raises(AnswerError, match=BROKEN_OFF):
                read(raw[:position], closed=True)

    def test_what_they_say(self) -> None:
        told = {name: outcome(raw)[:3] for name, raw in WHOLE.items()}
        for name in ("length", "interim", "interim that says close", "no reason"):
            assert told[name] == (200, {"content-length": "5"}, b"hello")
        assert told["chunks"] == (200, {"transfer-encoding": "chunked"}, b"hello world")
        assert told["trailer"] == (200, {"transfer-encoding": "chunked"}, b"hello")
        assert told["folded"][1]["a"] == "b c"  # type: ignore[index]
        assert told["blanks around a value"] == (200, {"a": "b", "content-length": "5"}, b"hello")
        assert told["empty header"][1] == {"a": "", "b": "", "content-length": "5"}
        assert told["not ASCII"][1]["a"].encode("latin-1").decode() == "zürich"  # type: ignore[index]

    @given(st.data())
    def test_damage_is_judged_alike_and_raises_nothing_but_our_errors(self, data: st.DataObject) -> None:
        raw = bytearray(data.draw(st.sampled_from(list(WHOLE.values()))))
        for position in data.draw(st.lists(st.integers(0, len(raw) - 1), max_size=4)):
            raw[position] = data.draw(st.integers(0, 255))
        at = data.draw(st.integers(1, len(raw) - 1))
        results = []
        for segments in ([bytes(raw)], [bytes(raw[:at]), bytes(raw[at:])], bytewise(bytes(raw))):
            try:
                results.append(outcome(*segments, closed=True)[:3])
            except (AnswerError, NoAnswerError):
                results.append(())
        assert results[0] == results[1] == results[2]


class TestWithoutBody:
    @pytest.mark.parametrize(
        "framing",
        [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"", b"Content-Encoding: gzip\r\n"],
    )
    def test_head_is_answered_by_a_head(self, framing: bytes) -> None:
        for segments in ([OK + framing + b"\r\n"], bytewise(OK + framing + b"\r\n")):
            answer, body = read(*segments, method="HEAD")
            assert (answer.status, body, answer.ended, answer.reusable) == (200, b"", True, True)

    @pytest.mark.parametrize("head", [OK + b"Connection: close\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n"])
    def test_head_does_not_keep_what_closes(self, head: bytes) -> None:
        answer, _ = read(head, method="HEAD")
        assert (answer.ended, answer.reusable) == (True, False)

    def test_switching_protocols_is_an_answer_and_the_connections_last(self) -> None:
        for headers in (b"", b"Upgrade: x\r\nConnection: upgrade\r\n"):
            for other in (b"", b"abc"):
                answer, body = read(b"HTTP/1.1 101 Switching\r\n" + headers + b"\r\n" + other)
                assert (answer.status, body, answer.ended, answer.reusable) == (101, b"", True, False)


class TestUntilClose:
    @pytest.mark.parametrize("coding", [b"", b"Transfer-Encoding: gzip\r\n", b"Transfer-Encoding: chunked, gzip\r\n"])
    def test_the_end_of_the_connection_is_the_end(self, coding: bytes) -> None:
        answer, body = read(OK + coding + b"\r\nhel", b"lo", closed=True)
        assert (body, answer.ended, answer.reusable) == (b"hello", True, False)

    def test_until_then_it_has_not_ended(self) -> None:
        assert not read(OK + b"\r\nhello")[0].ended

    def test_nothing_at_all_is_another_error(self) -> None:
        with pytest.raises(NoAnswerError, match="the server closed the connection without an answer"):
            read(closed=True)


class TestReuse:
    @pytest.mark.parametrize("surplus", [b"H", b"HTTP/1.1 200 OK\r\n", HELLO, b"x", b"\x00", b"\r\nx"])
    @pytest.mark.parametrize("whole", [HELLO, WHOLE["chunks"], WHOLE["no content"], WHOLE["empty"], WHOLE["trailer"]])
    def test_bytes_that_nobody_asked_for_end_the_connection(self, whole: bytes, surplus: bytes) -> None:
        answer, body = read(whole + surplus)
        assert (answer.status, answer.headers, body) == outcome(whole)[:3]
        assert (answer.ended, answer.reusable) == (True, False)

    @pytest.mark.parametrize("surplus", [b"5", b"5\r", b"5\r\n", b"0\r\n\r\n", b"x", b"hello", HELLO])
    @pytest.mark.parametrize("framing", [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b""])
    def test_so_does_a_body_where_none_belongs(self, framing: bytes, surplus: bytes) -> None:
        answer, body = read(OK + framing + b"\r\n" + surplus, method="HEAD")
        assert (body, answer.ended, answer.reusable) == (b"", True, False)

    @pytest.mark.parametrize(
        "head",
        [
            OK + b"Connection: close\r\n",
            OK + b"Connection: keep-alive, Close\r\n",
            OK + b"Connection: keep-alive\r\nConnection: close\r\n",
            b"HTTP/1.0 200 OK\r\n",
        ],
    )
    def test_it_ends_where_the_server_says_so(self, head: bytes) -> None:
        answer, body = read(head + b"Content-Length: 5\r\n\r\nhello")
        assert (body, answer.ended, answer.reusable) == (b"hello", True, False)

    def test_chunks_count_more_than_a_length_and_end_the_connection(self) -> None:
        chunks = b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        answer, body = read(OK + b"Content-Length: 3\r\n" + chunks)
        assert (body, answer.ended, answer.reusable) == (b"hello", True, False)


class TestHeaders:
    def test_of_a_name_that_comes_twice_the_last_counts(self) -> None:
        answer, _ = read(OK + b"Location: /a\r\nLOCATION: /b\r\nContent-Length: 0\r\n\r\n")
        assert answer.headers["location"] == "/b"

    def test_lists_that_say_how_to_read_the_body_are_joined(self) -> None:
        answer, _ = read(OK + b"Content-Encoding: gzip\r\nContent-Encoding: deflate\r\nContent-Length: 0\r\n\r\n")
        assert answer.headers["content-encoding"] == "gzip, deflate"


NO_HTTP = {
    "garbage": b"\x00\x01 this is no HTTP\r\n\r\n",
    "another protocol": b"RTSP/1.0 200 OK\r\n\r\n",
    "line break first": b"\r\n" + HELLO,
    "too new": b"HTTP/2.0 200 OK\r\n\r\n",
    "short status": b"HTTP/1.1 20 OK\r\n\r\n",
    "long status": b"HTTP/1.1 2000 OK\r\n\r\n",
    "status 0": b"HTTP/1.1 000 OK\r\n\r\n",
    "no colon": OK + b"A b\r\n\r\n",
    "no name": OK + b": b\r\n\r\n",
    "blank in a name": OK + b"A b: c\r\n\r\n",
    "blank after a name": OK + b"Content-Length : 5\r\n\r\nhello",
    "NUL": OK + b"A: b\x00c\r\n\r\n",
    "control character": OK + b"A: b\x1bc\r\n\r\n",
    "lonely carriage return": OK + b"A: b\rB: c\r\n\r\n",
    "two lengths": OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "negative length": OK + b"Content-Length: -5\r\n\r\nhello",
    "a length with a sign": OK + b"Content-Length: +5\r\n\r\nhello",
    "huge length": OK + b"Content-Length: 99999999999999999999\r\n\r\nhello",
    "interim with a body": b"HTTP/1.1 110 What\r\nContent-Length: 5\r\n\r\nhello" + HELLO,
    "interim with chunks": b"HTTP/1.1 110 What\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HELLO,
    "bad chunk size": CHUNKED + b"zz\r\n",
    "no chunk size": CHUNKED + b"\r\n",
    "negative chunk size": CHUNKED + b"-5\r\nhello\r\n",
    "huge chunk size": CHUNKED + b"fffffffffffffffff\r\n",
    "chunk that is longer than it says": CHUNKED + b"4\r\nhello\r\n0\r\n\r\n",
    "bad trailer": CHUNKED + b"5\r\nhello\r\n0\r\nA b\r\n\r\n",
}


class TestNoHttp:
    @pytest.mark.parametrize("raw", NO_HTTP.values(), ids=NO_HTTP)
    def test_it_is_refused_however_it_is_cut(self, raw: bytes) -> None:
        for segments in ([raw], bytewise(raw)):
            with pytest.raises(AnswerError, match=r"^the answer is no HTTP"):
                read(*segments, closed=True)

    def test_the_error_quotes_nothing_of_it(self) -> None:
        with pytest.raises(AnswerError) as caught:
            read(OK + b"s3cr3t s3cr3t: s3cr3t\r\n\r\n")
        assert "s3cr3t" not in repr(caught.value) + repr(caught.value.__cause__)


def head_of(size: int, *, beginning: bytes = b"HTTP/1.1 204 No Content\r\n") -> bytes:
    """A head of exactly so many bytes."""
    padding = size - len(beginning) - len(b"A: \r\n\r\n")
    return beginning + b"A: " + b"x" * padding + b"\r\n\r\n"


def cut(raw: bytes, size: int) -> list[bytes]:
    return [raw[start : start + size] for start in range(0, len(raw), size)]


class TestLimits:
    @pytest.mark.parametrize("size", [1000, 60_000, 65_535, 65_536, 65_537, 200_000])
    def test_a_head_has_at_most_64_kib_however_it_is_cut(self, size: int) -> None:
        assert read(*cut(head_of(MAX_HEAD_BYTES), size))[0].reusable
        with pytest.raises(AnswerError, match="the answer's head is longer than 65536 bytes"):
            read(*cut(head_of(MAX_HEAD_BYTES + 1), size))

    def test_the_limit_is_for_the_head_alone(self) -> None:
        head = head_of(MAX_HEAD_BYTES, beginning=OK + b"Content-Length: 5\r\n")
        for size in (1000, 65_536, 65_537):
            assert read(*cut(head + b"hello", size))[1] == b"hello"
        answer, body = read(OK + b"Content-Length: 1000000\r\n\r\n" + b"x" * 1_000_000)
        assert (len(body), answer.reusable) == (1_000_000, True)

    @pytest.mark.parametrize("line", [b"A" * 100_000, b"A: " + b"x" * 100_000, b"A: x\r\n" * 20_000])
    def test_a_head_that_never_ends_is_left(self, line: bytes) -> None:
        for size in (100, 65_536):
            with pytest.raises(AnswerError, match="longer than"):
                read(*cut(OK + line, size))

    def test_interim_answers_without_end_are_left(self) -> None:
        with pytest.raises(AnswerError, match="longer than"):
            read(*cut(b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000, 65_536))

    @pytest.mark.parametrize("endless", [b"5;" + b"x" * 200_000, b"0\r\nA: " + b"x" * 200_000])
    def test_chunk_extensions_and_trailers_without_end_are_left(self, endless: bytes) -> None:
        with pytest.raises(AnswerError, match="the answer's trailer is longer"):
            read(*cut(CHUNKED + b"1\r\nx\r\n" + endless, 10_000))

    def test_many_small_chunks_are_no_trailer(self) -> None:
        answer, body = read(*cut(CHUNKED + b"1;ext\r\nx\r\n" * 50_000 + b"0\r\n\r\n", 65_536))
        assert (len(body), answer.reusable) == (50_000, True)

    def test_a_hundred_headers_are_enough(self) -> None:
        lines = [b"X-%d: x\r\n" % number for number in range(101)]
        answer, _ = read(b"HTTP/1.1 204 No Content\r\n" + b"".join(lines[:100]) + b"\r\n")
        assert len(answer.headers) == 100
        with pytest.raises(AnswerError, match="more than 100 headers"):
            read(b"HTTP/1.1 204 No Content\r\n" + b"".join(lines) + b"\r\n")
