"""The operations on jobs."""

from __future__ import annotations

from jobs.api.described.bodies import JobReplacement, NewJob, Transition
from jobs.api.described.job_shapes import Job, JobSummary
from jobs.api.described.operation import Answer, Operation, instant, ordered, pages, text, word
from jobs.api.described.parts import IF_MATCH_JOB, JOB_CHANGED
from jobs.api.described.run_shapes import NEW_RUN, Run
from jobs.api.described.shape import page_of
from jobs.documents import TriggerRequest
from jobs.documents.control import GuardedNote
from jobs.states import JobState

TAG = "Jobs"
_JOB = Answer(says="The job.", shape=Job, headers=("ETag",))
_DOCUMENT = {
    "key": "task:ping",
    "description": "Asks whether the shop answers.",
    "payload": [
        {"kind": "http", "name": "front", "parameters": {"method": "GET", "url": "https://shop.example.com/health"}}
    ],
    "configuration": {"retry": {"maximum_attempts": 3}},
    "tags": ["shop"],
    "metadata": {"team": "web"},
}

LIST = Operation(
    id="listJobs",
    tag=TAG,
    summary="List jobs",
    parameters=(
        text("type", "Only jobs whose keys begin with this type.", example="task"),
        word("state", "Only jobs in this state.", JobState),
        text("tag", "Only jobs with this tag."),
        text("group", "Only jobs of the concurrency group of this name."),
        text(
            "search",
            "Only jobs with this in their name, key (`task:ping`), description or tags, however it is capitalised.",
        ),
        ordered("key", "created_at", "updated_at"),
        *pages("What `order` needs", type="string"),
    ),
    answers={200: Answer(says="The jobs by key, without their payload lists.", shape=page_of(JobSummary))},
)
CREATE = Operation(
    id="createJob",
    tag=TAG,
    summary="Create a job",
    says="Create a job from its document: what to do, how, when, and where results go. It begins as active, or with `state`"
    " as a draft. An active one must have all that it needs, such as the secrets that its payloads name."
    " With schedules in it a token needs `schedules:write` too.",
    body=NewJob,
    example=_DOCUMENT | {"key": "task:ping-twice"},
    answers={201: Answer(says="The job.", shape=Job, headers=("ETag", "Location"))},
    problems={409: "There is a job of this key."},
)
GET = Operation(
    id="getJob",
    tag=TAG,
    summary="Read a job",
    answers={200: _JOB},
)
REPLACE = Operation(
    id="replaceJob",
    tag=TAG,
    summary="Replace a job",
    says="Replace the whole document. The body may be the answer to a GET, edited. With `If-Match`, or `version` in the body,"
    " nobody else's change is overwritten. A body that says what the job says already changes nothing."
    " To change the schedules in it a token needs `schedules:write` too.",
    parameters=(IF_MATCH_JOB,),
    body=JobReplacement,
    example=_DOCUMENT,
    answers={200: _JOB},
    problems={409: "The job has another version than the body names."} | JOB_CHANGED,
)
DELETE = Operation(
    id="deleteJob",
    tag=TAG,
    summary="Delete a job",
    says="Delete the job with its schedules, and keep its runs.",
    parameters=(
        IF_MATCH_JOB,
        instant("expected_updated_at", "The `updated_at` that the caller saw: 409 when it is another."),
    ),
    answers={204: Answer(says="It is gone.")},
    path={"key": "task:old"},
    problems={409: "A run of it is active, or somebody else changed it."} | JOB_CHANGED,
)
TRIGGER = Operation(
    id="triggerJob",
    tag=TAG,
    summary="Start a run",
    says="Start a run now. It goes on in the background: `Location` is where to look. The run is accepted also while the broker is"
    " down. With an `Idempotency-Key` it may be sent again, and is answered alike; `idempotency_key` in the body is the run's own,"
    " which the job knows for as long as the run is there, whoever asks.",
    parameters=(IF_MATCH_JOB,),
    body=TriggerRequest,
    body_required=False,
    example={"parameters": {"day": "monday"}, "comment": "asked for by the shop"},
    answers={
        202: Answer(says="The new run.", shape=Run, headers=("Location",), example=NEW_RUN),
        200: Answer(
            says="The run that this `idempotency_key`, or these parameters, started before; or with `wait` the new one, ended.",
            shape=Run,
            headers=("Location",),
        ),
    },
    problems={
        409: "The job is not active; or the key was used with other parameters; or a recent run has the same ones."
    }
    | JOB_CHANGED,
)
_NOTE = {"note": "the supplier is down"}
PAUSE = Operation(
    id="pauseJob",
    tag=TAG,
    summary="Pause a job",
    says="Hold the job and its runs: nothing starts, schedules owe nothing, and what is at work may finish.",
    parameters=(IF_MATCH_JOB,),
    body=GuardedNote,
    body_required=False,
    example=_NOTE,
    answers={200: _JOB},
    problems={409: "The job is a draft or archived, or somebody else changed it."} | JOB_CHANGED,
)
RESUME = Operation(
    id="resumeJob",
    tag=TAG,
    summary="Resume a job",
    says="Let the job go on, and the runs that were paused with it.",
    parameters=(IF_MATCH_JOB,),
    body=GuardedNote,
    body_required=False,
    example=_NOTE,
    answers={200: _JOB},
    problems={409: "The job is a draft or archived, or somebody else changed it."} | JOB_CHANGED,
)
TRANSITION = Operation(
    id="moveJob",
    tag=TAG,
    summary="Move a job to another state",
    says="Move the job to another state. A draft must have all that it needs to become active; what is missing is told field"
    " by field.",
    parameters=(IF_MATCH_JOB,),
    body=Transition,
    example={"target": "archived", "note": "replaced by task:ping"},
    answers={200: _JOB},
    path={"key": "task:old"},
    problems={409: "The state does not follow, runs are active, or somebody else changed the job."} | JOB_CHANGED,
)
