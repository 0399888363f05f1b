"""The operations on worker processes."""

from __future__ import annotations

from jobs.api.described.operation import Answer, Operation, pages, text, word
from jobs.api.described.shape import page_of
from jobs.api.described.worker_shapes import ChangedWorker, Worker, WorkerDetail, WorkerKind, WorkerState

TAG = "Workers"
_ID = {"worker_id": Worker.EXAMPLE["id"]}
_WHO = "For superusers, with a session or a token that is for no single workspace: a worker serves all of them."

LIST = Operation(
    id="listWorkers",
    tag=TAG,
    summary="List workers and beats",
    says="The processes of the deployment, and what each holds of this workspace's runs. One that ends in good order is gone; one"
    " that was killed is `silent`, and forgotten after a day.",
    parameters=(
        text("search", "Only those with this in their name, host or node, however it is capitalised."),
        word("state", "Only those that stand so.", WorkerState),
        word("kind", "Only workers; or only beats.", WorkerKind),
        text("queue", "Only those that take from this queue.", example="default"),
        *pages("The name", type="string"),
    ),
    answers={200: Answer(says="The processes by name.", shape=page_of(Worker))},
)
GET = Operation(
    id="getWorker",
    tag=TAG,
    summary="Read a worker",
    path=_ID,
    answers={200: Answer(says="The process, with its lanes that work at runs of the workspace.", shape=WorkerDetail)},
)
DRAIN = Operation(
    id="drainWorker",
    tag=TAG,
    summary="Have a worker take nothing new",
    says="It takes nothing new within seconds, ends the payloads at work, hands the rest of its runs to other workers, and stays."
    f" {_WHO}",
    path=_ID,
    answers={200: Answer(says="The worker.", shape=ChangedWorker)},
    problems={409: "It is a beat, which takes no work."},
)
RESUME = Operation(
    id="resumeWorker",
    tag=TAG,
    summary="Have a worker that drains go on",
    says=f"It takes work from its queues again within seconds. {_WHO}",
    path=_ID,
    answers={
        200: Answer(
            says="The worker.",
            shape=ChangedWorker,
            example=ChangedWorker.EXAMPLE | {"draining": False, "changed": False},
        )
    },
    problems={409: "It is a beat, which takes no work."},
)
