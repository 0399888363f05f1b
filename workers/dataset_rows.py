"""Reading the datasets that generate payloads of jobs define."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from django.db import connection

from jobs.errors import NotFoundError
from jobs.models import Workspace

# Generate payloads stand in tasks alone, so that the name is the order of the keys.
_SELECT = """
    SELECT 'task:' || job.name, item.number - 1, dataset.number - 1, dataset.document
    FROM jobs_job AS job
    CROSS JOIN LATERAL jsonb_array_elements(job.payload) WITH ORDINALITY AS item (document, number)
    CROSS JOIN LATERAL jsonb_array_elements(
        CASE WHEN jsonb_typeof(item.document #> '{parameters,datasets}') = 'array'
        THEN item.document #> '{parameters,datasets}' ELSE '[]' END
    ) WITH ORDINALITY AS dataset (document, number)
    WHERE job.workspace_id = %s AND job.type = 'task' AND job.payload @> '[{"kind": "generate"}]'
      AND item.document ->> 'kind' = 'generate'
"""
_PAGE = f"""
    {_SELECT} AND (%s OR job.name = %s)
      AND (job.name, item.number - 1, dataset.number - 1) > (%s, %s, %s)
    ORDER BY job.name, item.number, dataset.number LIMIT %s
"""
_ONE = f"{_SELECT} AND job.name = %s AND item.number = %s AND dataset.number = %s"


class Place(NamedTuple):
    """Where a dataset stands: in which task, in which of its payloads, and at which place there, from 0."""

    task: str
    position: int
    place: int


class DatasetRow(NamedTuple):
    """A dataset's place and its document, as the job has it."""

    key: str
    position: int
    place: int
    document: dict[str, Any]


def list_datasets(
    *, workspace: Workspace, limit: int, after: Place | None = None, task: str | None = None
) -> list[DatasetRow]:
    """A page of the datasets of a workspace's jobs, by task and place, in one query; ``task``: only of the task of this name."""
    behind = after or Place("", -1, -1)
    return _rows(_PAGE, [workspace.pk, task is None, task or "", *behind, limit])


def get_dataset(*, workspace: Workspace, place: Place) -> DatasetRow:
    """The dataset there, in one query. Raises NotFoundError."""
    found = _rows(_ONE, [workspace.pk, place.task, place.position + 1, place.place + 1])
    if not found:
        raise NotFoundError(f"task:{place.task} of {workspace.slug} has no dataset at {place.position}, {place.place}")
    return found[0]


def _rows(sql: str, parameters: list[Any]) -> list[DatasetRow]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [DatasetRow(row[0], row[1], row[2], _document(row[3])) for row in cursor.fetchall()]


def _document(value: Any) -> dict[str, Any]:
    """(Django leaves jsonb of a statement of one's own as text.)"""
    document: dict[str, Any] = json.loads(value) if isinstance(value, str) else value
    return document
