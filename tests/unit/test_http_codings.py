"""Compressed bodies come out whole in whatever pieces they arrive, and never in one that is too large."""

import gzip
import zlib
from collections.abc import Iterator

import pytest

from workers.payloads.http.answer import AnswerError
from workers.payloads.http.codings import CHUNK_BYTES, decoded

TEXT = b"".join(b"%d bottles, " % number for number in range(5000))


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


def inflate(body: bytes, codings: str, *, size: int = 0) -> bytes:
    size = size or len(body)
    pieces = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(decoded(body=pieces, codings=codings))


@pytest.mark.parametrize("size", [0, 1, 2, 7, 1000])
@pytest.mark.parametrize(
    ("codings", "body"),
    [
        ("gzip", gzip.compress(TEXT)),
        ("X-Gzip", gzip.compress(TEXT)),
        ("gzip", gzip.compress(TEXT[:9]) + gzip.compress(b"") + gzip.compress(TEXT[9:])),
        ("gzip", gzip.compress(TEXT) + b"\x00\x00\x00 left over"),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
        ("deflate", zlib.compress(TEXT) + b"left over"),
        ("deflate", zlib.compress(TEXT) + gzip.compress(b"left over")),
        ("deflate, gzip", gzip.compress(zlib.compress(TEXT))),
        ("gzip, identity", gzip.compress(TEXT)),
        ("br", TEXT),
        ("gzip, br", TEXT),
        ("identity", TEXT),
    ],
)
def test_they_come_out_in_whatever_pieces_they_arrive(codings: str, body: bytes, size: int) -> None:
    assert inflate(body, codings, size=size) == TEXT


def test_pieces_stay_small_and_a_bomb_is_taken_in_no_faster_than_asked() -> None:
    taken = 0

    def body() -> Iterator[bytes]:
        nonlocal taken
        bomb = gzip.compress(b"0" * 50_000_000)
        for start in range(0, len(bomb), 1000):
            taken += 1
            yield bomb[start : start + 1000]

    pieces = decoded(body=body(), codings="gzip")
    assert all(0 < len(next(pieces)) <= CHUNK_BYTES for _ in range(10))
    assert taken == 1


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_bombs_in_bombs_stay_small_too(layers: int) -> None:
    bomb = b"0" * 5_000_000
    for _ in range(layers):
        bomb = gzip.compress(bomb)
    sizes = [len(piece) for piece in decoded(body=iter([bomb]), codings=", ".join(["gzip"] * layers))]
    assert (sum(sizes), max(sizes)) == (5_000_000, CHUNK_BYTES)


def test_of_a_body_that_is_cut_short_nothing_is_held_back_at_the_limit_of_a_piece() -> None:
    whole = gzip.compress(b"0" * 3 * CHUNK_BYTES)
    for length in range(10, len(whole)):
        assert inflate(whole[:length], "gzip") == zlib.decompressobj(31).decompress(whole[:length])


@pytest.mark.parametrize("codings", ["gzip", "deflate"])
def test_what_is_not_in_its_coding_is_an_error_that_names_it(codings: str) -> None:
    with pytest.raises(AnswerError, match=f"the answer's body is not the {codings} that it is said to be"):
        inflate(b"this is not compressed", codings)


def test_damage_is_an_error() -> None:
    body = bytearray(gzip.compress(TEXT))
    body[-6] ^= 1  # in the checksum
    with pytest.raises(AnswerError, match="is not the gzip"):
        inflate(bytes(body), "gzip")


def test_codings_without_end_are_refused() -> None:
    with pytest.raises(AnswerError, match="more than 5 codings"):
        inflate(b"x", ", ".join(["gzip"] * 6))
