"""The operations on objects that are kept in files."""

from __future__ import annotations

from jobs.api.described.operation import Answer, Operation
from jobs.api.described.shape import page_of
from jobs.api.described.shapes import Origin
from jobs.documents.origins import ReleaseRequest

TAG = "Jobs as code"

LIST = Operation(
    id="listOrigins",
    tag=TAG,
    summary="List what is kept in files",
    says="The jobs, schedules, sinks, rules and groups that were applied from files. They are edited there alone until they are"
    " released.",
    answers={200: Answer(says="They, first those that were applied longest ago.", shape=page_of(Origin))},
)
RELEASE = Operation(
    id="releaseOrigin",
    tag=TAG,
    summary="Release something from its file",
    says="Let it be edited everywhere again. It stays as it is; its file, applied again, takes it back.",
    body=ReleaseRequest,
    example={"kind": "sink", "name": "shelf", "note": "it moves to another team"},
    answers={204: Answer(says="It is released.")},
)
