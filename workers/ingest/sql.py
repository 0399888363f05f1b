"""Quoting for DuckDB's SQL, where parameters are not allowed."""

from __future__ import annotations

from collections.abc import Mapping


def text(value: str) -> str:
    """A string literal."""
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """An identifier, its case kept."""
    return '"' + value.replace('"', '""') + '"'


def struct(values: Mapping[str, str]) -> str:
    """A struct literal of strings, as readers take ``types`` and ``columns``."""
    return "{" + ", ".join(f"{text(key)}: {text(value)}" for key, value in values.items()) + "}"


def call(function: str, path: str, **options: str) -> str:
    """A table function's call; the options are SQL already."""
    return f"{function}({', '.join([text(path), *(f'{key} = {value}' for key, value in options.items())])})"
