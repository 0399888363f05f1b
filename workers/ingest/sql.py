"""Quoting for DuckDB's SQL, where parameters are not allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def text(value: str) -> str:
    """A string literal."""
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """An identifier, its case kept."""
    return '"' + value.replace('"', '""') + '"'


def struct(values: Mapping[str, str]) -> str:
    """A struct literal of strings, as readers take ``types`` and ``columns``."""
    return "{" + ", ".join(f"{text(key)}: {text(value)}" for key, value in values.items()) + "}"


def names(values: Iterable[str], *, of: str = "") -> str:
    """A list of identifiers, each qualified by ``of`` where that is given."""
    return ", ".join(f"{of}.{name(value)}" if of else name(value) for value in values)


def call(function: str, paths: Sequence[str], **options: str) -> str:
    """A table function's call on files; the options are SQL already."""
    files = text(paths[0]) if len(paths) == 1 else f"[{', '.join(text(path) for path in paths)}]"
    return f"{function}({', '.join([files, *(f'{key} = {value}' for key, value in options.items())])})"
