"""The audit: what an owner finds in it, and that nobody else does."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from jobs.models import AuditEntry, Role, Workspace
from jobs.services.audit import record
from jobs.services.secrets import set_secret
from tests.integration.people import make_job, make_workspace
from tests.integration.ui.people.conftest import As
from tests.integration.ui.people.reading import BASE, queries, send, text

pytestmark = pytest.mark.django_db


def make_entry(workspace: Workspace, action: str = "job.updated", actor: str = "ann", **parts: object) -> AuditEntry:
    told = {"target": "job task:ping", "before": {"description": "old"}, "after": {"description": "new"}} | parts
    record(workspace_id=workspace.pk, action=action, actor=actor, **told)  # type: ignore[arg-type]
    return AuditEntry.objects.latest("pk")


def at(entry: AuditEntry) -> str:
    return f"{BASE}audit/{entry.pk}/"


class TestTheList:
    def test_who_did_what_on_what(self, owner: Client, workspace: Workspace) -> None:
        entry = make_entry(workspace)
        page = text(owner, "audit/")
        assert at(entry) in page
        assert "job.updated" in page
        assert "?actor=ann" in page
        assert "?target=job+task%3Aping" in page
        assert "description" in page

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("actor=ann", True),
            ("actor=an", False),
            ("action=job.", True),
            ("action=job.updated", True),
            ("action=sink.", False),
            ("target=job+task:ping", True),
            ("target=job+task:pong", False),
            ("token=laptop", True),
            ("token=lap", False),
            ("since=2001-01-01", True),
            ("since=2100-01-01", False),
            ("until=2001-01-01", False),
            ("until=nonsense", False),
            ("until=2001-99-99", False),
            ("after=nonsense", False),
            ("after=0", False),
            ("since=2001-01-01T00:00:00%2B02:00", True),
            ("since=2001-01-01T00:00:00", False),
        ],
    )
    def test_filters_of_the_address_choose(self, owner: Client, workspace: Workspace, query: str, found: bool) -> None:
        entry = AuditEntry.objects.create(
            workspace=workspace, actor="ann", action="job.updated", target="job task:ping", token="laptop"
        )
        assert (at(entry) in text(owner, f"audit/?{query}")) is found

    def test_a_single_action_of_the_address_is_among_the_choices(self, owner: Client, workspace: Workspace) -> None:
        assert '<option value="job.updated" selected>' in text(owner, "audit/?action=job.updated")

    def test_another_workspaces_entries_are_not_there(self, owner: Client) -> None:
        other = make_entry(make_workspace("globex"))
        assert at(other) not in text(owner, "audit/")
        assert owner.get(at(other)).status_code == 404

    def test_the_next_page_begins_behind_the_last_row(self, owner: Client, workspace: Workspace) -> None:
        entries = [make_entry(workspace) for _ in range(51)]
        assert f"actor=ann&amp;after={entries[1].pk}" in text(owner, "audit/?actor=ann")
        page = text(owner, f"audit/?actor=ann&after={entries[1].pk}")
        assert at(entries[0]) in page
        assert at(entries[1]) not in page

    def test_its_queries_do_not_grow_with_its_rows(self, owner: Client, workspace: Workspace) -> None:
        entry = make_entry(workspace)
        few = [queries(owner, "audit/"), queries(owner, at(entry))]
        for _ in range(20):
            make_entry(workspace)
        assert [queries(owner, "audit/"), queries(owner, at(entry))] == few

    def test_an_empty_one_says_what_comes_here(self, owner: Client) -> None:
        assert "Nobody has changed anything yet" in text(owner, "audit/")
        assert "No entry fits" in text(owner, "audit/?actor=nobody")

    def test_the_export_has_what_the_filters_let_through(self, owner: Client, workspace: Workspace) -> None:
        make_entry(workspace)
        make_entry(workspace, actor="bob")
        day = (dt.datetime.now(dt.UTC) - dt.timedelta(days=1)).date().isoformat()
        page = text(owner, f"audit/?actor=bob&since={day}")
        address = next(part for part in page.split('"') if "export" in part and "format=jsonl" in part)
        answer = owner.get(address.replace("&amp;", "&"))
        assert answer.status_code == 200
        lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
        assert len(lines) == 1
        assert '"bob"' in lines[0]


class TestAnEntry:
    def test_before_and_after_stand_side_by_side(self, owner: Client, workspace: Workspace) -> None:
        page = text(owner, at(make_entry(workspace)))
        assert "<del>old</del>" in page
        assert "<ins>new</ins>" in page
        assert "What was changed" in page

    def test_what_was_made_and_what_there_was(self, owner: Client, workspace: Workspace) -> None:
        made = text(owner, at(make_entry(workspace, "job.created", before=None)))
        gone = text(owner, at(make_entry(workspace, "job.deleted", after=None)))
        assert "What was made" in made
        assert "<del>" not in made
        assert "What there was" in gone
        assert "<ins>" not in gone

    def test_it_leads_to_what_it_is_about_unless_that_is_gone(self, owner: Client, workspace: Workspace) -> None:
        assert f'href="{BASE}jobs/task:ping/"' in text(owner, at(make_entry(workspace)))
        assert f'href="{BASE}jobs/task:ping/"' not in text(owner, at(make_entry(workspace, "job.deleted")))
        member = make_entry(workspace, "member.changed", target="member ann@example.org")
        assert "members/?search=ann%40example.org" in text(owner, at(member))
        service = make_entry(workspace, "member.changed", target="member ci@acme.service")
        assert "members/service-accounts/?search=ci" in text(owner, at(service))
        token = make_entry(workspace, "token.created", target="token ci of ann")
        assert "tokens/workspace/?search=ci" in text(owner, at(token))

    def test_a_secret_is_hidden(self, owner: Client, workspace: Workspace) -> None:
        set_secret(workspace=workspace, name="pass", value="hunter2-hunter2", actor="ann")
        page = text(owner, at(AuditEntry.objects.get(action="secret.set")))
        assert "(hidden)" in page
        assert "hunter2" not in page

    def test_what_people_wrote_is_escaped(self, owner: Client, workspace: Workspace) -> None:
        entry = make_entry(workspace, after={"description": "<script>alert(1)</script>"})
        assert "<script>alert" not in text(owner, at(entry))

    def test_what_is_done_on_these_pages_says_so(self, owner: Client) -> None:
        send(owner, "rename/", name="Acme Corporation")
        entry = AuditEntry.objects.get(action="workspace.changed")
        assert (entry.via, entry.actor) == ("ui", "owner")
        assert "these pages" in text(owner, at(entry))

    def test_a_jobs_own_entry_is_readable(self, owner: Client, workspace: Workspace) -> None:
        make_job(workspace)
        assert "task:ping" in text(owner, at(AuditEntry.objects.get(action="job.created")))


class TestWhoMay:
    @pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.EDITOR])
    def test_only_owners(self, as_member: As, workspace: Workspace, role: Role) -> None:
        client, entry = as_member(role), make_entry(workspace)
        assert client.get(f"{BASE}audit/").status_code == 403
        assert client.get(at(entry)).status_code == 403
        assert f'href="{BASE}audit/"' not in text(client, "")

    def test_a_stranger_finds_nothing(self, stranger: Client, workspace: Workspace) -> None:
        entry = make_entry(workspace)
        assert stranger.get(f"{BASE}audit/").status_code == 404
        assert stranger.get(at(entry)).status_code == 404

    def test_nobody_writes_there(self, owner: Client, workspace: Workspace) -> None:
        entry = make_entry(workspace)
        assert send(owner, "audit/")[0] == 405
        assert send(owner, at(entry))[0] == 405
        assert AuditEntry.objects.filter(pk=entry.pk).exists()
