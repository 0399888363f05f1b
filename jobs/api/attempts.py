"""Attempts that did not succeed: those of a run, and one by its id."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import nouns, shapes
from jobs.api.described import attempts as on_attempts
from jobs.api.described.operation import described
from jobs.api.orders import ATTEMPTS, place
from jobs.api.pages import MAX_POSITION, page
from jobs.api.reading import ReadingView
from jobs.errors import FieldError, ValidationError
from jobs.models import Run
from jobs.selectors.attempts import AttemptFilter, attempts_of, get_attempt
from jobs.selectors.ordering import Ordering
from jobs.selectors.runs import find_run
from jobs.states import AttemptState


class AttemptReading(ReadingView):
    """A page of a run's attempts."""

    parameters: tuple[str, ...] = ("position", "state", "worker", "since", "until", "order")
    paged = True
    shown = nouns.ATTEMPT

    def page(self, request: Request, run: Run) -> Response:
        """By payload and number."""
        query, after = self.query, self.query.text("after")
        _, descending = query.order(("position",))
        found = attempts_of(
            run=run,
            limit=query.limit + 1,
            after=None if after is None else place(ATTEMPTS, after),
            wanted=AttemptFilter(
                position=query.number("position", most=MAX_POSITION),
                state=query.word("state", AttemptState),
                worker=query.text("worker"),
                since=query.instant("since"),
                until=query.instant("until"),
            ),
            ordering=Ordering(ATTEMPTS.columns, descending),
        )
        return page(request, found, limit=query.limit, cursor=ATTEMPTS.cursor, show=shapes.attempt_of_run_json)


@described(get=on_attempts.LIST_OF_RUN)
class RunAttempts(AttemptReading):
    """``runs/{id}/attempts/``"""

    def get(self, request: Request, workspace: str, run_id: int) -> Response:
        """The attempts of the run that did not succeed, by payload and number."""
        return self.page(request, find_run(workspace=self.workspace, run_id=run_id))


@described(get=on_attempts.LIST)
class AttemptList(AttemptReading):
    """``attempts/``"""

    parameters = ("run", *AttemptReading.parameters)

    def get(self, request: Request, workspace: str) -> Response:
        """The attempts of the run that ``run`` names that did not succeed, by payload and number."""
        run_id = self.query.number("run", least=1)
        if run_id is None:
            raise ValidationError([FieldError("run", "name a run: all attempts at once are no list")])
        return self.page(request, find_run(workspace=self.workspace, run_id=run_id))


@described(get=on_attempts.GET)
class AttemptDetail(ReadingView):
    """``attempts/{id}/``"""

    shown = nouns.ATTEMPT

    def get(self, request: Request, workspace: str, attempt_id: int) -> Response:
        """One attempt that did not succeed."""
        return Response(shapes.attempt_of_run_json(get_attempt(workspace=self.workspace, attempt_id=attempt_id)))
