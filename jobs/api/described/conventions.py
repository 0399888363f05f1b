"""What an operation has for the sort of view that it is, so that no description says it again: parameters, headers, problems.

docs/reference/api.md tells what each does. What an operation says itself counts for more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rest_framework.views import APIView

from jobs.api.awaiting import LONGEST_SECONDS, StartsARun
from jobs.api.base import AccountView, WorkspaceView
from jobs.api.described.operation import Operation, Parameter, text, whole, word
from jobs.api.described.parts import IDEMPOTENCY_KEY
from jobs.api.described.shape import Shape
from jobs.api.foreign.shaping import ShapedView
from jobs.api.limiting import CallerRate
from jobs.api.permissions import READING, needs, scope_of
from jobs.api.reading import ReadingView
from jobs.models import Role, Scope

View = type[APIView]


class OtherForm(Shape):
    """The answer in another form: with `fields` what it names alone, with `shape` as that system has it, and with `wait` the
    `results` and `cursor` of a long poll."""


def role_and_scope(view: View, method: str) -> tuple[Role | None, Scope | None]:
    """What a method takes of a caller and of their token; None where that is no question."""
    if issubclass(view, WorkspaceView):
        return needs(view, method)
    if issubclass(view, AccountView):
        return None, scope_of(view.scopes, method, Role.VIEWER if method in READING else Role.OWNER)
    return None, None


def parameters(view: View, method: str, said: Operation) -> list[Parameter]:
    """Those of the query and the headers: what the operation says, and then what it has for its view."""
    own = {parameter.name for parameter in said.parameters}
    return [*said.parameters, *(each for each in _usual_parameters(view, method) if each.name not in own)]


def has_other_forms(view: View, method: str, said: Operation) -> bool:
    """Whether a parameter that the operation does not say itself makes another form of the answer."""
    own = {parameter.name for parameter in said.parameters}
    return any(each.name in ("fields", "shape") and each.name not in own for each in _usual_parameters(view, method))


def takes_key(view: View, method: str) -> bool:
    """Whether it takes an Idempotency-Key, and may answer again what it has answered."""
    return method == "POST" and issubclass(view, WorkspaceView) and view.keeps_answers


def usual_problems(view: View, method: str, said: Operation, *, in_path: bool) -> Iterator[int]:
    """The statuses that may come with the meaning that they have everywhere, in order; ``in_path``: the address names something."""
    ours, with_key = issubclass(view, WorkspaceView | AccountView), takes_key(view, method)
    asked = any(parameter.place == "query" for parameter in parameters(view, method, said))
    possible = {
        400: asked or with_key or said.body is not None,
        401: ours,
        403: ours,
        404: ours and in_path,
        409: with_key,
        413: said.body is not None,
        415: said.body is not None,
        422: with_key,
        429: CallerRate in view.throttle_classes and not said.public,
        503: ours,
    }
    yield from (status for status, can_be in possible.items() if can_be and status not in said.problems)


def _usual_parameters(view: View, method: str) -> Iterator[Parameter]:
    if method == "GET" and issubclass(view, ReadingView):
        yield from _of_reading(view)
    listing = getattr(view, "listing", None)
    if method == "GET" and listing is not None:
        yield from listing.parameters()
        yield _names("fields", "Show these fields alone, separated by commas.", listing.fields)
    if method == "POST" and issubclass(view, StartsARun):
        yield whole(
            "wait",
            "How many seconds to wait for the end of the run; if that comes, it is answered with 200.",
            most=LONGEST_SECONDS,
            default=0,
        )
    if issubclass(view, ShapedView) and (known := view.foreign.get(method)):
        yield word("shape", "Answer in the shape of this system (docs/reference/other-shapes.md).", list(known))
    if takes_key(view, method):
        yield IDEMPOTENCY_KEY


def _of_reading(view: type[ReadingView]) -> Iterator[Parameter]:
    if view.shown:
        known = (*view.shown, *view.includable)
        yield _names("fields", "Show these fields alone, separated by commas.", known)
    if view.includable:
        yield _names(
            "include", "Show these as well, separated by commas; they are left out otherwise.", view.includable
        )


def _names(name: str, says: str, known: Sequence[str]) -> Parameter:
    """Text rather than a list: clients that are generated would send a list as the parameter given many times."""
    one = f"(?:{'|'.join(known)})"
    return text(name, says, pattern=f"^{one}(?:,{one})*$")
