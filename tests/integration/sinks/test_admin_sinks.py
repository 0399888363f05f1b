"""Sinks and deliveries in the admin."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.utils import timezone

from jobs import dispatch
from jobs.errors import PermanentError
from jobs.models import Job, Role, Run, Workspace
from sinks.models import Delivery, Sink, Standing
from sinks.services.naming import save_sink
from tests.integration.people import make_user, make_workspace
from tests.integration.sinks.makers import end_run, make_job
from tests.integration.sinks.obedient import Target
from tests.integration.sinks.test_delivering import deliver, refusing
from workers.sink_checks import perform

LAKE = {"name": "lake", "kind": "obedient", "configuration": {"place": "here"}}


@pytest.fixture
def workspace(transactional_db: None, target: Target) -> Workspace:
    ContentType.objects.clear_cache()  # of the test before, whose tables were emptied
    ContentType.objects.get_for_model(Sink)  # the admin's history names it
    return make_workspace()


@pytest.fixture
def lake(workspace: Workspace) -> Sink:
    return save_sink(workspace=workspace, document=LAKE, actor="ann")


def staff(workspace: Workspace, role: Role) -> Client:
    client = Client()
    client.force_login(make_user(f"the-{role.value}", workspace=workspace, role=role, is_staff=True))
    return client


@pytest.fixture
def editor(workspace: Workspace) -> Client:
    return staff(workspace, Role.EDITOR)


@pytest.fixture
def operator(workspace: Workspace) -> Client:
    return staff(workspace, Role.OPERATOR)


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def typed(**changes: Any) -> dict[str, Any]:
    document = LAKE | changes
    return {**document, "configuration": json.dumps(document["configuration"])}


def refuse_one(target: Target) -> None:
    target.before = refusing(PermanentError("too <large>", code="size"), times=1)
    end_run(make_job({"sink": "lake"}, payloads=2))
    deliver()


class TestWriting:
    def test_one_is_added_and_changed_through_the_service(self, editor: Client, workspace: Workspace) -> None:
        assert editor.post("/admin/sinks/sink/add/", typed() | {"workspace": workspace.pk}).status_code == 302
        sink = Sink.objects.get()
        address = f"/admin/sinks/sink/{sink.pk}/change/"
        assert "&quot;place&quot;" in page(editor, address)
        change = typed(configuration={"place": "there"}) | {"version": 1}
        assert editor.post(address, change).status_code == 302
        sink.refresh_from_db()
        assert (sink.version, sink.configuration) == (2, {"place": "there"})

    @pytest.mark.parametrize(
        ("changes", "told"),
        [({"configuration": {"x": 1}}, "configuration.x"), ({"name": "no spaces"}, "expected a letter or digit")],
    )
    def test_what_is_wrong_is_told_beside_its_field(
        self, editor: Client, workspace: Workspace, changes: dict[str, Any], told: str
    ) -> None:
        answer = editor.post("/admin/sinks/sink/add/", typed(**changes) | {"workspace": workspace.pk})
        assert told in answer.content.decode()
        assert not Sink.objects.exists()

    def test_what_somebody_else_changed_meanwhile_is_not_overwritten(self, editor: Client, lake: Sink) -> None:
        save_sink(workspace=lake.workspace, document=LAKE | {"description": "raw"}, actor="bob")
        answer = editor.post(f"/admin/sinks/sink/{lake.pk}/change/", typed() | {"version": 1})
        assert "somebody else changed this sink" in answer.content.decode()
        assert Sink.objects.get().description == "raw"

    def test_one_that_is_used_stays_and_one_that_is_not_goes(self, editor: Client, lake: Sink) -> None:
        make_job({"sink": "lake"})
        address = f"/admin/sinks/sink/{lake.pk}/delete/"
        told = editor.post(address, {"post": "yes"}, follow=True).content.decode()
        assert "is used by task:ping" in told
        make_job()
        editor.post(address, {"post": "yes"})
        assert not Sink.objects.exists()

    def test_a_jobs_own_sink_is_only_shown(self, editor: Client, workspace: Workspace) -> None:
        make_job({"kind": "obedient", "name": "own"})
        sink = Sink.objects.get()
        address = f"/admin/sinks/sink/{sink.pk}/change/"
        assert "task:ping" in page(editor, "/admin/sinks/sink/")
        assert 'name="_save"' not in page(editor, address)
        assert editor.post(address, typed(name="own")).status_code == 403


class TestStanding:
    def test_a_list_and_a_page_say_why_a_sink_takes_nothing(self, operator: Client, lake: Sink) -> None:
        Standing.objects.update(disabled_at=timezone.now(), disabled_reason="410 <Gone>")
        for address in ("/admin/sinks/sink/", f"/admin/sinks/sink/{lake.pk}/change/"):
            shown = page(operator, address)
            assert "disabled" in shown
            assert "410 &lt;Gone&gt;" in shown

    def test_the_newest_deliveries_are_shown_and_filtered(self, operator: Client, lake: Sink, target: Target) -> None:
        refuse_one(target)
        address = f"/admin/sinks/sink/{lake.pk}/change/"
        both, dead = page(operator, address), page(operator, f"{address}?state=dead")
        assert (both.count("/admin/sinks/delivery/"), dead.count("/admin/sinks/delivery/")) >= (2, 1)
        assert "too &lt;large&gt;" in dead
        assert "of task:ping" in dead


class TestButtons:
    def test_check_tells_what_a_worker_found(
        self, operator: Client, lake: Sink, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dispatch, "publish_sink_check", lambda check_id: perform(check_id=check_id))
        address = f"/admin/sinks/sink/{lake.pk}/do/check/"
        assert "A worker tests the connection" in page(operator, address)
        assert "can be reached: It obeys." in operator.post(address, follow=True).content.decode()

    def test_enable_lets_it_be_delivered_to_again(self, operator: Client, lake: Sink) -> None:
        Standing.objects.update(disabled_at=timezone.now(), disabled_reason="gone")
        address = f"/admin/sinks/sink/{lake.pk}/do/enable/"
        assert "is enabled" in operator.post(address, follow=True).content.decode()
        assert Standing.objects.get().disabled_at is None
        assert "nothing was changed" in operator.post(address, follow=True).content.decode()

    def test_redeliver_takes_what_was_given_up_since_a_time(self, operator: Client, lake: Sink, target: Target) -> None:
        refuse_one(target)
        address = f"/admin/sinks/sink/{lake.pk}/do/redeliver/"
        later = operator.post(address, {"since": "2999-01-01 00:00"}, follow=True).content.decode()
        assert "that are made again: 0." in later
        assert "Enter a valid" in operator.post(address, {"since": "soon"}).content.decode()
        assert "that are made again: 1." in operator.post(address, {"since": ""}, follow=True).content.decode()
        assert Delivery.objects.filter(state="due").count() == 1

    def test_a_viewer_sees_none_of_them(self, workspace: Workspace, lake: Sink) -> None:
        viewer = staff(workspace, Role.VIEWER)
        assert "/do/" not in page(viewer, f"/admin/sinks/sink/{lake.pk}/change/")
        assert viewer.post(f"/admin/sinks/sink/{lake.pk}/do/enable/").status_code == 404


class TestDeliveries:
    def test_one_is_shown_with_its_attempts(self, operator: Client, lake: Sink, target: Target) -> None:
        refuse_one(target)
        dead = Delivery.objects.get(state="dead")
        assert str(dead.pk) in page(operator, "/admin/sinks/delivery/?state=dead")
        shown = page(operator, f"/admin/sinks/delivery/{dead.pk}/change/")
        assert "too &lt;large&gt;" in shown
        assert "size" in shown

    def test_a_long_error_ends_in_an_ellipsis_and_is_whole_on_its_page(
        self, operator: Client, lake: Sink, target: Target
    ) -> None:
        whole = "no " * 60 + "more"
        target.before = refusing(PermanentError(whole, code="size"))
        end_run(make_job({"sink": "lake"}, payloads=1))
        deliver()
        listed = page(operator, "/admin/sinks/delivery/")
        assert f'title="{whole}">{whole[:119]}…</span>' in listed
        assert "sinks/deliveries.css" in listed
        shown = page(operator, f"/admin/sinks/delivery/{Delivery.objects.get().pk}/change/")
        assert f'<td class="said">{whole}</td>' in shown

    def test_a_number_may_be_its_own_or_its_runs_or_its_sinks(
        self, operator: Client, lake: Sink, target: Target
    ) -> None:
        run = end_run(make_job({"sink": "lake"}, payloads=1))
        deliver()
        pk = Delivery.objects.get(run_id=run.pk).pk
        for number in (pk, run.pk, lake.pk):
            assert pk in self.found(operator, q=str(number))

    @pytest.mark.parametrize("term", ["dlv_{id}", "lake", "task:ping"])
    def test_it_is_found_by_what_people_know_of_it(
        self, operator: Client, lake: Sink, target: Target, term: str
    ) -> None:
        end_run(make_job(LAKE | {"name": "pond"}, payloads=1, name="pong"))
        run = end_run(make_job({"sink": "lake"}, payloads=1))
        deliver()
        pk = Delivery.objects.get(run_id=run.pk).pk
        assert self.found(operator, q=term.format(id=pk)) == [pk]

    def test_the_filters_choose_workspace_state_and_kind(self, operator: Client, lake: Sink, target: Target) -> None:
        run = end_run(make_job({"sink": "lake"}, payloads=1))
        deliver()
        pk = Delivery.objects.get(run_id=run.pk).pk
        assert self.found(operator, **{"in": "acme"}) == [pk]
        assert self.found(operator, **{"in": "other"}) == []
        assert (self.found(operator, kind="obedient"), self.found(operator, kind="log")) == ([pk], [])
        assert (self.found(operator, state="delivered"), self.found(operator, state="dead")) == ([pk], [])

    def found(self, client: Client, **query: str) -> list[int]:
        """The deliveries that the list shows."""
        response = client.get("/admin/sinks/delivery/", query)
        assert response.status_code == 200
        return [delivery.pk for delivery in response.context["cl"].result_list]

    def test_the_selected_ones_are_delivered_again(self, operator: Client, lake: Sink, target: Target) -> None:
        refuse_one(target)
        ids = list(Delivery.objects.values_list("pk", flat=True))
        told = operator.post(
            "/admin/sinks/delivery/", {"action": "deliver_again", "_selected_action": ids}, follow=True
        )
        assert "2 of them will be delivered again" in told.content.decode()
        assert set(Delivery.objects.values_list("state", flat=True)) == {"due"}

    def test_of_one_whose_results_were_erased_it_says_that_it_cannot_be(
        self, operator: Client, lake: Sink, target: Target
    ) -> None:
        run = end_run(make_job({"sink": "lake"}, payloads=1))
        deliver()
        Run.objects.filter(pk=run.pk).update(results_erased_at=timezone.now())
        pk = Delivery.objects.get().pk
        assert "It cannot be made again: the results of its run were erased" in page(
            operator, f"/admin/sinks/delivery/{pk}/again/"
        )
        told = operator.post(f"/admin/sinks/delivery/{pk}/again/", follow=True).content.decode()
        assert f"Not delivered again: {pk}: the results of its run were erased" in told
        assert Delivery.objects.get().state == "delivered"

    def test_one_is_delivered_again_from_its_page(self, operator: Client, lake: Sink, target: Target) -> None:
        refuse_one(target)
        dead = Delivery.objects.get(state="dead")
        address = f"/admin/sinks/delivery/{dead.pk}/"
        assert f"{address}again/" in page(operator, f"{address}change/")
        assert "under the id that it has" in page(operator, f"{address}again/")
        told = operator.post(f"{address}again/", follow=True).content.decode()
        assert "1 of them will be delivered again" in told
        assert f"{address}again/" not in told, "it is due anyway"
        assert Delivery.objects.get(pk=dead.pk).state == "due"

    def test_a_viewer_cannot_and_strangers_see_nothing(self, workspace: Workspace, lake: Sink, target: Target) -> None:
        refuse_one(target)
        ids = list(Delivery.objects.values_list("pk", flat=True))
        stranger = staff(make_workspace("other"), Role.OWNER)
        for client in (staff(workspace, Role.VIEWER), stranger):
            client.post("/admin/sinks/delivery/", {"action": "deliver_again", "_selected_action": ids})
            assert client.post(f"/admin/sinks/delivery/{ids[0]}/again/").status_code == 404
        assert not Delivery.objects.filter(state="due").exists()
        assert stranger.get(f"/admin/sinks/delivery/{ids[0]}/change/").status_code == 302
        assert f"/admin/sinks/delivery/{ids[0]}/" not in page(stranger, "/admin/sinks/delivery/")

    def test_a_run_shows_how_it_stands_with_its_own(self, operator: Client, lake: Sink, target: Target) -> None:
        refuse_one(target)
        run_id = Delivery.objects.values_list("run_id", flat=True)[0]
        shown = page(operator, f"/admin/jobs/run/{run_id}/change/")
        assert "<td>lake</td><td>1</td><td>0</td>" in shown
        assert f'?run_id={run_id}&amp;state__exact=dead">1</a>' in shown
        assert f"/admin/sinks/delivery/?run_id={run_id}" in shown
        ids = list(Delivery.objects.values_list("pk", flat=True))
        end_run(make_job({"sink": "lake"}))
        deliver()
        of_run = page(operator, f"/admin/sinks/delivery/?run_id={run_id}")
        assert sorted(Delivery.objects.exclude(pk__in=ids).values_list("pk", flat=True))
        shown_ids = {each for each in Delivery.objects.values_list("pk", flat=True) if f"/delivery/{each}/" in of_run}
        assert shown_ids == set(ids)


class TestTheSinksOfAJob:
    @staticmethod
    def job(sinks: str) -> dict[str, Any]:
        return {
            "description": "",
            "payload": '[{"kind": "noop"}]',
            "sinks": sinks,
            "version": Job.objects.get().version,
        }

    def test_they_are_written_with_it(self, editor: Client, lake: Sink) -> None:
        make_job()
        address = f"/admin/jobs/job/{Job.objects.get().pk}/change/"
        assert editor.post(address, self.job('[{"sink": "lake", "deliver": "run"}]')).status_code == 302
        assert Job.objects.get().sinks[0]["sink"] == "lake"
        assert "&quot;lake&quot;" in page(editor, address)

    def test_what_is_wrong_is_told_on_the_field(self, editor: Client, lake: Sink) -> None:
        make_job()
        address = f"/admin/jobs/job/{Job.objects.get().pk}/change/"
        told = editor.post(address, self.job('[{"sink": "lake", "deliver": "pieces"}]')).content.decode()
        assert "sinks.0.deliver" in told
        assert "sinks.0.sink" in editor.post(address, self.job('[{"sink": "sea"}]'), follow=True).content.decode()
        assert Job.objects.get().sinks == []
