"""The results of a whole run as one file."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Literal, NamedTuple, get_args

from jobs.models import Run
from jobs.selectors.results import refuse_erased
from jobs.states import FINAL_PAYLOAD_STATES
from sinks.base import Parcel
from sinks.content.buffering import Limits, buffered
from sinks.content.configuration import ContentConfiguration
from sinks.content.encoding import Content
from sinks.services.records import read_records

ResultFormat = Literal["jsonl", "csv", "parquet"]
FORMATS: tuple[ResultFormat, ...] = get_args(ResultFormat)
PIECE_BYTES = 64 * 1024
_ALL = 2**31 - 1
_MEDIA_TYPES: dict[ResultFormat, str] = {
    "jsonl": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}


class ResultFile(NamedTuple):
    """What to call it, what to say it is, and its bytes, which are made while they are read, once.

    They raise as `sinks.services.records.read_records` does: what has been read until then is not the whole file.
    """

    name: str
    media_type: str
    pieces: Iterator[bytes]


def result_file(*, run: Run, kind: ResultFormat) -> ResultFile:
    """The outcomes of all payloads of a run that have one by now, in the order of their positions.

    However large it is, memory holds one page of records, one whole result, and of Parquet one row group.

    Raises:
        GoneError: A cleanup has erased the results.
    """
    refuse_erased(run=run)
    compression = "zstd" if kind == "parquet" else "none"
    configuration = ContentConfiguration(format=kind, compression=compression)
    content = Content(_parcel(run), configuration, for_spreadsheets=True)
    name = f"{run.job_key.replace(':', '-')}-run-{run.pk}.{kind}"
    return ResultFile(name, _MEDIA_TYPES[kind], buffered(content.pieces(), limits=Limits(size_bytes=PIECE_BYTES)))


def _parcel(run: Run) -> Parcel:
    states = [state.value for state in FINAL_PAYLOAD_STATES]
    return Parcel(
        id=f"run_{run.pk}",
        attempt=1,
        workspace=run.workspace.slug,
        job=run.job_key,
        run_id=run.pk,
        run_state=run.state,
        trigger=run.trigger,
        scheduled_for=run.scheduled_for,
        run_ended_at=run.ended_at or run.created_at,
        unit="run",
        first_position=0,
        count=run.total,
        records=functools.partial(read_records, run_id=run.pk, low=0, high=_ALL, states=states),
    )
