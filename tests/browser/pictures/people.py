"""The pages of workspaces, members, tokens and the audit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.contrib.auth.models import User
from playwright.sync_api import Page

from jobs.acting import acting_as
from jobs.models import ApiToken, AuditEntry, Role, Scope, Workspace
from jobs.services.jobs import save_job
from jobs.services.members import set_member
from jobs.services.secrets import set_secret
from jobs.services.service_accounts import create_service_account
from jobs.services.tokens import create_token
from tests.browser.pictures import Picture
from tests.integration.people import make_job, make_user, make_workspace

NOW = dt.datetime.now(dt.UTC)


def _people(workspace: Workspace) -> None:
    """Of each role, with accounts of programs."""
    for name, role in (
        ("grace", Role.OWNER),
        ("linus", Role.EDITOR),
        ("margaret", Role.OPERATOR),
        ("tim", Role.VIEWER),
    ):
        set_member(workspace=workspace, user=make_user(name), role=role, actor="grace")
    make_user("zara", workspace=workspace, role=Role.OPERATOR, is_active=False)
    _token(User.objects.get(username="linus"), "laptop", workspace, days=9, used=3)
    for name, role, about in (
        ("pipeline", Role.OPERATOR, "Starts the nightly jobs from the build server"),
        ("dashboards", Role.VIEWER, "Reads figures for the screens in the hall"),
    ):
        made = create_service_account(workspace=workspace, name=name, role=role, actor="grace", description=about)
        _token(made.user, f"{name}-1", workspace, days=80, used=1)


def _token(
    user: User, name: str, workspace: Workspace | None, *, days: int | None = None, used: int | None = None
) -> ApiToken:
    scopes = [Scope.READ, Scope.RUN]
    ends = None if days is None else NOW + dt.timedelta(days=days)
    made, _ = create_token(
        user=user, name=name, scopes=scopes, expires_at=ends, workspace=workspace, actor="grace", now=NOW
    )
    if used is not None:
        ApiToken.objects.filter(pk=made.pk).update(last_used_at=NOW - dt.timedelta(hours=used))
    return made


def _some_tokens(page: Page) -> None:
    """Of who looks, who was made after what the picture prepares."""
    user, workspace = User.objects.get(username="ada"), Workspace.objects.get(slug="acme")
    _token(user, "laptop", None, days=200, used=2)
    _token(user, "ci", workspace, days=9)
    old = _token(user, "old-script", workspace, days=1)
    ApiToken.objects.filter(pk=old.pk).update(expires_at=NOW - dt.timedelta(days=3), scopes=[Scope.ADMIN])
    page.reload()


def _made(page: Page) -> None:
    page.get_by_role("textbox", name="Name").fill("ci")
    page.get_by_role("button", name="Make the token").click()
    page.get_by_role("heading", name="Copy it now").wait_for()


def _changes(workspace: Workspace) -> None:
    """A day's work."""
    _people(workspace)
    with acting_as("grace"):
        set_secret(workspace=workspace, name="partner-token", value="s3cret-s3cret", actor="grace")
    _job_change(workspace)


def _job_change(workspace: Workspace) -> AuditEntry:
    job = make_job(workspace, "task:check-partners", payloads=12, description="Asks each partner whether it is there.")
    document = {
        "key": job.key,
        "description": "Asks each partner whether it is there, and takes its time.",
        "payload": [{"kind": "noop", "name": f"n{n}"} for n in range(12) if n != 4]
        + [{"kind": "noop", "name": "extra"}],
        "configuration": {"max_concurrent_requests": 2, "retry": {"maximum_attempts": 5}},
    }
    save_job(workspace=workspace, document=document, actor="linus")
    return AuditEntry.objects.filter(action="job.updated").latest("pk")


def _entry(workspace: Workspace) -> str:
    return f"audit/{_job_change(workspace).pk}/"


def _open(link: str, button: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.get_by_role("link", name=link).first.click()
        page.get_by_role("dialog").get_by_role("button", name=button).wait_for()

    return act


def _removal(page: Page) -> None:
    page.get_by_label("Actions for linus").click()
    page.get_by_role("link", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").wait_for()


def _two(workspace: Workspace) -> None:
    make_job(workspace)
    _people(make_workspace("globex"))


def _in_both(page: Page) -> None:
    user = User.objects.get(username="ada")
    set_member(workspace=Workspace.objects.get(slug="globex"), user=user, role=Role.VIEWER, actor="grace")
    page.reload()


PICTURES = [
    Picture("workspaces", "/ui/workspaces/", prepare=_two, act=_in_both),
    Picture("workspace-rename", "/ui/workspaces/", prepare=_two, act=_open("Rename", "Rename")),
    Picture("members", "members/", prepare=_people),
    Picture("member-add", "members/", prepare=_people, act=_open("Add member", "Add")),
    Picture("member-remove", "members/", prepare=_people, act=_removal),
    Picture("service-accounts", "members/service-accounts/", prepare=_people),
    Picture("service-accounts-empty", "members/service-accounts/"),
    Picture(
        "service-account-new", "members/service-accounts/", act=_open("New service account", "Make the service account")
    ),
    Picture("tokens", "tokens/", act=_some_tokens),
    Picture("tokens-empty", "tokens/", role=Role.VIEWER),
    Picture("tokens-of-workspace", "tokens/workspace/", prepare=_people),
    Picture("token-new", "tokens/new/", prepare=_people),
    Picture("token-made", "tokens/new/", act=_made),
    Picture("token-revoke", "tokens/workspace/", prepare=_people, act=_open("Revoke", "Revoke")),
    Picture("audit", "audit/", prepare=_changes),
    Picture("audit-nothing-found", "audit/?actor=nobody"),
    Picture("audit-entry", prepare=_entry),
]
