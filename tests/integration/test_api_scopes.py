"""What a token opens, of what its user may."""

from __future__ import annotations

import datetime as dt
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections
from django.db.models import F

from jobs.errors import ValidationError
from jobs.models import ApiToken, Event, Job, Role, Scope, Workspace
from jobs.services import jobs as jobs_service
from jobs.services import tokens
from jobs.services.tokens import create_token, find_token, note_use
from tests.integration.people import NOW, Api, make_job, make_user, make_workspace

pytestmark = pytest.mark.django_db

SCHEDULE = {"name": "nightly", "triggers": [{"type": "cron", "expression": "0 0 2 * * ?"}]}


@pytest.fixture
def workspace() -> Workspace:
    workspace = make_workspace()
    make_job(workspace)
    return workspace


def editor_with(workspace: Workspace, *scopes: str) -> Api:
    return Api(make_user("eve", workspace=workspace, role=Role.EDITOR), scopes=scopes)


class TestScope:
    @pytest.mark.parametrize(
        ("scope", "statuses"),
        [
            (Scope.READ, (200, 403, 403, 403, 403, 403)),
            (Scope.RUN, (403, 202, 403, 403, 403, 202)),
            (Scope.WRITE, (403, 403, 201, 403, 403, 403)),
            (Scope.SCHEDULES, (403, 403, 403, 201, 200, 403)),
            (Scope.SECRETS, (403, 403, 403, 403, 403, 403)),
            (Scope.ADMIN, (200, 202, 201, 201, 200, 202)),
        ],
    )
    def test_each_opens_its_own_and_admin_all(
        self, workspace: Workspace, scope: Scope, statuses: tuple[int, ...]
    ) -> None:
        make_job(workspace, "task:timed", schedules=[SCHEDULE])
        api = editor_with(workspace, scope)
        answers = (
            api.get("jobs/task:ping/"),
            api.post("jobs/task:ping/trigger/"),
            api.post("jobs/", {"key": "task:new", "payload": [{"kind": "noop"}]}),
            api.post("jobs/task:ping/schedules/", SCHEDULE),
            api.send("PUT", "jobs/task:timed/schedule/", {"triggers": SCHEDULE["triggers"]}),
            api.post("jobs/task:timed/schedules/nightly/run-now/"),
        )
        assert tuple(answer.status_code for answer in answers) == statuses

    def test_several_open_what_each_of_them_does(self, workspace: Workspace) -> None:
        api = editor_with(workspace, Scope.READ, Scope.RUN)
        assert api.get("jobs/").status_code == 200
        assert api.post("jobs/task:ping/trigger/").status_code == 202

    def test_one_that_lacks_is_told_which_and_what_it_has(self, workspace: Workspace) -> None:
        answer = editor_with(workspace, Scope.READ, Scope.SECRETS).post("jobs/task:ping/trigger/").json()
        assert answer["detail"] == "this takes a token with the scope jobs:run; yours has jobs:read, secrets:write"

    def test_none_gives_what_the_role_does_not(self, workspace: Workspace) -> None:
        api = Api(make_user("vera", workspace=workspace, role=Role.VIEWER), scopes=[Scope.ADMIN])
        assert api.post("jobs/task:ping/trigger/").status_code == 403

    def test_a_superusers_token_opens_no_more_than_it_says(self, workspace: Workspace) -> None:
        api = Api(make_user("root", is_superuser=True), scopes=[Scope.READ])
        assert (api.get("jobs/").status_code, api.post("jobs/task:ping/trigger/").status_code) == (200, 403)

    def test_a_token_of_the_release_before_opens_everything(self, workspace: Workspace) -> None:
        user = make_user("eve", workspace=workspace, role=Role.EDITOR)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO jobs_api_token (user_id, name, digest, created_at) VALUES (%s, 'old', %s, now())",
                [user.pk, tokens.digest("jobs_old")],
            )
        api = Api(None)
        api.headers = {"Authorization": "Bearer jobs_old"}
        assert api.post("jobs/task:ping/trigger/").status_code == 202

    @pytest.mark.parametrize("scopes", [[], ["jobs:everything"]])
    def test_neither_none_nor_an_unknown_one_is_stored(self, workspace: Workspace, scopes: list[str]) -> None:
        user = make_user("eve", workspace=workspace, role=Role.EDITOR)
        with pytest.raises(ValidationError, match="scopes: expected at least one of jobs:read"):
            create_token(user=user, name="ci", scopes=scopes, now=NOW)
        with pytest.raises(IntegrityError, match="token_scopes_known"):
            ApiToken.objects.create(user=user, name="ci", digest="x" * 64, scopes=scopes)


