"""Counting and looking: statements of sinks/sql/answers and sinks/sql/watching, on Django's own connection."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping
from typing import Any

from django.db import connection

from jobs.sql import Statements
from sinks.sql import ANSWERS


def counted(statement: str, parameters: Mapping[str, Any], *, of: Statements = ANSWERS) -> list[Any]:
    """The statement's rows, with their columns by name."""
    with connection.cursor() as cursor:
        cursor.execute(of.load(statement), dict(parameters))
        row = namedtuple("Row", [column[0] for column in cursor.description or ()])  # type: ignore[misc]
        return [row(*each) for each in cursor.fetchall()]
