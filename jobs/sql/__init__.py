"""The engine's statements: one a file, read top to bottom, with a header that says what moves from where to where."""

import re
from functools import cache
from pathlib import Path

_PARAMETER = re.compile(r"%\((\w+)\)s")


class Statements:
    """The ``*.sql`` files of one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @cache  # noqa: B019 - there is one for each package of statements, for as long as the process lives
    def load(self, name: str) -> str:
        """The text of ``<name>.sql``, without its header."""
        text = (self._directory / f"{name}.sql").read_text(encoding="utf-8")
        return "\n".join(line for line in text.splitlines() if not line.startswith("--"))

    @cache  # noqa: B019
    def numbered(self, name: str) -> tuple[str, tuple[str, ...]]:
        """The same with its parameters as PostgreSQL wants them ($1, $2, ...), and their names in that order."""
        names = tuple(dict.fromkeys(_PARAMETER.findall(self.load(name))))
        return _PARAMETER.sub(lambda match: f"${names.index(match[1]) + 1}", self.load(name)), names


ENGINE = Statements(Path(__file__).parent)
CLEANUP = Statements(Path(__file__).parent / "cleanup")
METRICS = Statements(Path(__file__).parent / "metrics")
load, numbered = ENGINE.load, ENGINE.numbered