class TestSchedulesInAJobsDocument:
    DOCUMENT = {"key": "task:timed", "payload": [{"kind": "noop"}]}
    OTHER = SCHEDULE | {"notes": "new"}

    def test_take_the_scope_for_schedules_to_create(self, workspace: Workspace) -> None:
        api = editor_with(workspace, Scope.WRITE)
        refused = api.post("jobs/", self.DOCUMENT | {"schedules": [SCHEDULE]})
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden/")
        assert "schedules:write" in refused.json()["detail"]
        assert not Job.objects.filter(name="timed").exists()
        assert api.post("jobs/", self.DOCUMENT).status_code == 201
        assert api.send("PUT", "jobs/task:timed/", self.DOCUMENT | {"schedules": [SCHEDULE]}).status_code == 403

    @pytest.mark.parametrize("schedules", [[], [OTHER], [SCHEDULE, OTHER | {"name": "more"}]])
    def test_take_it_to_change_or_go(self, workspace: Workspace, schedules: list[Any]) -> None:
        job = make_job(workspace, "task:timed", schedules=[SCHEDULE])
        api = editor_with(workspace, Scope.WRITE)
        assert api.send("PUT", "jobs/task:timed/", self.DOCUMENT | {"schedules": schedules}).status_code == 403
        job.refresh_from_db()
        assert (job.schedules, job.version) == ([SCHEDULE], 1)
        both = Api(make_user("ed", workspace=workspace, role=Role.EDITOR), scopes=[Scope.WRITE, Scope.SCHEDULES])
        assert both.send("PUT", "jobs/task:timed/", self.DOCUMENT | {"schedules": schedules}).status_code == 200

    def test_may_stand_there_as_they_are(self, workspace: Workspace) -> None:
        make_job(workspace, "task:timed", schedules=[SCHEDULE])
        edited = self.DOCUMENT | {"schedules": [SCHEDULE], "description": "new"}
        assert editor_with(workspace, Scope.WRITE).send("PUT", "jobs/task:timed/", edited).json()["version"] == 2

    def test_are_those_that_the_job_has_when_it_is_written(self, workspace: Workspace, monkeypatch: Any) -> None:
        """Somebody changes them between the comparison and the writing."""
        make_job(workspace, "task:timed", schedules=[SCHEDULE])
        ready = jobs_service._refuse_unready

        def meanwhile(*about: Any, **more: Any) -> None:
            ready(*about, **more)
            Job.objects.filter(name="timed").update(schedules=[self.OTHER], version=F("version") + 1)

        monkeypatch.setattr(jobs_service, "_refuse_unready", meanwhile)
        edited = self.DOCUMENT | {"schedules": [SCHEDULE], "description": "new"}
        late = editor_with(workspace, Scope.WRITE).send("PUT", "jobs/task:timed/", edited)
        assert (late.status_code, Job.objects.get(name="timed").schedules) == (409, [self.OTHER])


