"""docs/how-to/let-people-in.md: its commands, and its steps in the admin."""

from __future__ import annotations

import io
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from jobs.models import Membership, Role
from tests.integration.people import Api, make_job, make_user, make_workspace, signed_in

GUIDE = (Path(__file__).parents[2] / "docs" / "how-to" / "let-people-in.md").read_text(encoding="utf-8")
PASSWORD = "a-long-password-7"

pytestmark = pytest.mark.django_db


def test_the_guides_commands_do_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    said = []
    for command in _commands("python", "echo"):
        given, _, called = command.rpartition("|")
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{shlex.split(given)[1]}\n" if given else ""))
        out = io.StringIO()
        call_command(*shlex.split(called)[2:], stdout=out)
        said.append(out.getvalue().strip())
    assert said[0] == "eve: created"
    assert Client().login(username="eve", password=PASSWORD)
    assert Membership.objects.get(workspace__slug="reports", user__username="eve").role == Role.OWNER
    eve = Api(None, workspace="reports")
    eve.headers = {"Authorization": f"Bearer {said[2]}"}
    assert (eve.get("jobs/").status_code, eve.get("secrets/").status_code) == (200, 403)
    User.objects.update(is_active=False)
    assert eve.get("jobs/").status_code == 401


def test_its_calls_make_a_service_account_and_a_token_for_it() -> None:
    workspace = make_workspace("reports")
    make_job(workspace)
    owner = Api(make_user("olga", workspace=workspace, role=Role.OWNER), workspace="reports")
    (calls,) = _commands("curl")
    answers = [_called(call, owner) for call in calls.replace("\\\n", " ").splitlines()]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["username"] == "pipeline@reports.service"
    program = Api(None, workspace="reports")
    program.headers = {"Authorization": f"Bearer {answers[1].json()['token']}"}
    assert (program.get("jobs/").status_code, program.post("jobs/", {}).status_code) == (200, 403)


def _called(call: str, api: Api) -> Any:
    """The answer to a curl command."""
    words = shlex.split(call)
    method, body = words[words.index("-X") + 1], json.loads(words[words.index("-d") + 1])
    (address,) = (word for word in words if word.startswith("http"))
    return api.send(method, address.partition(api.base)[2], body)


def _commands(*programs: str) -> list[str]:
    """The guide's commands that begin with one of these."""
    blocks = re.findall(r"```sh\n(.*?)\n```", GUIDE, re.DOTALL)
    return [block for block in blocks if block.split()[0] in programs]


def test_its_steps_in_the_admin_let_somebody_in() -> None:
    demo = make_workspace("demo")
    make_job(demo, "task:hello")
    admin = signed_in(make_user("admin", is_staff=True, is_superuser=True))
    added = {"username": "ann", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    assert admin.post("/admin/auth/user/add/", added).status_code == 302
    ann = User.objects.get(username="ann")
    browser = Client()
    assert browser.login(username="ann", password=PASSWORD)
    assert browser.get("/admin/").status_code == 302

    typed = {"username": "ann", "is_active": "on", "is_staff": "on"}
    joined = {"date_joined_0": "2026-11-22", "date_joined_1": "12:00:00"}
    assert admin.post(f"/admin/auth/user/{ann.pk}/change/", typed | joined).status_code == 302
    assert browser.get("/admin/").status_code == 200
    assert "task:hello" not in browser.get("/admin/jobs/job/").content.decode()

    assert "Add another Membership" in admin.get(f"/admin/jobs/workspace/{demo.pk}/change/").content.decode()
    member = {"memberships-0-workspace": demo.pk, "memberships-0-username": "ann", "memberships-0-role": "operator"}
    counts = {"memberships-TOTAL_FORMS": 1, "memberships-INITIAL_FORMS": 0}
    assert admin.post(f"/admin/jobs/workspace/{demo.pk}/change/", {"name": "Demo"} | counts | member).status_code == 302
    assert "task:hello" in browser.get("/admin/jobs/job/").content.decode()
