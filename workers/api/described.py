"""The operations on datasets."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from jobs.api.described.operation import Answer, Operation, pages, text
from jobs.api.described.shape import Body, Shape, page_of

TAG = "Datasets"
FORMATS = ("csv", "json", "jsonl", "xml")
"""Those of a sample that is text."""


class Dataset(Shape):
    """A dataset that a generate payload of a job defines."""

    job: str
    """The key of the job."""
    position: int
    """Of the payload in the job's list, from 0."""
    place: int
    """Of the dataset in the payload's list, from 0."""
    name: str
    definition: dict[str, Any]
    """As docs/reference/generate-payload.md tells."""

    EXAMPLE = {
        "job": "task:people",
        "position": 0,
        "place": 0,
        "name": "people",
        "definition": {"name": "people", "fields": [{"name": "id", "type": "integer"}]},
    }


class Proposal(Shape):
    """A dataset for a generate payload."""

    definition: dict[str, Any]
    """For the `datasets` of a generate payload. Read it before you use it."""
    records: int
    """How many records of the sample were looked at."""

    EXAMPLE = {"definition": {"name": "people", "locale": "en", "fields": []}, "records": 2}


class Sample(Body):
    """Records such as are to be made."""

    sample: str = Field(min_length=1)
    """The text of a file."""
    format: Literal["csv", "json", "jsonl", "xml"] = "csv"
    name: str = Field(default="sample", pattern="^[A-Za-z][A-Za-z0-9_-]{0,49}$")
    """The dataset's."""
    locale: str = "en"
    """Of the data to be made, such as `de`."""


LIST = Operation(
    id="listDatasets",
    tag=TAG,
    summary="List datasets",
    says="The datasets that generate payloads of the workspace's jobs define, by job and place. They are changed with their job.",
    parameters=(text("job", "Only those of the job of this key."), *pages("Task, position and place", type="string")),
    answers={200: Answer(says="The datasets.", shape=page_of(Dataset))},
)
GET = Operation(
    id="getDataset",
    tag=TAG,
    summary="Read a dataset",
    answers={200: Answer(says="The dataset.", shape=Dataset)},
    path={"key": "task:people", "position": 0, "place": 0},
)
INFER = Operation(
    id="inferDataset",
    tag=TAG,
    summary="Propose a dataset",
    says="A dataset that makes records like those of a sample of up to 256 KiB. Nothing is saved.",
    body=Sample,
    example={"sample": "id,email\n1,ann@example.com\n2,bob@example.com\n", "name": "people"},
    answers={200: Answer(says="The proposal.", shape=Proposal)},
)
