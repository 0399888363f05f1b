"""The pages of sinks: what they show, and what is done there, by role."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.models import Event, Job, Origin, Role, Workspace
from sinks.models import Check, Delivery, Sink, Standing
from tests.integration.delivery_rows import disable, make_delivery, make_sink, rest
from tests.integration.people import make_job, make_user, make_workspace, signed_in
from tests.integration.run_rows import make_ended_run
from tests.integration.ui.deliveries.conftest import Browser
from tests.integration.ui.deliveries.reading import BASE, queries, sent, text

pytestmark = pytest.mark.django_db

HOOK = {"url": "https://partner.example/hook"}


@pytest.fixture
def sink(workspace: Workspace) -> Sink:
    return make_sink(workspace, "hook", kind="webhook", configuration=HOOK, description="tells the partner")


@pytest.fixture
def job(workspace: Workspace, sink: Sink) -> Job:
    own = {"name": "own", "kind": "log"}
    return make_job(workspace, "task:report", payloads=2, sinks=[{"sink": "hook"}, own])


class TestTheList:
    def test_it_shows_a_sink_with_what_it_is_owed_and_who_uses_it(self, browser: Browser, sink: Sink, job: Job) -> None:
        run = make_ended_run(job, "ss")
        make_delivery(run, sink, "dead")
        make_delivery(make_ended_run(job, "s"), sink, "due")
        page = text(browser(Role.VIEWER), "sinks/")
        for words in (
            "hook",
            "Webhook",
            "tells the partner",
            "task:report",
            "READY",
            "state=dead&amp;sink=hook",
            "DUE",
        ):
            assert words in page

    @pytest.mark.parametrize(
        ("query", "is_there"),
        [
            ("search=HOO", True),
            ("search=else", False),
            ("kind=webhook", True),
            ("kind=log", False),
            ("state=resting", False),
            ("state=disabled", False),
            ("state=nonsense", False),
            ("job=task:report", True),
            ("job=task:none", False),
            ("job=nonsense", False),
            ("after=gook", True),
            ("after=iook", False),
        ],
    )
    def test_filters_of_the_address_choose(
        self, browser: Browser, sink: Sink, job: Job, query: str, is_there: bool
    ) -> None:
        assert ("/sinks/hook/" in text(browser(Role.VIEWER), f"sinks/?{query}")) is is_there

    def test_the_state_tells_why(self, browser: Browser, sink: Sink, workspace: Workspace) -> None:
        disable(sink)
        rest(make_sink(workspace, "tired"))
        page = text(browser(Role.VIEWER), "sinks/")
        assert "HTTP 410 Gone" in page
        assert "RESTING" in page
        assert "/sinks/hook/" not in text(browser_again(workspace), "sinks/?state=resting")

    def test_a_jobs_own_sinks_are_found_by_the_job(self, browser: Browser, job: Job) -> None:
        client = browser(Role.VIEWER)
        assert "/jobs/task:report/sinks/own/" in text(client, "sinks/?job=task:report")
        assert "/sinks/own/" not in text(client, "sinks/")

    def test_what_is_kept_in_a_file_says_so(self, browser: Browser, sink: Sink, workspace: Workspace) -> None:
        Origin.objects.create(workspace=workspace, kind="sink", name="hook", source="repo", path="sinks/hook.yaml")
        assert "from a file" in text(browser(Role.VIEWER), "sinks/")

    def test_an_empty_one_says_what_to_do_first_to_who_may(self, browser: Browser) -> None:
        assert "There are no sinks yet" in text(browser(Role.EDITOR), "sinks/")
        assert "/add-sink/" not in text(browser(Role.VIEWER), "sinks/")

    def test_its_queries_do_not_grow_with_its_sinks(
        self, browser: Browser, workspace: Workspace, sink: Sink, job: Job
    ) -> None:
        client = browser(Role.EDITOR)
        make_delivery(make_ended_run(job, "s"), sink)
        few = queries(client, "sinks/")
        for number in range(20):
            other = make_sink(workspace, f"more-{number}")
            made = make_job(workspace, f"task:n{number}", sinks=[{"sink": other.name}])
            make_delivery(make_ended_run(made, "s"), other)
        assert queries(client, "sinks/") == few

    def test_another_workspaces_sinks_are_not_there(self, browser: Browser) -> None:
        make_sink(make_workspace("globex"), "theirs")
        client = browser(Role.OWNER)
        assert "theirs" not in text(client, "sinks/")
        assert client.get(f"{BASE}sinks/theirs/").status_code == 404


def browser_again(workspace: Workspace) -> Any:
    return signed_in(make_user("another", workspace=workspace, role=Role.VIEWER))


class TestASink:
    def test_it_shows_what_it_is_told_and_its_last_deliveries(self, browser: Browser, sink: Sink, job: Job) -> None:
        delivery = make_delivery(make_ended_run(job, "ss"), sink, "dead")
        page = text(browser(Role.VIEWER), "sinks/hook/")
        for words in (
            "https://partner.example/hook",
            f"/deliveries/{delivery.pk}/",
            "HTTP 503 Service Unavailable",
            "task:report",
            "single payloads",
        ):
            assert words in page

    def test_secrets_are_there_by_name(self, browser: Browser, workspace: Workspace) -> None:
        make_sink(workspace, "signed", kind="webhook", configuration=HOOK | {"sign": {"secrets": ["partner-key"]}})
        assert "partner-key" in text(browser(Role.VIEWER), "sinks/signed/")

    def test_a_jobs_own_is_shown_and_not_edited(self, browser: Browser, job: Job) -> None:
        page = text(browser(Role.EDITOR), "jobs/task:report/sinks/own/")
        assert "is changed there" in page
        assert "/edit/" not in page

    def test_its_queries_do_not_grow_with_its_deliveries(self, browser: Browser, sink: Sink, job: Job) -> None:
        client = browser(Role.EDITOR)
        make_delivery(make_ended_run(job, "s"), sink)
        few = queries(client, "sinks/hook/")
        for _ in range(15):
            make_delivery(make_ended_run(job, "s"), sink, "dead")
        assert queries(client, "sinks/hook/") == few

    def test_what_a_role_may_not_do_is_not_offered(self, browser: Browser, sink: Sink, job: Job) -> None:
        make_delivery(make_ended_run(job, "s"), sink, "dead")
        rest(sink)
        viewer, operator = text(browser(Role.VIEWER), "sinks/hook/"), text(browser(Role.OPERATOR), "sinks/hook/")
        editor = text(browser(Role.EDITOR), "sinks/hook/")
        for verb in ("test", "enable", "redeliver"):
            assert f"sinks/hook/{verb}/" not in viewer
            assert f"sinks/hook/{verb}/" in operator
        for verb in ("edit", "delete"):
            assert f"sinks/hook/{verb}/" not in operator
            assert f"sinks/hook/{verb}/" in editor


VERBS = [
    ("test", Role.OPERATOR),
    ("enable", Role.OPERATOR),
    ("redeliver", Role.OPERATOR),
    ("edit", Role.EDITOR),
    ("delete", Role.EDITOR),
    ("release", Role.EDITOR),
]
RANKS = [Role.VIEWER, Role.OPERATOR, Role.EDITOR]


class TestWhatIsDoneToOne:
    @pytest.mark.parametrize(("verb", "least"), VERBS)
    def test_a_forged_form_changes_nothing(
        self, browser: Browser, workspace: Workspace, sink: Sink, verb: str, least: Role
    ) -> None:
        rest(sink)
        for role in RANKS[: RANKS.index(least)]:
            assert browser(role).post(f"{BASE}sinks/hook/{verb}/").status_code == 403
        stranger = signed_in(make_user("otto", workspace=make_workspace("other"), role=Role.OWNER))
        assert stranger.post(f"{BASE}sinks/hook/{verb}/").status_code == 404
        assert Standing.objects.get(sink=sink).failures == 5
        assert Sink.objects.get(pk=sink.pk).version == 1
        assert not Check.objects.exists()

    def test_one_that_rests_is_woken(self, browser: Browser, sink: Sink) -> None:
        rest(sink)
        sent(browser(Role.OPERATOR), "sinks/hook/enable/")
        assert Standing.objects.get(sink=sink).retry_at is None
        assert Event.objects.get(kind="sink.enabled").actor == "some-operator"

    def test_one_that_is_well_is_not_asked_about(self, browser: Browser, sink: Sink) -> None:
        assert "neither disabled nor resting" in text(browser(Role.OPERATOR), "sinks/hook/enable/")

    def test_what_is_dead_is_made_due_since_a_time(self, browser: Browser, sink: Sink, job: Job) -> None:
        delivery = make_delivery(make_ended_run(job, "s"), sink, "dead")
        client = browser(Role.OPERATOR)
        assert "1 delivery was given up" in text(client, "sinks/hook/redeliver/")
        sent(client, "sinks/hook/redeliver/", {"since": "2199-01-01T00:00"})
        assert Delivery.objects.get(pk=delivery.pk).state == "dead"
        sent(client, "sinks/hook/redeliver/", {"since": ""})
        assert Delivery.objects.get(pk=delivery.pk).state == "due"

    def test_a_time_that_is_none_is_told_beside_its_field(self, browser: Browser, sink: Sink, job: Job) -> None:
        delivery = make_delivery(make_ended_run(job, "s"), sink, "dead")
        sent(browser(Role.OPERATOR), "sinks/hook/redeliver/", {"since": "soon"}, status=422)
        assert Delivery.objects.get(pk=delivery.pk).state == "dead"

    def test_one_that_is_used_is_not_deleted_and_the_jobs_are_named(
        self, browser: Browser, sink: Sink, job: Job
    ) -> None:
        client = browser(Role.EDITOR)
        assert "task:report" in text(client, "sinks/hook/delete/")
        assert "task:report" in sent(client, "sinks/hook/delete/", status=422)
        assert Sink.objects.filter(pk=sink.pk).exists()

    def test_one_that_is_not_used_is_deleted(self, browser: Browser, sink: Sink) -> None:
        sent(browser(Role.EDITOR), "sinks/hook/delete/")
        assert not Sink.objects.filter(pk=sink.pk).exists()

    def test_one_of_a_file_is_released_and_then_edited(
        self, browser: Browser, workspace: Workspace, sink: Sink
    ) -> None:
        Origin.objects.create(workspace=workspace, kind="sink", name="hook", source="repo", path="sinks/hook.yaml")
        client = browser(Role.EDITOR)
        assert "sinks/hook.yaml" in text(client, "sinks/hook/")
        assert client.get(f"{BASE}sinks/hook/edit/").status_code == 302
        sent(client, "sinks/hook/release/", {"note": "moved"})
        assert text(client, "sinks/hook/edit/")

    def test_a_test_that_nobody_answers_says_so(self, browser: Browser, sink: Sink) -> None:
        answer = browser(Role.OPERATOR).post(f"{BASE}sinks/hook/test/", headers={"HX-Request": "true"})
        assert "no worker has answered" in answer.content.decode()
        assert Check.objects.get().name == "hook"

    def test_a_jobs_own_is_woken_and_delivered_to_again(self, browser: Browser, job: Job) -> None:
        own = Sink.objects.get(job=job)
        rest(own)
        sent(browser(Role.OPERATOR), "jobs/task:report/sinks/own/enable/")
        assert Standing.objects.get(sink=own).retry_at is None


NEW = {"name": "hook", "kind": "webhook", "c-url": "https://partner.example/hook", "c-timeout": "5s"}


class TestTheForm:
    def test_the_kind_is_chosen_first(self, browser: Browser) -> None:
        page = text(browser(Role.EDITOR), "add-sink/")
        for kind in ("webhook", "s3", "sql", "email", "log"):
            assert f"/add-sink/{kind}/" in page
        assert browser(Role.OPERATOR).get(f"{BASE}add-sink/").status_code == 403

    @pytest.mark.parametrize("kind", ["webhook", "http", "s3", "file", "sql", "email", "kafka", "message", "log"])
    def test_each_kind_has_a_form(self, browser: Browser, kind: str) -> None:
        assert 'name="c-' in text(browser(Role.EDITOR), f"add-sink/{kind}/")

    def test_a_kind_that_there_is_not_has_none(self, browser: Browser) -> None:
        assert browser(Role.EDITOR).get(f"{BASE}add-sink/pigeon/").status_code == 404

    def test_what_is_typed_becomes_a_sink(self, browser: Browser, workspace: Workspace) -> None:
        sent(browser(Role.EDITOR), "add-sink/webhook/", NEW | {"c-headers": '{"X-Who": "jobs"}'})
        made = Sink.objects.get(workspace=workspace, name="hook")
        assert (made.kind, made.configuration) == ("webhook", HOOK | {"timeout": "5s", "headers": {"X-Who": "jobs"}})

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
    def test_who_may_not_makes_none(self, browser: Browser, role: Role) -> None:
        assert browser(role).post(f"{BASE}add-sink/webhook/", NEW).status_code == 403
        assert not Sink.objects.exists()

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"c-url": "ftp://partner"}, "id_c-url"),
            ({"c-timeout": "2h"}, "id_c-timeout"),
            ({"c-headers": "{"}, "id_c-headers"),
            ({"c-sign": '{"secrets": []}'}, "id_c-sign"),
            ({"name": "a b"}, "id_name"),
            ({"name": ""}, "id_name"),
        ],
    )
    def test_what_is_wrong_stands_beside_its_field(self, browser: Browser, wrong: dict[str, str], field: str) -> None:
        page = sent(browser(Role.EDITOR), "add-sink/webhook/", NEW | wrong, status=422)
        assert f'id="{field}_error"' in page
        assert not Sink.objects.exists()

    def test_what_is_wrong_with_the_whole_stands_above(self, browser: Browser) -> None:
        page = sent(browser(Role.EDITOR), "add-sink/webhook/", NEW | {"c-url": ""}, status=422)
        assert "url_secret" in page
        assert 'class="note tone-red"' in page

    def test_a_name_that_is_taken_is_told(self, browser: Browser, sink: Sink) -> None:
        assert "exists already" in sent(browser(Role.EDITOR), "add-sink/webhook/", NEW, status=422)

    def test_the_other_view_is_the_same_sink(self, browser: Browser) -> None:
        client = browser(Role.EDITOR)
        page = sent(client, "add-sink/webhook/", NEW | {"other_view": "1"}, status=200)
        assert "&quot;url&quot;: &quot;https://partner.example/hook&quot;" in page
        as_json = {"name": "hook", "view": "json", "kind": "log", "configuration": '{"prefix": "> "}'}
        assert 'name="c-prefix"' in sent(client, "add-sink/webhook/", as_json | {"other_view": "1"}, status=200)
        sent(client, "add-sink/webhook/", as_json)
        assert Sink.objects.get().configuration == {"prefix": "> "}

    @pytest.mark.parametrize("configuration", ["{", "[]", '{"nonsense": 1}'])
    def test_what_is_wrong_in_json_is_told(self, browser: Browser, configuration: str) -> None:
        typed = {"name": "hook", "view": "json", "kind": "log", "configuration": configuration}
        assert 'id="id_configuration_error"' in sent(browser(Role.EDITOR), "add-sink/log/", typed, status=422)

    def test_a_copy_begins_with_what_it_copies(self, browser: Browser, sink: Sink) -> None:
        page = text(browser(Role.EDITOR), "add-sink/webhook/?from=hook")
        assert "hook-copy" in page
        assert "https://partner.example/hook" in page

    def test_a_change_is_saved(self, browser: Browser, sink: Sink) -> None:
        client = browser(Role.EDITOR)
        page = text(client, "sinks/hook/edit/")
        assert 'name="version" value="1"' in page
        assert 'name="name"' not in page
        typed = {"kind": "webhook", "c-url": "https://other.example/", "version": "1", "description": "new"}
        sent(client, "sinks/hook/edit/", typed)
        sink.refresh_from_db()
        assert (sink.configuration, sink.version, sink.description) == ({"url": "https://other.example/"}, 2, "new")

    @pytest.mark.parametrize("seen", ["1", "", "x"])
    def test_who_was_slower_is_told_and_loses_nothing(self, browser: Browser, sink: Sink, seen: str) -> None:
        client = browser(Role.EDITOR)
        typed = {"kind": "webhook", "c-url": "https://mine.example/", "version": seen}
        sent(client, "sinks/hook/edit/", typed | {"c-url": "https://theirs.example/", "version": "1"})
        page = sent(client, "sinks/hook/edit/", typed, status=409)
        assert "Somebody changed this sink" in page
        assert "https://mine.example/" in page
        assert 'name="version" value="2"' in page
        assert Sink.objects.get().configuration == {"url": "https://theirs.example/"}

    def test_what_is_typed_is_tested_without_being_saved(self, browser: Browser) -> None:
        page = sent(browser(Role.EDITOR), "add-sink/webhook/test/", NEW, status=200)
        assert "no worker has answered" in page
        assert Check.objects.get().configuration["url"] == HOOK["url"]
        assert not Sink.objects.exists()

    @pytest.mark.parametrize(("wrong", "told"), [({"c-url": "ftp://x"}, "url"), ({"c-headers": "{"}, "cannot be read")])
    def test_a_test_of_what_is_none_says_why(self, browser: Browser, wrong: dict[str, str], told: str) -> None:
        assert told in sent(browser(Role.EDITOR), "add-sink/webhook/test/", NEW | wrong, status=200)
        assert not Check.objects.exists()

    def test_an_operator_may_not_test_what_is_typed(self, browser: Browser) -> None:
        sent(browser(Role.OPERATOR), "add-sink/webhook/test/", NEW, status=403)
