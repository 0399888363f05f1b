"""Jobs of one type under its own name: datasources, spark applications, tasks.

They are the jobs that stand under ``jobs/``, made and changed by the same services; what differs is how they are named and
shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from django.urls import reverse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import jobs, nouns
from jobs.api.described import typed as on_typed
from jobs.api.described.operation import described
from jobs.errors import FieldError, ValidationError
from jobs.models import Job
from jobs.selectors.jobs import JobView

PARAMETERS = "parameters"


class TypedAnswers(jobs.JobAnswers):
    """How jobs of one type are told, and read from bodies."""

    job_type: str | None = None
    """Each type says its own."""
    route: str
    """The name of the address of one of them."""
    parametrised = True
    """Whether the payloads are all of the kind that the type is named after, and so are told by their parameters as well."""

    def answered(self, view: JobView, code: int = status.HTTP_200_OK) -> Response:
        """A whole job with its name, and with the parameters of its payloads."""
        answer = super().answered(view, code)
        answer.data |= self._named(view.job) | self._parameters(view.job)
        return answer

    def listed(self, view: JobView) -> dict[str, Any]:
        """A job of a list; its payloads' parameters are shown if they are asked for."""
        return super().listed(view) | self._named(view.job) | (self._parameters(view.job) if self._asked else {})

    def document(self, data: object) -> object:
        """The job's document: its key has the type, and its payloads may be given as a list of parameters."""
        if not isinstance(data, dict):
            return data
        body: dict[str, Any] = {**data}
        errors = [*self._take_name(body), *(self._take_parameters(body) if self.parametrised else ())]
        if errors:
            raise ValidationError(errors)
        return body

    def address(self, job: Job) -> str:
        """Where it is found."""
        return reverse(self.route, args=[self.workspace.slug, job.name])

    def key(self, name: str) -> str:
        """The key of the job of a name."""
        return f"{self.job_type}:{name}"

    @property
    def _asked(self) -> bool:
        return PARAMETERS in self.included

    def _named(self, job: Job) -> dict[str, Any]:
        return {"name": job.name}

    def _parameters(self, job: Job) -> dict[str, Any]:
        return {PARAMETERS: [_parameters_of(item) for item in job.payload]} if self.parametrised else {}

    def _take_name(self, body: dict[str, Any]) -> Iterator[FieldError]:
        """Put the key in place of the name."""
        if "name" not in body:
            key = body.get("key")
            if isinstance(key, str) and not key.startswith(f"{self.job_type}:"):
                yield FieldError("key", f"expected {self.key('NAME')}")
            elif self.request.method == "POST" and key is None:
                yield FieldError("name", "needed: what follows the type in the job's key")
            return
        name = body.pop("name")
        if not isinstance(name, str):
            yield FieldError("name", "expected text")
        elif body.setdefault("key", self.key(name)) != self.key(name):
            yield FieldError("key", f"expected {self.key(name)!r}, as name says; one of the two may be left out")

    def _take_parameters(self, body: dict[str, Any]) -> Iterator[FieldError]:
        """Put payloads in place of the list of parameters."""
        if PARAMETERS not in body:
            return
        given = body.pop(PARAMETERS)
        if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
            yield FieldError(PARAMETERS, "expected a list of objects, one for each payload")
        elif "payload" not in body:
            body["payload"] = [{"kind": self.job_type, PARAMETERS: each} for each in given]
        elif not _agree(body["payload"], given):
            yield FieldError(PARAMETERS, "differs from what payload says: leave one of the two out")


class TypedList(TypedAnswers, jobs.JobList):
    """A page of the jobs of a type."""

    foreign = {}
    parameters = tuple(name for name in jobs.JobList.parameters if name != "type")
    shown: tuple[str, ...] = ("name", *nouns.JOB_SUMMARY)
    includable: tuple[str, ...] = (*nouns.JOB_REST, PARAMETERS)

    @property
    def loaded(self) -> Collection[str]:
        """The parameters stand in the payload."""
        return self.included | {"payload"} if self._asked else self.included


class TypedDetail(TypedAnswers, jobs.JobDetail):
    """One job of a type."""

    foreign = {}
    shown: tuple[str, ...] = ("name", *nouns.JOB, "origin", PARAMETERS)

    def get(self, request: Request, workspace: str, name: str) -> Response:
        """The job's document, and what is known about it."""
        return super().get(request, workspace, self.key(name))

    def put(self, request: Request, workspace: str, name: str) -> Response:
        """Replace the whole job."""
        return super().put(request, workspace, self.key(name))

    def delete(self, request: Request, workspace: str, name: str) -> Response:
        """Delete the job and keep its runs."""
        return super().delete(request, workspace, self.key(name))


@described(get=on_typed.DATASOURCES.list, post=on_typed.DATASOURCES.create)
class DatasourceList(TypedList):
    """``datasources/``"""

    job_type, route = "datasource", "datasource"


@described(get=on_typed.DATASOURCES.get, put=on_typed.DATASOURCES.replace, delete=on_typed.DATASOURCES.delete)
class DatasourceDetail(TypedDetail):
    """``datasources/{name}/``"""

    job_type, route = "datasource", "datasource"


@described(get=on_typed.SPARK.list, post=on_typed.SPARK.create)
class SparkList(TypedList):
    """``spark/``"""

    job_type, route = "spark", "spark-job"


@described(get=on_typed.SPARK.get, put=on_typed.SPARK.replace, delete=on_typed.SPARK.delete)
class SparkDetail(TypedDetail):
    """``spark/{name}/``"""

    job_type, route = "spark", "spark-job"


@described(get=on_typed.TASKS.list, post=on_typed.TASKS.create)
class TaskList(TypedList):
    """``tasks/``"""

    job_type, route, parametrised = "task", "task", False
    includable: tuple[str, ...] = nouns.JOB_REST


@described(get=on_typed.TASKS.get, put=on_typed.TASKS.replace, delete=on_typed.TASKS.delete)
class TaskDetail(TypedDetail):
    """``tasks/{name}/``"""

    job_type, route, parametrised = "task", "task", False
    shown: tuple[str, ...] = ("name", *nouns.JOB, "origin")


def _parameters_of(item: object) -> Any:
    return item.get(PARAMETERS, {}) if isinstance(item, dict) else {}


def _agree(payload: object, given: list[Any]) -> bool:
    return isinstance(payload, list) and [_parameters_of(item) for item in payload] == given
