"""Where the bytes of made-up data go."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest

from jobs.errors import PermanentError
from workers.generate.outputs import Output, to_file

DATA = bytes(range(256)) * 8


class Reluctant(io.BytesIO):
    """Takes at most a hundred bytes at a time, as a file without a buffer may."""

    def write(self, data: Any, /) -> int:
        return super().write(memoryview(data)[:100])


class TestWriting:
    def test_goes_on_until_all_is_taken(self) -> None:
        target = Reluctant()
        output = Output(target, limit_bytes=10**6, refusal="")
        assert output.write(DATA) == len(DATA)
        assert target.getvalue() == DATA
        assert (output.size_bytes, output.sha256) == (len(DATA), hashlib.sha256(DATA).hexdigest())

    def test_more_than_the_limit_is_refused_and_not_written(self) -> None:
        target = io.BytesIO()
        output = Output(target, limit_bytes=3, refusal="too much")
        output.write(b"abc")
        with pytest.raises(PermanentError, match="too much"):
            output.write(b"d")
        assert target.getvalue() == b"abc"


class TestTheBuffer:
    @pytest.mark.parametrize(("size", "there_at_once"), [(0, True), (1, True), (10_000, False)])
    def test_is_as_large_as_was_asked_for(self, tmp_path: Path, size: int, there_at_once: bool) -> None:
        path = tmp_path / "a"
        output = to_file(path, buffer_bytes=size, limit_bytes=10**6)
        output.write(DATA)
        assert path.read_bytes() == (DATA if there_at_once else b"")
        output.finish()
        assert path.read_bytes() == DATA

    def test_is_handed_over_when_that_is_asked_for(self, tmp_path: Path) -> None:
        path = tmp_path / "a"
        output = to_file(path, buffer_bytes=10_000, limit_bytes=10**6)
        output.write(DATA)
        output.flush()
        assert path.read_bytes() == DATA
        output.finish()

    def test_a_file_that_is_there_stays(self, tmp_path: Path) -> None:
        path = tmp_path / "a"
        path.write_bytes(b"mine")
        with pytest.raises(FileExistsError):
            to_file(path, buffer_bytes=0, limit_bytes=10)
        assert path.read_bytes() == b"mine"
