"""Which files a datasource may touch: those inside the folders that the deployment names."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

from jobs.errors import PermanentError

MOST_FILES = 10_000
"""Files that one pattern may match."""
_PATTERN_SIGNS = "*?[]{}"


def readable(path: str, *, roots: Sequence[Path]) -> Path:
    """The regular file that a path means, links resolved. Raises PermanentError as `resolved` does, or without a file."""
    found = resolved(path, roots=roots)
    if not found.is_file():
        raise PermanentError(f"source.path: there is no file {path!r}", code="file_missing")
    return found


def matching(pattern: str, *, roots: Sequence[Path]) -> list[Path]:
    """The regular files that a path or a pattern means, sorted, links resolved.

    Args:
        pattern: A path in which ``*`` and ``?`` stand for characters of a name, and ``**`` for any folders.

    Raises:
        PermanentError: As `readable`, for every file that is found; there is none, or there are more than `MOST_FILES`.
    """
    fixed = re.split(r"[*?]", pattern, maxsplit=1)[0]
    if fixed == pattern:
        return [readable(pattern, roots=roots)]
    folder = fixed.rpartition("/")[0] or ("/" if fixed.startswith("/") else ".")
    begin = resolved(folder, roots=roots)
    rest = pattern[len(folder) :].lstrip("/") if folder != "." else pattern
    _check_pattern(rest, pattern)
    # pathlib's ** follows no links to folders, so that the search cannot leave the roots nor go in circles.
    found = itertools.islice((path for path in begin.glob(rest) if path.is_file()), MOST_FILES + 1)
    files = sorted(readable(str(path), roots=roots) for path in found)
    if not files:
        raise PermanentError(f"source.path: nothing matches {pattern!r}", code="file_missing")
    if len(files) > MOST_FILES:
        raise PermanentError(f"source.path: {pattern!r} matches more than {MOST_FILES} files", code="data")
    for file in files:
        if any(sign in str(file) for sign in _PATTERN_SIGNS):  # DuckDB would take it for a pattern
            raise PermanentError(f"source.path: rename {file.name!r}: it contains one of {_PATTERN_SIGNS}", code="data")
    return files


def writable(path: str, *, roots: Sequence[Path], field: str = "destination.duckdb.path") -> Path:
    """Where a file is or shall be, links resolved. Raises PermanentError as `resolved` does, or without its folder."""
    found = resolved(path, roots=roots)
    if not found.parent.is_dir():
        raise PermanentError(f"{field}: the folder of {path!r} does not exist", code="file_missing")
    return found


def _check_pattern(rest: str, pattern: str) -> None:
    steps = rest.split("/")
    if ".." in steps or any("**" in step and step != "**" for step in steps):
        raise PermanentError(
            f"source.path: {pattern!r} is no pattern: ** is a folder of its own, and .. is not taken", code="data"
        )


def resolved(path: str, *, roots: Sequence[Path]) -> Path:
    """Find what a path means, after following every link.

    Args:
        path: Absolute, or relative to the first root.
        roots: Absolute folders, links resolved already.

    Raises:
        PermanentError: It lies in none of the roots. Whether anything is there is not told.
    """
    if not roots:
        raise PermanentError(
            "no folder is open to datasources: whoever runs this system sets JOBS_FILE_ROOTS", code="file_refused"
        )
    try:
        found = (roots[0] / path).resolve()
    except (OSError, RuntimeError):  # a loop of links
        found = None
    if found is None or not any(found.is_relative_to(root) for root in roots):
        raise PermanentError(f"{path!r} lies outside the folders that JOBS_FILE_ROOTS allows", code="file_refused")
    return found
