"""Every address below /ui/, by nobody, by a stranger and by each role: whoever adds a page need not remember to add it here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.db import transaction
from django.test import Client, RequestFactory

from jobs.models import Job, Role, Run
from scheduler.models import Backfill, Schedule
from sinks.models import Delivery, Rule, Sink
from tests.integration.people import make_user, make_workspace, signed_in
from tests.integration.walks.routes import Route, routes_below
from tests.integration.walks.test_admin_walk import state
from tests.integration.walks.world import World
from ui.actions import Action
from ui.fleet.draining import WorkerAction
from ui.frame import views as frame
from ui.pages import AccountPage, WorkspacePage
from ui.people import token_pages

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

OPEN_TO_ALL = (frame.Login, frame.Logout, frame.Theme, frame.Language)
"""Who is logged in or not: these ask nobody, and tell nothing."""
OF_ONES_OWN = (token_pages.RevokeOwn,)


def page_routes() -> list[Route]:
    """All of them, but the short addresses, which lead to others."""
    return [route for route in routes_below("/ui/") if route.view is not frame.Short]


ROUTES = page_routes()
IN_WORKSPACE = [route for route in ROUTES if route.in_workspace]


@pytest.fixture
def objects(world: World) -> dict[str, object]:
    """Parameters of addresses: the world's own objects, by name."""
    found: dict[str, object] = dict(world.objects)
    named = {"job": Job, "run": Run, "schedule": Schedule, "sink": Sink, "rule": Rule, "backfill": Backfill}
    for name, model in named.items():
        first: Any = model._default_manager.filter(workspace=world.workspace).order_by("pk").first()
        assert first is not None
        found.setdefault(f"{name}_id", first.pk)
    delivery: Any = Delivery.objects.order_by("pk").first()
    return {"delivery_id": delivery.pk, "verb": "pause", "position": 0} | found


def answers(
    browser: Client, routes: list[Route], objects: Mapping[str, object], world: World
) -> Iterator[tuple[Any, ...]]:
    """How each call is answered, and whether it changed the world. Whatever it does is undone."""
    for route in routes:
        for method in ("GET", "POST"):
            before = state(world)
            with transaction.atomic():
                answer: Any = browser.generic(
                    method, route.filled(objects), "", content_type="application/x-www-form-urlencoded"
                )
                text = b"".join(answer.streaming_content) if answer.streaming else answer.content
                changed = state(world) != before
                transaction.set_rollback(True)
            yield method, route, answer, text.decode(errors="replace"), changed


def needed_by(route: Route, method: str, objects: Mapping[str, object]) -> Role:
    """What a method of the page takes; of some pages the address says it."""
    view: Any = route.view()
    view.kwargs = dict(objects)
    view.request = RequestFactory().generic(method, "/")  # what is asked for may say it, too: nothing is
    needed: Role = view.role_for(method)
    return needed


def test_every_page_asks_who_is_there() -> None:
    assert {"ui:dashboard"} <= {f"ui:{route.name}" for route in ROUTES}
    asking = [route for route in ROUTES if route.view not in OPEN_TO_ALL]
    assert [str(route) for route in asking if not issubclass(route.view, AccountPage)] == []
    assert [str(route) for route in IN_WORKSPACE if not issubclass(route.view, WorkspacePage)] == []


def test_nobody_gets_further_than_the_login_page(world: World, objects: dict[str, object]) -> None:
    asking = [route for route in ROUTES if route.view not in OPEN_TO_ALL]
    let_in = [
        (method, str(route), answer.status_code)
        for method, route, answer, _, changed in answers(Client(), asking, objects, world)
        if changed or not answer.headers.get("Location", "").startswith("/ui/login/")
    ]
    assert let_in == []


def test_a_stranger_finds_nothing(world: World, objects: dict[str, object]) -> None:
    stranger = signed_in(make_user("sue", workspace=make_workspace("other"), role=Role.OWNER))
    found = [
        (method, str(route), answer.status_code)
        for method, route, answer, text, changed in answers(stranger, IN_WORKSPACE, objects, world)
        if answer.status_code != 404 or changed or world.mark in text
    ]
    assert found == []


@pytest.mark.parametrize("role", list(Role))
def test_a_role_opens_what_takes_it(world: World, objects: dict[str, object], role: Role) -> None:
    member = signed_in(make_user("mia", workspace=world.workspace, role=role))
    wrong = []
    for method, route, answer, _, changed in answers(member, IN_WORKSPACE, objects, world):
        needed = needed_by(route, method, objects)
        refused = answer.status_code == 403
        if issubclass(route.view, WorkerAction):  # a worker serves all workspaces: no role of one suffices
            wrong += [] if refused and not changed else [(method, str(route), answer.status_code, changed)]
        elif answer.status_code >= 500 or refused == (role.rank >= needed.rank) or (refused and changed):
            wrong.append((method, str(route), answer.status_code, changed))
    assert wrong == []


def test_a_viewer_changes_nothing(world: World, objects: dict[str, object]) -> None:
    viewer = signed_in(make_user("vera", workspace=world.workspace, role=Role.VIEWER))
    changing = [
        (method, str(route)) for method, route, _, _, changed in answers(viewer, ROUTES, objects, world) if changed
    ]
    assert changing == []


def test_what_asks_before_it_does_something_is_not_for_viewers(objects: dict[str, object]) -> None:
    """But for what is their own: a token, which its page looks for among theirs."""
    actions = [route for route in IN_WORKSPACE if issubclass(route.view, Action) and route.view not in OF_ONES_OWN]
    assert [str(route) for route in actions if needed_by(route, "POST", objects) == Role.VIEWER] == []
