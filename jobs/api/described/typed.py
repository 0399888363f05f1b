"""The operations on the jobs of one type: those on jobs, with the name in place of the key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from pydantic import BaseModel, Field, create_model

from jobs.api.described import jobs
from jobs.api.described.bodies import JobReplacement, NewJob, Unsaid
from jobs.api.described.job_shapes import Job, JobSummary
from jobs.api.described.operation import Answer, Operation
from jobs.api.described.shape import Body, Shape, named, page_of
from jobs.documents import MAX_PAYLOADS

JSON = Any
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,126}$"
_NAMED: Any = Field(pattern=NAME_PATTERN, description="What follows the type in the job's key.")
_SENT: Any = Field(
    default=None,
    max_length=MAX_PAYLOADS,
    description="The parameters of each payload, in place of `payload`; beside it they must say the same.",
)
_PARAMETERS = "The parameters of each payload."


class TaskSummary(JobSummary):
    """A task in a list."""

    name: str = _NAMED

    EXAMPLE = {"name": "ping", **JobSummary.EXAMPLE}


class Task(Job):
    """A whole task."""

    name: str = _NAMED

    EXAMPLE = {"name": "ping", **Job.EXAMPLE}


class ApplicationSummary(TaskSummary):
    """A datasource or a spark application in a list."""

    parameters: list[dict[str, Any]] | Unsaid = Field(
        default=None, description=f"{_PARAMETERS} In a list only if `include` asks for it."
    )


class Application(Task):
    """A whole datasource or spark application."""

    parameters: list[dict[str, Any]] = Field(description=_PARAMETERS)


def _body(base: type[BaseModel], name: str, says: str, fields: dict[str, Any]) -> type[BaseModel]:
    """A body with the fields of another and these. It cannot descend from a document: that has a property called name."""
    kept: dict[str, Any] = {each: (field.annotation, field) for each, field in base.model_fields.items()}
    made: type[BaseModel] = create_model(name, __base__=Body, __doc__=says, **(kept | fields))
    return made


_FOR_POST: dict[str, Any] = {
    "name": (str, _NAMED),
    "key": (str | Unsaid, Field(default=None, description="May be said, but only as `name` says.")),
}
_FOR_PUT: dict[str, Any] = {
    "name": (str | Unsaid, Field(default=None, description="May be said, but only as in the address.")),
}
_PAYLOAD: Any = list[named("PayloadItem")] | Unsaid  # type: ignore[misc]
_FOR_APPLICATIONS: dict[str, Any] = {
    "payload": (_PAYLOAD, Field(default=None, max_length=MAX_PAYLOADS)),
    "parameters": (list[dict[str, Any]] | Unsaid, _SENT),
}
_NEW = "A job document with its name in place of its key"
_EDITED = "or a GET's answer, edited."
NewTask = _body(NewJob, "NewTask", f"{_NEW}.", _FOR_POST)
NewApplication = _body(
    NewJob,
    "NewApplication",
    f"{_NEW}; `parameters` may stand in place of `payload`.",
    _FOR_POST | _FOR_APPLICATIONS,
)
TaskReplacement = _body(JobReplacement, "TaskReplacement", f"A job document; {_EDITED}", _FOR_PUT)
ApplicationReplacement = _body(
    JobReplacement,
    "ApplicationReplacement",
    f"A job document, where `parameters` may stand in place of `payload`; {_EDITED}",
    _FOR_PUT | _FOR_APPLICATIONS,
)


class Operations(NamedTuple):
    """What can be done with the jobs of one type."""

    list: Operation
    create: Operation
    get: Operation
    replace: Operation
    delete: Operation


class _Type(NamedTuple):
    tag: str
    one: str
    many: str
    id: str
    ids: str
    shapes: tuple[type[Shape], type[Shape]]
    bodies: tuple[Any, Any]
    document: dict[str, JSON]
    names: tuple[str, str]
    """Of one that there is, and of one that may be deleted."""


def _operations(told: _Type) -> Operations:
    summary, whole = told.shapes
    present, old = told.names
    known: dict[str, JSON] = {"name": present, "key": f"{told.document['type']}:{present}"}
    example = {**whole.EXAMPLE, **known, **told.document["answer"]}
    body = told.document["body"]
    listed = page_of(summary)
    listed.EXAMPLE = {"results": [{**summary.EXAMPLE, **known}], "next": None}
    answer = Answer(says=f"The {told.one}.", shape=whole, headers=("ETag",), example=example)
    made = replace(
        answer, headers=("ETag", "Location"), example=example | {"name": "new", "key": f"{told.document['type']}:new"}
    )
    tag: dict[str, JSON] = {"tag": told.tag, "says": ""}
    return Operations(
        list=replace(
            jobs.LIST,
            **tag,
            id=f"list{told.ids}",
            summary=f"List {told.many}",
            parameters=[each for each in jobs.LIST.parameters if each.name != "type"],
            answers={200: Answer(says=f"The {told.many} by name.", shape=listed)},
        ),
        create=replace(
            jobs.CREATE,
            **tag | {"says": f"Create a job that is a {told.one}, as with `POST jobs/`."},
            id=f"create{told.id}",
            summary=f"Create a {told.one}",
            body=told.bodies[0],
            example={"name": "new", **body},
            answers={201: made},
        ),
        get=replace(
            jobs.GET,
            **tag,
            id=f"get{told.id}",
            summary=f"Read a {told.one}",
            answers={200: answer},
            path={"name": present},
        ),
        replace=replace(
            jobs.REPLACE,
            **tag | {"says": jobs.REPLACE.says},
            id=f"replace{told.id}",
            summary=f"Replace a {told.one}",
            body=told.bodies[1],
            example=body,
            answers={200: answer},
            path={"name": present},
        ),
        delete=replace(
            jobs.DELETE,
            **tag | {"says": jobs.DELETE.says},
            id=f"delete{told.id}",
            summary=f"Delete a {told.one}",
            path={"name": old},
        ),
    )


_APPLICATION: dict[str, JSON] = {
    "shapes": (ApplicationSummary, Application),
    "bodies": (NewApplication, ApplicationReplacement),
}
_LOAD = {
    "source": {"path": "https://shop.example.com/orders.csv"},
    "destination": {"postgresql": {"url_secret": "WAREHOUSE", "schema": "public", "table": "orders"}},
    "write": "replace",
}
_PROGRAM = {"python": {"text": "print(1)"}, "configuration": {"spark.driver.memory": "1g"}}


def _document(type: str, parameters: dict[str, JSON]) -> dict[str, JSON]:
    return {
        "type": type,
        "body": {"description": "Every night.", "parameters": [parameters]},
        "answer": {"payload": [{"kind": type, "parameters": parameters}], "parameters": [parameters]},
    }


DATASOURCES = _operations(
    _Type(
        tag="Datasources",
        one="datasource",
        many="datasources",
        id="Datasource",
        ids="Datasources",
        document=_document("datasource", _LOAD),
        names=("orders", "old"),
        **_APPLICATION,
    )
)
SPARK = _operations(
    _Type(
        tag="Spark",
        one="Spark application",
        many="Spark applications",
        id="SparkApplication",
        ids="SparkApplications",
        document=_document("spark", _PROGRAM),
        names=("rollup", "old"),
        **_APPLICATION,
    )
)
TASKS = _operations(
    _Type(
        tag="Tasks",
        one="task",
        many="tasks",
        id="Task",
        ids="Tasks",
        shapes=(TaskSummary, Task),
        bodies=(NewTask, TaskReplacement),
        document={
            "type": "task",
            "body": {"description": "Asks.", "payload": [{"kind": "noop", "name": "first"}]},
            "answer": {},
        },
        names=("ping", "old"),
    )
)
