"""Where the bytes go: into a file, or into memory for the screen."""

from __future__ import annotations

import hashlib
from io import BufferedIOBase, BufferedWriter, BytesIO
from pathlib import Path
from typing import Any

from jobs.errors import PermanentError


class Output(BufferedIOBase):
    """Counts and hashes what passes through, and refuses more than the limit.

    Args:
        target: Where the bytes go.
        limit_bytes: The most that may come.
        refusal: What to say when more comes.
    """

    def __init__(self, target: Any, *, limit_bytes: int, refusal: str) -> None:
        super().__init__()
        self._target = target
        self._limit = limit_bytes
        self._refusal = refusal
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        """Of all that was written, in hexadecimal."""
        return self._hash.hexdigest()

    def writable(self) -> bool:
        """Yes; and not seekable, as the base class says."""
        return True

    def tell(self) -> int:
        """How much was written."""
        return self.size_bytes

    def write(self, data: Any, /) -> int:
        """Pass it on. Raises PermanentError at the limit."""
        size = len(data)
        self.size_bytes += size
        if self.size_bytes > self._limit:
            raise PermanentError(self._refusal, code="output_size")
        self._hash.update(data)
        left = memoryview(data)
        while left:  # a file without a buffer may take a part only, as on a disk that is nearly full
            left = left[self._target.write(left) :]
        return size

    def flush(self) -> None:
        """Hand over what the target buffers."""
        if not self._target.closed:
            self._target.flush()

    def finish(self) -> None:
        """Close the target, when all was written."""
        self._target.close()


def to_file(path: Path, *, buffer_bytes: int, limit_bytes: int) -> Output:
    """Write a new file, so many bytes at once; 0 for as they come. Raises FileExistsError when it is there."""
    refusal = (
        f"the file would have more than the {limit_bytes:,} bytes that this deployment allows (JOBS_STORED_FILE_MB)"
    )
    file = path.open("xb", buffering=0)
    target = BufferedWriter(file, buffer_bytes) if buffer_bytes else file
    return Output(target, limit_bytes=limit_bytes, refusal=refusal)


def to_memory(*, limit_bytes: int) -> tuple[Output, BytesIO]:
    """Write for the screen; the second is what was written."""
    kept = BytesIO()
    refusal = f"more than {limit_bytes:,} bytes are too much for the screen: ask for fewer records, or for output: file"
    return Output(kept, limit_bytes=limit_bytes, refusal=refusal), kept
