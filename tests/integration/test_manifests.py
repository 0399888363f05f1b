"""Manifests and the commands that load and export them."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import DjangoCaptureOnCommitCallbacks

from jobs import manifests
from jobs.models import Event, Job, Workspace
from tests.integration.people import make_job, make_workspace

PING = """
key: task:ping
description: says hello
payload:
  - {kind: noop, name: first, timeout: 600s}
tags: [a]
metadata: {since: 2024-01-01, owner: null}
"""


def problems(*sources: Path | str) -> list[str]:
    with pytest.raises(manifests.ManifestsRefusedError) as refused:
        manifests.load(*sources)
    return [str(problem) for problem in refused.value.problems]


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


class TestLoad:
    def test_a_document_several_documents_and_a_list_are_all_read_in_their_order(self, tmp_path: Path) -> None:
        one = "key: task:one\npayload: []\n"
        several = "---\nkey: task:two\npayload: []\n---\nkey: task:three\npayload: []\n---\n"
        listed = "- {key: task:four, payload: []}\n- {key: task:five, payload: []}\n"
        as_json = write(tmp_path, "six.json", json.dumps([{"key": "task:six", "payload": []}]))
        found = manifests.load(one, several, listed, as_json)
        assert [document.name for document in found] == ["one", "two", "three", "four", "five", "six"]

    def test_a_folder_is_its_manifests_by_name_and_not_what_lies_deeper(self, tmp_path: Path) -> None:
        write(tmp_path, "b.yaml", "{key: task:b, payload: []}")
        write(tmp_path, "a.yml", "{key: task:a, payload: []}")
        write(tmp_path, "notes.txt", "no manifest")
        (tmp_path / "data").mkdir()
        write(tmp_path / "data", "c.json", "[1, 2]")
        assert [document.name for document in manifests.load(tmp_path)] == ["a", "b"]

    def test_a_date_stays_the_text_that_json_would_have(self) -> None:
        assert manifests.load(PING)[0].metadata == {"since": "2024-01-01", "owner": None}

    def test_a_problem_names_its_file_its_document_and_its_field(self, tmp_path: Path) -> None:
        path = write(tmp_path, "jobs.yaml", "{key: task:a, payload: []}\n---\n{key: task:b, payload: [{kind: nope}]}")
        [problem] = problems(path)
        assert problem.startswith(f"{path}, document 2, payload.0.kind: 'nope' is no payload kind")

    def test_problems_of_all_files_are_told_at_once(self, tmp_path: Path) -> None:
        broken = write(tmp_path, "a.yaml", "key: [")
        wrong = write(tmp_path, "b.yaml", "key: task:b")
        found = problems(broken, tmp_path / "missing.yaml", wrong)
        assert [line.partition(": ")[0] for line in found] == [
            str(broken),
            str(tmp_path / "missing.yaml"),
            f"{wrong}, document 1, payload",
        ]

    def test_the_same_key_twice_in_one_load_is_refused(self) -> None:
        [problem] = problems(PING, PING)
        assert problem == "text, document 1, key: task:ping stands already in text, document 1"

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "holds no job document"),
            ("key: task:a\nkey: task:b\npayload: []", "line 1, column 1: a name stands twice in one object"),
            ("key: task:a\npayload: [", "line 3, column 1: did not find"),
            ("a: " + "[" * 100_000, "nested too deeply"),
            ("a: &a [*a]", "more than 20000000 values"),
            ("key: task:a\npayload: []\nmetadata: {on: 1}", "the name True must be text"),
            ("key: task:a\npayload: []\nmetadata: {a: .nan}", "a finite number"),
            ("key: task:a\npayload: []\nmetadata: {a: !!binary aGk=}", "not a bytes"),
            ("key: task:a\npayload: []\nmetadata: {a: !!python/name:os.system }", "could not determine a constructor"),
            ("5", "expected an object"),
        ],
    )
    def test_what_cannot_be_a_job_is_refused_in_one_line(self, text: str, words: str) -> None:
        [problem] = problems(text)
        assert words in problem
        assert "\n" not in problem

    def test_aliases_that_would_fill_the_memory_are_refused(self) -> None:
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
        [problem] = problems("\n".join(lines))
        assert "with its aliases written out" in problem

    def test_aliases_in_measure_are_fine(self) -> None:
        text = "key: task:a\npayload:\n- {kind: noop, retry: &r {maximum_attempts: 2}}\n- {kind: noop, retry: *r}\n"
        assert [item.retry.maximum_attempts for item in manifests.load(text)[0].payload if item.retry] == [2, 2]

    def test_a_json_file_that_is_broken_names_the_place(self, tmp_path: Path) -> None:
        [problem] = problems(write(tmp_path, "a.json", '{"key": "task:a",\n "key": "task:b"}'))
        assert problem.endswith("the name 'key' stands twice in one object")


@pytest.mark.django_db
class TestLoadManifests:
    @pytest.fixture(autouse=True)
    def workspace(self) -> Workspace:
        return make_workspace()

    def load(self, *paths: Path, **options: bool) -> list[str]:
        out = StringIO()
        call_command("load_manifests", "acme", *map(str, paths), stdout=out, **options)
        return out.getvalue().splitlines()

    def test_jobs_are_created_then_unchanged_then_updated(self, tmp_path: Path) -> None:
        path = write(tmp_path, "ping.yaml", PING)
        assert self.load(path) == ["created    task:ping"]
        assert self.load(path) == ["unchanged  task:ping"]
        write(tmp_path, "ping.yaml", PING.replace("hello", "good bye"))
        assert self.load(path) == ["updated    task:ping"]
        job = Job.objects.get()
        assert (job.version, job.description) == (2, "says good bye")
        assert list(Event.objects.order_by("pk").values_list("kind", flat=True)) == ["job.created", "job.updated"]

    def test_a_dry_run_says_what_would_happen_and_changes_nothing(
        self, tmp_path: Path, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        with django_capture_on_commit_callbacks() as logged:
            said = self.load(write(tmp_path, "ping.yaml", PING), dry_run=True)
        assert said == ["created    task:ping", "dry run: nothing was changed"]
        assert logged == []
        assert not Job.objects.exists()
        assert not Event.objects.exists()

    def test_one_refused_document_keeps_all_the_others_out(self, tmp_path: Path) -> None:
        write(tmp_path, "a.yaml", PING)
        write(tmp_path, "b.yaml", "key: task:b\npayload: [{kind: nope}]")
        with pytest.raises(CommandError, match=r"nothing was loaded:\n.*b\.yaml, document 1, payload.0.kind"):
            self.load(tmp_path)
        assert not Job.objects.exists()

    def test_a_group_that_the_workspace_does_not_have_keeps_all_the_others_out(self, tmp_path: Path) -> None:
        write(tmp_path, "a.yaml", PING)
        write(tmp_path, "b.yaml", "key: task:b\npayload: [{kind: noop}]\nconfiguration: {concurrency_group: gone}")
        with pytest.raises(CommandError, match=r"nothing was loaded:\ntask:b, configuration.concurrency_group: "):
            self.load(tmp_path)
        assert not Job.objects.exists()

    def test_all_that_the_jobs_lack_to_be_active_is_told_at_once(self, tmp_path: Path) -> None:
        write(tmp_path, "a.yaml", PING)
        write(tmp_path, "b.yaml", "key: task:b\npayload: []")
        write(tmp_path, "c.yaml", "key: task:c\npayload: [{kind: noop}]\nconfiguration: {requires: {schedule: true}}")
        with pytest.raises(CommandError, match=r"^nothing was loaded:\ntask:b, payload: .*\ntask:c, schedules: "):
            self.load(tmp_path)
        assert not Job.objects.exists()

    def test_a_workspace_that_is_not_there_is_named_with_the_command_that_makes_it(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="create_workspace nowhere"):
            call_command("load_manifests", "nowhere", str(tmp_path))


@pytest.mark.django_db
def test_what_is_exported_loads_back_to_the_same_job(tmp_path: Path) -> None:
    awkward = {
        "yes": "no",
        "when": "2024-01-01",
        "n": "1e3",
        "text": "a: b # c\nd \u2028 \u00e9",
        "null": None,
        "list": [1.5, True],
    }
    job = make_job(make_workspace(), payloads=2, metadata=awkward, configuration={"timeout": "1.5h"})
    out = StringIO()
    call_command("export_job", "acme", "task:ping", stdout=out)
    [document] = manifests.load(out.getvalue())
    assert document.to_dict() == job.document()
