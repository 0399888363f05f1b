"""Datasources: validate, preview, delete the output, show and reset the state, and look at rows that were left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import shapes
from jobs.api.asking import AsksAWorker, now
from jobs.api.described import datasources as on_datasources
from jobs.api.described import runs as on_runs
from jobs.api.described.operation import described
from jobs.api.pages import MAX_POSITION, Query, page
from jobs.api.runs import RunPart
from jobs.documents.datasources import (
    SavedPreview,
    SavedRequest,
    UnsavedPreview,
    UnsavedValidation,
    parameter_errors,
    parse_about,
)
from jobs.errors import FieldError
from jobs.models import DatasourceOperation, Job, Role, Verb
from jobs.selectors.datasources import get_operation, list_rejected, list_states
from jobs.selectors.jobs import find_job
from jobs.services.datasource_operations import Chosen, ask, ask_to_delete, choose, wait
from jobs.services.datasource_state import reset_state


class DatasourceView(AsksAWorker[DatasourceOperation]):
    """A view that asks a worker about a datasource."""

    found_at = "datasource-operation"

    def datasource(self, name: str) -> Job:
        """The datasource of the address. Raises NotFoundError."""
        return find_job(workspace=self.workspace, key=f"datasource:{name}")

    def ask(self, verb: Verb, parameters: Any, *, about: Chosen | None = None, rows: int = 0) -> DatasourceOperation:
        """Ask. Raises ValidationError for parameters that are refused."""
        self.seconds()  # Refused before anything is asked.
        return ask(
            workspace=self.workspace,
            verb=verb,
            parameters=parameters,
            actor=self.actor,
            now=now(),
            about=about,
            rows=rows,
        )

    def find(self, operation_id: int) -> DatasourceOperation:
        """One that is kept. Raises NotFoundError."""
        return get_operation(workspace=self.workspace, operation_id=operation_id, now=now())

    def wait_for(self, operation: DatasourceOperation, seconds: float) -> DatasourceOperation:
        """As it stands when it is over, or the time is."""
        return wait(operation=operation, seconds=seconds)

    def told(self, operation: DatasourceOperation, state: str) -> dict[str, Any]:
        """Its JSON."""
        return shapes.operation_json(operation, state)

    def verdict(self, parameters: Any, *, verify_access: bool, about: Chosen | None = None) -> Response:
        """What is wrong with the parameters; when nothing is, whether there is access. An operation either way."""
        errors = parameter_errors(parameters)
        if errors or not verify_access:
            return self.answer(self._told_at_once(errors, about))
        return self.answer(self.ask(Verb.VALIDATE, parameters, about=about))

    def _told_at_once(self, errors: Sequence[FieldError], about: Chosen | None) -> DatasourceOperation:
        """An operation that took no worker, and is not kept."""
        found = [{"field": error.field, "message": error.message} for error in errors]
        return DatasourceOperation(
            verb=Verb.VALIDATE,
            job_key=about.job.key if about else "",
            stream=about.stream if about else "",
            actor=self.actor,
            created_at=now(),
            ended_at=now(),
            result={"valid": not errors, "errors": found},
        )


@described(post=on_datasources.VALIDATE)
class Validation(DatasourceView):
    """``datasources/validate/``"""

    def post(self, request: Request, workspace: str) -> Response:
        """Check parameters that are not saved, and with ``verify_access`` the access that they need."""
        asked = parse_about(UnsavedValidation, request.data)
        return self.verdict(asked.parameters, verify_access=asked.verify_access)


@described(post=on_datasources.PREVIEW)
class Preview(DatasourceView):
    """``datasources/preview/``"""

    def post(self, request: Request, workspace: str) -> Response:
        """The first rows of the source of parameters that are not saved."""
        asked = parse_about(UnsavedPreview, request.data)
        return self.answer(self.ask(Verb.PREVIEW, asked.parameters, rows=asked.rows))


@described(post=on_datasources.VALIDATE_SAVED)
class SavedValidation(DatasourceView):
    """``datasources/{name}/validate/``"""

    roles = {"POST": Role.OPERATOR}

    def post(self, request: Request, workspace: str, name: str) -> Response:
        """Check a saved datasource, and the access that it needs."""
        asked = parse_about(SavedRequest, request.data)
        chosen = choose(job=self.datasource(name), place=asked.payload)
        return self.verdict(chosen.parameters, verify_access=True, about=chosen)


@described(post=on_datasources.PREVIEW_SAVED)
class PreviewSaved(DatasourceView):
    """``datasources/{name}/preview/``"""

    roles = {"POST": Role.OPERATOR}

    def post(self, request: Request, workspace: str, name: str) -> Response:
        """The first rows of a saved datasource's source."""
        asked = parse_about(SavedPreview, request.data)
        chosen = choose(job=self.datasource(name), place=asked.payload)
        return self.answer(self.ask(Verb.PREVIEW, chosen.parameters, about=chosen, rows=asked.rows))


@described(delete=on_datasources.DELETE_OUTPUT)
class Output(DatasourceView):
    """``datasources/{name}/output/``"""

    query_parameters = ("payload", "wait")

    def delete(self, request: Request, workspace: str, name: str) -> Response:
        """Delete what a datasource has loaded; 409 while a run of it is active. ``payload``: which of its list."""
        query = self.query()
        chosen = choose(job=self.datasource(name), place=query.number("payload", most=MAX_POSITION))
        self.seconds()
        return self.answer(ask_to_delete(about=chosen, actor=self.actor, now=now()))


@described(get=on_datasources.GET_STATE, delete=on_datasources.RESET_STATE)
class State(DatasourceView):
    """``datasources/{name}/state/``"""

    def get(self, request: Request, workspace: str, name: str) -> Response:
        """How far the loads of each payload have come."""
        return self._states(self.datasource(name))

    def delete(self, request: Request, workspace: str, name: str) -> Response:
        """Forget it, so that the next load begins at the beginning; 409 while a run is active. ``stream``: only that one's."""
        query, job = Query(request, known=("stream",), paged=False), self.datasource(name)
        reset_state(job=job, actor=self.actor, stream=query.text("stream"))
        return self._states(job)

    def _states(self, job: Job) -> Response:
        return Response({"streams": [shapes.stream_json(state) for state in list_states(job=job)]})


@described(get=on_datasources.GET_OPERATION)
class OperationDetail(DatasourceView):
    """``datasources/operations/{id}/``"""

    roles = {"GET": Role.OPERATOR}  # A preview shows rows, which takes more than looking at runs.

    def get(self, request: Request, workspace: str, operation_id: int) -> Response:
        """What was asked, and the answer once there is one."""
        self.seconds()
        return self.answer(self.find(operation_id))


@described(get=on_runs.LIST_REJECTED)
class RejectedRows(RunPart):
    """``runs/{id}/payloads/{position}/rejected/``"""

    roles = {"GET": Role.OPERATOR}

    def get(self, request: Request, workspace: str, run_id: int, position: int) -> Response:
        """The rows that the payload left out, the first first."""
        query = Query(request)
        rows = list_rejected(
            run=self.run(run_id), position=position, limit=query.limit + 1, after=query.number("after")
        )
        return page(request, rows, limit=query.limit, cursor=lambda row: row.pk, show=shapes.rejected_json)
