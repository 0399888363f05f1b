"""What only a worker can do: asking for it, waiting for the answer, and where to ask again."""

from __future__ import annotations

import datetime as dt
from abc import abstractmethod
from typing import Any, Generic, TypeVar

from django.urls import reverse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.base import WorkspaceView
from jobs.api.pages import Query
from jobs.errors import NotFoundError
from jobs.models import Operation
from jobs.selectors.operations import operation_state
from jobs.services.operations import WAIT_SECONDS

LONGEST_WAIT_SECONDS = 30

O = TypeVar("O", bound=Operation)  # noqa: E741 - an operation, and no zero


class AsksAWorker(WorkspaceView, Generic[O]):
    """A view that asks a worker, and waits for the answer up to ``wait`` seconds (20; 0 for not at all)."""

    query_parameters: tuple[str, ...] = ("wait",)
    found_at = ""
    """The name of the address at which an operation is found."""

    @abstractmethod
    def find(self, operation_id: int) -> O:
        """One that is kept. Raises NotFoundError."""

    @abstractmethod
    def wait_for(self, operation: O, seconds: float) -> O:
        """The operation as it stands when it is over, or the time is."""

    @abstractmethod
    def told(self, operation: O, state: str) -> dict[str, Any]:
        """Its JSON."""

    def query(self) -> Query:
        """What stands in the query. Raises ValidationError."""
        return Query(self.request, known=self.query_parameters, paged=False)

    def seconds(self) -> float:
        """How long the caller would wait. Raises ValidationError: asked for before anything is begun."""
        seconds = self.query().number("wait", most=LONGEST_WAIT_SECONDS)
        return WAIT_SECONDS if seconds is None else seconds

    def settle(self, request: Request, answer: Response) -> Response:
        """Wait for the worker, where something was asked of one."""
        if answer.status_code != status.HTTP_202_ACCEPTED:
            return answer
        seconds = self.seconds()
        try:
            asked = self.find(answer.data["id"])
        except NotFoundError:  # It was over long ago, and its answer is given again.
            return answer
        return self.answer(self.wait_for(asked, seconds))

    def answer(self, operation: O) -> Response:
        """The operation: 200 when it is over, 202 with the address to ask again while it is not."""
        state = operation_state(operation=operation, now=now())
        told = self.told(operation, state)
        if state not in ("waiting", "running"):
            return Response(told)
        location = reverse(self.found_at, args=[self.workspace.slug, operation.pk])
        headers = {"Location": self.request.build_absolute_uri(location)}
        return Response(told, status=status.HTTP_202_ACCEPTED, headers=headers)


def now() -> dt.datetime:
    """Aware UTC."""
    return dt.datetime.now(dt.UTC)
