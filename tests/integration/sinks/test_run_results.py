"""A run's results as one file: in each format, in bounded memory, by a link, on a page and on the terminal."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls.base import get_script_prefix, set_script_prefix
from structlog.testing import capture_logs

from jobs import hotpath, large_results, sql
from jobs.errors import PermanentError
from jobs.models import ApiToken, Event, Membership, Payload, Role, Run, StoredResult, Workspace
from sinks.content.rows import COLUMNS
from sinks.services import records
from sinks.services.records import read_records
from sinks.services.result_links import Link, LinkExpired, LinkWrong, make_link, read_link, whole
from sinks.services.run_results import ResultFormat, result_file
from tests.integration.people import NOW, Api, make_user, make_workspace, signed_in
from tests.integration.sinks.makers import end_run, make_job
from tests.integration.sinks.obedient import Target
from tests.integration.sinks.test_delivering import deliver

MANY = """
    INSERT INTO jobs_payload (run_id, position, kind, name, parameters, state, attempts, started_at, ended_at, result)
    SELECT %(run)s, at, 'noop', 'p' || at, '{}', 'succeeded', 1, now(), now(),
        jsonb_build_object('n', at, 'text', repeat('x', %(size)s))
    FROM generate_series(%(low)s, %(high)s) AS at
