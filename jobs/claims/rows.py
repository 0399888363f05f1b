"""Rows as the parameters that the statements take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jobs.claims.shapes import Addition, Final, Leased, RateLimit, RunInfo


def json_rows(rows: Sequence[tuple[str, int, Final]]) -> str:
    """Outcomes as one JSON array of objects, each with its key first. One text costs a third of seven arrays; results and errors
    are JSON already and go in as they are."""
    return "[" + ",".join(_json_row(key, value, final) for key, value, final in rows) + "]"


def _json_row(key: str, value: int, final: Final) -> str:
    stored = f',"stored":{final.stored}' if final.stored else ""
    return (
        f'{{"{key}":{value},"state":"{final.state}","attempts":{final.attempts},"started_at":"{final.started_at.isoformat()}",'
        f'"ended_at":"{final.ended_at.isoformat()}","result":{final.result or "null"},"error":{final.error or "null"}{stored}}}'
    )


def json_additions(additions: Sequence[Addition]) -> str:
    """Additions as one JSON array of objects with parent and items. An array of texts would be escaped: half of the time."""
    return "[" + ",".join(_json_addition(addition.parent, addition.items) for addition in additions) + "]"


def _json_addition(parent: int | None, items: str) -> str:
    return f'{{"parent":{"null" if parent is None else parent},"items":{items}}}'


def columns(rows: Sequence[tuple[Any, ...]], shape: Any) -> list[list[Any]]:
    """Turn rows into the column arrays that unnest() takes; as many empty ones for no rows."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in shape._fields]


def run_info(row: Any, *, run_id: int, queue: str = "", max_lanes: int = 1) -> RunInfo:
    """What a lane must know of its run, from the row that came with it."""
    return RunInfo(
        run_id,
        row.workspace_id,
        row.workspace,
        row.job_key,
        row.configuration,
        row.run_parameters,
        row.strict,
        queue,
        row.created_at,
        max_lanes,
        tuple(_rates(row)),
    )


def payloads(rows: Sequence[Any]) -> list[Leased]:
    """The payloads that came with a range; a row without one says that the range is empty."""
    return [
        Leased(row.position, row.kind, row.name, row.parameters, row.options)
        for row in rows
        if row.position is not None
    ]


def _rates(row: Any) -> list[RateLimit]:
    rates = []
    if row.rate_interval_ms is not None:
        rates.append(RateLimit(f"job:{row.job_id}", row.rate_interval_ms))
    if row.group_interval_ms is not None:
        rates.append(RateLimit(f"group:{row.rate_group_id}", row.group_interval_ms))
    return rates
