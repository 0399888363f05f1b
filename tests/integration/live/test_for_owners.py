"""What is told of members, tokens and secrets is for those who may read the lists of these, by whatever way it is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from jobs.models import Event, Job, Membership, Role, Scope, Workspace
from jobs.services.tokens import create_token
from tests.integration.live.given import let_the_reader_go, write
from tests.integration.people import NOW, Api, make_user
from tests.live_server import LiveServer

KINDS = ("member.added", "token.created", "secret.replaced", "service_account.changed", "workspace.renamed")
LIVE = "/api/v1/workspaces/acme/live/"


@pytest.fixture
def before(workspace: Workspace, job: Job) -> int:
    """The id of the event before these: one of each kind that is for owners, then one that is for all."""
    last = write(job, "job.first")
    for kind in KINDS:
        Event.objects.create(workspace=workspace, kind=kind, actor="olga", data={"secret": "its-name"})
    write(job, "job.last")
    return last


def member(workspace: Workspace, role: Role) -> User:
    return make_user(f"the-{role.value}", workspace=workspace, role=role)


def token_of(user: User, *scopes: str) -> str:
    return create_token(user=user, name="test", scopes=scopes or (Scope.ADMIN,), now=NOW)[1]


def listed(api: Api, before: int) -> list[str]:
    """By metrics/recent/, oldest first."""
    results = api.get("metrics/recent/").json()["results"]
    return [event["kind"] for event in reversed(results) if event["id"] > before]


def polled(api: Api, before: int) -> list[str]:
    answer = api.get("events/", after=before, wait=1)
    return [event["kind"] for event in json.loads(b"".join(answer.streaming_content))["results"]]


def streamed(api: Api, before: int) -> list[str]:
    """By a server that keeps no stream open."""
    let_the_reader_go()
    answer: Any = api.client.get(LIVE, headers=api.headers | {"Last-Event-ID": str(before)})
    body = b"".join(answer.streaming_content)
    return [json.loads(line[6:])["kind"] for line in body.decode().splitlines() if line.startswith('data: {"id"')]


@pytest.mark.parametrize("asked", [listed, polled, streamed])
class TestWhoReadsThem:
    @pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.EDITOR])
    def test_nobody_below_an_owner(
        self, workspace: Workspace, before: int, role: Role, asked: Callable[[Api, int], list[str]]
    ) -> None:
        assert asked(Api(member(workspace, role)), before) == ["job.last"]

    def test_owners_and_superusers(
        self, workspace: Workspace, before: int, asked: Callable[[Api, int], list[str]]
    ) -> None:
        for user in (member(workspace, Role.OWNER), make_user("root", is_superuser=True)):
            assert asked(Api(user), before) == [*KINDS, "job.last"]

    def test_no_token_without_the_scope_for_it(
        self, workspace: Workspace, before: int, asked: Callable[[Api, int], list[str]]
    ) -> None:
        assert asked(Api(member(workspace, Role.OWNER), scopes=[Scope.READ]), before) == ["job.last"]


def kinds(events: list[Any]) -> list[str]:
    return [event.data["kind"] for event in events]


class TestStreams:
    def test_what_was_missed_and_what_happens_now_comes_to_owners_alone(
        self, server: LiveServer, workspace: Workspace, job: Job, before: int
    ) -> None:
        viewer, owner = (
            server.open(LIVE, token=token_of(member(workspace, role)), Last_Event_ID=str(before))
            for role in (Role.VIEWER, Role.OWNER)
        )
        assert kinds(viewer.events(1)) == ["job.last"]
        assert kinds(owner.events(len(KINDS) + 1)) == [*KINDS, "job.last"]
        Event.objects.create(workspace=workspace, kind="token.revoked", actor="olga")
        write(job, "job.now")
        assert kinds(viewer.events(1)) == ["job.now"]
        assert kinds(owner.events(2)) == ["token.revoked", "job.now"]

    @pytest.mark.parametrize(("former", "latter"), [(Role.OWNER, Role.EDITOR), (Role.EDITOR, Role.OWNER)])
    def test_one_whose_caller_becomes_an_owner_or_ceases_to_be_one_ends_and_goes_on_with_what_they_may_read(
        self, server: LiveServer, before: int, former: Role, latter: Role
    ) -> None:
        user = member(Workspace.objects.get(), former)
        token = token_of(user)
        stream = server.open(LIVE, token=token, Last_Event_ID=str(write(Job.objects.get()) - 1))
        stream.events(1)
        Membership.objects.filter(user=user).update(role=latter)
        assert [event.name for event in stream.rest()] == ["closing"]
        again = server.open(LIVE, token=token, Last_Event_ID=str(before))
        expected = [*KINDS, "job.last"] if latter == Role.OWNER else ["job.last"]
        assert kinds(again.events(len(expected))) == expected
