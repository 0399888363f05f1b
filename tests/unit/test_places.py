"""The places for requests that wait: one budget for all of them, and always threads for the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from jobs import acting
from jobs.services import operations, places
from jobs.services.places import Places, waiting_place


@pytest.fixture
def served() -> Iterator[Any]:
    """Calls something as the view of a request."""

    def call(work: Any) -> Any:
        told = []

        def view(request: HttpRequest) -> HttpResponse:
            told.append(work())
            return HttpResponse()

        acting.middleware(view)(HttpRequest())
        return told[0]

    yield call
    assert places._PLACES.taken == 0


def has_place() -> bool:
    with waiting_place() as has:
        return has


def test_one_more_than_there_are_places_gets_none_until_one_is_free() -> None:
    budget = Places()
    with budget.place(most=2) as first, budget.place(most=2) as second:
        with budget.place(most=2) as third:
            assert (first, second, third, budget.taken) == (True, True, False, 2)
        assert budget.taken == 2
    with budget.place(most=2) as again:
        assert again


def test_a_place_is_free_again_after_an_error() -> None:
    budget = Places()
    with pytest.raises(RuntimeError), budget.place(most=1):
        raise RuntimeError
    assert budget.taken == 0


def test_requests_share_one_budget_whatever_they_wait_for(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "JOBS_API_WAITERS", 1)
    assert served(has_place) is True
    with places._PLACES.place(most=1):
        assert served(has_place) is False
        operation: Any = object()
        assert served(lambda: operations.wait(operation, publish=lambda _: None)) is operation


def test_who_holds_a_place_needs_no_second(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "JOBS_API_WAITERS", 1)

    def twice() -> tuple[bool, bool]:
        with waiting_place() as has:
            return has, has_place()

    assert served(twice) == (True, True)


def test_a_command_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "JOBS_API_WAITERS", 0)
    assert has_place() is True
