"""Every address of the API, every method, by everybody: 401, 403, 404 or an answer, by the rule that the view declares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from django.db import transaction
from rest_framework.permissions import IsAuthenticated

from jobs.api.base import AccountView, WorkspaceView
from jobs.api.permissions import READING, HasRole, HasScope, needs, scope_of
from jobs.api.unknown import UnknownAddress
from jobs.models import Role, Scope
from jobsproject.reference import OpenAPIDocument, redoc, swagger
from tests.integration.people import Api, make_user, make_workspace
from tests.integration.walks.routes import Route, api_routes, is_api_view
from tests.integration.walks.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

OPEN_TO_ALL = (UnknownAddress, OpenAPIDocument, swagger, redoc)
"""Views that ask nobody who they are: one says 404 to everything, the others show what the API can do, which is no secret."""
ROUTES = [route for route in api_routes() if route.view not in OPEN_TO_ALL]
FOR_SUPERUSERS = ("workspaces", "drain-worker", "resume-worker")
"""Names of addresses that take one, in no workspace."""
CALLS = [(route, method) for route in ROUTES for method in route.methods]


def answers(api: Api, objects: Mapping[str, object]) -> Iterator[tuple[Route, str, Any]]:
    """What a caller is told for every call there is. Whatever a call does is undone before the next."""
    api.base = ""
    for route, method in CALLS:
        with transaction.atomic():
            body: object = None if method in ("GET", "DELETE") else {}
            answer = api.send(method, route.filled(objects), body)
            transaction.set_rollback(True)
        yield route, method, answer


def wrong(told: Iterator[tuple[Route, str, Any]], fits: Callable[[Route, str, int], bool]) -> list[str]:
    """The calls whose status does not fit."""
    return [
        f"{method} {route}: {answer.status_code} {answer.content[:200]!r}"
        for route, method, answer in told
        if not fits(route, method, answer.status_code)
    ]


def allowed(status: int) -> bool:
    """It was let through to what it asked for, and nothing broke."""
    return status not in (401, 403) and status < 500


def role_of(route: Route, method: str) -> Role:
    return needs(route.view, method).role


def scope_for(route: Route, method: str) -> Scope:
    if issubclass(route.view, WorkspaceView):
        return needs(route.view, method).scope
    return scope_of(route.view.scopes, method, Role.VIEWER if method in READING else Role.OWNER)


class TestEveryView:
    def test_there_are_some(self) -> None:
        assert len(CALLS) > 90
        assert {"jobs", "schedule", "sinks", "tokens", "secret"} <= {route.name for route in ROUTES}

    @pytest.mark.parametrize("route", ROUTES, ids=str)
    def test_declares_whom_it_lets_in(self, route: Route) -> None:
        assert is_api_view(route.view), "nobody asks who calls it"
        assert route.methods, "it answers nothing"
        base, permission = (WorkspaceView, HasRole) if route.in_workspace else (AccountView, HasScope)
        assert issubclass(route.view, base)
        first, second = route.view.permission_classes
        assert first is IsAuthenticated
        assert issubclass(second, permission)
        assert set(route.view.http_method_names) <= {"get", "head", "post", "put", "patch", "delete"}

    def test_lets_nobody_write_who_may_only_read(self) -> None:
        harmless = {"preview-document", "simulate", "results"}
        writing = [call for call in CALLS if call[1] != "GET" and call[0].name not in harmless]
        assert [str(route) for route, method in writing if scope_for(route, method) == Scope.READ] == []
        in_workspace = [call for call in writing if call[0].in_workspace]
        assert [str(route) for route, method in in_workspace if role_of(route, method) == Role.VIEWER] == []


def test_nobody_gets_in_without_credentials(world: World) -> None:
    assert wrong(answers(Api(None), world.objects), lambda *call: call[2] == 401) == []


def test_nobody_gets_in_with_a_token_that_was_revoked(world: World) -> None:
    api = Api(world.owner)
    world.owner.api_tokens.all().delete()
    assert wrong(answers(api, world.objects), lambda *call: call[2] == 401) == []


def test_a_member_of_another_workspace_finds_nothing(world: World) -> None:
    stranger = Api(make_user("sue", workspace=make_workspace("other"), role=Role.OWNER))
    told = answers(stranger, world.objects)
    assert wrong(told, lambda route, method, status: not route.in_workspace or status == 404) == []


def test_neither_does_a_token_for_another_workspace_of_its_user(world: World) -> None:
    other = make_workspace("other")
    other.memberships.create(user=world.owner, role=Role.OWNER)
    bound = Api(world.owner, bound=other)
    told = answers(bound, world.objects)
    assert wrong(told, lambda route, method, status: not route.in_workspace or status == 404) == []


@pytest.mark.parametrize("role", list(Role))
def test_a_role_opens_what_takes_it_and_nothing_else(world: World, role: Role) -> None:
    member = Api(make_user("mia", workspace=world.workspace, role=role))

    def fits(route: Route, method: str, status: int) -> bool:
        if not route.in_workspace:
            return allowed(status) or route.name in FOR_SUPERUSERS
        return allowed(status) if role.rank >= role_of(route, method).rank else status == 403

    assert wrong(answers(member, world.objects), fits) == []


@pytest.mark.parametrize("scope", list(Scope))
def test_a_scope_opens_what_takes_it_and_nothing_else(world: World, scope: Scope) -> None:
    root = Api(make_user("root", is_superuser=True), scopes=[scope])

    def fits(route: Route, method: str, status: int) -> bool:
        opened = scope in (Scope.ADMIN, scope_for(route, method))
        return allowed(status) if opened else status == 403

    assert wrong(answers(root, world.objects), fits) == []


def test_what_an_owner_asks_for_is_there(world: World) -> None:
    """Or the walks would walk past everything: each object that an address names exists."""
    told = answers(Api(world.owner), world.objects)
    elsewhere = {"token", "file"}  # a program's token is not the owner's own; a file's content is in a folder
    fits = lambda route, method, status: method != "GET" or status != 404 or route.name in elsewhere  # noqa: E731
    assert wrong(told, fits) == []
