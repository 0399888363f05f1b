"""Trying the call of an HTTP payload: as a run would make it, by a worker, once."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from jobs import dispatch, hotpath
from jobs.errors import ValidationError
from jobs.models import AuditEntry, Role, TrialCall, Workspace
from jobs.services import trial_calls
from jobs.services.secrets import set_secret
from tests.integration.http_payload.service import Service
from tests.integration.people import Api, make_user, make_workspace, signed_in
from workers.payloads.http.connections import POOL
from workers.trial_calls import perform

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = "/ui/w/acme/jobs/form/try-call/0/"


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def service(settings: Any) -> Iterator[Service]:
    """A service on loopback that may be called."""
    settings.JOBS_EGRESS_ALLOW = [ipaddress.ip_network("127.0.0.1/32")]
    POOL.close()
    with Service() as service:
        yield service
    POOL.close()


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Whoever is asked does it at once."""
    calls: list[int] = []

    def publish(call_id: int) -> None:
        calls.append(call_id)
        perform(call_id=call_id)

    monkeypatch.setattr(dispatch, "publish_trial_call", publish)
    yield calls
    hotpath.close()


def tried(workspace: Workspace, **parameters: Any) -> TrialCall:
    now = dt.datetime.now(dt.UTC)
    call = trial_calls.ask(workspace=workspace, parameters=parameters, actor="eda", now=now)
    call.refresh_from_db()
    return call


def result(call: TrialCall) -> dict[str, Any]:
    assert call.error is None, call.error
    return call.result or {}


class TestPerform:
    def test_it_tells_what_came_back(self, workspace: Workspace, service: Service) -> None:
        found = result(tried(workspace, url=service.url("/ok"), method="POST", body={"json": {"n": 1}}))
        assert (found["status"], found["verdict"], found["body_cut"]) == (200, "", False)
        assert service.seen[-1].method == "POST"
        assert service.seen[-1].body == b'{"n": 1}'

    def test_an_answer_that_a_run_would_fail_for_is_shown_with_why(
        self, workspace: Workspace, service: Service
    ) -> None:
        found = result(tried(workspace, url=service.url("/status?code=503")))
        assert found["status"] == 503
        assert "HTTP 503" in found["verdict"]

    def test_of_a_large_body_the_beginning_is_kept(self, workspace: Workspace, service: Service) -> None:
        found = result(tried(workspace, url=service.url("/large?size=5000")))
        assert (len(found["body"]), found["body_cut"]) == (1024, True)

    def test_where_a_run_may_not_call_it_may_not_either(
        self, workspace: Workspace, service: Service, settings: Any
    ) -> None:
        settings.JOBS_EGRESS_ALLOW = []
        call = tried(workspace, url=service.url("/ok"))
        assert (call.error or {})["code"] == "egress_refused"
        assert not service.seen

    def test_a_secret_is_sent_and_not_told(self, workspace: Workspace, service: Service) -> None:
        set_secret(workspace=workspace, name="token", value="abc-123-secret", actor="ann")
        auth = {"bearer": {"secret": "token"}}
        call = tried(workspace, url=service.url("/echo"), auth=auth)
        assert service.seen[-1].headers["Authorization"] == "Bearer abc-123-secret"
        assert "abc-123-secret" not in str(call.result)
        assert "abc-123-secret" not in str(list(AuditEntry.objects.values("after", "target")))

    def test_nothing_that_is_not_there_is_asked_for_a_secret_of_others(
        self, workspace: Workspace, service: Service
    ) -> None:
        set_secret(workspace=make_workspace("globex"), name="token", value="abc-123-secret", actor="ann")
        call = tried(workspace, url=service.url("/ok"), auth={"bearer": {"secret": "token"}})
        assert call.result is None
        assert not service.seen

    def test_it_is_made_once_and_has_a_key_of_its_own(
        self, workspace: Workspace, service: Service, asked: list[int]
    ) -> None:
        tried(workspace, url=service.url("/ok"))
        first = service.seen[-1].headers["Idempotency-Key"]
        assert not perform(call_id=asked[0])
        tried(workspace, url=service.url("/ok"))
        assert service.seen[-1].headers["Idempotency-Key"] != first

    def test_nobody_makes_it_once_nobody_waits(self, workspace: Workspace, service: Service) -> None:
        long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5)
        parameters = {"url": service.url("/ok")}
        call = trial_calls.ask(workspace=workspace, parameters=parameters, actor="eda", now=long_ago)
        call.refresh_from_db()
        assert (call.taken_at, service.seen) == (None, [])
        assert trial_calls.erase_expired(now=dt.datetime.now(dt.UTC) + dt.timedelta(hours=2)) == 1


class TestAsk:
    @pytest.mark.parametrize(
        ("parameters", "field"),
        [
            ({}, "url"),
            ({"url": "ftp://a.example"}, "url"),
            ({"url": "https://a.example", "batch": {"items": [1, 2]}}, "batch"),
        ],
    )
    def test_what_is_wrong_is_told_with_its_field(self, workspace: Workspace, parameters: Any, field: str) -> None:
        with pytest.raises(ValidationError) as refused:
            trial_calls.ask(workspace=workspace, parameters=parameters, actor="eda", now=dt.datetime.now(dt.UTC))
        assert field in refused.value.errors[0].field
        assert not TrialCall.objects.exists()

    def test_it_is_in_the_audit(self, workspace: Workspace, service: Service) -> None:
        tried(workspace, url=service.url("/ok"))
        assert AuditEntry.objects.get(action="call.tried").actor == "eda"


