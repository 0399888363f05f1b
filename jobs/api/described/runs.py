"""The operations on runs that read, and those that add to them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jobs.api.described.datasource_shapes import RejectedRow
from jobs.api.described.operation import Answer, Operation, flag, instant, ordered, pages, text, whole, word
from jobs.api.described.parts import IDEMPOTENCY_KEY
from jobs.api.described.payload_shapes import Extension, File, LogLine, Payload, PayloadDetail
from jobs.api.described.run_shapes import Chain, Comparison, Run, RunSummary
from jobs.api.described.shape import page_of
from jobs.api.described.shapes import Event
from jobs.api.live.polls import MOST_SECONDS
from jobs.api.pages import MAX_POSITION
from jobs.documents import MAX_KEY
from jobs.states import PayloadState, RunState, Trigger

JSON = Any
TAG = "Runs"
ERASED = {410: "A cleanup has erased it."}
_POSITION = whole("position", "Only those of this payload.", most=MAX_POSITION)
_BY_ID = pages("The id")
_SHORTER = {"type": "string", "minLength": 1, "maxLength": MAX_KEY - len(":100000")}
"""A payload's key is made of it and of the payload's place in the list."""

LIST = Operation(
    id="listRuns",
    tag=TAG,
    summary="List runs",
    parameters=(
        text("job", "Only runs of the job of this key.", example="task:ping"),
        word("state", "Only runs in this state.", RunState),
        flag("active", "Only runs that have not ended; or only those that have."),
        word("trigger", "Only runs that this made.", Trigger),
        text("actor", "Only runs that this user or schedule started."),
        whole("origin", "Only runs that repeat or replay this run, or that its end started."),
        instant("since", "Only runs created at this instant or later."),
        instant("until", "Only runs created before this instant."),
        ordered("-id"),
        *_BY_ID,
    ),
    answers={200: Answer(says="The runs, the newest first.", shape=page_of(RunSummary))},
)
GET = Operation(id="getRun", tag=TAG, summary="Read a run", answers={200: Answer(says="The run.", shape=Run)})
CHAIN = Operation(
    id="getRunChain",
    tag=TAG,
    summary="Read what a run came from, and what came of it",
    answers={200: Answer(says="The runs around it.", shape=Chain)},
)
COMPARE = Operation(
    id="compareRuns",
    tag=TAG,
    summary="Compare a run with another one",
    says="What took longer, which payloads fail that did not or do not any more, and what of the definition was changed between"
    " the two. Without `with`, the other one is the newest ended run of the same job before this one, replays left out.",
    parameters=(whole("with", "The other run, which is taken for the earlier one.", least=1, example=6),),
    answers={200: Answer(says="The two runs.", shape=Comparison)},
    problems={404: "One of the two does not exist, or not for this caller; or there is none before this one."},
)
LIST_PAYLOADS = Operation(
    id="listPayloads",
    tag=TAG,
    summary="List the payloads of a run",
    says="With `state` or `kind` a page looks through 20,000 payloads; it may be short, or empty, and have a `next` all the same.",
    parameters=(
        word("state", "Only payloads in this state.", PayloadState),
        text("kind", "Only payloads of this kind."),
        ordered("position"),
        *pages("The position", type="integer", minimum=0, maximum=MAX_POSITION),
    ),
    answers={200: Answer(says="The payloads by position.", shape=page_of(Payload))},
)
ADD_PAYLOADS = Operation(
    id="addPayloads",
    tag=TAG,
    summary="Add payloads to a run",
    says="Add payloads to a run that has not ended: a list, or an object with `payload` and `parent`. A payload whose key the"
    " run has is left out; with an `Idempotency-Key` those without a key get one, so that a call may be repeated. An attempt"
    " calls with the run token that it was given, and is the parent.",
    parameters=(replace(IDEMPOTENCY_KEY, schema=_SHORTER),),
    body="Additions",
    example=[{"kind": "noop", "name": "third", "key": "third"}],
    answers={201: Answer(says="How many were added.", shape=Extension)},
    path={"run_id": 6},
    problems={409: "The run has ended or is being cancelled, or the payload that adds them is over."},
)
GET_PAYLOAD = Operation(
    id="getPayload",
    tag=TAG,
    summary="Read a payload",
    answers={200: Answer(says="The payload with its failed attempts.", shape=PayloadDetail)},
)
GET_RESULT = Operation(
    id="downloadPayloadResult",
    tag=TAG,
    summary="Download the whole result of a payload",
    answers={
        200: Answer(says="The result.", shape={}, example={"rows": 3}, headers=("Content-Disposition",)),
    },
    problems=ERASED,
)
EXTEND_TIME = Operation(
    id="extendTime",
    tag=TAG,
    summary="Give an attempt more time",
    says="Let the attempt at work have its timeout once more from now, up to its job's `timeout_ceiling`. An attempt may ask"
    " for itself with its run token.",
    answers={204: Answer(says="It has more time.")},
    path={"run_id": 6, "position": 1},
    problems={409: "No attempt is at work on this payload."},
)
LIST_FILES = Operation(
    id="listFiles",
    tag=TAG,
    summary="List the files of a run",
    parameters=(_POSITION, *_BY_ID),
    answers={200: Answer(says="The files that its payloads have made, the oldest first.", shape=page_of(File))},
)
GET_FILE = Operation(
    id="downloadFile",
    tag=TAG,
    summary="Download a file of a run",
    answers={
        200: Answer(
            says="The file.",
            shape={"type": "string", "format": "binary"},
            example="id,name\n1,Ann\n",
            media_types=("application/octet-stream", "*/*"),
            headers=("Content-Disposition", "ETag"),
        )
    },
)
LIST_REJECTED = Operation(
    id="listRejectedRows",
    tag="Datasources",
    summary="List the rows that a load left out",
    parameters=_BY_ID,
    answers={200: Answer(says="The rows, the first first.", shape=page_of(RejectedRow))},
)
LIST_LOGS = Operation(
    id="listLogs",
    tag=TAG,
    summary="List the log lines of a run",
    says="A line can be read within about a second. Of one attempt 2,000 lines are kept, and a line says that the rest was"
    " dropped. With `level` and no `position` a page looks through 20,000 lines; it may be short, or empty, and have a `next`"
    " all the same.",
    parameters=(_POSITION, text("level", "Only lines of this level, such as `error`."), ordered("id"), *_BY_ID),
    answers={200: Answer(says="The lines, the oldest first.", shape=page_of(LogLine))},
)
LIST_EVENTS = Operation(
    id="listEvents",
    tag=TAG,
    summary="List the events of a run",
    says="The event log. With `wait` a long poll: `{results, cursor}`, and an empty one only after so many seconds.",
    parameters=(
        text("kind", "Only events of this kind, such as `run.succeeded`."),
        whole("wait", "How many seconds to wait for the next event.", most=MOST_SECONDS),
        ordered("id"),
        *_BY_ID,
    ),
    answers={200: Answer(says="The event log, the oldest first.", shape=page_of(Event))},
)
