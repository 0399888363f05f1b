"""The operations on deliveries and results."""

from __future__ import annotations

from jobs.api.described.operation import Answer, Operation, ordered, pages, text, whole, word
from jobs.api.described.shape import page_of
from sinks.api.described.bodies import LinkToMake, Redelivery
from sinks.api.described.shapes import (
    Delivery,
    DeliveryDetail,
    Redelivered,
    RedeliveredMany,
    ResultLink,
    UnchangedDelivery,
)
from sinks.services.run_results import FORMATS
from sinks.states import DeliveryState

TAG = "Deliveries"

LIST = Operation(
    id="listDeliveries",
    tag=TAG,
    summary="List deliveries",
    says="The deliveries of a run or to a sink: name at least one of them.",
    parameters=(
        whole("run", "Of the run of this id.", least=1, example=7),
        text("sink", "To the sink of this name."),
        text("job", "With `sink`: to what the entry of that name in this job's sinks means."),
        word("state", "Only deliveries in this state.", DeliveryState),
        ordered("-id"),
        *pages("The id"),
    ),
    answers={200: Answer(says="The deliveries, the newest first.", shape=page_of(Delivery))},
)
GET = Operation(
    id="getDelivery",
    tag=TAG,
    summary="Read a delivery",
    answers={200: Answer(says="The delivery with its attempts that failed.", shape=DeliveryDetail)},
    path={"delivery_id": 9},
)
REDELIVER = Operation(
    id="redeliver",
    tag=TAG,
    summary="Deliver again",
    says="Deliver it again under its id.",
    answers={
        202: Answer(says="It is made again.", shape=Redelivered),
        200: Answer(says="It is not: it is due anyway, or its sink is gone.", shape=UnchangedDelivery),
    },
    problems={409: "A cleanup has erased the results of its run: it stays as it is."},
    path={"delivery_id": 9},
)
REDELIVER_SOME = Operation(
    id="redeliverSome",
    tag=TAG,
    summary="Deliver many again",
    says="Deliver again these deliveries; or what was given up of a run, or to a sink, since a time, and with `delivered` what was"
    " delivered, too: the first 1,000 in the call,"
    " the others in the background, by the bulk action that `action` and `Location` name.",
    body=Redelivery,
    example={"run": 7},
    answers={
        202: Answer(
            says="How many are made again, and which were left as they are.",
            shape=RedeliveredMany,
        )
    },
)
RESULTS = Operation(
    id="downloadResults",
    tag="Runs",
    summary="Download the results of a run",
    says="What all its payloads came to, as one file.",
    parameters=(word("format", "Of the file.", FORMATS, default="jsonl"),),
    answers={
        200: Answer(
            says="The file.",
            shape={"type": "string", "format": "binary"},
            example='{"position": 0, "name": "first", "state": "succeeded", "result": {"rows": 3}}\n',
            media_types=("application/x-ndjson", "text/csv", "application/vnd.apache.parquet"),
            headers=("Content-Disposition",),
        )
    },
    problems={410: "A cleanup has erased them."},
)
LINK = Operation(
    id="linkToResults",
    tag="Runs",
    summary="Make a link to the results of a run",
    says="Make a link to the results that whoever has it may follow, until it expires.",
    body=LinkToMake,
    body_required=False,
    example={"format": "csv", "expires_in": "1 day"},
    answers={201: Answer(says="The link.", shape=ResultLink)},
)
