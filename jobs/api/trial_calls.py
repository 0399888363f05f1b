"""Trying the call of an HTTP payload before it is saved."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import shapes
from jobs.api.asking import AsksAWorker, now
from jobs.api.described import trial_calls as on_trial_calls
from jobs.api.described.operation import described
from jobs.documents.requests import parse_trial
from jobs.errors import FieldError, ValidationError
from jobs.models import Role, TrialCall
from jobs.selectors.operations import get_trial_call
from jobs.services import trial_calls


class TrialView(AsksAWorker[TrialCall]):
    """For who may write jobs: a call is a real one, and its answer is shown."""

    roles = {"GET": Role.EDITOR, "POST": Role.EDITOR}
    found_at = "trial-call"

    def find(self, operation_id: int) -> TrialCall:
        """One that is kept. Raises NotFoundError."""
        return get_trial_call(workspace=self.workspace, call_id=operation_id, now=now())

    def wait_for(self, operation: TrialCall, seconds: float) -> TrialCall:
        """As it stands when it is over, or the time is."""
        return trial_calls.wait(call=operation, seconds=seconds)

    def told(self, operation: TrialCall, state: str) -> dict[str, Any]:
        """Its JSON."""
        return shapes.trial_call_json(operation, state)


@described(post=on_trial_calls.TRY)
class TrialCalls(TrialView):
    """``trial-calls/``"""

    def post(self, request: Request, workspace: str) -> Response:
        """Have a worker send the request of a payload that need not be saved."""
        self.seconds()  # Refused before anything is sent.
        return self.answer(_asked(self, parse_trial(request.data).parameters))


@described(get=on_trial_calls.GET)
class TrialCallDetail(TrialView):
    """``trial-calls/{id}/``"""

    def get(self, request: Request, workspace: str, call_id: int) -> Response:
        """What was sent, and the answer once there is one."""
        self.seconds()
        return self.answer(self.find(call_id))


def _asked(view: TrialView, parameters: dict[str, Any]) -> TrialCall:
    try:
        return trial_calls.ask(workspace=view.workspace, parameters=parameters, actor=view.actor, now=now())
    except ValidationError as error:
        below = [".".join(filter(None, ["parameters", each.field])) for each in error.errors]
        told = [FieldError(field, each.message) for field, each in zip(below, error.errors, strict=True)]
        raise ValidationError(told) from error
