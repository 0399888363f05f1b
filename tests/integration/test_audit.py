"""Who changed what when: written with the change, for everybody's deeds, and never changed again."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from jobs.acting import by_command
from jobs.models import ApiToken, AuditEntry, Event, Job, Membership, Role, Run, Secret, Workspace
from jobs.selectors.audit import AuditFilter, list_entries
from jobs.services.control import pause_job, pause_run, terminate_run
from jobs.services.groups import delete_group, save_group
from jobs.services.jobs import delete_job, save_job
from jobs.services.members import remove_member, set_member
from jobs.services.secrets import delete_secret, set_secret
from jobs.services.service_accounts import change_service_account, create_service_account
from jobs.services.tokens import create_token, revoke_token
from jobs.services.workspaces import create_workspace, rename_workspace
from sinks.services.naming import save_sink
from sinks.services.ruling import save_rule
from tests.integration.people import NOW, Api, make_job, make_user, make_workspace, signed_in
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


class TestOneEntryForOneDeed:
    @pytest.mark.django_db(transaction=True)
    def test_a_run_that_is_terminated(self, job: Job) -> None:
        run = make_run(job)
        terminate_run(run=run, actor="ann", note="why")
        assert Run.objects.get(pk=run.pk).state == "cancelled"
        assert Event.objects.filter(run=run, actor="ann").count() == 2
        assert [each.action for each in AuditEntry.objects.filter(actor="ann")] == ["run.cancelling"]

    def test_a_run_that_is_paused(self, job: Job) -> None:
        pause_run(run=make_run(job), actor="ann", note="")
        assert Event.objects.filter(kind="run.paused", actor="ann").exists()
        assert [each.action for each in AuditEntry.objects.filter(actor="ann")] == ["run.pausing"]

    def test_members(self, workspace: Workspace) -> None:
        user = make_user("ann")
        set_member(workspace=workspace, user=user, role=Role.VIEWER, actor="olga")
        set_member(workspace=workspace, user=user, role=Role.EDITOR, actor="olga")
        remove_member(workspace=workspace, user=user, actor="olga")
        told = [(each.action, each.target) for each in AuditEntry.objects.filter(actor="olga").order_by("pk")]
        assert told == [(f"member.{verb}", "member ann") for verb in ("added", "changed", "removed")]
        changed = only("member.changed")
        assert (changed.before, changed.after) == ({"role": "viewer"}, {"role": "editor"})

    def test_tokens_secrets_and_workspaces_by_whoever_does_it(self, olga: User) -> None:
        workspace = create_workspace(slug="new", actor="root")
        rename_workspace(workspace=workspace, name="Newer", actor="root")
        token, _ = create_token(user=olga, name="ci", now=NOW, actor="root")
        revoke_token(token=token, actor="root")
        secret = set_secret(workspace=workspace, name="key", value="very-secret-1", actor="root")
        delete_secret(secret=secret, actor="root")
        assert [each.action for each in AuditEntry.objects.filter(actor="root").order_by("pk")] == [
            "workspace.created",
            "workspace.changed",
            "token.created",
            "token.revoked",
            "secret.set",
            "secret.deleted",
        ]

    def test_a_service_account_with_what_comes_with_it(self, workspace: Workspace) -> None:
        account = create_service_account(workspace=workspace, name="ci", role=Role.OPERATOR, actor="olga")
        change_service_account(account=account, actor="olga", description="new")
        told = [(each.action, each.target) for each in AuditEntry.objects.filter(actor="olga").order_by("pk")]
        assert told == [
            ("user.created", "user ci@acme.service"),
            ("service_account.created", "service_account ci"),
            ("member.added", "member ci@acme.service"),
            ("service_account.changed", "service_account ci"),
        ]


class TestWhoDidIt:
    @pytest.mark.parametrize(
        ("path", "body", "action"),
        [
            ("jobs/task:ping/pause/", {}, "job.paused"),
            ("jobs/task:ping/trigger/", {}, "run.created"),
            ("runs/{run}/terminate/", {}, "run.cancelling"),
            ("runs/{run}/pause/", {}, "run.pausing"),
            ("runs/bulk-terminate/", {"ids": [1]}, "bulk.terminate"),
        ],
    )
    def test_with_which_token_also_what_the_event_log_says(
        self, job: Job, path: str, body: dict[str, Any], action: str
    ) -> None:
        ed = make_user("ed", workspace=job.workspace, role=Role.EDITOR)
        assert Api(ed).post(path.format(run=make_run(job).pk), body).status_code < 300
        entry = only(action)
        assert (entry.actor, entry.via, entry.token) == ("ed", "api", "test")

    @pytest.mark.django_db(transaction=True)
    def test_what_a_run_was_started_with_is_not_told_of_the_next_one(self, job: Job) -> None:
        ed = make_user("ed", workspace=job.workspace, role=Role.EDITOR)
        Api(ed).post("jobs/task:ping/trigger/", {})
        started = only("run.created")
        assert (started.actor, started.via, started.token) == ("ed", "api", "test")
        pause_job(job=job, actor="ann", note="")
        entry = only("job.paused")
        assert (entry.actor, entry.via, entry.token) == ("ann", "", "")

    def test_by_an_account_without_a_name(self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        def nameless() -> str:
            raise OSError("No username set in the environment")

        monkeypatch.setattr("getpass.getuser", nameless)
        by_command("set_secret")
        try:
            set_secret(workspace=workspace, name="key", value="very-secret-1")
        finally:
            by_command("")
        assert only("secret.set").actor == f"uid {os.getuid()}"

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
        entry = only("member.added")
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
        old = made_before(job, days=31)
        assert erase(old) == 1
        pause_job(job=job, actor="ann", note="")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            AuditEntry.objects.all().delete()

    def test_the_database_refuses_to_empty_it(self, job: Job) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE jobs_audit_entry ENABLE TRIGGER audit_entry_not_emptied")
            with pytest.raises(DatabaseError, match="append-only: TRUNCATE refused"), transaction.atomic():
                cursor.execute("TRUNCATE jobs_audit_entry")
            cursor.execute("SELECT count(*) FROM jobs_audit_entry")
            assert cursor.fetchone() == (1,)

    def test_nothing_younger_than_thirty_days_is_erased_whoever_asks_and_however(self, job: Job) -> None:
        old, young = made_before(job, days=31), made_before(job, days=29)
        with pytest.raises(DatabaseError, match="for 30 days at least"), transaction.atomic():
            erase(old, young)
        with pytest.raises(DatabaseError, match="for 30 days at least"), transaction.atomic():
            forge_and_delete(young)
        assert set(AuditEntry.objects.filter(action="x")) == {old, young}

    def test_erasing_leaves_an_entry_that_says_so_for_each_workspace(self, job: Job) -> None:
        mine, mine_too = made_before(job, days=40), made_before(job, days=35)
        other = AuditEntry.objects.create(workspace=make_workspace("other"), actor="ann", action="x", at=mine.at)
        assert erase(mine, mine_too, other) == 3
        told = {each.workspace_id: each.data or {} for each in entries("audit.erased")}
        assert {workspace_id: data["entries"] for workspace_id, data in told.items()} == {
            mine.workspace_id: 2,
            other.workspace_id: 1,
        }
        assert (told[mine.workspace_id]["first"], told[mine.workspace_id]["last"]) == (mine.pk, mine_too.pk)

    def test_who_deletes_past_the_function_is_told_of_as_well(self, job: Job) -> None:
        forge_and_delete(made_before(job, days=31))
        entry = only("audit.erased")
        assert (entry.workspace_id, entry.via[:17]) == (job.workspace_id, "database account ")

    def test_not_everybody_may_call_what_erases(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT has_function_privilege('pg_monitor', 'jobs_erase_audit(bigint[])', 'EXECUTE')")
            assert cursor.fetchone() == (False,)


def made_before(job: Job, *, days: float) -> AuditEntry:
    """An entry that is so old."""
    at = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
    return AuditEntry.objects.create(workspace=job.workspace, actor="ann", action="x", at=at)


def erase(*old: AuditEntry) -> int:
    """As a cleanup does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT jobs_erase_audit(%s::bigint[])", ([each.pk for each in old],))
        return int(cursor.fetchone()[0])


