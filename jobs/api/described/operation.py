"""What is said of one operation: its parameters, its body, its answers, and an example of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, NamedTuple, TypeVar

from pydantic import BaseModel
from rest_framework.views import APIView

from jobs.api.described.shape import Shape
from jobs.api.pages import DEFAULT_LIMIT, MAX_ID, MAX_LIMIT

JSON = Any
V = TypeVar("V", bound=type[APIView])
DESCRIBED = "described"
"""The attribute of a view's class that holds what is said of its methods."""

PROBLEM = "application/problem+json"


class Plain(NamedTuple):
    """A problem that means the same everywhere: the name of its component, and its words."""

    name: str
    says: str


PLAIN_PROBLEMS = {
    400: Plain("BadRequest", "The input was refused; `errors` says what and where."),
    401: Plain("Unauthorized", "No token, or one that is unknown or has expired."),
    403: Plain("Forbidden", "The caller's role is too small, or their token lacks the scope."),
    404: Plain("NotFound", "It does not exist, or not for this caller."),
    409: Plain("UnderWay", "The first request with this `Idempotency-Key` has not been answered yet."),
    413: Plain("BodyTooLarge", "The body is too large."),
    415: Plain("UnsupportedMediaType", "The body is no JSON."),
    422: Plain("KeyReused", "The `Idempotency-Key` was used for something else."),
    429: Plain("TooManyRequests", "The caller has sent more requests than it may in this time."),
    503: Plain("ServiceUnavailable", "The database cannot be reached."),
}
"""By status."""

IF_MATCH = "If-Match"


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """Something in the query or in a header.

    ``example`` stands in the operation's example; None leaves it out there. ``schema`` is a JSON Schema.
    """

    name: str
    says: str
    schema: Mapping[str, JSON]
    place: Literal["query", "header"] = "query"
    required: bool = False
    example: JSON = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer of an operation.

    Args:
        says: When it comes, or what it is.
        shape: Of its body; a JSON Schema for what has no shape; None for an empty one.
        example: Of its body; left out, the shape's.
        media_types: Of its body.
        headers: Names of `jobs.api.described.parts.HEADERS`.
    """

    says: str
    shape: type[Shape] | Mapping[str, JSON] | None = None
    example: JSON = None
    media_types: Sequence[str] = ("application/json",)
    headers: Sequence[str] = ()

    @property
    def shown(self) -> JSON:
        """The example of the body."""
        if self.example is None and isinstance(self.shape, type):
            return self.shape.EXAMPLE
        return self.example


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation.

    Args:
        id: Unique in the document; the name of the function in a generated client.
        tag: The noun under which it is listed.
        summary: A few words without a full stop.
        answers: By status. The first one is what its example is answered with.
        says: In plain English; left out, what the docstring of the method says.
        parameters: Of the query and the headers. Those of the path follow from the address.
        body: What is sent: a shape; the name of a component; or None.
        body_required: Whether it cannot be left out.
        example: Of the body.
        path: Values of the path's parameters in the example, where they are others than `jobs.api.described.parts.PATH` has.
        problems: What 409, 410, 412 and the like mean here, by status.
        public: Whether nobody needs to be logged in.
    """

    id: str
    tag: str
    summary: str
    answers: Mapping[int, Answer]
    says: str = ""
    parameters: Sequence[Parameter] = ()
    body: type[BaseModel] | str | None = None
    body_required: bool = True
    example: JSON = None
    path: Mapping[str, JSON] = field(default_factory=dict)
    problems: Mapping[int, str] = field(default_factory=dict)
    public: bool = False


def described(**operations: Operation) -> Callable[[V], V]:
    """Say what the OpenAPI document tells of a view's methods: ``@described(get=LIST, post=CREATE)``."""

    def decorate(view: V) -> V:
        setattr(view, DESCRIBED, operations)
        return view

    return decorate


def operation_of(view: type[APIView], method: str) -> Operation | None:
    """What is said of a method (in lower case) of this very class; what its parents say of theirs does not count."""
    found: Operation | None = vars(view).get(DESCRIBED, {}).get(method)
    return found


def heeds_if_match(view: type[APIView], method: str) -> bool:
    """Whether a method (in lower case) compares If-Match: it does when it says that it does."""
    operation = operation_of(view, method)
    return operation is not None and any(each.name == IF_MATCH for each in operation.parameters)


def text(name: str, says: str, *, example: JSON = None, required: bool = False, **schema: JSON) -> Parameter:
    """A query parameter that is text."""
    return Parameter(name=name, says=says, schema={"type": "string", **schema}, required=required, example=example)


def whole(
    name: str, says: str, *, least: int = 0, most: int = MAX_ID, example: JSON = None, **schema: JSON
) -> Parameter:
    """A query parameter that is a whole number."""
    bounds = {"type": "integer", "minimum": least, "maximum": most}
    return Parameter(name=name, says=says, schema=bounds | schema, example=example)


def word(
    name: str, says: str, words: type[StrEnum] | Sequence[str], *, example: JSON = None, **schema: JSON
) -> Parameter:
    """A query parameter that is one of some words."""
    return text(name, says, example=example, enum=[str(each) for each in words], **schema)


def instant(name: str, says: str, *, example: JSON = None) -> Parameter:
    """A query parameter that is an instant with its zone."""
    return text(name, says, example=example, format="date-time")


def flag(name: str, says: str) -> Parameter:
    """A query parameter that is true or false."""
    return Parameter(name=name, says=says, schema={"type": "boolean"})


def ordered(*words: str) -> Parameter:
    """The parameter ``order`` of a list; ``words`` as `jobs.api.pages.Query.order` takes them, the usual one first."""
    known = [sign + each.removeprefix("-") for each in words for sign in ("", "-")]
    return word("order", "In which order; with `-` it is descending.", known, default=words[0])


LIMIT = whole("limit", "How many entries the page has at most.", least=1, most=MAX_LIMIT, default=DEFAULT_LIMIT)


def pages(after: str, **schema: JSON) -> tuple[Parameter, Parameter]:
    """The parameters of a list: ``limit``, and ``after`` with what the last entry of the page before had, a number by default."""
    shape = schema or {"type": "integer", "minimum": 0, "maximum": MAX_ID}
    return LIMIT, Parameter(
        name="after", says=f"{after} of the last entry of the page before; `next` has it.", schema=shape
    )
