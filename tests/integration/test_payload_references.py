"""The complete examples of docs/reference/http-payload.md and datasource-payload.md, each saved as a job and worked to its end.

Those of the other kinds are run where those kinds are tested.
"""

from __future__ import annotations

import ipaddress
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import duckdb
import pytest
import yaml
from django.db import connection

from jobs import dispatch, hotpath
from jobs.models import Payload, Run, Workspace
from jobs.services.jobs import save_job
from jobs.services.runs import start_run
from jobs.services.secrets import set_secret
from jobs.states import Trigger
from tests.integration.engine.conftest import Broker
from tests.integration.http_payload.service import Service
from workers.payloads.http.connections import POOL

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.django_db(transaction=True)

Work = Callable[..., list[Payload]]


def examples(page: str) -> list[dict[str, Any]]:
    """The YAML blocks of a page of the reference."""
    text = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    """Open to payloads."""
    settings.JOBS_FILE_ROOTS = [tmp_path]
    return tmp_path


@pytest.fixture
def work(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    """Saves a job, starts a run of it, and does at once what is published; the payloads of a run that succeeded."""
    broker = Broker()
    monkeypatch.setattr(dispatch, "publish", broker.publish)

    def working(document: dict[str, Any], parameters: dict[str, Any] | None = None) -> list[Payload]:
        job = save_job(workspace=workspace, document=document, actor="ann")
        run_id = start_run(job=job, trigger=Trigger.MANUAL, parameters=parameters or {})
        broker.deliver_all()
        payloads = list(Payload.objects.filter(run=run_id).order_by("position"))
        assert Run.objects.get(pk=run_id).state == "succeeded", [payload.error for payload in payloads]
        return payloads

    yield working
    hotpath.close()


class TestHttp:
    EXAMPLES = {example["key"]: example for example in examples("http-payload.md") if "key" in example}

    @pytest.fixture
    def service(self, settings: Any) -> Iterator[Service]:
        settings.JOBS_EGRESS_ALLOW = [ipaddress.ip_network("127.0.0.1/32")]
        with Service() as service:
            yield service
        POOL.close()

    def at(self, service: Service, key: str) -> dict[str, Any]:
        """An example that calls this service, which repeats whatever it is sent, instead of its own."""
        text = json.dumps(self.EXAMPLES[key]).replace("https://api.example.com", service.url("/echo"))
        return dict(json.loads(text))

    def test_the_call_is_made_as_it_is_written(self, service: Service, work: Work, workspace: Workspace) -> None:
        set_secret(workspace=workspace, name="warehouse-token", value="hush")
        (payload,) = work(self.at(service, "task:notify-warehouse"), {"order": "5?6"})
        (call,) = service.seen
        path, _, query = call.path.partition("?")
        assert (call.method, path) == ("POST", "/echo/orders/5%3F6")
        assert parse_qs(query) == {"dry_run": ["false"], "tag": ["a", "b"]}
        assert json.loads(call.body) == {"order": "5?6", "run": str(payload.run_id)}
        assert call.headers["Authorization"] == "Bearer hush"
        assert (payload.result or {})["status"] == 200
        assert "hush" not in json.dumps(payload.result)

    def test_a_batch_makes_a_call_for_each_line_of_its_file(self, service: Service, work: Work, folder: Path) -> None:
        (folder / "customers.csv").write_text("id,name\n1,Ann\n2,Bob\n")
        batch, *calls = work(self.at(service, "task:notify-customers"))
        assert batch.result == {"added": 2}
        assert [(call.name, call.attempts) for call in calls] == [("1", 1), ("2", 1)]
        assert sorted((call.method, call.path, json.loads(call.body)["name"]) for call in service.seen) == [
            ("PUT", "/echo/customers/1", "Ann"),
            ("PUT", "/echo/customers/2", "Bob"),
        ]


class TestDatasource:
    EXAMPLES = examples("datasource-payload.md")

    @pytest.fixture(autouse=True)
    def _files(self, folder: Path, settings: Any) -> Iterator[None]:
        """The files that the examples name; what they make in the database goes."""
        settings.JOBS_DATASOURCE_OWN_DATABASE = True
        for name in ("earthquakes.json", "seattle-weather.csv"):
            shutil.copy(ROOT / "examples" / "data" / name, folder)
        yield
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA IF EXISTS datasource CASCADE")

    def test_the_first_loads_each_record_into_a_row(self, work: Work, folder: Path) -> None:
        (payload,) = work(self.EXAMPLES[0])
        features = json.loads((folder / "earthquakes.json").read_text())["features"]
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, magnitude FROM datasource.quakes ORDER BY id")
            assert cursor.fetchall() == sorted((each["id"], each["properties"]["mag"]) for each in features)
        assert (payload.result or {})["rows"]["output"] == len(features)

    def test_that_of_duckdb_adds_the_rows_each_time(self, work: Work, folder: Path) -> None:
        (example,) = [each for each in self.EXAMPLES[1:] if "duckdb" in each["parameters"]["destination"]]
        for _ in range(2):
            work({"key": "datasource:weather", "payload": [{"kind": "datasource", **example}]})
        with duckdb.connect(str(folder / "weather.duckdb"), read_only=True) as database:
            assert database.sql("SELECT count(*), count(DISTINCT date), max(date)::text FROM weather").fetchall() == [
                (2 * 1461, 1461, "2015-12-31")
            ]