class TestOnTheForm:
    def form(self, url: str, **more: str) -> dict[str, str]:
        return {
            "payload_index": "0",
            "p0-kind": "http",
            "p0-others": "{}",
            "p0-x-method": "GET",
            "p0-x-url": url,
            **more,
        }

    def browser(self, workspace: Workspace, role: Role = Role.EDITOR) -> Client:
        return signed_in(make_user(f"some-{role}", workspace=workspace, role=role))

    def test_the_answer_is_shown(self, workspace: Workspace, service: Service) -> None:
        page = self.browser(workspace).post(ADDRESS, self.form(service.url("/ok"))).content.decode()
        assert "A run would take this for a success." in page
        assert "<b>200</b>" in page

    def test_so_is_why_a_run_would_fail(self, workspace: Workspace, service: Service) -> None:
        page = self.browser(workspace).post(ADDRESS, self.form(service.url("/status?code=404"))).content.decode()
        assert "A run would take this for a failure:" in page
        assert "<b>404</b>" in page

    def test_without_a_place_to_wait_nothing_is_sent(
        self, workspace: Workspace, service: Service, settings: Any
    ) -> None:
        settings.JOBS_API_WAITERS = 0
        page = self.browser(workspace).post(ADDRESS, self.form(service.url("/ok"))).content.decode()
        assert "Nothing was sent: try again" in page
        assert (service.seen, TrialCall.objects.count()) == ([], 0)

    @pytest.mark.parametrize(("is_taken", "said"), [(False, "Nothing was sent."), (True, "It may have been sent.")])
    def test_one_that_nobody_answers_is_withdrawn_and_says_whether_it_was_sent(
        self, workspace: Workspace, service: Service, monkeypatch: pytest.MonkeyPatch, is_taken: bool, said: str
    ) -> None:
        def never(call_id: int) -> None:
            if is_taken:
                trial_calls.take(call_id=call_id, now=dt.datetime.now(dt.UTC))

        monkeypatch.setattr(dispatch, "publish_trial_call", never)
        wait = trial_calls.wait
        monkeypatch.setattr(trial_calls, "wait", lambda *, call: wait(call=call, seconds=0.01))
        page = self.browser(workspace).post(ADDRESS, self.form(service.url("/ok"))).content.decode()
        assert said in page
        assert not perform(call_id=TrialCall.objects.get().pk)
        assert service.seen == []

    def test_what_is_wrong_sends_nothing(self, workspace: Workspace, service: Service) -> None:
        page = self.browser(workspace).post(ADDRESS, self.form("nonsense")).content.decode()
        assert "Nothing was sent:" in page
        other = ADDRESS.replace("/0/", "/5/")
        assert "Nothing was sent:" in self.browser_again().post(other, self.form(service.url("/ok"))).content.decode()
        assert not service.seen

    def browser_again(self) -> Client:
        return signed_in(make_user("eva", workspace=Workspace.objects.get(slug="acme"), role=Role.EDITOR))

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
    def test_it_takes_an_editor(self, workspace: Workspace, service: Service, role: Role) -> None:
        answer = self.browser(workspace, role).post(ADDRESS, self.form(service.url("/ok")))
        assert (answer.status_code, service.seen) == (403, [])
        assert not TrialCall.objects.exists()


class TestInTheAPI:
    @pytest.fixture
    def api(self, workspace: Workspace) -> Api:
        return Api(make_user("eda", workspace=workspace, role=Role.EDITOR))

    def test_what_came_back_is_told_and_found_again(self, api: Api, service: Service) -> None:
        told = api.post("trial-calls/", {"parameters": {"url": service.url("/ok")}})
        assert told.status_code == 200, told.json()
        answer = told.json()
        assert (answer["state"], answer["result"]["status"], answer["actor"]) == ("done", 200, "eda")
        assert api.get(f"trial-calls/{answer['id']}/").json() == answer

    def test_a_key_makes_it_once(self, api: Api, service: Service) -> None:
        body = {"parameters": {"url": service.url("/ok")}}
        first, again = (api.post("trial-calls/", body, Idempotency_Key="k1").json() for _ in range(2))
        assert (first["id"], TrialCall.objects.count()) == (again["id"], 1)

    def test_without_a_worker_it_says_where_to_ask(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dispatch, "publish_trial_call", lambda call_id: None)
        told = api.post("trial-calls/?wait=0", {"parameters": {"url": "https://example.com/"}})
        assert (told.status_code, told.json()["state"]) == (202, "waiting")
        assert told.headers["Location"].endswith(f"/workspaces/acme/trial-calls/{told.json()['id']}/")
        assert api.get(f"trial-calls/{told.json()['id']}/?wait=0").status_code == 202

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "parameters"),
            ({"parameters": {"url": "ftp://x"}}, "parameters.url"),
            ({"parameters": {"url": "https://example.com/", "batch": [{}]}}, "parameters.batch"),
            ({"parameters": {"url": "https://example.com/"}, "odd": 1}, "odd"),
        ],
    )
    def test_what_is_wrong_is_told_by_its_field_and_nothing_is_sent(
        self, api: Api, asked: list[int], body: object, field: str
    ) -> None:
        told = api.post("trial-calls/", body)
        assert told.status_code == 400
        assert field in [error["field"] for error in told.json()["errors"]]
        assert asked == []

    @pytest.mark.parametrize("address", ["trial-calls/?wait=x", "trial-calls/?wait=31", "trial-calls/?odd=1"])
    def test_a_query_that_is_wrong_sends_nothing(self, api: Api, asked: list[int], address: str) -> None:
        assert api.post(address, {"parameters": {"url": "https://example.com/"}}).status_code == 400
        assert asked == []

    def test_an_operator_may_not(self, workspace: Workspace, asked: list[int]) -> None:
        operator = Api(make_user("otto", workspace=workspace, role=Role.OPERATOR))
        assert operator.post("trial-calls/", {"parameters": {"url": "https://example.com/"}}).status_code == 403
        assert asked == []
