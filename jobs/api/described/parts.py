"""What the described operations share: path parameters, headers, problems."""

from __future__ import annotations

from typing import Any

from jobs.api.described.operation import IF_MATCH, Parameter, whole
from jobs.api.described.shape import Shape
from jobs.documents.requests import MAX_IDEMPOTENCY_KEY

JSON = Any

PATH: dict[str, JSON] = {
    "workspace": "demo",
    "job_key": "task:ping",
    "datasource": "orders",
    "group": "api.example.com",
    "file_name": "customers.csv",
    "schedule": "nightly",
    "sink": "journal",
    "username": "bob",
    "secret": "WAREHOUSE",
    "service_account": "ci",
    "run_id": 7,
    "position": 0,
}
"""By the converter in the address: what stands there in examples. What a parameter is, its converter's docstring says."""

HEADERS: dict[str, dict[str, JSON]] = {
    "ETag": {
        "description": "The version of what is answered, for `If-Match`.",
        "required": True,
        "schema": {"type": "string"},
        "example": '"3"',
    },
    "Location": {
        "description": "The address of what was made, or of where to look how far it is.",
        "required": True,
        "schema": {"type": "string", "format": "uri"},
        "example": "https://jobs.example.com/api/v1/workspaces/demo/runs/7/",
    },
    "Content-Disposition": {
        "description": "Says that it is a download, and what it is called.",
        "required": True,
        "schema": {"type": "string"},
        "example": 'attachment; filename="run-7-payload-0.json"',
    },
    "Retry-After": {
        "description": "In how many seconds to try again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
        "example": 5,
    },
    "RateLimit": {
        "description": "How many requests are left to the caller (`r`), and in how many seconds there are all of them again (`t`).",
        "schema": {"type": "string"},
        "example": '"caller";r=0;t=41',
    },
    "RateLimit-Policy": {
        "description": "How many requests a caller may send (`q`) in how many seconds (`w`).",
        "schema": {"type": "string"},
        "example": '"caller";q=600;w=60',
    },
    "Idempotent-Replayed": {
        "description": "`true` in an answer that is given again, to a request whose `Idempotency-Key` is known.",
        "schema": {"type": "string", "const": "true"},
        "example": "true",
    },
    "WWW-Authenticate": {
        "description": "What to send.",
        "required": True,
        "schema": {"type": "string"},
        "example": 'Bearer realm="jobs"',
    },
}
"""The headers of answers, each a component."""

OF_PROBLEMS = {
    401: ("WWW-Authenticate",),
    429: ("Retry-After", "RateLimit", "RateLimit-Policy"),
    503: ("Retry-After",),
}
"""The headers that problems have, by status."""

SECURITY: dict[str, dict[str, JSON]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token, made with `POST /api/v1/tokens/`, in the admin or with `manage.py create_token`. It may do what"
        " both its user's role and its scopes allow: `x-role` and `x-scope` of an operation.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sessionid",
        "description": "The session of somebody who is logged in to the admin. Writing then takes the header `X-CSRFToken` as"
        " well.",
    },
}
"""How callers say who they are."""


def if_match(what: str) -> Parameter:
    """The header If-Match."""
    return Parameter(
        name=IF_MATCH,
        place="header",
        says=f"The `ETag` of {what} as the caller saw it, or `*`. When it has another version by now, nothing is changed: 412.",
        schema={"type": "string"},
    )


IF_MATCH_JOB = if_match("the job")
JOB_CHANGED = {412: "`If-Match` names another version of the job."}
IDEMPOTENCY_KEY = Parameter(
    name="Idempotency-Key",
    place="header",
    says="Makes it safe to send the request again: one whose key is known does nothing, and is answered as the first one was.",
    schema={"type": "string", "minLength": 1, "maxLength": MAX_IDEMPOTENCY_KEY, "pattern": r"\S"},
)
WAIT = whole("wait", "How many seconds to wait for the answer of a worker.", most=30, default=20, example=0)


class FieldProblem(Shape):
    """One thing that is wrong with the input."""

    field: str
    """A dotted path into the body, or the name of a parameter; empty for the body as a whole."""
    message: str
    """What would be right."""


class Problem(Shape):
    """Why a request was refused. Source: RFC 9457."""

    type: str
    """What sort of problem it is: the address of a page that tells what it means and what to do. The word in it is stable."""
    title: str
    """That sort in words."""
    status: int
    """The status of the answer."""
    detail: str
    """What went wrong, for people."""
    errors: list[FieldProblem]
    """What is wrong with the input, thing by thing; empty where the input is not to blame."""

    EXAMPLE = {
        "type": "/problems/invalid-input/",
        "title": "The input was refused",
        "status": 400,
        "detail": "The request was refused, and changed nothing.",
        "errors": [
            {"field": "payload.0.kind", "message": "'htpp' is no payload kind of such a job; allowed here: http, noop"}
        ],
    }
