"""Finding what a command's arguments name; what is missing ends the command with a message."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.management.base import CommandError

from jobs.errors import NotFoundError
from jobs.models import Job, Workspace
from jobs.selectors.jobs import find_job
from jobs.services.workspaces import find_user


def workspace_named(slug: str) -> Workspace:
    """The workspace of that slug."""
    workspace = Workspace.objects.filter(slug=slug).first()
    if workspace is None:
        raise CommandError(f"there is no workspace {slug!r}; make it with: manage.py create_workspace {slug}")
    return workspace


def job_named(workspace: Workspace, key: str) -> Job:
    """The job of that key."""
    try:
        return find_job(workspace=workspace, key=key)
    except NotFoundError as error:
        raise CommandError(str(error)) from error


def user_named(username: str) -> User:
    """The active user of that name."""
    try:
        return find_user(username=username)
    except NotFoundError as error:
        raise CommandError(str(error)) from error
