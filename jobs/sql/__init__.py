"""The engine's statements: one a file, read top to bottom, with a header that says what moves from where to where."""

import re
from functools import cache
from pathlib import Path

_PARAMETER = re.compile(r"%\((\w+)\)s")


@cache
def load(name: str) -> str:
    """The text of ``jobs/sql/<name>.sql``."""
    text = (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("--"))


@cache
def numbered(name: str) -> tuple[str, tuple[str, ...]]:
    """The same with its parameters as PostgreSQL wants them ($1, $2, ...), and their names in that order."""
    names = tuple(dict.fromkeys(_PARAMETER.findall(load(name))))
    return _PARAMETER.sub(lambda match: f"${names.index(match[1]) + 1}", load(name)), names
