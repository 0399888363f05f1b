"""Brings the database of a private system up to date: tables, static files, an administrator, a workspace, a token, the examples.

Run as ``python -m embedded.prepare``: the private values go in and out through pipes, so that no command line shows them. Standard
input is a JSON object with ``admin_user``, ``admin_password``, ``workspace`` and ``manifests`` (paths); standard output is one with
``api_token``.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jobsproject.settings")
django.setup()

from django.core.management import call_command  # noqa: E402 - models need the set-up above

from jobs.models import ApiToken  # noqa: E402
from jobs.services.tokens import create_token  # noqa: E402
from jobs.services.workspaces import create_admin, create_workspace  # noqa: E402

TOKEN_NAME = "make up"  # noqa: S105 - the name of a token, not a token


def prepare(*, admin_user: str, admin_password: str, workspace: str, manifests: list[str]) -> dict[str, str]:
    """Do all of it; safe to repeat. The token of the last start is replaced."""
    call_command("migrate", interactive=False, verbosity=0, stdout=sys.stderr)
    call_command("collectstatic", interactive=False, verbosity=0, stdout=sys.stderr)
    user, _ = create_admin(username=admin_user, password=admin_password)
    create_workspace(slug=workspace, owner=user)
    ApiToken.objects.filter(user=user, name=TOKEN_NAME).delete()
    _, token = create_token(user=user, name=TOKEN_NAME, now=dt.datetime.now(dt.UTC))
    if manifests:
        call_command("jobs_apply", workspace, *manifests, unmanaged=True, stdout=sys.stderr)
    return {"api_token": token}


if __name__ == "__main__":
    json.dump(prepare(**json.load(sys.stdin)), sys.stdout)
