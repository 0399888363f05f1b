"""Which files a pattern means: those inside the folders that the deployment names."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

from jobs.errors import PermanentError
from workers.rooted_files import located, readable

MOST_FILES = 10_000
"""Files that one pattern may match."""
_FIELD = "source.path"
_PATTERN_SIGNS = "*?[]{}"


def matching(pattern: str, *, roots: Sequence[Path]) -> list[Path]:
    """The regular files that a path or a pattern means, sorted, links resolved.

    Args:
        pattern: A path in which ``*`` and ``?`` stand for characters of a name, and ``**`` for any folders.
        roots: As for `workers.rooted_files.located`.

    Raises:
        PermanentError: As `workers.rooted_files.readable`, for every file that is found; there is none, or there are more than
            `MOST_FILES`.
    """
    fixed = re.split(r"[*?]", pattern, maxsplit=1)[0]
    if fixed == pattern:
        return [readable(pattern, roots=roots, field=_FIELD)]
    folder = fixed.rpartition("/")[0] or ("/" if fixed.startswith("/") else ".")
    begin = located(folder, roots=roots, field=_FIELD)
    rest = pattern[len(folder) :].lstrip("/") if folder != "." else pattern
    _check_pattern(rest, pattern)
    # pathlib's ** follows no links to folders, so that the search cannot leave the roots nor go in circles.
    found = itertools.islice((path for path in begin.glob(rest) if path.is_file()), MOST_FILES + 1)
    files = sorted(readable(str(path), roots=roots, field=_FIELD) for path in found)
    if not files:
        raise PermanentError(f"{_FIELD}: nothing matches {pattern!r}", code="file_missing")
    if len(files) > MOST_FILES:
        raise PermanentError(f"{_FIELD}: {pattern!r} matches more than {MOST_FILES} files", code="data")
    for file in files:
        if any(sign in str(file) for sign in _PATTERN_SIGNS):  # DuckDB would take it for a pattern
            raise PermanentError(f"{_FIELD}: rename {file.name!r}: it contains one of {_PATTERN_SIGNS}", code="data")
    return files


def _check_pattern(rest: str, pattern: str) -> None:
    steps = rest.split("/")
    if ".." in steps or any("**" in step and step != "**" for step in steps):
        raise PermanentError(
            f"{_FIELD}: {pattern!r} is no pattern: ** is a folder of its own, and .. is not taken", code="data"
        )