def forge_and_delete(entry: AuditEntry) -> None:
    """As who has a session of the database, and has read the trigger."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jobs.erasing_audit = 'on'")
        cursor.execute("DELETE FROM jobs_audit_entry WHERE id = %s", (entry.pk,))


FILTERS = {
    "actor": AuditFilter(actor="seldom"),
    "action": AuditFilter(action="seldom.done"),
    "target": AuditFilter(target="job task:seldom"),
    "token": AuditFilter(token="seldom"),
    "since and until": AuditFilter(
        since=dt.datetime(2020, 1, 1, tzinfo=dt.UTC), until=dt.datetime(2020, 1, 1, 1, tzinfo=dt.UTC)
    ),
    "until": AuditFilter(until=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)),
}


@pytest.mark.parametrize("wanted", FILTERS.values(), ids=FILTERS)
def test_a_filter_reads_a_piece_of_an_index_however_much_there_is(workspace: Workspace, wanted: AuditFilter) -> None:
    """A page, its first and a later one, of 20,000 entries a minute apart, of which few fit."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO jobs_audit_entry (workspace_id, at, actor, action, target, token)"
            " SELECT %s, timestamptz '2020-01-01 00:00Z' + n * interval '1 min',"
            " CASE WHEN n %% 500 = 0 THEN 'seldom' ELSE 'ann' END,"
            " CASE WHEN n %% 500 = 0 THEN 'seldom.done' ELSE 'job.updated' END,"
            " CASE WHEN n %% 500 = 0 THEN 'job task:seldom' ELSE 'job task:' || n END,"
            " CASE WHEN n %% 500 = 0 THEN 'seldom' WHEN n %% 2 = 0 THEN 'often' ELSE '' END"
            " FROM generate_series(-60, 20000) AS n ORDER BY n",
            (workspace.pk,),
        )
        cursor.execute("ANALYZE jobs_audit_entry")
    first = list_entries(workspace=workspace, wanted=wanted, limit=10)
    assert len(first) == 10
    assert rows_read(workspace, wanted, after=None) <= 30
    assert rows_read(workspace, wanted, after=first[-1].pk) <= 30


