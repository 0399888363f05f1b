"""Who changed what when: written with the change, for everybody's deeds, and never changed again."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction

from jobs.acting import by_command
from jobs.models import ApiToken, AuditEntry, Job, Membership, Role, Secret, Workspace
from jobs.services.control import pause_job, terminate_run
from jobs.services.groups import delete_group, save_group
from jobs.services.jobs import delete_job, save_job
from jobs.services.secrets import set_secret
from sinks.services.naming import save_sink
from sinks.services.ruling import save_rule
from tests.integration.people import Api, make_job, make_user, make_workspace, signed_in
from tests.integration.run_rows import make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def job(workspace: Workspace) -> Job:
    return make_job(workspace)


@pytest.fixture
def olga(workspace: Workspace) -> User:
    """An owner, who may see the admin's pages."""
    return make_user("olga", workspace=workspace, role=Role.OWNER, is_staff=True)


def entries(action: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=action).order_by("pk"))


def only(action: str) -> AuditEntry:
    [entry] = entries(action)
    return entry


class TestWhatIsWritten:
    def test_a_job_with_what_differs_before_and_after(self, workspace: Workspace, job: Job) -> None:
        save_job(workspace=workspace, document={**job.document(), "description": "new"}, actor="ann")
        entry = only("job.updated")
        assert (entry.workspace, entry.actor, entry.target) == (workspace, "ann", "job task:ping")
        assert (entry.before, entry.after) == ({"description": ""}, {"description": "new"})
        delete_job(job=Job.objects.get(), actor="ben")
        gone = only("job.deleted")
        assert gone.before is not None
        assert (gone.actor, gone.before["description"], gone.after) == ("ben", "new", None)

    def test_nothing_of_what_was_refused_or_undone(self, workspace: Workspace, job: Job) -> None:
        before = AuditEntry.objects.count()

        def undone() -> None:
            with transaction.atomic():
                save_job(workspace=workspace, document={**job.document(), "description": "new"}, actor="ann")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            undone()
        assert AuditEntry.objects.count() == before

    def test_groups_sinks_and_rules(self, workspace: Workspace) -> None:
        group = save_group(workspace=workspace, name="api", limit=2, rate=None, actor="ann")
        save_group(workspace=workspace, name="api", limit=3, rate=None, actor="ann")
        delete_group(group=group, actor="ann")
        assert [(each.before, each.after) for each in entries("group.saved")] == [
            (None, {"limit": 2, "rate": None}),
            ({"limit": 2}, {"limit": 3}),
        ]
        sink = save_sink(workspace=workspace, document={"name": "there", "kind": "log"}, actor="ann")
        save_rule(
            workspace=workspace,
            document={"name": "tell", "sink": "there"},
            actor="ann",
        )
        assert only("rule.saved").target == "rule tell"
        assert only("sink.saved").before is None
        assert sink.pk

    @pytest.mark.parametrize(
        ("act", "action", "target"),
        [
            (lambda job: pause_job(job=job, actor="ann", note="why"), "job.paused", "job task:ping"),
            (
                lambda job: terminate_run(run=make_run(job), actor="ann", note="why"),
                "run.cancelling",
                "run {run}",
            ),
        ],
    )
    def test_what_the_event_log_says_that_somebody_did(
        self, job: Job, act: Callable[[Job], Any], action: str, target: str
    ) -> None:
        act(job)
        entry = only(action)
        assert (entry.actor, entry.target) == ("ann", target.format(run=entry.run_id))
        assert entry.data is not None
        assert entry.data["note"] == "why"

    def test_nothing_of_what_the_system_does(self, job: Job) -> None:
        before = AuditEntry.objects.count()
        pause_job(job=job, actor="", note="its runs keep failing")
        assert AuditEntry.objects.count() == before


