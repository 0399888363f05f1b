"""The engine's statements: one a file, read top to bottom, with a header that says what moves from where to where."""

from functools import cache
from pathlib import Path


@cache
def load(name: str) -> str:
    """The text of ``jobs/sql/<name>.sql``."""
    text = (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("--"))
