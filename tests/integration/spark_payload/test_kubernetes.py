"""Kubernetes: submitted by spark-submit, tracked by the driver's pod; against recorded exchanges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jobs.errors import PermanentError, TransientError
from tests.integration.spark_payload.conftest import SubmitStandIn
from tests.integration.spark_payload.looks import Died, Looks
from tests.integration.spark_payload.recorded import Recorded, pod
from tests.integration.spark_payload.test_standalone import TAG
from workers.payloads.spark.clusters.kubernetes import pod_name
from workers.payloads.spark.executor import SparkExecutor

SCRIPT = {"target": "cluster", "python": {"text": "print(1)"}}
POD = pod_name(TAG)
PATH = f"/api/v1/namespaces/spark/pods/{POD}"


@pytest.fixture(autouse=True)
def _target(cluster: Recorded, settings: Any, spark_submit: SubmitStandIn, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a-token\n")
    settings.JOBS_SPARK_TARGETS = {
        "cluster": {
            "master": f"k8s://{cluster.url}",
            "namespace": "spark",
            "token_file": str(tmp_path / "token"),
            "configuration": {"spark.kubernetes.container.image": "spark:4.3.0"},
        }
    }
    cluster.answers = {f"GET {PATH}": pod("Pending"), f"GET {PATH}/log": "one\ntwo\n", f"DELETE {PATH}": {}}


class TestKubernetes:
    def test_the_pod_has_a_name_that_is_known_before(self, looks: Looks, spark_submit: SubmitStandIn) -> None:
        assert looks.look(SCRIPT) is None
        assert looks.kept()[0]["id"] == POD
        assert spark_submit.arguments[1].startswith("k8s://http://127.0.0.1:")
        properties = spark_submit.properties
        assert properties["spark.kubernetes.driver.pod.name"] == POD
        assert properties["spark.kubernetes.namespace"] == "spark"
        assert len(POD) <= 63

    def test_it_is_looked_at_with_the_token_until_its_pod_has_succeeded(self, cluster: Recorded, looks: Looks) -> None:
        cluster.answers[f"GET {PATH}"] = [pod("Pending"), pod("Running"), pod("Succeeded", exit_code=0)]
        assert [looks.look(SCRIPT), looks.look(SCRIPT)] == [None, None]
        result = looks.look(SCRIPT)
        assert (result["state"], result["application_id"], result["log"]) == ("Succeeded", "spark-2b6f", ["one", "two"])
        assert {asked.headers.get("Authorization") for asked in cluster.asked} == {"Bearer a-token"}

    def test_a_pod_that_failed_fails_the_attempt_with_its_exit_code(self, cluster: Recorded, looks: Looks) -> None:
        cluster.answers[f"GET {PATH}"] = pod("Failed", exit_code=3)
        with pytest.raises(TransientError, match=r"ended as Failed: exit code 3 \(Error\)"):
            looks.look(SCRIPT)

    def test_a_pod_that_is_gone_was_lost(self, cluster: Recorded, looks: Looks) -> None:
        looks.look(SCRIPT)
        del cluster.answers[f"GET {PATH}"]
        with pytest.raises(TransientError) as caught:
            looks.look(SCRIPT)
        assert caught.value.code == "lost"

    def test_spark_submit_that_fails_though_the_pod_is_there_is_no_failure(
        self, cluster: Recorded, looks: Looks, spark_submit: SubmitStandIn
    ) -> None:
        spark_submit.says('pods "p" already exists\n', code=1)
        assert looks.look(SCRIPT) is None
        assert looks.kept()[0]["id"] == POD

    def test_spark_submit_that_fails_without_a_pod_fails_the_attempt(
        self, cluster: Recorded, looks: Looks, spark_submit: SubmitStandIn
    ) -> None:
        del cluster.answers[f"GET {PATH}"]
        spark_submit.says("the server has asked for the client to provide credentials\n", code=1)
        with pytest.raises(TransientError, match="exit code 1"):
            looks.look(SCRIPT)

    def test_a_worker_that_died_before_it_kept_the_name_is_followed_by_one_that_knows_it(
        self, looks: Looks, spark_submit: SubmitStandIn
    ) -> None:
        looks.dies_before_the_id_is_kept = True
        with pytest.raises(Died):
            looks.look(SCRIPT)
        looks.dies_before_the_id_is_kept = False
        (spark_submit.home / "arguments").unlink()
        looks.attempt = 2
        assert looks.look(SCRIPT) is None
        assert looks.kept()[0]["id"] == POD
        assert not spark_submit.was_called

    def test_it_is_killed_by_deleting_its_pod_and_that_is_verified(self, cluster: Recorded, looks: Looks) -> None:
        looks.look(SCRIPT)
        cluster.answers[f"GET {PATH}"] = [pod("Running"), 404]
        assert SparkExecutor().end(looks.kept()[0]) is True
        assert cluster.paths("DELETE") == [PATH]

    def test_a_secret_that_the_driver_wrote_into_its_log_is_known_to_the_look_that_reads_it(
        self, cluster: Recorded, looks: Looks
    ) -> None:
        wanted = {**SCRIPT, "secret_configuration": {"spark.x": "KEY"}}
        looks.look(wanted, KEY="hidden-value")
        read = looks.reads_secrets()
        cluster.answers[f"GET {PATH}"] = pod("Succeeded", exit_code=0)
        looks.look(wanted, KEY="hidden-value")
        assert read == ["KEY"]

    def test_secrets_of_a_script_are_refused(self, looks: Looks) -> None:
        with pytest.raises(PermanentError, match="secret_configuration"):
            looks.look({**SCRIPT, "secrets": ["KEY"]}, KEY="hidden")
