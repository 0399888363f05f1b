"""How often and how much: rates, sizes, addresses that will go, and pages of other sites."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from structlog.testing import capture_logs

from jobs.api import limiting
from jobs.api.base import SMALL_BODY_BYTES
from jobs.api.deprecating import deprecated
from jobs.api.groups import GroupList
from jobs.api.jobs import JobList
from jobs.models import ApiToken, Role, Workspace
from jobsproject import env
from tests.free_ports import free_ports
from tests.integration.people import Api, make_job, make_user, make_workspace, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def api(workspace: Workspace) -> Api:
    return Api(make_user("olga", workspace=workspace, role=Role.OPERATOR))


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, redis_url: str) -> str:
    monkeypatch.setenv("STORE", redis_url)
    return env.redis("STORE", "")


@pytest.fixture
def three_a_minute(settings: Any, store: str) -> Iterator[None]:
    settings.JOBS_API_RATE, settings.JOBS_API_RATE_STORE = (3, 60), store
    client = redis.Redis.from_url(store)
    _forget(client)
    yield
    _forget(client)
    client.close()


def _forget(client: Any) -> None:
    for key in client.scan_iter("jobs:api-rate:*"):
        client.delete(key)


def left(response: Any) -> int:
    """How many more it says may be sent."""
    policy, _, rest = response.headers["RateLimit"].partition(";r=")
    assert policy == '"caller"'
    return int(rest.partition(";")[0])


@pytest.mark.usefixtures("three_a_minute")
class TestRates:
    def test_each_answer_tells_how_many_are_left_and_one_too_many_is_a_429(self, api: Api) -> None:
        answers = [api.get("jobs/") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert [left(answer) for answer in answers] == [2, 1, 0, 0]
        refused = answers[-1]
        assert refused.headers["RateLimit-Policy"] == '"caller";q=3;w=60'
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert refused.json()["type"] == "/problems/too-many-requests/"

    def test_each_token_and_each_person_is_counted_for_itself(self, api: Api, workspace: Workspace) -> None:
        for _ in range(4):
            api.get("jobs/")
        olga = ApiToken.objects.get().user
        assert Api(olga).get("jobs/").status_code == 200
        assert left(signed_in(olga).get("/api/v1/workspaces/acme/jobs/")) == 2

    def test_what_is_refused_otherwise_tells_it_too(self, api: Api) -> None:
        assert left(api.get("jobs/?colour=red")) == 2

    def test_they_begin_anew_when_the_time_is_over(self, api: Api, store: str) -> None:
        for _ in range(4):
            last = api.get("jobs/")
        assert last.status_code == 429
        with redis.Redis.from_url(store) as client:
            [key] = client.scan_iter("jobs:api-rate:*")
            assert 0 < client.pttl(key) <= 60_000  # It ends by itself,
            client.delete(key)  # as it does here.
        assert left(api.get("jobs/")) == 2


@pytest.mark.usefixtures("three_a_minute")
class TestWhatIsRefused:
    def test_counts_for_the_caller(self, workspace: Workspace) -> None:
        vera = Api(make_user("vera", workspace=workspace, role=Role.VIEWER))
        answers = [vera.post("jobs/task:ping/trigger/") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [403, 403, 403, 429]
        assert [left(answer) for answer in answers] == [2, 1, 0, 0]
        stranger = Api(make_user("otto"))
        assert [stranger.get("jobs/").status_code for _ in range(4)] == [404, 404, 404, 429]

    def test_counts_for_the_address_of_who_is_nobody(self, api: Api) -> None:
        """So whoever tries tokens tries three a minute; and who has one is not kept out by them."""
        tried = [self.guess(f"jobs_{number}") for number in range(4)]
        assert [answer.status_code for answer in tried] == [401, 401, 401, 429]
        assert self.guess("", address="192.0.2.2").status_code == 401
        assert api.get("jobs/").status_code == 200

    def test_is_told_apart_behind_a_proxy_that_is_trusted(self, settings: Any, workspace: Workspace) -> None:
        settings.JOBS_TRUSTED_PROXIES = 1
        answers = [self.guess("x", forwarded="203.0.113.1") for _ in range(4)]
        assert answers[-1].status_code == 429
        assert self.guess("x", forwarded="203.0.113.2").status_code == 401
        forged = self.guess("x", forwarded="203.0.113.9, 203.0.113.1")  # The proxy adds to what the client sent.
        assert forged.status_code == 429

    def guess(self, token: str, *, address: str = "192.0.2.1", forwarded: str = "") -> Any:
        headers = {"Authorization": f"Bearer {token}"} | ({"X-Forwarded-For": forwarded} if forwarded else {})
        return Client(REMOTE_ADDR=address).get("/api/v1/workspaces/acme/jobs/", headers=headers)


class TestAStoreThatIsAway:
    def test_lets_everybody_through_and_is_told_of_once(self, api: Api, settings: Any) -> None:
        settings.JOBS_API_RATE = (1, 60)
        settings.JOBS_API_RATE_STORE = f"redis://127.0.0.1:{free_ports(1)[0]}/0"
        with capture_logs() as logs:
            answers = [api.get("jobs/") for _ in range(3)]
        assert [(answer.status_code, "RateLimit" in answer.headers) for answer in answers] == [(200, False)] * 3
        assert [entry["event"] for entry in logs if "rate_limit" in entry["event"]] == ["api.rate_limit_unknown"]

    def test_is_not_asked_again_at_once(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        counter = limiting.Counter(f"redis://127.0.0.1:{free_ports(1)[0]}/0")
        assert counter.count("x", limiting.Limit(1, 60)) is None
        monkeypatch.setattr(counter, "_count", None)  # Whoever asks now fails otherwise.
        assert counter.count("x", limiting.Limit(1, 60)) is None


def test_no_rate_is_counted_by_default(api: Api) -> None:
    assert "RateLimit" not in api.get("jobs/").headers


class TestSizes:
    def test_what_takes_a_note_takes_no_megabytes(self, api: Api, workspace: Workspace) -> None:
        make_job(workspace)
        long = {"note": "x" * SMALL_BODY_BYTES}
        refused = api.post("jobs/task:ping/pause/", long)
        assert (refused.status_code, refused.json()["type"]) == (413, "/problems/body-too-large/")
        assert str(SMALL_BODY_BYTES) in refused.json()["detail"]
        assert api.post("jobs/task:ping/trigger/", long).status_code == 400


class TestAnAddressThatWillGo:
    def test_says_so_in_each_answer(self, api: Api, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        since, sunset = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2027, 1, 1, tzinfo=dt.UTC)

        class Going(JobList):
            """As ``jobs/`` is."""

        deprecated(since=since, sunset=sunset, link="https://docs.example.org/new")(Going)
        monkeypatch.setattr(JobList, "standing_headers", Going.standing_headers)
        for response in (api.get("jobs/"), api.get("jobs/?colour=red"), Api(None).get("jobs/")):
            assert response.headers["Deprecation"] == "@1767225600"
            assert response.headers["Sunset"] == "Fri, 01 Jan 2027 00:00:00 GMT"
            assert response.headers["Link"] == '<https://docs.example.org/new>; rel="deprecation"'

    def test_says_so_in_the_openapi_document(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(GroupList, "standing_headers", {"Deprecation": "@1767225600"})
        paths = SchemaGenerator().get_schema(public=True)["paths"]  # type: ignore[no-untyped-call]
        deprecated_ones = {
            (path, method)
            for path, methods in paths.items()
            for method, operation in methods.items()
            if operation.get("deprecated")
        }
        groups = "/api/v1/workspaces/{workspace}/groups/"
        assert deprecated_ones == {(groups, "get"), (groups, "post")}

    def test_others_do_not(self, api: Api) -> None:
        @deprecated(since=dt.datetime(2026, 1, 1, tzinfo=dt.UTC), link="https://docs.example.org/new")
        class Going(JobList):
            """As ``jobs/`` is."""

        assert set(Going.standing_headers) == {"Deprecation", "Link"}
        assert "Deprecation" not in api.get("jobs/").headers


class TestPagesOfOtherSites:
    ASKING = {"Origin": "https://portal.example.org", "Access-Control-Request-Method": "POST"}

    def test_may_not_call_by_default(self, api: Api) -> None:
        asked = Client().options("/api/v1/workspaces/acme/jobs/", headers=self.ASKING)
        assert not [name for name in asked.headers if name.startswith("Access-Control")]
        answer = api.send("GET", "jobs/", Origin="https://portal.example.org")
        assert "Access-Control-Allow-Origin" not in answer.headers

    def test_may_where_the_setting_names_their_site_and_never_with_a_session(self, api: Api, settings: Any) -> None:
        settings.JOBS_CORS_ORIGINS = ["https://portal.example.org"]
        asked = Client().options("/api/v1/workspaces/acme/jobs/", headers=self.ASKING)
        assert (asked.status_code, asked.headers["Access-Control-Allow-Origin"]) == (204, "https://portal.example.org")
        assert "Idempotency-Key" in asked.headers["Access-Control-Allow-Headers"]
        assert "Access-Control-Allow-Credentials" not in asked.headers
        answer = api.send("GET", "jobs/", Origin="https://portal.example.org")
        assert answer.headers["Access-Control-Allow-Origin"] == "https://portal.example.org"
        assert "Origin" in answer.headers["Vary"]

    @pytest.mark.parametrize("origin", ["https://evil.example.org", "http://portal.example.org", "null", ""])
    def test_of_any_other_site_may_not(self, api: Api, settings: Any, origin: str) -> None:
        settings.JOBS_CORS_ORIGINS = ["https://portal.example.org"]
        answer = api.send("GET", "jobs/", Origin=origin)
        assert ("Access-Control-Allow-Origin" in answer.headers, "Origin" in answer.headers["Vary"]) == (False, True)

    def test_the_admin_is_never_called_so(self, settings: Any) -> None:
        settings.JOBS_CORS_ORIGINS = ["https://portal.example.org"]
        answer = Client().get("/admin/login/", headers={"Origin": "https://portal.example.org"})
        assert "Access-Control-Allow-Origin" not in answer.headers
