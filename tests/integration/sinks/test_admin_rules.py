"""Rules and their notices in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from jobs.models import Role, Workspace
from sinks.models import Delivery, Notice, Rule, Sink
from sinks.services.naming import save_sink
from sinks.services.ruling import save_rule
from tests.integration.people import make_user, make_workspace
from tests.integration.sinks.makers import end_run, make_job
from tests.integration.sinks.obedient import Target
from tests.integration.sinks.test_admin_sinks import page, staff
from tests.integration.sinks.test_delivering import deliver
from workers.noticing import tell


@pytest.fixture
def workspace(transactional_db: None, target: Target) -> Workspace:
    ContentType.objects.clear_cache()  # of the test before, whose tables were emptied
    ContentType.objects.get_for_model(Rule)  # the admin's history names it
    return make_workspace()


@pytest.fixture
def pager(workspace: Workspace) -> Sink:
    return save_sink(workspace=workspace, document={"name": "pager", "kind": "obedient"}, actor="ann")


@pytest.fixture
def editor(pager: Sink) -> Client:
    return staff(pager.workspace, Role.EDITOR)


def typed(pager: Sink, **changes: Any) -> dict[str, Any]:
    """What a person types who adds a rule; what is left out was left empty."""
    said = {"workspace": pager.workspace_id, "name": "on-call", "sink": "pager", "events": ["failed", "stuck"]}
    return said | {"in_a_row": 3, "late_after": "5m", "enabled": "on"} | changes


def make_rule(pager: Sink, **said: Any) -> Rule:
    document = {"name": "on-call", "sink": "pager", **said}
    return save_rule(workspace=pager.workspace, document=document, actor="ann")


class TestWriting:
    def test_one_is_added_and_changed_through_the_service(self, editor: Client, pager: Sink) -> None:
        job = make_job(workspace=pager.workspace)
        assert editor.post("/admin/sinks/rule/add/", typed(pager)).status_code == 302
        rule = Rule.objects.get()
        assert (rule.document["in_a_row"], rule.document["events"]) == (3, ["failed", "stuck"])
        job.refresh_from_db()
        assert job.watched
        address = f"/admin/sinks/rule/{rule.pk}/change/"
        assert 'value="3"' in page(editor, address)
        change = typed(pager, in_a_row=5, jobs='{"tags": ["nightly"]}', digest="15m", version=1)
        assert editor.post(address, change).status_code == 302
        rule.refresh_from_db()
        assert (rule.version, rule.document["jobs"]) == (2, {"tags": ["nightly"]})
        assert (rule.document["in_a_row"], rule.document["digest"]) == (5, "15m")

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"jobs": '{"names": ["x"]}'}, "jobs.names"),
            ({"quiet": "soon"}, "expected milliseconds"),
            ({"sink": "sea"}, "no sink named"),
            ({"events": ["recovered"]}, "add failed"),
        ],
    )
    def test_what_is_wrong_is_told(self, editor: Client, pager: Sink, changes: dict[str, Any], told: str) -> None:
        answer = editor.post("/admin/sinks/rule/add/", typed(pager, **changes))
        assert told in answer.content.decode()
        assert not Rule.objects.exists()

    def test_what_somebody_else_changed_meanwhile_is_not_overwritten(self, editor: Client, pager: Sink) -> None:
        rule = make_rule(pager)
        make_rule(pager, in_a_row=2)
        answer = editor.post(f"/admin/sinks/rule/{rule.pk}/change/", typed(pager, version=1), follow=True)
        assert "was changed by somebody else" in answer.content.decode()
        rule.refresh_from_db()
        assert rule.document["in_a_row"] == 2

    def test_one_is_deleted_through_the_service(self, editor: Client, pager: Sink) -> None:
        job = make_job(workspace=pager.workspace)
        rule = make_rule(pager)
        editor.post(f"/admin/sinks/rule/{rule.pk}/delete/", {"post": "yes"})
        assert not Rule.objects.exists()
        job.refresh_from_db()
        assert not job.watched


class TestReading:
    def test_a_rules_page_shows_what_it_has_told(self, editor: Client, pager: Sink) -> None:
        rule = make_rule(pager)
        end_run(make_job(workspace=pager.workspace), failed=[1])
        tell()
        deliver()
        shown = page(editor, f"/admin/sinks/rule/{rule.pk}/change/")
        assert "task:ping failed" in shown
        assert f"/admin/sinks/delivery/{Delivery.objects.get().pk}/change/" in shown
        assert "on-call" in page(editor, "/admin/sinks/rule/")

    def test_a_runs_page_leads_to_what_was_told_about_it(self, editor: Client, pager: Sink) -> None:
        make_rule(pager)
        job = make_job(workspace=pager.workspace)
        failed, fine = end_run(job, failed=[1]), end_run(job)
        tell()
        deliver()
        address = f"/admin/sinks/delivery/of-run/{failed.pk}/notices/"
        assert f'<a href="{address}">Notices</a>' in page(editor, f"/admin/jobs/run/{failed.pk}/change/")
        shown = page(editor, address)
        assert "task:ping failed" in shown
        assert f"/admin/sinks/delivery/{Notice.objects.get(run_id=failed.pk).delivery_id}/change/" in shown
        quiet = end_run(make_job(workspace=pager.workspace, name="quiet"))
        assert ">Notices</a>" not in page(editor, f"/admin/jobs/run/{quiet.pk}/change/")
        assert "task:ping failed" not in page(editor, f"/admin/sinks/delivery/of-run/{fine.pk}/notices/")

    def test_what_was_told_about_a_run_is_not_for_others(self, pager: Sink) -> None:
        run = end_run(make_job(workspace=pager.workspace))
        outsider = staff(make_workspace("other"), Role.OWNER)
        assert outsider.get(f"/admin/sinks/delivery/of-run/{run.pk}/notices/").status_code == 404

    def test_a_viewer_sees_a_rule_and_cannot_change_it(self, pager: Sink) -> None:
        rule = make_rule(pager)
        viewer = staff(pager.workspace, Role.VIEWER)
        assert 'name="_save"' not in page(viewer, f"/admin/sinks/rule/{rule.pk}/change/")
        assert viewer.get("/admin/sinks/rule/add/").status_code == 403

    def test_deliveries_of_notices_are_shown_with_their_rule_also_when_it_is_gone(
        self, editor: Client, pager: Sink
    ) -> None:
        rule = make_rule(pager)
        end_run(make_job(workspace=pager.workspace), failed=[1])
        tell()
        deliver()
        delivery = Delivery.objects.get()
        pages = (
            "/admin/sinks/delivery/",
            f"/admin/sinks/delivery/{delivery.pk}/change/",
            f"/admin/sinks/sink/{pager.pk}/change/",
        )
        assert all("rule on-call" in page(editor, address) for address in pages)
        rule.delete()
        assert all("a rule that was deleted" in page(editor, address) for address in pages)

    def test_nobody_sees_those_of_another_workspace(self, editor: Client, pager: Sink) -> None:
        make_rule(pager)
        end_run(make_job(workspace=pager.workspace), failed=[1])
        tell()
        other = make_workspace("other")
        stranger = Client()
        stranger.force_login(make_user("eve", workspace=other, role=Role.OWNER, is_staff=True))
        assert "rule on-call" not in page(stranger, "/admin/sinks/delivery/")
        assert "on-call" not in page(stranger, "/admin/sinks/rule/")
