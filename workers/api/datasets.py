"""Datasets: those of jobs, and proposals from samples."""

from __future__ import annotations

import importlib
import json
import re
import tempfile
import time
from pathlib import Path
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.base import SMALL_BODY_BYTES, WorkspaceView
from jobs.api.described.operation import described
from jobs.api.orders import Order, place
from jobs.api.pages import page
from jobs.api.reading import ReadingView
from jobs.documents import validated
from jobs.errors import FieldError, PermanentError, ValidationError
from workers.api import described as on_datasets
from workers.dataset_rows import DatasetRow, Place, get_dataset, list_datasets
from workers.generate.locales import locales

MOST_SECONDS = 5.0
"""So long a sample is looked at, column by column; a web process has other things to do."""
_PLACE = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,126})~([0-9]{1,9})~([0-9]{1,9})")
_UNSTORABLE = re.compile(r"\\u(?:0000|d[89a-f])")
"""NUL and halves of characters, as JSON escapes them: no dataset may have them."""


@described(get=on_datasets.LIST)
class DatasetList(ReadingView):
    """``datasets/``"""

    parameters = ("job",)
    paged = True
    shown = tuple(on_datasets.Dataset.model_fields)

    def get(self, request: Request, workspace: str) -> Response:
        """The datasets that the workspace's jobs define."""
        query = self.query
        after, job = query.text("after"), query.text("job")
        found = list_datasets(
            workspace=self.workspace,
            limit=query.limit + 1,
            after=None if after is None else Place(*place(_BY_PLACE, after)),
            task=None if job is None else _task(job),
        )
        return page(request, found, limit=query.limit, cursor=_BY_PLACE.cursor, show=dataset_json)


@described(get=on_datasets.GET)
class DatasetDetail(ReadingView):
    """``datasets/{key}/{position}/{place}/``"""

    shown = tuple(on_datasets.Dataset.model_fields)

    def get(self, request: Request, workspace: str, key: str, position: int, place: int) -> Response:
        """One of them."""
        return Response(dataset_json(get_dataset(workspace=self.workspace, place=Place(_task(key), position, place))))


@described(post=on_datasets.INFER)
class Inference(WorkspaceView):
    """``datasets/infer/``"""

    largest_body_bytes = SMALL_BODY_BYTES

    def post(self, request: Request, workspace: str) -> Response:
        """A dataset that makes records like those of the sample; nothing is saved."""
        asked = validated(on_datasets.Sample, request.data, "expected an object with sample")
        if asked.locale not in locales():
            raise ValidationError([FieldError("locale", f"expected one of {', '.join(locales())}")])
        return Response(_proposal(asked))


def dataset_json(row: DatasetRow) -> dict[str, Any]:
    """A dataset, and where it stands."""
    name = row.document.get("name", "")
    return {
        "job": row.key,
        "position": row.position,
        "place": row.place,
        "name": name,
        "definition": row.document,
    }


def _proposal(asked: on_datasets.Sample) -> dict[str, Any]:
    # Loaded for who asks only: it brings the readers of all formats along.
    infer: Any = importlib.import_module("workers.generate.infer")
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "sample"
            path.write_bytes(asked.sample.encode())
            records = infer.read_sample(path=path, format=asked.format)
        until = time.monotonic() + MOST_SECONDS
        definition = infer.infer_dataset(records=records, name=asked.name, locale=asked.locale, until=until)
    except (PermanentError, ValueError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        # What is wrong with a stranger's file has many names.
        raise ValidationError([FieldError("sample", f"no dataset can be made of it: {str(error)[:500]}")]) from error
    if _UNSTORABLE.search(json.dumps(definition)):
        raise ValidationError([FieldError("sample", "it has characters that no text of a dataset may have")])
    return {"definition": definition, "records": len(records)}


def _task(key: str) -> str:
    """The name of a task; one that no task has for another type's job, for only tasks make data up."""
    job_type, _, name = key.partition(":")
    return name if job_type == "task" else ""


def _read(after: str) -> tuple[Any, ...]:
    found = _PLACE.fullmatch(after)
    if found is None:
        raise ValueError(after)
    return found[1], int(found[2]), int(found[3])


_BY_PLACE = Order(
    ("task", "position", "place"),
    lambda row: f"{_task(row.key)}~{row.position}~{row.place}",
    _read,
    "what the address in next says: a task, ~, a position, ~ and a place",
)
