"""What a spark job may say, and what it is told when it says something else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from jobs.documents import parse_job
from jobs.errors import ValidationError
from workers.payloads.spark import KIND
from workers.payloads.spark.parameters import SparkParameters
from workers.payloads.spark.targets import Target

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "spark.yaml"
REFERENCE = ROOT / "docs" / "reference" / "spark-payload.md"
SQL = {"inputs": {"rows": {"path": "rows.csv", "format": "csv"}}, "sql": "SELECT 1", "output": {"path": "out"}}


def document(**parameters: Any) -> dict[str, Any]:
    return {"key": "spark:test", "payload": [{"kind": "spark", "parameters": parameters}]}


def refusal(**parameters: Any) -> tuple[str, str]:
    """The one field that is refused, under the payload's parameters, and why."""
    with pytest.raises(ValidationError) as caught:
        parse_job(document(**parameters))
    (error,) = caught.value.errors
    return error.field.removeprefix("payload.0.parameters").removeprefix("."), error.message


class TestItsFields:
    def test_the_work_goes_to_its_own_queue_and_is_not_batched(self) -> None:
        job = parse_job(document(python={"text": "print(1)"}))
        assert job.queue == "spark"
        assert job.runs_strictly

    def test_numbers_and_truths_become_the_text_that_spark_wants(self) -> None:
        parameters = SparkParameters.model_validate(
            {"python": {"text": "x"}, "configuration": {"spark.a": True, "spark.b": 2, "spark.c": "1g"}}
        )
        assert parameters.configuration == {"spark.a": "true", "spark.b": "2", "spark.c": "1g"}

    def test_the_secrets_of_both_places_are_told(self) -> None:
        wanted = {"python": {"text": "x"}, "secrets": ["B"], "secret_configuration": {"spark.k": "A", "spark.l": "B"}}
        assert KIND.secrets(wanted) == ["A", "B"]


class TestRefusals:
    @pytest.mark.parametrize("parameters", [{}, {"python": {"text": "x"}, "aggregation": SQL}])
    def test_not_exactly_one_application(self, parameters: dict[str, Any]) -> None:
        assert refusal(**parameters) == ("", "expected exactly one of python, jar and aggregation")

    def test_a_package_that_comes_by_a_property_and_so_past_the_list_of_those_that_are_allowed(self) -> None:
        wanted = {"python": {"text": "x"}, "configuration": {"spark.jars": "a.jar,ivy://org.other:x:1"}}
        assert refusal(**wanted) == ("", "configuration: spark.jars takes files; name Maven packages in packages")

    @pytest.mark.parametrize("python", [{}, {"text": "x", "file": "y.py"}])
    def test_a_script_that_is_neither_text_nor_file_or_both(self, python: dict[str, Any]) -> None:
        assert refusal(python=python) == ("python", "expected exactly one of text and file")

    def test_arguments_for_an_aggregation(self) -> None:
        assert "an aggregation has parameters" in refusal(aggregation=SQL, arguments=["a"])[1]

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("hive.x", "begins with spark."),
            ("spark.master", "the target says it"),
            ("spark.jars.packages", "name them in packages"),
            ("spark.eventLog.dir", "this system uses it itself"),
            ("spark.archives", "those of the machine that submits"),
            ("spark.yarn.dist.files", "those of the machine that submits"),
            ("spark.yarn.keytab", "those of the machine that submits"),
            ("spark.kubernetes.driver.podTemplateFile", "those of the machine that submits"),
            ("spark.jobs.tag", "this system uses it itself"),
        ],
    )
    def test_properties_that_are_not_the_payloads_to_set(self, name: str, why: str) -> None:
        assert why in refusal(python={"text": "x"}, configuration={name: "1"})[1]
        assert why in refusal(python={"text": "x"}, secret_configuration={name: "S"})[1]

    @pytest.mark.parametrize(
        ("parameters", "field"),
        [
            ({"packages": ["not coordinates"]}, "packages.0"),
            ({"target": "No Such"}, "target"),
            ({"configuration": {"spark.a": [1]}}, "configuration.spark.a"),
            ({"nonsense": 1}, "nonsense"),
        ],
    )
    def test_the_field_that_is_wrong_is_named(self, parameters: dict[str, Any], field: str) -> None:
        assert refusal(python={"text": "x"}, **parameters)[0].startswith(field)

    def test_an_aggregation_without_inputs(self) -> None:
        assert refusal(aggregation={**SQL, "inputs": {}})[0] == "aggregation.inputs"

    def test_a_payload_of_this_kind_in_a_job_of_another_type(self) -> None:
        with pytest.raises(ValidationError, match="spark"):
            parse_job({**document(python={"text": "x"}), "key": "task:test"})


class TestTheDocs:
    def test_the_examples_of_the_manifest_are_valid(self) -> None:
        for job in yaml.safe_load_all(EXAMPLES.read_text(encoding="utf-8")):
            parse_job({**job, "schedules": []})

    def test_the_examples_of_the_reference_are_valid(self) -> None:
        blocks = re.findall(r"```yaml\n(.*?)```", REFERENCE.read_text(encoding="utf-8"), re.DOTALL)
        payloads = [block for text in blocks if (block := yaml.safe_load(text)).get("kind") == "spark"]
        assert len(payloads) == 2
        for payload in payloads:
            parse_job({"key": "spark:test", "payload": [payload]})

    def test_the_targets_of_the_reference_are_valid(self) -> None:
        (block,) = re.findall(r"```json\n(.*?)```", REFERENCE.read_text(encoding="utf-8"), re.DOTALL)
        targets = yaml.safe_load(block)
        assert {Target.model_validate(each).is_local for each in targets.values()} == {True, False}


def test_a_location_with_a_comma_would_be_two() -> None:
    field, _ = refusal(python={"text": "x"}, py_files=["s3a://bucket/x.py,file:/srv/other.py"])
    assert field == "py_files.0"


def test_a_secret_that_would_be_on_a_command_line_is_refused() -> None:
    _, message = refusal(python={"text": "x"}, secret_configuration={"spark.driver.extraJavaOptions": "options"})
    assert "command line" in message
