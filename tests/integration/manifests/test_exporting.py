"""What is exported applies to nothing to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from django.conf import LazySettings
from django.core.management import CommandError

from jobs import yaml_text
from jobs.models import Job, Workspace
from jobs.services.groups import save_group
from jobs.services.jobs import save_job
from jobs.services.secrets import set_secret
from manifests import schema
from sinks.services.naming import save_sink
from sinks.services.ruling import save_rule
from tests.integration.manifests.files import EVERYTHING, actions, command, planned, write
from tests.integration.people import make_job, make_workspace

pytestmark = pytest.mark.django_db

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.chdir(tmp_path)
    return make_workspace()


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_every_example_and_every_kind_come_back_to_nothing_to_do(tmp_path: Path, suffix: str) -> None:
    write(tmp_path, "all.yaml", EVERYTHING)
    command("jobs_apply", "all.yaml", str(EXAMPLES), source="mine")
    assert command("jobs_export", f"out.{suffix}") == (0, "")
    code, plan = planned(f"out.{suffix}", source="mine", prune=True)
    assert (code, set(actions(plan).values())) == (0, {"unchanged"})
    assert len(plan["objects"]) == 6 + 10
    assert planned(f"out.{suffix}", unmanaged=True)[0] == 0


def test_what_was_made_by_hand_comes_back_to_nothing_to_do(workspace: Workspace, tmp_path: Path) -> None:
    awkward = {
        "yes": "no",
        "when": "2024-01-01",
        "n": "1e3",
        "text": "a: b # c\nd \u2028 \u00e9",
        "null": None,
        "list": [1.5],
    }
    make_job(workspace, "task:z", payloads=2, metadata=awkward, configuration={"timeout": "1.5h"})
    save_group(workspace=workspace, name="g", limit=None, rate=None, actor="api")
    save_sink(workspace=workspace, document={"name": "lake", "kind": "log"}, actor="api")
    set_secret(workspace=workspace, name="partner", value="the-value-of-it")
    call = {"url": "https://a.example/", "auth": {"bearer": {"secret": "partner"}}}
    schedule = {"triggers": [{"type": "job", "jobs": ["task:z"]}], "parameters": {"deep": {"er": [1]}}}
    document = {
        "key": "task:a",
        "payload": [{"kind": "http", "name": "x", "parameters": call, "retry": {"maximum_attempts": 2}}],
        "schedules": [schedule],
        "sinks": [{"sink": "lake"}, {"name": "own", "kind": "log", "configuration": {}, "skip_on_fail": True}],
    }
    save_job(workspace=workspace, document=document, actor="api")
    save_rule(workspace=workspace, document={"name": "tell", "sink": "lake"}, actor="api")
    command("jobs_export", "out.yaml")
    assert planned("out.yaml", unmanaged=True)[0] == 0
    text = (tmp_path / "out.yaml").read_text()
    assert "secret: partner" in text
    assert "the-value-of-it" not in text


def test_the_order_is_stable_and_what_is_needed_comes_first() -> None:
    write(Path(), "all.yaml", EVERYTHING)
    command("jobs_apply", "all.yaml")
    first = command("jobs_export")[1]
    assert command("jobs_export")[1] == first
    assert [(each["manifest"], each.get("key") or each["name"]) for each in yaml.safe_load_all(first)] == [
        ("concurrency_group", "partner.example.org"),
        ("sink", "lake"),
        ("job", "datasource:arrivals"),
        ("job", "task:after"),
        ("job", "task:before"),
        ("notice_rule", "tell"),
    ]
    after = first.partition("key: task:after\n")[2]
    assert after.startswith("payload:\n- kind: noop\n  name: n\nconfiguration:\n")


def test_it_says_where_objects_are_kept_and_names_the_schema_for_editors(
    tmp_path: Path, workspace: Workspace, settings: LazySettings
) -> None:
    write(tmp_path, "all.yaml", "{manifest: concurrency_group, name: g}")
    command("jobs_apply", "all.yaml")
    make_job(workspace)
    command("jobs_export", "out.yaml")
    lines = (tmp_path / "out.yaml").read_text().splitlines()
    assert lines[0].startswith("# yaml-language-server: $schema=")
    assert (tmp_path / lines[0].partition("=")[2]).resolve() == schema.FILE
    assert lines[1:4] == ["---", "# Kept in all.yaml, source all.yaml", "manifest: concurrency_group"]
    settings.JOBS_PUBLIC_URL = "https://jobs.example.org/"
    first = command("jobs_export")[1].splitlines()[0]
    assert first.endswith("$schema=https://jobs.example.org/static/manifests/manifest.schema.json")


def test_one_job_alone(workspace: Workspace) -> None:
    make_job(workspace, "task:a", tags=["x"])
    make_job(workspace, "task:b")
    [document] = yaml_text.read_documents(command("jobs_export", job="task:a")[1])
    assert document == {
        "manifest": "job",
        "key": "task:a",
        "payload": [{"kind": "noop", "name": "n0"}],
        "tags": ["x"],
    }
    with pytest.raises(CommandError, match="there is no job 'task:c'"):
        command("jobs_export", job="task:c")


def test_what_holds_a_secrets_value_is_left_out_and_told(workspace: Workspace, tmp_path: Path) -> None:
    call = {"url": "https://a.example/", "headers": {"Authorization": "Bearer in-the-clear"}}
    save_job(
        workspace=workspace, document={"key": "task:a", "payload": [{"kind": "http", "parameters": call}]}, actor="api"
    )
    make_job(workspace, "task:b")
    with pytest.raises(
        CommandError, match=r"job task:a, payload\.0\.parameters\.headers\.Authorization: this carries a"
    ):
        command("jobs_export", "out.json")
    text = (tmp_path / "out.json").read_text()
    assert [each["key"] for each in json.loads(text)] == ["task:b"]
    assert "in-the-clear" not in text


def test_an_empty_workspace_and_a_file_that_cannot_be_written() -> None:
    assert command("jobs_export")[1].startswith("# yaml-language-server")
    with pytest.raises(CommandError, match=r"nowhere/out\.yaml cannot be written: No such file"):
        command("jobs_export", "nowhere/out.yaml")
    assert not Job.objects.exists()