class TestWhoDidIt:
    def test_by_the_api_with_which_token(self, workspace: Workspace) -> None:
        user = make_user("ed", workspace=workspace, role=Role.EDITOR)
        answer = Api(user).post("jobs/", {"key": "task:new", "payload": [{"kind": "noop"}]})
        assert answer.status_code == 201
        entry = only("job.created")
        assert (entry.actor, entry.via, entry.token) == ("ed", "api", "test")

    def test_by_a_page_of_the_admin(self, workspace: Workspace, olga: User) -> None:
        ann = make_user("ann")
        form = {
            "name": "Acme",
            "memberships-TOTAL_FORMS": "2",
            "memberships-INITIAL_FORMS": "1",
            "memberships-0-id": str(Membership.objects.get(user=olga).pk),
            "memberships-0-workspace": str(workspace.pk),
            "memberships-0-username": "olga",
            "memberships-0-role": "owner",
            "memberships-1-workspace": str(workspace.pk),
            "memberships-1-username": "ann",
            "memberships-1-role": "viewer",
        }
        answer = signed_in(olga).post(f"/admin/jobs/workspace/{workspace.pk}/change/", form)
        assert answer.status_code == 302
        [entry] = (each for each in entries("member.added") if each.via)  # olga's own was made by nobody
        assert (entry.workspace, entry.actor, entry.via, entry.target) == (workspace, "olga", "admin", "member ann")
        assert entry.after is not None
        assert (entry.after["role"], entry.after["user_id"]) == ("viewer", ann.pk)

    def test_by_a_command_as_the_account_that_ran_it(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LOGNAME", "root-of-the-machine")
        by_command("set_secret")
        try:
            set_secret(workspace=workspace, name="key", value="very-secret-1")
            set_secret(workspace=workspace, name="key", value="very-secret-2")
        finally:
            by_command("")
        first, second = entries("secret.set")
        assert (first.actor, first.via, first.target) == ("root-of-the-machine", "command set_secret", "secret key")
        assert second.after == {"ciphertext": "(hidden), changed"}

    def test_tokens_are_told_of_and_their_digests_are_not(self, olga: User) -> None:
        client = signed_in(olga)
        client.post("/admin/jobs/apitoken/add/", {"name": "ci", "scopes": ["jobs:read"]})
        token = ApiToken.objects.get()
        client.post(f"/admin/jobs/apitoken/{token.pk}/delete/", {"post": "yes"})
        created, revoked = only("token.created"), only("token.revoked")
        assert (created.actor, created.target) == (revoked.actor, revoked.target) == ("olga", "token ci of olga")
        assert token.digest not in json.dumps([created.after, revoked.before])


def test_no_value_of_a_secret_is_in_any_entry(workspace: Workspace, olga: User) -> None:
    signed_in(olga).post(
        "/admin/jobs/secret/add/", {"workspace": workspace.pk, "name": "key", "value": "very-secret-1"}
    )
    save_job(
        workspace=workspace,
        document={
            "key": "task:call",
            "payload": [
                {
                    "kind": "http",
                    "parameters": {"url": "https://example.com/", "headers": {"X-Api-Key": "very-secret-2"}},
                }
            ],
        },
        actor="ann",
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(e::text, ' ') FROM jobs_audit_entry AS e")
        text = cursor.fetchone()[0]
    assert "task:call" in text
    assert "secret.set" in text
    assert "very-secret" not in text
    assert bytes(Secret.objects.get().ciphertext).hex() not in text


class TestAppendOnly:
    @pytest.mark.parametrize(
        "change",
        [lambda rows: rows.update(actor="somebody else"), lambda rows: rows.delete()],
        ids=["update", "delete"],
    )
    def test_the_database_refuses_to_change_or_delete_an_entry(self, job: Job, change: Callable[[Any], Any]) -> None:
        entry = AuditEntry.objects.get(action="job.created")
        with pytest.raises(DatabaseError, match="the audit is append-only"), transaction.atomic():
            change(AuditEntry.objects.filter(pk=entry.pk))
        assert AuditEntry.objects.get(pk=entry.pk).actor == "test"

    def test_what_is_erased_as_too_old_goes_and_nothing_may_be_deleted_after_it(self, job: Job) -> None:
        entry = AuditEntry.objects.get(action="job.created")
        with connection.cursor() as cursor:
            cursor.execute("SELECT jobs_erase_audit(%s::bigint[])", ([entry.pk],))
            assert cursor.fetchone() == (1,)
        pause_job(job=job, actor="ann", note="")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            AuditEntry.objects.all().delete()


class TestReading:
    def test_owners_alone(self, workspace: Workspace, olga: User, job: Job) -> None:
        editor = make_user("ed", workspace=workspace, role=Role.EDITOR)
        stranger = make_user("otto", workspace=make_workspace("other"), role=Role.OWNER)
        for path in ("audit/", "audit/export/"):
            asked = [Api(each).get(path).status_code for each in (olga, editor, stranger, None)]
            assert asked == [200, 403, 404, 401]

    def test_the_newest_first_page_by_page_and_of_this_workspace_alone(self, workspace: Workspace, olga: User) -> None:
        for number in range(3):
            make_job(workspace, f"task:job-{number}")
        make_job(make_workspace("other"), "task:foreign")
        api = Api(olga)
        first = api.get("audit/", limit=2).json()
        assert [entry["target"] for entry in first["results"]] == ["job task:job-2", "job task:job-1"]
        rest = api.client.get(first["next"], headers=api.headers).json()
        assert [entry["target"] for entry in rest["results"]] == ["job task:job-0"]
        assert rest["next"] is None

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"actor": "ann"}, 1),
            ({"action": "job.created"}, 1),
            ({"action": "job."}, 2),
            ({"target": "job task:ping"}, 2),
            ({"until": "2020-01-01T00:00:00Z"}, 0),
            ({"since": "2020-01-01T00:00:00Z"}, 2),
        ],
    )
    def test_filters(self, olga: User, job: Job, query: dict[str, str], found: int) -> None:
        pause_job(job=job, actor="ann", note="")
        assert len(Api(olga).get("audit/", **query).json()["results"]) == found

    def test_a_time_without_its_zone_is_refused(self, olga: User) -> None:
        answer = Api(olga).get("audit/", since="2026-11-21T12:00:00")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "since")

    @pytest.mark.parametrize("path", ["audit/", "audit/export/"])
    @pytest.mark.parametrize("time", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"])
    def test_a_time_that_the_database_does_not_know_is_refused(self, olga: User, path: str, time: str) -> None:
        answer = Api(olga).get(path, until=time)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "until")

    def test_an_export_has_all_of_it(self, olga: User, job: Job) -> None:
        pause_job(job=job, actor="=ann()", note="")
        api = Api(olga)
        lines = b"".join(api.get("audit/export/").streaming_content).decode().splitlines()
        assert [json.loads(line)["action"] for line in lines] == ["job.paused", "job.created"]
        answer = api.get("audit/export/", format="csv")
        rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
        assert [row["actor"] for row in rows] == ["'=ann()", "test"]
        assert answer.headers["Content-Disposition"] == 'attachment; filename="audit-acme.csv"'

    def test_the_admin_shows_it_to_owners_and_offers_no_change(
        self, workspace: Workspace, olga: User, job: Job
    ) -> None:
        entry = AuditEntry.objects.get(action="job.created")
        page = f"/admin/jobs/auditentry/{entry.pk}/change/"
        client = signed_in(olga)
        shown = client.get(page)
        assert shown.status_code == 200
        assert b'name="_save"' not in shown.content
        assert client.post(page, {"actor": "nobody"}).status_code == 403
        editor = make_user("ed", workspace=workspace, role=Role.EDITOR, is_staff=True)
        assert signed_in(editor).get(page).status_code in (302, 403)
        assert b"job.created" in client.get("/admin/jobs/auditentry/").content