"""


@pytest.fixture
def workspace(transactional_db: None) -> Workspace:
    return make_workspace()


@pytest.fixture
def run(workspace: Workspace) -> Run:
    """Three payloads, of which the second one failed."""
    return end_run(make_job(payloads=3), failed=[1])


@pytest.fixture
def viewer(run: Run) -> Api:
    return Api(make_user("vera", workspace=run.workspace, role=Role.VIEWER, is_staff=True))


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    """The storage of results."""
    backend = {"BACKEND": "jobs.result_files.ResultFiles", "OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = {**settings.STORAGES, "results": backend}
    return tmp_path


def store(run: Run, position: int, result: Any) -> Payload:
    """Give a payload a result that is stored, as a worker does."""
    text = json.dumps(result)
    key = f"acme/{run.pk}/{position}-1-0.json"
    StoredResult.objects.create(run_id=run.pk, position=position, key=key)
    stored = large_results.put(key=key, text=text)
    shown = large_results.shown(text=text, stored=stored)
    Payload.objects.filter(run=run, position=position).update(result=shown, stored=stored)
    return Payload.objects.get(run=run, position=position)


def stored_of(payload: Payload) -> dict[str, Any]:
    assert payload.stored is not None
    return dict(payload.stored)


def read(run: Run, kind: ResultFormat = "jsonl") -> bytes:
    return b"".join(result_file(run=run, kind=kind).pieces)


def lines(run: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in read(run).splitlines()]


class TestFormats:
    def test_json_lines_have_a_document_a_payload(self, run: Run) -> None:
        found = lines(run)
        assert [(each["position"], each["name"], each["state"], each["result"]) for each in found] == [
            (0, "p0", "succeeded", {"n": 0}),
            (1, "p1", "failed", None),
            (2, "p2", "succeeded", {"n": 2}),
        ]
        assert found[1]["error"] == {"message": "no", "code": "error"}
        assert {(each["workspace"], each["job"], each["run"]) for each in found} == {("acme", "task:ping", run.pk)}

    def test_csv_has_the_same_as_columns(self, run: Run) -> None:
        header, *rows = csv.reader(io.StringIO(read(run, "csv").decode()))
        assert tuple(header) == COLUMNS
        assert [(row[3], row[6], row[10]) for row in rows] == [
            ("0", "succeeded", '{"n":0}'),
            ("1", "failed", ""),
            ("2", "succeeded", '{"n":2}'),
        ]

    def test_parquet_has_them_with_types(self, run: Run) -> None:
        table = pq.read_table(io.BytesIO(read(run, "parquet")))
        assert tuple(table.column_names) == COLUMNS
        assert table["result"].to_pylist() == ['{"n":0}', None, '{"n":2}']
        assert table["started_at"].to_pylist()[0] == run.created_at

    def test_what_has_no_outcome_yet_is_left_out(self, run: Run) -> None:
        Payload.objects.filter(run=run, position=0).update(state="queued", ended_at=None)
        assert [each["position"] for each in lines(run)] == [1, 2]

    @pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
    def test_a_run_without_outcomes_is_a_whole_file_too(self, run: Run, kind: ResultFormat) -> None:
        Payload.objects.filter(run=run).delete()
        text = read(run, kind)
        assert {"jsonl": text == b"", "csv": text.count(b"\n") == 1, "parquet": text[-4:] == b"PAR1"}[kind]

    def test_in_csv_a_name_is_no_formula_and_elsewhere_it_is_what_it_is(self, run: Run) -> None:
        Payload.objects.filter(run=run, position=0).update(name="=HYPERLINK(1)", result=-5)
        rows = list(csv.reader(io.StringIO(read(run, "csv").decode())))
        assert (rows[1][4], rows[1][10]) == ("'=HYPERLINK(1)", "-5")
        assert lines(run)[0]["name"] == "=HYPERLINK(1)"


class TestStoredResults:
    def test_a_file_has_them_whole(self, run: Run, folder: Path) -> None:
        store(run, 2, ["whole", *range(100)])
        assert [each["result"] for each in lines(run)] == [{"n": 0}, None, ["whole", *range(100)]]

    def test_sinks_get_them_whole_and_so_do_their_transformations(self, folder: Path, target: Target) -> None:
        entries = [{"kind": "obedient", "name": "a"}, {"kind": "obedient", "name": "b", "transform": "rows[1]"}]
        run = end_run(make_job(*entries, payloads=1))
        store(run, 0, {"rows": [1, 2]})
        deliver()
        results = [record["result"] for _, records in target.delivered for record in records]
        assert sorted(results, key=str) == [2, {"rows": [1, 2]}]

    def test_one_that_is_missing_ends_the_file_before_it_is_whole(self, run: Run, folder: Path) -> None:
        payload = store(run, 2, "x")
        (folder / stored_of(payload)["key"]).unlink()
        with pytest.raises(PermanentError, match="no longer in the storage"):
            read(run)


class TestMemory:
    def test_pages_have_at_most_so_many_records_and_so_many_bytes(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(run, payloads=500, size=0)
        pages: list[int] = []
        page = records._page
        monkeypatch.setattr(records, "_page", lambda asked: counted(page(asked), pages))
        assert len(lines(run)) == 503
        assert pages == [200, 200, 103, 0]
        pages.clear()
        monkeypatch.setattr(records, "BYTES_AT_ONCE", 1)
        assert [each.position for each in read_records(run_id=run.pk, low=0, high=3, states=["succeeded"])] == [0, 2, 3]
        assert pages == [1, 1, 1]

    def test_results_that_compress_well_count_with_what_they_are_in_memory(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Payload.objects.filter(run=run).update(result={"text": "x" * 100_000}, state="succeeded")
        pages: list[int] = []
        page = records._page
        monkeypatch.setattr(records, "_page", lambda asked: counted(page(asked), pages))
        monkeypatch.setattr(records, "BYTES_AT_ONCE", 150_000)
        assert len(list(read_records(run_id=run.pk, low=0, high=2, states=["succeeded"]))) == 3
        assert pages == [2, 1]

    @pytest.mark.parametrize("kind", ["jsonl", "csv"])
    def test_a_large_run_takes_no_more_than_a_page_of_it(self, run: Run, kind: ResultFormat) -> None:
        fill(run, payloads=10_000, size=1_000)
        pieces = result_file(run=run, kind=kind).pieces
        next(pieces)
        tracemalloc.start()
        try:
            size = sum(len(piece) for piece in pieces)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert size > 10_000_000
        assert peak < 3_000_000


def fill(run: Run, *, payloads: int, size: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(MANY, {"run": run.pk, "low": run.total, "high": run.total + payloads - 1, "size": size})


def counted(rows: list[Any], pages: list[int]) -> list[Any]:
    pages.append(len(rows))
    return rows


class TestLinks:
    LINK = Link(7, "csv")

    def token(self, **more: Any) -> str:
        return make_link(link=self.LINK, now=NOW, **more).address.removeprefix("/results/").removesuffix("/")

    def test_one_is_good_for_an_hour_and_not_a_second_longer(self) -> None:
        made = make_link(link=self.LINK, now=NOW)
        assert made.expires_at == NOW + dt.timedelta(hours=1)
        assert read_link(self.token(), now=made.expires_at - dt.timedelta(seconds=1)) == self.LINK
        with pytest.raises(LinkExpired, match=f"until {made.expires_at:%Y-%m-%d %H:%M:%S} UTC"):
            read_link(self.token(), now=made.expires_at)

    @pytest.mark.parametrize("place", [0, 10, -1])
    def test_one_that_was_changed_is_wrong(self, place: int) -> None:
        letters = list(self.token())
        letters[place] = "A" if letters[place] != "A" else "B"
        with pytest.raises(LinkWrong):
            read_link("".join(letters), now=NOW)

    @pytest.mark.parametrize("token", ["", "x", "a:b:c"])
    def test_what_is_none_is_wrong(self, token: str) -> None:
        with pytest.raises(LinkWrong):
            read_link(token, now=NOW)

    def test_what_was_signed_for_something_else_is_wrong(self) -> None:
        with pytest.raises(LinkWrong):
            read_link(signing.dumps([7, "csv", 2**40], salt="sessions"), now=NOW)

    def test_another_secret_key_ends_it(self, settings: Any) -> None:
        token = self.token()
        settings.SECRET_KEY = "another one"
        with pytest.raises(LinkWrong):
            read_link(token, now=NOW)


def content(response: Any) -> bytes:
    return b"".join(response.streaming_content)


class TestTheApi:
    def test_gives_the_file(self, viewer: Api, run: Run) -> None:
        response = viewer.get(f"runs/{run.pk}/results/", format="csv")
        assert (response.status_code, response["Content-Type"]) == (200, "text/csv; charset=utf-8")
        assert response["Content-Disposition"] == f'attachment; filename="task-ping-run-{run.pk}.csv"'
        assert content(response) == read(run, "csv")

    def test_makes_a_link_that_needs_no_session(self, viewer: Api, run: Run) -> None:
        response = viewer.post(f"runs/{run.pk}/results/", {"format": "csv", "expires_in": "2h"})
        answer = response.json()
        assert (response.status_code, answer["run"], answer["format"]) == (201, run.pk, "csv")
        until = dt.datetime.fromisoformat(answer["signed_url_expiration"])
        assert dt.timedelta(minutes=119) < until - dt.datetime.now(dt.UTC) <= dt.timedelta(hours=2)
        followed = Client().get(answer["signed_url"])
        assert (followed.status_code, content(followed)) == (200, read(run, "csv"))
        assert followed["Cache-Control"] == "private, no-store"

    def test_makes_one_of_json_lines_for_an_hour_when_nothing_is_said(self, viewer: Api, run: Run) -> None:
        answer = viewer.post(f"runs/{run.pk}/results/").json()
        assert answer["format"] == "jsonl"
        assert content(Client().get(answer["signed_url"])) == read(run)

    @pytest.mark.parametrize("prefix", ["/", "/base/"])
    def test_a_link_begins_where_the_site_is_reached_from_outside(
        self, viewer: Api, run: Run, settings: Any, prefix: str
    ) -> None:
        """Not where a proxy asks, which has ended TLS."""
        settings.JOBS_PUBLIC_URL = "https://jobs.example.org/base"
        before = get_script_prefix()
        set_script_prefix(prefix)
        try:
            made = make_link(link=Link(run.pk, "csv"), now=NOW)
            address = whole(made.address, seen=lambda path: f"http://web:8000{path}")
        finally:
            set_script_prefix(before)
        assert address == f"https://jobs.example.org/base/{made.address.removeprefix(prefix)}"
        answer = viewer.post(f"runs/{run.pk}/results/").json()
        assert answer["signed_url"].startswith("https://jobs.example.org/base/results/")

    @pytest.mark.parametrize("lost", ["token", "membership", "account"])
    def test_a_link_ends_with_its_makers_right(self, viewer: Api, run: Run, lost: str) -> None:
        address = viewer.post(f"runs/{run.pk}/results/").json()["signed_url"]
        assert Client().get(address).status_code == 200
        if lost == "token":
            ApiToken.objects.all().delete()
        elif lost == "membership":
            Membership.objects.all().delete()
        else:
            User.objects.update(is_active=False)
        refused = Client().get(address)
        assert (refused.status_code, b"may not read these results any more" in refused.content) == (403, True)

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"format": "xml"}, "format"),
            ({"expires_in": "8 days"}, "expires_in"),
            ({"expires_in": 0}, "expires_in"),
            ({"for": 1}, "for"),
        ],
    )
    def test_refuses_what_it_cannot_make(self, viewer: Api, run: Run, body: dict[str, Any], field: str) -> None:
        response = viewer.post(f"runs/{run.pk}/results/", body)
        assert (response.status_code, response.json()["errors"][0]["field"]) == (400, field)

    def test_refuses_an_unknown_format(self, viewer: Api, run: Run) -> None:
        response = viewer.get(f"runs/{run.pk}/results/", format="xml")
        assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "format")

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_is_not_for_others(self, run: Run, method: str) -> None:
        make_workspace("other")
        outsider = Api(make_user("otto", workspace=Workspace.objects.get(slug="other"), role=Role.OWNER))
        assert outsider.send(method, f"runs/{run.pk}/results/").status_code == 404
        assert Api(None).send(method, f"runs/{run.pk}/results/").status_code == 401

    def test_gives_one_result_whole_wherever_it_is(self, viewer: Api, run: Run, folder: Path) -> None:
        payload = store(run, 2, ["é", *range(2000)])
        stored = viewer.get(f"runs/{run.pk}/payloads/2/result/")
        assert json.loads(content(stored)) == ["é", *range(2000)]
        assert (stored["ETag"], stored["Content-Length"]) == (
            f'"{stored_of(payload)["sha256"]}"',
            str(stored_of(payload)["size_bytes"]),
        )
        assert json.loads(content(viewer.get(f"runs/{run.pk}/payloads/0/result/"))) == {"n": 0}

    def test_says_of_a_payload_that_its_result_is_elsewhere(self, viewer: Api, run: Run, folder: Path) -> None:
        payload = store(run, 2, list(range(2000)))
        shown = viewer.get(f"runs/{run.pk}/payloads/2/").json()
        about = {name: stored_of(payload)[name] for name in ("size_bytes", "sha256")}
        assert shown["stored_result"] == about
        assert shown["result"] == {"stored": True, **about, "head": json.dumps(list(range(2000)))[:1000]}
        assert "stored_result" not in viewer.get(f"runs/{run.pk}/payloads/0/").json()

    def test_a_result_that_is_not_there_is_a_404_and_a_storage_that_is_away_a_503(
        self, viewer: Api, run: Run, folder: Path
    ) -> None:
        address = f"runs/{run.pk}/payloads/2/result/"
        assert viewer.get(f"runs/{run.pk}/payloads/1/result/").status_code == 404
        assert viewer.get(f"runs/{run.pk}/payloads/9/result/").status_code == 404
        path = folder / stored_of(store(run, 2, "x"))["key"]
        path.unlink()
        assert viewer.get(address).status_code == 404
        path.mkdir()
        assert viewer.get(address).status_code == 503


class TestFollowing:
    def test_who_made_a_link_is_kept_and_the_link_is_not(self, viewer: Api, run: Run) -> None:
        with capture_logs() as lines:
            answer = viewer.post(f"runs/{run.pk}/results/", {"format": "csv"}).json()
        token = answer["signed_url"].rstrip("/").rpartition("/")[2]
        event = Event.objects.get(kind="results.linked")
        assert (event.run_id, event.job_id, event.workspace_id) == (run.pk, run.job_id, run.workspace_id)
        assert (event.actor, event.data["format"]) == ("vera", "csv")
        until = dt.datetime.fromisoformat(answer["signed_url_expiration"])
        assert dt.datetime.fromisoformat(event.data["expires_at"]) == until
        [line] = [line for line in lines if line["event"] == "results.linked"]
        assert (line["run"], line["actor"], line["format"]) == (run.pk, "vera", "csv")
        assert token not in f"{lines} {event.data}"

    def test_what_is_refused_is_no_link(self, viewer: Api, run: Run) -> None:
        viewer.post(f"runs/{run.pk}/results/", {"format": "xml"})
        assert not Event.objects.filter(kind="results.linked").exists()

    def test_a_link_whose_time_is_over_says_so(self, run: Run) -> None:
        past = dt.datetime.now(dt.UTC) - dt.timedelta(hours=2)
        response = Client().get(make_link(link=Link(run.pk, "csv"), now=past).address)
        assert (response.status_code, response["Content-Type"]) == (410, "text/plain; charset=utf-8")
        assert "ask for a new one" in response.content.decode()

    def test_a_link_that_was_cut_short_says_so(self, run: Run) -> None:
        address = make_link(link=Link(run.pk, "csv"), now=dt.datetime.now(dt.UTC)).address
        response = Client().get(f"{address[:-5]}/")
        assert (response.status_code, "copy the whole of it" in response.content.decode()) == (403, True)

    def test_a_link_to_a_run_that_was_erased_says_so(self, run: Run) -> None:
        address = make_link(link=Link(run.pk + 1, "csv"), now=dt.datetime.now(dt.UTC)).address
        response = Client().get(address)
        assert (response.status_code, "erased" in response.content.decode()) == (404, True)

    def test_it_can_only_be_read(self, run: Run) -> None:
        address = make_link(link=Link(run.pk, "csv"), now=dt.datetime.now(dt.UTC)).address
        assert Client().post(address).status_code == 405


class TestThePage:
    @pytest.fixture
    def browser(self, viewer: Api, run: Run) -> Client:
        client = Client()
        client.force_login(run.workspace.memberships.get(user__username="vera").user)
        return client

    def test_a_runs_page_leads_there(self, browser: Client, run: Run) -> None:
        page = browser.get(f"/admin/jobs/run/{run.pk}/change/").content.decode()
        assert f'<a href="/admin/sinks/delivery/of-run/{run.pk}/results/">Results</a>' in page

    def test_it_shows_what_the_first_payloads_came_to(self, browser: Client, run: Run) -> None:
        Payload.objects.filter(run=run, position=0).update(result="<b>" + "x" * 1000)
        page = browser.get(f"/admin/sinks/delivery/of-run/{run.pk}/results/")
        assert [(each.position, each.state) for each in page.context["results"]] == [
            (0, "succeeded"),
            (1, "failed"),
            (2, "succeeded"),
        ]
        text = page.content.decode()
        assert "&lt;b&gt;xxx" in text
        assert "x" * 400 not in text
        assert "&quot;message&quot;: &quot;no&quot;" in text

    def test_its_link_begins_where_the_site_is_reached_from_outside(
        self, browser: Client, run: Run, settings: Any
    ) -> None:
        settings.JOBS_PUBLIC_URL = "https://jobs.example.org"
        page = browser.post(f"/admin/sinks/delivery/of-run/{run.pk}/results/", {"format": "csv", "lasts": "24"})
        assert page.context["link"].startswith("https://jobs.example.org/results/")

    def test_it_makes_a_link(self, browser: Client, run: Run) -> None:
        page = browser.post(f"/admin/sinks/delivery/of-run/{run.pk}/results/", {"format": "csv", "lasts": "24"})
        assert content(Client().get(page.context["link"])) == read(run, "csv")
        lasts = page.context["expires_at"] - dt.datetime.now(dt.UTC)
        assert dt.timedelta(hours=23) < lasts <= dt.timedelta(hours=24)
        assert page.context["link"] in page.content.decode()
        assert Event.objects.get(kind="results.linked").actor == "vera"

    def test_what_cannot_be_made_is_told_beside_the_field(self, browser: Client, run: Run) -> None:
        page = browser.post(f"/admin/sinks/delivery/of-run/{run.pk}/results/", {"format": "xml", "lasts": "24"})
        assert (page.status_code, list(page.context["form"].errors)) == (200, ["format"])

    def test_it_is_not_for_others(self, run: Run) -> None:
        other = make_workspace("other")
        outsider = signed_in(make_user("otto", workspace=other, role=Role.OWNER, is_staff=True))
        assert outsider.get(f"/admin/sinks/delivery/of-run/{run.pk}/results/").status_code == 404

    def test_a_payloads_page_has_a_link_to_a_result_that_is_stored(
        self, browser: Client, run: Run, folder: Path
    ) -> None:
        store(run, 2, "x" * 2000)
        address = f"/api/v1/workspaces/acme/runs/{run.pk}/payloads/2/result/"
        assert address in browser.get(f"/admin/jobs/run/{run.pk}/payloads/2/").content.decode()
        assert (
            address.replace("/2/", "/0/") not in browser.get(f"/admin/jobs/run/{run.pk}/payloads/0/").content.decode()
        )
        assert browser.get(address).status_code == 200


class TestErasedResults:
    """Wherever they are asked for, it is said that they were erased, and no null is shown for them."""

    @pytest.fixture(autouse=True)
    def erased(self, run: Run) -> None:
        with hotpath.connection() as connection:
            hotpath.execute(connection, "erase_results", {"run_ids": [run.pk], "limit": 100}, of=sql.CLEANUP)

    def test_by_the_api(self, viewer: Api, run: Run) -> None:
        for response in (
            viewer.get(f"runs/{run.pk}/results/"),
            viewer.post(f"runs/{run.pk}/results/"),
            viewer.get(f"runs/{run.pk}/payloads/0/result/"),
        ):
            assert response.status_code == 410
            assert f"the results of run {run.pk} were erased on" in response.json()["detail"]
        assert viewer.get(f"runs/{run.pk}/").json()["results_erased_at"] is not None

    def test_by_a_link(self, run: Run) -> None:
        response = Client().get(make_link(link=Link(run.pk, "csv"), now=dt.datetime.now(dt.UTC)).address)
        assert (response.status_code, "were erased on" in response.content.decode()) == (410, True)

    def test_on_the_page(self, viewer: Api, run: Run) -> None:
        browser = signed_in(run.workspace.memberships.get(user__username="vera").user)
        page = browser.get(f"/admin/sinks/delivery/of-run/{run.pk}/results/").content.decode()
        assert "A cleanup has erased the results" in page
        assert "Make a link" not in page

    def test_on_the_terminal(self, run: Run) -> None:
        with (
            io.TextIOWrapper(io.BytesIO()) as output,
            pytest.raises(CommandError, match=f"^the results of run {run.pk} were"),
        ):
            call_command("results", "acme", str(run.pk), "--format", "csv", stdout=output)

    def test_in_the_middle_of_a_file(self, run: Run) -> None:
        with pytest.raises(PermanentError, match="erased the results"):
            list(read_records(run_id=run.pk, low=0, high=3, states=["succeeded"]))


class Terminal(io.TextIOWrapper):
    """Standard output that is a terminal."""

    def isatty(self) -> bool:
        return True


class TestTheCommand:
    @pytest.fixture
    def output(self) -> Iterator[io.TextIOWrapper]:
        with io.TextIOWrapper(io.BytesIO()) as output:
            yield output

    @pytest.mark.parametrize("kind", ["jsonl", "csv"])
    def test_it_writes_the_same_file(self, run: Run, output: io.TextIOWrapper, kind: ResultFormat) -> None:
        call_command("results", "acme", str(run.pk), "--format", kind, stdout=output)
        assert output.buffer.getvalue() == read(run, kind)  # type: ignore[attr-defined]

    def test_parquet_is_nothing_for_a_terminal(self, run: Run, output: io.TextIOWrapper) -> None:
        with pytest.raises(CommandError, match="nothing for a terminal"):
            call_command("results", "acme", str(run.pk), "--format", "parquet", stdout=Terminal(io.BytesIO()))
        call_command("results", "acme", str(run.pk), "--format", "parquet", stdout=output)
        assert output.buffer.getvalue()[-4:] == b"PAR1"  # type: ignore[attr-defined]

    def test_half_a_file_is_told(self, run: Run, folder: Path, output: io.TextIOWrapper) -> None:
        (folder / stored_of(store(run, 2, "x"))["key"]).unlink()
        with pytest.raises(CommandError, match="this is not all: the stored result is no longer"):
            call_command("results", "acme", str(run.pk), stdout=output)

    def test_a_run_that_is_not_there_is_told(self, run: Run) -> None:
        with pytest.raises(CommandError, match=re.escape(str(run.pk + 1))):
            call_command("results", "acme", str(run.pk + 1))
