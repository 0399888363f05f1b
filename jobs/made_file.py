"""A file on its way from the payload that made it to where files are kept. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A whole file: where it is, and what shall be said of it. ``name`` ends its address: letters, digits and ``_.-`` only."""

    source: Path
    name: str
    media_type: str
    size_bytes: int
    sha256: str
