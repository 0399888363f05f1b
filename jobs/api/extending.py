"""Adding payloads to a run, and time to an attempt: for operators, and for the attempt itself with its run token."""

from __future__ import annotations

from typing import Any, cast

from rest_framework import status
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jobs.api.authentication import BearerAuthentication, RunTokenAuthentication
from jobs.api.described import runs as on_runs
from jobs.api.described.operation import described
from jobs.api.pages import MAX_POSITION
from jobs.api.permissions import HasRole
from jobs.api.runs import PayloadList, RunPart
from jobs.documents import MAX_KEY
from jobs.errors import FieldError, NotFoundError, ValidationError
from jobs.models import Role, Workspace
from jobs.selectors.access import Access
from jobs.services import extending
from jobs.services.run_tokens import RunClaims

MAX_IDEMPOTENCY_KEY = MAX_KEY - len(":100000")
"""A payload's key is made of it and of the payload's place in the list."""


class MayExtend(HasRole):
    """Lets through whoever has the view's role, and an attempt where its run token says so."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Raise NotFoundError for a workspace that there is not, or that the caller is not in."""
        claims = _claims(request)
        if claims is None:
            return super().has_permission(request, view)
        cast(RunPart, view).access = Access(_workspace(view.kwargs["workspace"]), Role.OPERATOR)
        self.message = f"this run token is good for adding to run {claims.run_id} as its payload {claims.position}"
        position = view.kwargs.get("position", claims.position)
        return request.method == "POST" and (view.kwargs["run_id"], position) == (claims.run_id, claims.position)


@described(get=on_runs.LIST_PAYLOADS, post=on_runs.ADD_PAYLOADS)
class Payloads(PayloadList):
    """``runs/{id}/payloads/``"""

    authentication_classes = (RunTokenAuthentication, BearerAuthentication, SessionAuthentication)
    permission_classes = (IsAuthenticated, MayExtend)
    roles = {"POST": Role.OPERATOR}

    def post(self, request: Request, workspace: str, run_id: int) -> Response:
        """Add payloads to a run that has not ended; 409 when it has, or when the payload that adds them is over."""
        run, claims = self.run(run_id), _claims(request)
        items, parent = _read(request.data, claims)
        extension = extending.extend_run(
            run_id=run.pk,
            parent=parent,
            attempt=claims and claims.attempt,
            items=_with_keys(items, request.headers.get("Idempotency-Key")),
            actor=self.actor,
        )
        return Response(extension._asdict(), status=status.HTTP_201_CREATED)


@described(post=on_runs.EXTEND_TIME)
class TimeExtension(RunPart):
    """``runs/{id}/payloads/{position}/extend-time/``"""

    authentication_classes = (RunTokenAuthentication, BearerAuthentication, SessionAuthentication)
    permission_classes = (IsAuthenticated, MayExtend)
    roles = {"POST": Role.OPERATOR}

    def post(self, request: Request, workspace: str, run_id: int, position: int) -> Response:
        """Let the attempt at work have its timeout once more from now, up to its job's ceiling; 409 when there is none at work."""
        run, claims = self.run(run_id), _claims(request)
        extending.extend_time(run_id=run.pk, position=position, attempt=claims and claims.attempt)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _claims(request: Request) -> RunClaims | None:
    return request.auth if isinstance(request.auth, RunClaims) else None


def _workspace(slug: str) -> Workspace:
    """Of an attempt, which has no membership: that its run is in this workspace the view sees."""
    workspace = Workspace.objects.filter(slug=slug).first()
    if workspace is None:
        raise NotFoundError(f"there is no workspace {slug!r}")
    return workspace


def _read(data: object, claims: RunClaims | None) -> tuple[object, int | None]:
    """The payloads and their parent in a body, which is a list of payloads or an object with ``payload`` and ``parent``.

    Raises:
        ValidationError: It is something else, or names another parent than the run token does.
    """
    body: dict[Any, Any] = data if isinstance(data, dict) else {"payload": data}
    errors = [
        FieldError(str(name), "unknown field; known are payload and parent")
        for name in body
        if name not in ("payload", "parent")
    ]
    parent = body.get("parent")
    if not _is_position(parent):
        errors.append(FieldError("parent", "expected the position of a payload of this run, or null"))
    elif claims is not None and parent not in (None, claims.position):
        errors.append(FieldError("parent", f"expected {claims.position}: this run token is that payload's"))
    if "payload" not in body:
        errors.append(FieldError("payload", "this field is required"))
    if errors:
        raise ValidationError(errors)
    return body["payload"], parent if claims is None else claims.position


def _is_position(parent: object) -> bool:
    return parent is None or (isinstance(parent, int) and not isinstance(parent, bool) and 0 <= parent <= MAX_POSITION)


def _with_keys(items: object, prefix: str | None) -> object:
    """Payloads without a key get one of the request's Idempotency-Key and their place: a call that is repeated adds nothing."""
    if prefix is None or not isinstance(items, list):
        return items
    if not 1 <= len(prefix) <= MAX_IDEMPOTENCY_KEY:
        raise ValidationError([FieldError("Idempotency-Key", f"expected 1 to {MAX_IDEMPOTENCY_KEY} characters")])
    return [
        {"key": f"{prefix}:{place}", **item} if isinstance(item, dict) else item for place, item in enumerate(items)
    ]
