"""Every address of the admin, by nobody, by a stranger and by each role."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib import admin
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse

from jobs.admin.scope import WorkspaceAdmin
from jobs.models import (
    ApiToken,
    AuditEntry,
    BulkAction,
    ConcurrencyGroup,
    Job,
    Role,
    Run,
    Secret,
    ServiceAccount,
    Workspace,
)
from scheduler.models import Backfill, Schedule
from sinks.models import Delivery, Rule, Sink
from tests.integration.people import make_user, make_workspace, signed_in
from tests.integration.walks.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

MODELS = (
    *(Workspace, Job, Run, Schedule, Sink, Rule, Delivery),
    *(Secret, ServiceAccount, ConcurrencyGroup, BulkAction, Backfill, AuditEntry),
)
"""What belongs to a workspace and has pages."""
OTHERWISE: Mapping[type[Model], tuple[Role, Role | None]] = {
    Workspace: (Role.VIEWER, Role.OWNER),
    Delivery: (Role.VIEWER, None),
}
"""Who sees, and who writes, what no `WorkspaceAdmin` says; None for nobody."""
THEIR_OWN = (ApiToken,)
"""Everybody has some, and sees no others."""


@dataclass(frozen=True)
class Page:
    """An address of the admin, with its parameters in braces."""

    name: str
    address: str
    parameters: tuple[str, ...]
    model: type[Model] | None

    def filled(self, objects: Mapping[str, object]) -> str:
        """The address of the objects of a world."""
        own = {"object_id": objects.get(self.model.__name__, 1) if self.model else 1}
        rest = {"position": 0, "verb": "pause", "app_label": "jobs", "content_type_id": 1, "url": "nowhere", "id": 1}
        return "/admin/" + self.address.format(**{**rest, **objects, **own})


def pages() -> list[Page]:
    """All of them, whichever apps have been asked for theirs before."""
    admin.autodiscover()
    return list(_walk(admin.site.get_urls(), "", None))


def _walk(patterns: Any, prefix: str, model: type[Model] | None) -> Iterator[Page]:
    models = {f"{each._meta.app_label}/{each._meta.model_name}/": each for each in admin.site._registry}
    for pattern in patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, address, models.get(address, model))
        elif isinstance(pattern, URLPattern):
            plain = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", address)
            plain = re.sub(r"\(\?P\{?<?(\w+)>?\}?[^)]*\)\$?", r"{\1}", plain).replace("^", "").replace("$", "")
            yield Page(pattern.name or "", plain, tuple(re.findall(r"\{(\w+)\}", plain)), model)


PAGES = [page for page in pages() if not page.address.startswith(("(", "{url"))]


@pytest.fixture
def objects(world: World) -> dict[str, object]:
    """The world's, by the names of models and of parameters."""
    found: dict[str, object] = dict(world.objects)
    for model in MODELS:
        first = _of(model, world).first()
        assert first is not None, model
        found[model.__name__] = first.pk
    names = {"job_id": Job, "schedule_id": Schedule, "sink_id": Sink, "delivery_id": Delivery}
    return found | {name: found[model.__name__] for name, model in names.items()} | {"before": state(world)}


def _of(model: type[Model], world: World) -> Any:
    rows = model._default_manager.all()
    if model is Workspace:
        return rows.filter(pk=world.workspace.pk)
    return rows if model is Delivery else rows.filter(workspace=world.workspace).order_by("pk")


def state(world: World) -> dict[str, object]:
    """All rows that belong to the world."""
    return {model.__name__: list(_of(model, world).values()) for model in MODELS}


def told(
    browser: Client, page: Page, method: str, objects: Mapping[str, object], world: World
) -> tuple[int, str, str, bool]:
    """How a call is answered: the status, where to, the text, and whether it changed the world. Whatever it does is undone."""
    with transaction.atomic():
        answer: Any = browser.generic(
            method, page.filled(objects), "post=yes", content_type="application/x-www-form-urlencoded"
        )
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        changed = state(world) != objects["before"]
        transaction.set_rollback(True)
    return answer.status_code, answer.headers.get("Location", ""), content.decode(errors="replace"), changed


def test_the_walk_goes_everywhere() -> None:
    assert set(MODELS) <= {page.model for page in PAGES}
    of_workspaces = {model for model, shown in admin.site._registry.items() if isinstance(shown, WorkspaceAdmin)}
    assert of_workspaces - set(MODELS) == set()
    assert {"jobs_job_changelist", "jobs_job_delete", "jobs_run_payload", "scheduler_schedule_do"} <= {
        page.name for page in PAGES
    }


def test_nobody_gets_further_than_the_login_page(world: World, objects: dict[str, object]) -> None:
    let_in = []
    for page in PAGES:
        for method in ("GET", "POST"):
            status, location, _, changed = told(Client(), page, method, objects, world)
            away = page.name in ("login", "logout") or (status == 302 and location.startswith("/admin/login/"))
            if changed or not away:
                let_in.append((method, page.address, status, location))
    assert let_in == []


def test_a_stranger_sees_and_changes_nothing(world: World, objects: dict[str, object]) -> None:
    stranger = signed_in(make_user("sue", workspace=make_workspace("other"), role=Role.OWNER, is_staff=True))
    seen = []
    for page in PAGES:
        for method in ("GET", "POST"):
            status, location, text, changed = told(stranger, page, method, objects, world)
            is_theirs = bool(page.model in MODELS and page.parameters)
            if changed or world.mark in text or status >= 500 or (is_theirs and status == 200):
                seen.append((method, page.address, status, location))
    assert seen == []


@pytest.mark.parametrize("role", list(Role))
def test_a_role_sees_and_changes_what_takes_it(world: World, objects: dict[str, object], role: Role) -> None:
    browser = signed_in(make_user("mia", workspace=world.workspace, role=role, is_staff=True))
    wrong = []
    for page in PAGES:
        if page.model is None or page.model in THEIR_OWN or not page.name.endswith(_DJANGOS):
            continue
        view_role, write_role = _rule(page.model)
        sees = view_role is not None and role.rank >= view_role.rank
        writes = write_role is not None and role.rank >= write_role.rank
        for method in ("GET", "POST"):
            status, location, _, changed = told(browser, page, method, objects, world)
            away = status in (403, 404) or (status == 302 and location == "/admin/")  # as for what is not there
            reads = method == "GET" and page.name.endswith(("_changelist", "_change"))
            fits = status == 200 if reads and sees else sees or away
            if status >= 500 or not fits or (changed and not writes):
                wrong.append((method, page.address, status, changed))
    assert wrong == []


_DJANGOS = ("_changelist", "_add", "_change", "_delete", "_history")


def _rule(model: type[Model]) -> tuple[Role | None, Role | None]:
    """Who sees and who writes; (None, None) for superusers alone."""
    model_admin = admin.site._registry[model]
    if isinstance(model_admin, WorkspaceAdmin):
        return model_admin.view_role, model_admin.write_role
    return OTHERWISE.get(model, (None, None))


def test_what_a_superuser_asks_for_is_there_and_can_be_deleted(world: World, objects: dict[str, object]) -> None:
    """Or the walks would walk past everything, and see no change where there is one."""
    root = signed_in(make_user("root", is_staff=True, is_superuser=True))
    for model in MODELS:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        assert root.get(reverse(name, args=[objects[model.__name__]])).status_code == 200, model
    (deletion,) = (page for page in PAGES if page.name == "jobs_secret_delete")
    assert told(root, deletion, "POST", objects, world)[3]
