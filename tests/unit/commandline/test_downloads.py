"""Downloads that are cut, go on, or are not what they should be."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from commandline.api import TRIES, Api
from commandline.downloads import PIECE_BYTES, to_file, to_stream
from commandline.exits import Exit, Failure
from tests.unit.commandline.scripted import Answer, ScriptedServer, problem, scripted

WHOLE = bytes(range(256)) * (PIECE_BYTES * 3 // 256)
HALF = PIECE_BYTES * 3 // 2
"""In the middle of a piece."""

ETAG = f'"{hashlib.sha256(WHOLE).hexdigest()}"'
CUT = Answer(body=WHOLE[:HALF], told_bytes=len(WHOLE), headers={"ETag": ETAG})
REST = Answer(206, WHOLE[PIECE_BYTES:], {"ETag": ETAG})
ALL = Answer(body=WHOLE, headers={"ETag": ETAG})


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Path]:
    """A file that is there already; nothing else may be left beside it."""
    target = tmp_path / "people.csv"
    target.write_text("old")
    yield target
    assert list(tmp_path.iterdir()) == [target]


def download(server: ScriptedServer, target: Path) -> int:
    with Api(server.access, sleep=lambda seconds: None) as api:
        return to_file(api, "runs/7/files/0/people.csv/", {}, target)


class TestToAFile:
    def test_it_is_there_when_it_is_whole_as_readable_as_any(self, target: Path) -> None:
        mask = os.umask(0o027)
        try:
            with scripted(ALL) as server:
                assert download(server, target) == len(WHOLE)
        finally:
            os.umask(mask)
        assert (target.read_bytes(), stat.S_IMODE(target.stat().st_mode)) == (WHOLE, 0o640)

    def test_a_cut_connection_goes_on_where_it_ended_if_the_api_can(self, target: Path) -> None:
        with scripted(CUT, REST) as server:
            download(server, target)
        assert target.read_bytes() == WHOLE
        assert {name: server.asked[1].headers.get(name) for name in ("Range", "If-Range")} == {
            "Range": f"bytes={PIECE_BYTES}-",
            "If-Range": ETAG,
        }

    def test_and_from_the_beginning_if_it_cannot(self, target: Path) -> None:
        with scripted(CUT, ALL) as server:
            download(server, target)
        assert target.read_bytes() == WHOLE

    @pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"weak"'}])
    def test_what_may_have_changed_is_not_pieced_together(self, target: Path, headers: dict[str, str]) -> None:
        cut = Answer(body=WHOLE[:HALF], told_bytes=len(WHOLE), headers=headers)
        with scripted(cut, Answer(body=WHOLE)) as server:
            download(server, target)
        assert "Range" not in server.asked[1].headers
        assert target.read_bytes() == WHOLE

    def test_one_that_is_cut_each_time_leaves_what_was_there(self, target: Path) -> None:
        cut = Answer(body=WHOLE[:HALF], told_bytes=len(WHOLE))
        with scripted(cut) as server, pytest.raises(Failure, match="again and again") as failure:
            download(server, target)
        assert (failure.value.code, target.read_text(), len(server.asked)) == (Exit.UNREACHABLE, "old", TRIES)

    def test_what_is_not_what_it_should_be_is_not_kept(self, target: Path) -> None:
        with (
            scripted(Answer(body=b"other", headers={"ETag": ETAG})) as server,
            pytest.raises(Failure, match="SHA-256") as failure,
        ):
            download(server, target)
        assert (failure.value.code, target.read_text()) == (Exit.BROKEN, "old")

    def test_what_was_refused_leaves_what_was_there(self, target: Path) -> None:
        with (
            scripted(problem(410, "A cleanup has erased it.")) as server,
            pytest.raises(Failure, match="A cleanup has erased it"),
        ):
            download(server, target)
        assert target.read_text() == "old"

    def test_a_device_is_written_to_and_not_replaced(self, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        small = Answer(body=b"small")
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        with scripted(small) as server:
            download(server, pipe)
        assert (os.read(reader, 100), stat.S_ISFIFO(pipe.stat().st_mode)) == (b"small", True)
        os.close(reader)

    def test_a_folder_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        with scripted(ALL) as server, pytest.raises(Failure, match="cannot be written") as failure:
            download(server, tmp_path / "missing" / "file")
        assert failure.value.code is Exit.USAGE


def test_a_stream_that_was_cut_says_how_much_has_come() -> None:
    stream = io.BytesIO()
    with (
        scripted(CUT) as server,
        Api(server.access) as api,
        pytest.raises(Failure, match=f"cut after {PIECE_BYTES} bytes") as failure,
    ):
        to_stream(api, "runs/7/results/", {}, stream)
    assert (failure.value.code, stream.getvalue()) == (Exit.UNREACHABLE, WHOLE[:PIECE_BYTES])