class TestBoundToken:
    def test_it_opens_its_workspace_and_another_of_its_users_is_not_there(self, workspace: Workspace) -> None:
        user, other = make_user("eve", workspace=workspace, role=Role.OWNER), make_workspace("other")
        other.memberships.create(user=user, role=Role.OWNER)
        bound = Api(user, bound=workspace)
        assert bound.get("jobs/").status_code == 200
        bound.base = "/api/v1/workspaces/other/"
        theirs = bound.get("jobs/")
        bound.base = "/api/v1/workspaces/nowhere/"
        nobodys = bound.get("jobs/")
        assert (theirs.status_code, nobodys.status_code) == (404, 404)
        assert theirs.json()["detail"] == nobodys.json()["detail"].replace("nowhere", "other")
        assert Api(user, workspace="other").get("jobs/").status_code == 200

    def test_a_superusers_too(self, workspace: Workspace) -> None:
        make_workspace("other")
        root = make_user("root", is_superuser=True)
        assert Api(root, workspace="other", bound=workspace).get("jobs/").status_code == 404

    def test_it_goes_with_the_membership(self, workspace: Workspace) -> None:
        user = make_user("eve", workspace=workspace, role=Role.OWNER)
        bound = Api(user, bound=workspace)
        workspace.memberships.all().delete()
        assert bound.get("jobs/").status_code == 404

    def test_none_is_made_for_a_workspace_that_its_user_is_not_in(self, workspace: Workspace) -> None:
        with pytest.raises(ValidationError, match="workspace: eve is not a member of acme"):
            create_token(user=make_user("eve"), name="ci", workspace=workspace, now=NOW)

    def test_that_it_was_made_and_revoked_is_on_record_without_it(self, workspace: Workspace) -> None:
        user = make_user("eve", workspace=workspace, role=Role.OWNER)
        made, token = create_token(user=user, name="ci", workspace=workspace, actor="ann", now=NOW)
        assert tokens.revoke_token(token=made, actor="bob")
        assert not tokens.revoke_token(token=made, actor="bob")
        events = list(Event.objects.filter(kind__startswith="token.").order_by("id").values("kind", "actor", "data"))
        assert [(event["kind"], event["actor"]) for event in events] == [
            ("token.created", "ann"),
            ("token.revoked", "bob"),
        ]
        assert events[0]["data"] == {"token": made.pk, "name": "ci", "user": "eve", "scopes": ["admin"]}
        assert token not in str(events)
        assert made.digest not in str(events)


class TestLastUse:
    def test_a_call_writes_it(self, workspace: Workspace) -> None:
        api = editor_with(workspace, Scope.READ)
        ApiToken.objects.update(last_used_at=None)
        api.get("jobs/")
        assert ApiToken.objects.get().last_used_at is not None

    def test_it_is_written_at_most_once_a_minute(self, workspace: Workspace) -> None:
        made, _ = create_token(user=make_user("eve"), name="ci", now=NOW)
        later = [NOW + dt.timedelta(seconds=seconds) for seconds in (0, 59.9, 60, 61)]
        written = []
        for now in later:
            made.refresh_from_db()
            written.append(note_use(token=made, now=now))
        made.refresh_from_db()
        assert (written, made.last_used_at) == ([True, False, True, False], later[2])

    def test_one_that_was_used_just_now_costs_no_statement(
        self, workspace: Workspace, django_assert_num_queries: Any
    ) -> None:
        _, token = create_token(user=make_user("eve"), name="ci", now=NOW)
        found = find_token(token=token, now=NOW)
        assert found is not None
        found.last_used_at = NOW
        with django_assert_num_queries(0):
            note_use(token=found, now=NOW + dt.timedelta(seconds=30))


@pytest.mark.django_db(transaction=True)
def test_of_many_who_use_a_token_at_once_one_writes_it() -> None:
    made, _ = create_token(user=make_user("eve"), name="ci", now=NOW)

    def use(_: int) -> bool:
        try:
            return note_use(token=made, now=NOW)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as hands:
        assert sum(hands.map(use, range(8))) == 1


class TestCommand:
    def made(self, *arguments: str) -> ApiToken:
        out = io.StringIO()
        call_command("create_token", "eve", "--name", "ci", *arguments, stdout=out)
        found = find_token(token=out.getvalue().strip(), now=NOW)
        assert found is not None
        return found

    def test_it_makes_one_with_scopes_for_a_workspace(self, workspace: Workspace) -> None:
        make_user("eve", workspace=workspace, role=Role.EDITOR)
        made = self.made("--scope", "jobs:read", "--scope", "jobs:run", "--workspace", "acme")
        assert (made.scopes, made.workspace) == (["jobs:read", "jobs:run"], workspace)

    def test_without_them_it_reads_and_no_more(self, workspace: Workspace) -> None:
        make_user("eve", workspace=workspace, role=Role.EDITOR)
        made = self.made()
        assert (made.scopes, made.workspace) == (["jobs:read"], None)

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [(["--scope", "all"], "invalid choice"), (["--workspace", "acme"], "not a member of acme")],
    )
    def test_what_cannot_be_is_refused(self, workspace: Workspace, arguments: list[str], words: str) -> None:
        make_user("eve")
        with pytest.raises(CommandError, match=words):
            self.made(*arguments)
        assert not ApiToken.objects.exists()
