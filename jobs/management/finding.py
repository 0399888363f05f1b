"""Finding what a command's arguments name; what is missing ends the command with a message."""

from __future__ import annotations

import re
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError

from jobs import strict_json
from jobs.acting import account
from jobs.errors import NotFoundError
from jobs.models import Job, Run, Workspace
from jobs.selectors.jobs import find_job
from jobs.selectors.runs import get_run
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


def run_named(workspace: Workspace, run_id: int) -> Run:
    """The run of that id."""
    try:
        return get_run(workspace=workspace, run_id=run_id).run
    except NotFoundError as error:
        raise CommandError(str(error)) from error


def job_or_run_named(workspace: Workspace, name: str) -> Job | Run:
    """The run of that id, when it is a number; else the job of that key."""
    return run_named(workspace, int(name)) if re.fullmatch("[0-9]{1,18}", name) else job_named(workspace, name)


def user_named(username: str, *, services: bool = False) -> User:
    """The active user of that name; a service account only with ``services``."""
    try:
        return find_user(username=username, services=services)
    except NotFoundError as error:
        raise CommandError(str(error)) from error


def operator() -> str:
    """Who runs the command, for the event log."""
    return account()


def json_given(option: str, text: str) -> Any:
    """The value of an option that takes JSON."""
    try:
        return strict_json.loads(text)
    except strict_json.NotJSONError as error:
        raise CommandError(f"{option}: {error}") from error
