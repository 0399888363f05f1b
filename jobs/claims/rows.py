"""Rows as the parameters that the statements take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jobs.claims.shapes import Final


def json_rows(rows: Sequence[tuple[str, int, Final]]) -> str:
    """Outcomes as one JSON array of objects, each with its key first. One text costs a third of seven arrays; results and errors
    are JSON already and go in as they are."""
    return "[" + ",".join(_json_row(key, value, final) for key, value, final in rows) + "]"


def _json_row(key: str, value: int, final: Final) -> str:
    return (
        f'{{"{key}":{value},"state":"{final.state}","attempts":{final.attempts},"started_at":"{final.started_at.isoformat()}",'
        f'"ended_at":"{final.ended_at.isoformat()}","result":{final.result or "null"},"error":{final.error or "null"}}}'
    )


def columns(rows: Sequence[tuple[Any, ...]], shape: Any) -> list[list[Any]]:
    """Turn rows into the column arrays that unnest() takes; as many empty ones for no rows."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in shape._fields]
