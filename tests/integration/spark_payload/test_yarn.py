"""YARN: submitted by spark-submit, tracked by the resource manager; against recorded exchanges."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from jobs.errors import PermanentError, TransientError
from tests.integration.spark_payload.conftest import SubmitStandIn
from tests.integration.spark_payload.looks import Died, Looks
from tests.integration.spark_payload.recorded import APPLICATION, Recorded, yarn_app
from tests.integration.spark_payload.test_standalone import TAG
from workers.payloads.spark.clusters import yarn
from workers.payloads.spark.executor import SparkExecutor

SCRIPT = {"target": "cluster", "python": {"text": "print(1)"}}
APPS = "/ws/v1/cluster/apps"
SUBMITTED = (
    "26/11/22 07:02:24 INFO Client: Uploading resource\n"
    f"26/11/22 07:02:31 INFO YarnClientImpl: Submitted application {APPLICATION}\n"
)


@pytest.fixture(autouse=True)
def _target(cluster: Recorded, settings: Any, spark_submit: SubmitStandIn) -> None:
    settings.JOBS_SPARK_TARGETS = {"cluster": {"master": "yarn", "resource_manager": cluster.url}}
    spark_submit.says(SUBMITTED)
    cluster.answers[f"GET {APPS}/{APPLICATION}"] = yarn_app("ACCEPTED")


class TestYarn:
    def test_the_id_is_read_from_what_spark_submit_says_and_kept(
        self, looks: Looks, spark_submit: SubmitStandIn
    ) -> None:
        assert looks.look({**SCRIPT, "arguments": ["a"]}) is None
        assert looks.kept()[0]["id"] == APPLICATION
        assert spark_submit.arguments[:4] == ["--master", "yarn", "--deploy-mode", "cluster"]
        assert spark_submit.arguments[-1] == "a"
        assert spark_submit.properties["spark.yarn.tags"] == TAG
        assert spark_submit.properties["spark.yarn.submit.waitAppCompletion"] == "false"

    def test_a_secret_is_in_the_properties_and_on_no_command_line(
        self, looks: Looks, spark_submit: SubmitStandIn
    ) -> None:
        looks.look({**SCRIPT, "secret_configuration": {"spark.hadoop.fs.s3a.secret.key": "S3"}}, S3="hidden-value")
        assert spark_submit.properties["spark.hadoop.fs.s3a.secret.key"] == "hidden-value"
        assert "hidden-value" not in " ".join(spark_submit.arguments)

    def test_secrets_of_a_script_are_refused(self, looks: Looks, spark_submit: SubmitStandIn) -> None:
        with pytest.raises(PermanentError, match="secret_configuration"):
            looks.look({**SCRIPT, "secrets": ["KEY"]}, KEY="hidden")
        assert not spark_submit.was_called

    def test_it_is_looked_at_until_it_has_succeeded(self, cluster: Recorded, looks: Looks) -> None:
        finished = yarn_app("FINISHED", "SUCCEEDED")
        cluster.answers[f"GET {APPS}/{APPLICATION}"] = [yarn_app("ACCEPTED"), yarn_app("RUNNING"), finished]
        assert [looks.look(SCRIPT), looks.look(SCRIPT)] == [None, None]
        result = looks.look(SCRIPT)
        assert (result["state"], result["application_id"]) == ("SUCCEEDED", APPLICATION)
        assert result["tracking_url"].startswith("http://host.domain.com:8088/proxy/")

    @pytest.mark.parametrize(
        ("answer", "error", "code"),
        [
            (yarn_app("FINISHED", "FAILED", "User application exited with status 3"), TransientError, "spark_failed"),
            (yarn_app("FAILED", "FAILED"), TransientError, "spark_failed"),
            (yarn_app("KILLED", "KILLED"), PermanentError, "killed"),
            (404, TransientError, "lost"),
        ],
    )
    def test_what_ended_badly_fails_the_attempt(
        self, cluster: Recorded, looks: Looks, answer: Any, error: type[Exception], code: str
    ) -> None:
        cluster.answers[f"GET {APPS}/{APPLICATION}"] = answer
        with pytest.raises(error) as caught:
            looks.look(SCRIPT)
        assert caught.value.code == code  # type: ignore[attr-defined]

    def test_spark_submit_that_fails_says_why_and_the_next_attempt_looks_for_its_tag(
        self, cluster: Recorded, looks: Looks, spark_submit: SubmitStandIn
    ) -> None:
        spark_submit.says("Exception in thread main\norg.apache.spark.SparkException: no HADOOP_CONF_DIR\n", code=1)
        with pytest.raises(TransientError, match=r"exit code 1: .*no HADOOP_CONF_DIR"):
            looks.look(SCRIPT)
        cluster.answers[f"GET {APPS}"] = {"apps": {"app": [yarn_app("RUNNING")["app"]]}}
        looks.attempt = 2
        assert looks.look(SCRIPT) is None
        assert looks.kept()[0]["id"] == APPLICATION
        assert f"{APPS}?applicationTags={TAG}" in cluster.paths("GET")

    def test_with_no_application_of_its_tag_it_is_submitted_anew_once_none_can_arrive(
        self, cluster: Recorded, looks: Looks, spark_submit: SubmitStandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looks.dies_before_the_id_is_kept = True
        with pytest.raises(Died):
            looks.look(SCRIPT)
        looks.dies_before_the_id_is_kept = False
        cluster.answers[f"GET {APPS}"] = {"apps": None}
        assert looks.look(SCRIPT) is None
        assert "id" not in looks.kept()[0]
        monkeypatch.setattr(yarn, "SUBMISSION_TAKES", dt.timedelta(0))
        assert looks.look(SCRIPT) is None
        assert looks.kept()[0]["id"] == APPLICATION

    def test_it_is_killed_by_its_state_and_that_is_verified(self, cluster: Recorded, looks: Looks) -> None:
        looks.look(SCRIPT)
        cluster.answers[f"PUT {APPS}/{APPLICATION}/state"] = {"state": "RUNNING"}
        cluster.answers[f"GET {APPS}/{APPLICATION}"] = [yarn_app("RUNNING"), yarn_app("KILLED", "KILLED")]
        assert SparkExecutor().end(looks.kept()[0]) is True
        (kill,) = [asked for asked in cluster.asked if asked.method == "PUT"]
        assert (kill.path, kill.body) == (f"{APPS}/{APPLICATION}/state", {"state": "KILLED"})
