"""From files to the objects that they ask for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from manifests import loading
from manifests.documents import Wanted
from manifests.problems import ManifestsRefusedError
from tests.integration.manifests.files import EVERYTHING, PING, write


def load(*sources: Path | str) -> list[Wanted]:
    return list(loading.load(*sources).wanted)


def problems(*sources: Path | str) -> list[str]:
    with pytest.raises(ManifestsRefusedError) as refused:
        load(*sources)
    return [str(problem) for problem in refused.value.problems]


def names(found: list[Wanted]) -> list[str]:
    return [each.name for each in found]


class TestReading:
    def test_a_document_several_documents_and_a_list_are_all_read_in_their_order(self, tmp_path: Path) -> None:
        one = "key: task:one\npayload: []\n"
        several = "---\nkey: task:two\npayload: []\n---\nkey: task:three\npayload: []\n---\n"
        listed = "- {key: task:four, payload: []}\n- {key: task:five, payload: []}\n"
        as_json = write(tmp_path, "six.json", json.dumps([{"key": "task:six", "payload": []}]))
        found = names(load(one, several, listed, as_json))
        assert found == [f"task:{word}" for word in ("one", "two", "three", "four", "five", "six")]

    def test_a_folder_is_its_manifests_by_name_and_not_what_lies_deeper(self, tmp_path: Path) -> None:
        write(tmp_path, "b.yaml", "{key: task:b, payload: []}")
        write(tmp_path, "a.yml", "{key: task:a, payload: []}")
        write(tmp_path, "notes.txt", "no manifest")
        (tmp_path / "data").mkdir()
        write(tmp_path / "data", "c.json", "[1, 2]")
        assert names(load(tmp_path)) == ["task:a", "task:b"]

    def test_a_folder_without_any_is_told(self, tmp_path: Path) -> None:
        assert problems(tmp_path) == [f"{tmp_path}: the folder has no file that ends in .yaml, .yml, .json"]

    def test_a_date_stays_the_text_that_json_would_have(self) -> None:
        assert load(PING)[0].document["metadata"] == {"since": "2024-01-01", "owner": None}

    def test_a_problem_names_its_file_its_document_its_line_and_its_field(self, tmp_path: Path) -> None:
        text = "key: task:a\npayload: []\n---\nkey: task:b\npayload:\n  - kind: nope\n"
        path = write(tmp_path, "jobs.yaml", text)
        [problem] = problems(path)
        assert problem.startswith(f"{path}, document 2, line 6, payload.0.kind: 'nope' is no payload kind")

    def test_the_line_is_known_in_json_as_well(self, tmp_path: Path) -> None:
        path = write(tmp_path, "a.json", '[\n {"key": "task:a",\n  "payload": 5}\n]')
        assert problems(path) == [f"{path}, document 1, line 3, payload: expected a list"]

    def test_problems_of_all_files_are_told_at_once_in_their_order(self, tmp_path: Path) -> None:
        broken = write(tmp_path, "a.yaml", "key: [")
        wrong = write(tmp_path, "b.yaml", "key: task:b\n---\nmanifest: spark\n---\nkey: task:c\nextends: gone\n")
        found = problems(broken, tmp_path / "missing.yaml", wrong)
        assert [line.partition(": ")[0] for line in found] == [
            str(tmp_path / "missing.yaml"),
            str(broken),
            f"{wrong}, document 1, line 1, payload",
            f"{wrong}, document 2, line 3, manifest",
            f"{wrong}, document 3, line 6, extends",
        ]

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "holds no document"),
            ("key: task:a\nkey: task:b\npayload: []", "line 2, column 1: the name 'key' stands twice in one object"),
            (
                "key: task:a\npayload:\n\t- kind: noop",
                "line 3, column 1: found character that cannot start any token (YAML is",
            ),
            ("key: task: a\npayload: []", "a value with a colon and a space in it stands in quotes"),
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
    def test_what_cannot_be_a_document_is_refused_in_one_line(self, text: str, words: str) -> None:
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
        [found] = load(text)
        assert [item["retry"] for item in found.document["payload"]] == [{"maximum_attempts": 2}] * 2

    def test_a_json_file_that_is_broken_names_the_place(self, tmp_path: Path) -> None:
        [problem] = problems(write(tmp_path, "a.json", '{"key": "task:a",\n "key": "task:b"}'))
        assert problem.endswith("the name 'key' stands twice in one object")


class TestDocuments:
    def test_each_kind_is_read_and_the_schedule_of_a_job_among_them_is_a_part_of_it(self) -> None:
        found = {(each.kind, each.name): each for each in load(EVERYTHING)}
        assert list(found) == [
            ("concurrency_group", "partner.example.org"),
            ("sink", "lake"),
            ("job", "task:after"),
            ("job", "task:before"),
            ("job", "datasource:arrivals"),
            ("notice_rule", "tell"),
        ]
        before = found["job", "task:before"].document
        assert before["schedules"][0]["name"] == "nightly"
        assert before["schedules"][0]["exclusions"] == [{"kind": "holidays", "country": "DE"}]
        assert (before["tags"], before["configuration"]["retry"]) == ([], {"maximum_attempts": 4})

    def test_a_datasource_is_a_job_with_one_payload(self) -> None:
        text = """
            manifest: datasource
            name: flights
            parameters: {source: {path: a.csv}, destination: {postgresql: {database: default, table: a}}}
            retry: {maximum_attempts: 2}
            """
        [found] = load(text)
        assert found.name == "datasource:flights"
        assert found.document["payload"] == [
            {
                "kind": "datasource",
                "name": "flights",
                "parameters": {
                    "source": {"path": "a.csv"},
                    "destination": {"postgresql": {"database": "default", "table": "a"}},
                },
                "retry": {"maximum_attempts": 2},
            }
        ]

    def test_a_schedule_of_a_job_elsewhere_stands_for_itself(self) -> None:
        [found] = load("{manifest: schedule, job: task:a, triggers: [{type: every, every: 1h}]}")
        assert (found.kind, found.name) == ("schedule", "task:a/default")

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("{name: a}", "manifest: expected one of job, datasource, schedule, sink, concurrency_group, notice_rule"),
            ("{manifest: [job]}", "manifest: expected one of"),
            ("{manifest: datasource, name: a, payload: []}", "payload: leave it out of a datasource"),
            ("{manifest: datasource, parameters: {}}", "name: expected the datasource's name"),
            ("{manifest: datasource, name: a b, parameters: {source: {path: a.csv}}}", "name: expected type:name"),
            (
                "{manifest: datasource, name: a, parameters: {source: {path: 5}}}",
                "parameters.source.path: expected text",
            ),
            ("{manifest: schedule, triggers: [{type: every, every: 1h}]}", "job: expected the key of the job"),
            ("{manifest: schedule, job: task:a, triggers: [{type: cron, expression: x}]}", "triggers.0.expression: "),
            ("{manifest: sink, name: a, kind: carrier-pigeon}", "kind: 'carrier-pigeon' is no kind of sink"),
            ("{manifest: concurrency_group, name: a, limit: 0}", "limit: expected at least 1"),
            ("{manifest: notice_rule, name: a}", "sink: this field is required"),
            (
                "{key: task:a, payload: [{kind: http, parameters: {url: 'http://a.b/', headers: {Authorization: Bearer x}}}]}",
                "payload.0.parameters.headers.Authorization: this carries a secret",
            ),
        ],
    )
    def test_what_is_wrong_is_told_by_the_field_that_was_written(self, text: str, words: str) -> None:
        found = problems(text)
        assert any(words in problem for problem in found), found

    def test_the_same_object_twice_is_refused(self) -> None:
        assert problems(PING, PING) == ["text 2, document 1, line 2, key: task:ping stands already in text, document 1"]

    def test_the_same_schedule_in_its_job_and_alone_is_refused(self) -> None:
        entry = "{name: a, triggers: [{type: every, every: 1h}]}"
        job = f"{{key: task:a, payload: [], schedules: [{entry}]}}"
        alone = "{manifest: schedule, job: task:a, name: a, triggers: [{type: every, every: 1h}]}"
        assert problems(job, alone) == [
            "text 2, document 1, line 1, name: task:a has a schedule 'a' already, in text, document 1"
        ]
