"""An application on the worker's own machine: what spark-submit is told, what becomes of what it says, and what is refused.

What Spark itself makes of it is in tests/acceptance/test_spark.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jobs.errors import PermanentError, TransientError
from tests.integration.spark_payload.conftest import SubmitStandIn
from tests.integration.spark_payload.looks import Looks
from workers.spark import installation

SCRIPT = {"python": {"text": "print(1)"}}


@pytest.fixture(autouse=True)
def _target(settings: Any) -> None:
    settings.JOBS_SPARK_TARGETS = {
        "local": {"master": "local[2]", "configuration": {"spark.driver.memory": "1g", "spark.x": "target"}},
        "wrong": {"master": "somewhere"},
    }


class TestTheCommand:
    def test_names_the_master_and_the_script_and_gives_the_arguments(
        self, looks: Looks, spark_submit: SubmitStandIn
    ) -> None:
        result = looks.look({**SCRIPT, "arguments": ["a b", "c"]})
        assert spark_submit.arguments[:4] == ["--master", "local[2]", "--deploy-mode", "client"]
        assert spark_submit.arguments[-3].endswith("/script.py")
        assert spark_submit.arguments[-2:] == ["a b", "c"]
        assert (result["rows_written"], result["value"]) == (0, None)

    def test_the_payloads_properties_win_over_the_targets_and_this_systems_over_both(
        self, looks: Looks, spark_submit: SubmitStandIn
    ) -> None:
        looks.look({**SCRIPT, "configuration": {"spark.x": "payload = 1", "spark.ui.enabled": True}})
        properties = spark_submit.properties
        assert properties["spark.driver.memory"] == "1g"
        assert properties["spark.x"] == "payload\\u0020\\u003d\\u00201"
        assert properties["spark.ui.enabled"] == "true"
        assert properties["spark.eventLog.enabled"] == "true"

    def test_a_jar_is_given_with_its_class_and_files_that_go_with_a_script(
        self, looks: Looks, spark_submit: SubmitStandIn, roots: Path
    ) -> None:
        for name in ("app.jar", "one.py", "two.zip"):
            (roots / name).touch()
        looks.look({"jar": {"file": "app.jar", "main_class": "a.B"}, "py_files": ["one.py", "two.zip"]})
        said = spark_submit.arguments
        assert said[said.index("--class") + 1] == "a.B"
        assert said[said.index("--py-files") + 1] == f"{roots / 'one.py'},{roots / 'two.zip'}"
        assert said[-1] == str(roots / "app.jar")

    def test_a_secret_property_is_in_the_private_file_alone(self, looks: Looks, spark_submit: SubmitStandIn) -> None:
        spark_submit.says("26/11/22 07:02:24 WARN Key: it is hidden-value\n")
        result = looks.look({**SCRIPT, "secret_configuration": {"spark.key": "KEY"}}, KEY="hidden-value")
        assert spark_submit.properties["spark.key"] == "hidden-value"
        said = " ".join([*spark_submit.arguments, str(looks.recorder.lines), json.dumps(result)])
        assert "hidden-value" not in said


class TestWhatItSays:
    def test_lines_come_with_the_level_that_log4j_gave_them(self, looks: Looks, spark_submit: SubmitStandIn) -> None:
        spark_submit.says("26/11/22 07:02:24 INFO A: one\n26/11/22 07:02:25 WARN B: two\n\tat c\n")
        looks.look(SCRIPT)
        assert looks.recorder.lines == [("debug", "A: one"), ("warning", "B: two"), ("warning", "\tat c")]

    def test_a_driver_that_failed_is_tried_again_with_its_last_lines(
        self, looks: Looks, spark_submit: SubmitStandIn
    ) -> None:
        spark_submit.says("Traceback\nValueError: no such thing\n", code=3)
        with pytest.raises(TransientError, match="exit code 3: ValueError: no such thing") as caught:
            looks.look(SCRIPT)
        assert caught.value.details["log"] == ["Traceback", "ValueError: no such thing"]

    @pytest.mark.parametrize(
        "line",
        [
            "pyspark.errors.exceptions.captured.AnalysisException: [UNRESOLVED_COLUMN] x",
            "SyntaxError: invalid syntax",
            "Error: Failed to load class a.B.",
            "\tjava.lang.UnsupportedClassVersionError: org/apache/spark/launcher/Main (class file version 61.0)",
        ],
    )
    def test_an_application_that_is_wrong_itself_is_not(
        self, looks: Looks, spark_submit: SubmitStandIn, line: str
    ) -> None:
        spark_submit.says(f"{line}\n", code=1)
        with pytest.raises(PermanentError):
            looks.look(SCRIPT)


class TestRefusals:
    def test_a_target_that_the_deployment_does_not_have(self, looks: Looks) -> None:
        with pytest.raises(PermanentError, match="no target 'moon' of Spark; expected one of local, wrong"):
            looks.look({**SCRIPT, "target": "moon"})

    def test_a_target_that_is_described_wrongly_is_named(self, looks: Looks) -> None:
        with pytest.raises(PermanentError, match=r"JOBS_SPARK_TARGETS: wrong\.master"):
            looks.look({**SCRIPT, "target": "wrong"})

    def test_a_machine_without_spark_says_what_to_install(
        self, looks: Looks, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.JOBS_SPARK_HOME = ""
        monkeypatch.setattr(installation, "_of_pyspark", lambda: None)
        with pytest.raises(PermanentError, match=r"requirements/spark\.txt") as caught:
            looks.look(SCRIPT)
        assert caught.value.code == "spark_missing"

    def test_a_machine_without_java_says_which_one_it_needs(
        self, looks: Looks, spark_submit: SubmitStandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.delenv("JAVA_HOME")
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(PermanentError, match="Java 17 or 21") as caught:
            looks.look(SCRIPT)
        assert caught.value.code == "java_missing"

    @pytest.mark.parametrize("path", ["../outside.py", "/etc/passwd", "s3a://bucket/key.py"])
    def test_a_file_outside_the_folders_that_are_open(
        self, looks: Looks, spark_submit: SubmitStandIn, roots: Path, path: str
    ) -> None:
        with pytest.raises(PermanentError, match=r"python\.file") as caught:
            looks.look({"python": {"file": path}})
        assert caught.value.code in ("file_refused", "file_missing")
        assert not spark_submit.was_called

    def test_a_package_that_is_not_allowed_and_none_that_is(
        self, looks: Looks, spark_submit: SubmitStandIn, settings: Any
    ) -> None:
        settings.JOBS_SPARK_PACKAGES = ["org.apache.spark:*"]
        with pytest.raises(PermanentError, match=r"org\.other:x:1 is not among") as caught:
            looks.look({**SCRIPT, "packages": ["org.other:x:1"]})
        assert caught.value.code == "package_refused"
        looks.look({**SCRIPT, "packages": ["org.apache.spark:spark-avro_2.13:4.3.0"]})
        said = spark_submit.arguments
        assert said[said.index("--packages") + 1] == "org.apache.spark:spark-avro_2.13:4.3.0"