def rows_read(workspace: Workspace, wanted: AuditFilter, *, after: int | None) -> int:
    """The rows of the table that a page touched, those that were thrown away included."""
    with CaptureQueriesContext(connection) as captured:
        list_entries(workspace=workspace, wanted=wanted, limit=10, after=after)
    read = 0
    for query in captured.captured_queries:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + query["sql"].replace("%", "%%"), ())
            nodes = [cursor.fetchone()[0][0]["Plan"]]
        while nodes:
            node = nodes.pop()
            nodes += node.get("Plans", [])
            if "Scan" in node["Node Type"]:
                read += int(node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * int(node["Actual Loops"])
    return read


class TestReading:
    def test_the_newest_first_by_time_and_then_by_id_page_by_page(self, workspace: Workspace, olga: User) -> None:
        """Of entries that were written at once, and of one that was written late."""
        at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        hour = dt.timedelta(hours=1)
        made = [
            AuditEntry.objects.create(workspace=workspace, actor="ann", action="x", at=each).pk
            for each in (at, at + hour, at, at + hour, at)
        ]
        api, told = Api(olga), []
        page: dict[str, Any] = api.get("audit/", limit=1, actor="ann").json()
        while True:
            told += [entry["id"] for entry in page["results"]]
            if page["next"] is None:
                break
            page = api.client.get(page["next"], headers=api.headers).json()
        assert told == [made[at] for at in (3, 1, 4, 2, 0)]

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
            ({"token": "ci"}, 0),
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
