"""Trying the call of an HTTP payload that stands in the form."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from jobs.errors import FieldError, ValidationError
from jobs.models import Role, TrialCall
from jobs.services import operations, trial_calls
from jobs.services.places import waiting_place
from ui.jobs_manager.job_form import JobForm
from ui.pages import WorkspacePage


class TryCall(WorkspacePage):
    """``jobs/form/try-call/<index>/``: has a worker send the request of one payload of the form, which need not be saved."""

    roles = {"POST": Role.EDITOR}

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """What came back."""
        try:
            shown = self._tried(self._parameters())
        except ValidationError as error:
            lines = [f"{each.field}: {each.message}" if each.field else each.message for each in error.errors]
            shown = {"refused": lines}
        return self.part("ui/jobs_manager/trial.html", shown=shown)

    def _tried(self, parameters: Any) -> dict[str, Any]:
        """Asked for only if there is a place to wait for the answer: the call has effects, and must not be made unseen."""
        with waiting_place() as has_place:
            if not has_place:
                return {"failure": _("Too many requests wait here. Nothing was sent: try again in a moment.")}
            call = trial_calls.ask(workspace=self.workspace, parameters=parameters, actor=self.actor, now=self.now)
            return _told(trial_calls.wait(call=call))

    def _parameters(self) -> Any:
        """Of the payload whose number the address names. Raises ValidationError for what cannot be read, or is not there."""
        form = JobForm(job_type="task", kind="http", data=self.request.POST)
        own = [each for each in form.payloads if each.index == self.kwargs["index"]]
        form.payloads = own
        payload = form.typed_payload()
        if not own or not payload or payload[0].get("kind") != trial_calls.KIND:
            raise ValidationError([FieldError("", _("This payload is no HTTP call any more."))])
        return payload[0].get("parameters", {})


def _told(call: TrialCall) -> dict[str, Any]:
    if call.ended_at is None:
        seconds = {"seconds": trial_calls.WAIT_SECONDS}
        if operations.withdraw(call, now=dt.datetime.now(dt.UTC)):
            return {"failure": _("No worker took it within %(seconds)g s. Nothing was sent.") % seconds}
        return {
            "failure": _("A worker took it, and had no answer within %(seconds)g s. It may have been sent.") % seconds
        }
    if call.error:
        return {"failure": str(call.error.get("message") or call.error)}
    return {"answer": call.result or {}}
