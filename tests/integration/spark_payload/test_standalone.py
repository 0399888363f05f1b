"""A standalone cluster: one driver a payload, whatever dies in between; recorded from Spark 4.3."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import Any

import pytest

from jobs.errors import PermanentError, TransientError
from tests.integration.child_work import CREATED_AT
from tests.integration.spark_payload import recorded
from tests.integration.spark_payload.looks import Died, Looks
from tests.integration.spark_payload.recorded import DRIVER, Recorded, driver_is
from workers.payloads.spark import tracking
from workers.payloads.spark.clusters import standalone
from workers.payloads.spark.executor import SparkExecutor

SCRIPT = {"target": "cluster", "python": {"text": "print(1)"}}
TAG = f"jobs-run-1-payload-0-{int(CREATED_AT.timestamp() * 1e6):x}-1"
STATUS = f"GET /v1/submissions/status/{DRIVER}"
KILL = f"/v1/submissions/kill/{DRIVER}"


@pytest.fixture(autouse=True)
def _target(cluster: Recorded, settings: Any, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    settings.JOBS_SPARK_TARGETS = {
        "cluster": {
            "master": "spark://127.0.0.1:7077",
            "rest": cluster.url,
            "ui": cluster.url,
            "shared": str(shared),
            "configuration": {"spark.cores.max": "2"},
            "poll_seconds": 7,
        }
    }
    cluster.answers = {
        "POST /v1/submissions/create": recorded.SUBMITTED,
        STATUS: driver_is("RUNNING"),
        f"POST {KILL}": recorded.KILLED,
        "GET /log/": recorded.driver_log(TAG),
    }
    show(cluster, [recorded.driver(started_ms=int(time.time() * 1000))])


def show(cluster: Recorded, active: list[dict[str, Any]]) -> None:
    cluster.answers["GET /json/"] = recorded.master(worker_url=cluster.url, active=active)


def submissions(cluster: Recorded) -> list[Any]:
    return [asked.body for asked in cluster.asked if asked.path == "/v1/submissions/create"]


class TestSubmitting:
    def test_a_script_is_put_into_the_shared_folder_and_named(
        self, cluster: Recorded, looks: Looks, tmp_path: Path
    ) -> None:
        looks.look({**SCRIPT, "arguments": ["a", "b"], "configuration": {"spark.cores.max": 1}})
        (request,) = submissions(cluster)
        path = str(tmp_path / "shared" / f"{TAG}.py")
        assert Path(path).read_text() == "print(1)"
        assert request["appResource"] == f"file:{path}"
        assert request["mainClass"] == "org.apache.spark.deploy.PythonRunner"
        assert request["appArgs"] == [path, "", "a", "b"]
        properties = request["sparkProperties"]
        assert properties["spark.jobs.tag"] == TAG
        assert properties["spark.cores.max"] == "1"
        assert properties["spark.submit.deployMode"] == "cluster"
        assert properties["spark.eventLog.dir"] == (tmp_path / "shared" / f"{TAG}.events").as_uri()

    def test_a_jar_is_named_with_its_class(self, cluster: Recorded, looks: Looks, roots: Path) -> None:
        (roots / "app.jar").touch()
        looks.look({"target": "cluster", "jar": {"file": "app.jar", "main_class": "a.B"}, "arguments": ["x"]})
        (request,) = submissions(cluster)
        assert request["appResource"] == f"file:{(roots / 'app.jar').resolve()}"
        assert (request["mainClass"], request["appArgs"]) == ("a.B", ["x"])

    def test_the_handle_names_the_tag_before_and_the_id_after(self, cluster: Recorded, looks: Looks) -> None:
        assert looks.look(SCRIPT) is None
        (kept,) = looks.kept()
        assert (kept["tag"], kept["id"], kept["target"]) == (TAG, DRIVER, "cluster")

    @pytest.mark.parametrize("what", [{"secrets": ["KEY"]}, {"secret_configuration": {"spark.x": "KEY"}}])
    def test_secrets_are_refused_for_they_would_be_on_a_command_line(
        self, cluster: Recorded, looks: Looks, what: dict[str, Any]
    ) -> None:
        with pytest.raises(PermanentError, match="command line"):
            looks.look({**SCRIPT, **what}, KEY="hidden")
        assert not cluster.asked
        assert not looks.handles

    def test_what_the_cluster_refuses_is_final_and_leaves_no_handle(self, cluster: Recorded, looks: Looks) -> None:
        cluster.answers["POST /v1/submissions/create"] = {"success": False, "message": "not like this"}
        with pytest.raises(PermanentError, match="not like this"):
            looks.look(SCRIPT)
        assert not looks.handles


class TestLooking:
    def test_submits_once_and_looks_as_often_as_the_target_says(self, cluster: Recorded, looks: Looks) -> None:
        cluster.answers[STATUS] = [driver_is("SUBMITTED"), driver_is("RUNNING"), driver_is("FINISHED")]
        assert [looks.look(SCRIPT), looks.look(SCRIPT)] == [None, None]
        result = looks.look(SCRIPT)
        assert len(submissions(cluster)) == 1
        assert looks.waits == [7, 7]
        assert (result["state"], result["submission_id"]) == ("FINISHED", DRIVER)
        assert result["tracking_url"] == f"{cluster.url}/"

    def test_the_result_ends_with_what_the_driver_complained_of_and_then_what_the_script_said(
        self, cluster: Recorded, looks: Looks
    ) -> None:
        cluster.answers |= {
            STATUS: driver_is("FINISHED"),
            "GET /log/": [recorded.driver_log(TAG), recorded.driver_output()],
        }
        log = looks.look(SCRIPT)["log"]
        assert log[0].startswith("Launch Command")
        assert log[-2:] == ["Traceback (most recent call last):", "ValueError: no such thing"]

    def test_an_application_that_told_its_id_is_shown_by_its_own_page(
        self, cluster: Recorded, looks: Looks, tmp_path: Path
    ) -> None:
        looks.look(SCRIPT)
        events = tmp_path / "shared" / f"{TAG}.events" / "app-1"
        events.write_text('{"Event": "SparkListenerApplicationStart", "App ID": "app-1"}\n')
        cluster.answers[STATUS] = driver_is("FINISHED")
        result = looks.look(SCRIPT)
        assert (result["application_id"], result["tracking_url"]) == ("app-1", f"{cluster.url}/app/?appId=app-1")

    def test_keeps_the_handle_of_what_finished_for_the_report_may_yet_be_lost(
        self, cluster: Recorded, looks: Looks
    ) -> None:
        cluster.answers[STATUS] = driver_is("FINISHED")
        assert looks.look(SCRIPT)["state"] == "FINISHED"
        assert looks.look(SCRIPT)["state"] == "FINISHED"
        assert len(submissions(cluster)) == 1

    @pytest.mark.parametrize(
        ("answer", "error", "code"),
        [
            (driver_is("FAILED"), TransientError, "spark_failed"),
            (driver_is("ERROR"), TransientError, "spark_failed"),
            (driver_is("KILLED"), PermanentError, "killed"),
            (recorded.NOT_FOUND, TransientError, "lost"),
        ],
    )
    def test_what_ended_badly_fails_the_attempt_and_the_next_submits_its_own(
        self, cluster: Recorded, looks: Looks, answer: Any, error: type[Exception], code: str
    ) -> None:
        cluster.answers[STATUS] = answer
        with pytest.raises(error) as caught:
            looks.look(SCRIPT)
        assert caught.value.code == code  # type: ignore[attr-defined]
        assert not looks.handles

    def test_a_failure_says_why_by_the_drivers_log(self, cluster: Recorded, looks: Looks) -> None:
        cluster.answers |= {
            STATUS: driver_is("FAILED"),
            "GET /log/": [recorded.driver_log(TAG), recorded.driver_output()],
        }
        with pytest.raises(TransientError, match="ended as FAILED: ValueError: no such thing"):
            looks.look(SCRIPT)

    def test_a_cluster_that_does_not_answer_is_asked_again_for_five_minutes(
        self, cluster: Recorded, looks: Looks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cluster.answers[STATUS] = 503
        assert looks.look(SCRIPT) is None
        assert looks.look(SCRIPT) is None
        present = time.time()
        monkeypatch.setattr(tracking, "time", type("Later", (), {"time": staticmethod(lambda: present + 301)}))
        with pytest.raises(TransientError, match="has not answered for 300 s"):
            looks.look(SCRIPT)
        assert len(looks.handles) == 1

    def test_one_that_answers_no_more_when_the_id_was_lost_is_no_different(
        self, cluster: Recorded, looks: Looks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lose_the_id(looks)
        cluster.answers["GET /json/"] = 503
        assert looks.look(SCRIPT) is None
        present = time.time()
        monkeypatch.setattr(tracking, "time", type("Later", (), {"time": staticmethod(lambda: present + 301)}))
        with pytest.raises(TransientError, match="has not answered for 300 s"):
            looks.look(SCRIPT)
        assert len(looks.handles) == 1


class TestFindingAgain:
    def test_a_worker_that_died_before_it_kept_the_id_is_followed_by_one_that_finds_the_driver(
        self, cluster: Recorded, looks: Looks
    ) -> None:
        looks.dies_before_the_id_is_kept = True
        with pytest.raises(Died):
            looks.look(SCRIPT)
        looks.dies_before_the_id_is_kept = False
        looks.attempt = 2
        assert looks.look(SCRIPT) is None
        assert looks.kept()[0]["id"] == DRIVER
        assert len(submissions(cluster)) == 1

    @pytest.mark.parametrize("state", ["SUBMITTED", "RUNNING"])
    def test_a_driver_that_has_no_log_yet_is_waited_for(
        self, cluster: Recorded, looks: Looks, monkeypatch: pytest.MonkeyPatch, state: str
    ) -> None:
        monkeypatch.setattr(standalone, "SUBMISSION_TAKES", dt.timedelta(0))
        lose_the_id(looks)
        cluster.answers["GET /log/"] = "==== Bytes 0-0 of 0 of /spark/work/stderr ====\n"
        show(cluster, [recorded.driver(started_ms=int(time.time() * 1000), state=state)])
        assert looks.look(SCRIPT) is None
        assert "id" not in looks.kept()[0]
        assert len(submissions(cluster)) == 1

    def test_other_drivers_are_not_taken_for_it(
        self, cluster: Recorded, looks: Looks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(standalone, "SUBMISSION_TAKES", dt.timedelta(0))
        lose_the_id(looks)
        cluster.answers["GET /log/"] = recorded.driver_log("another")
        looks.look(SCRIPT)
        assert len(submissions(cluster)) == 2

    def test_nothing_is_submitted_while_the_first_may_yet_arrive(self, cluster: Recorded, looks: Looks) -> None:
        lose_the_id(looks)
        show(cluster, [])
        assert looks.look(SCRIPT) is None
        assert len(submissions(cluster)) == 1

    def test_drivers_of_long_ago_are_not_asked_for(
        self, cluster: Recorded, looks: Looks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(standalone, "SUBMISSION_TAKES", dt.timedelta(0))
        lose_the_id(looks)
        show(cluster, [recorded.driver(started_ms=int(time.time() * 1000) - 3_600_000)])
        looks.look(SCRIPT)
        assert not [path for path in cluster.paths("GET") if path.startswith("/log/")]


def lose_the_id(looks: Looks) -> None:
    looks.dies_before_the_id_is_kept = True
    with pytest.raises(Died):
        looks.look(SCRIPT)
    looks.dies_before_the_id_is_kept = False


class TestEnding:
    def test_at_its_time_the_driver_is_killed_and_the_attempt_fails_once_it_is_gone(
        self, cluster: Recorded, looks: Looks
    ) -> None:
        looks.look(SCRIPT)
        looks.remaining_seconds = -1.0
        cluster.answers[STATUS] = [*[driver_is("RUNNING")] * 3, driver_is("KILLED")]
        assert looks.look(SCRIPT) is None
        assert cluster.paths("POST")[-1] == KILL
        with pytest.raises(TransientError, match="took longer") as caught:
            looks.look(SCRIPT)
        assert caught.value.code == "timeout"
        assert not looks.handles

    def test_what_had_ended_when_its_time_was_over_is_judged_by_how_it_ended(
        self, cluster: Recorded, looks: Looks
    ) -> None:
        looks.look(SCRIPT)
        looks.remaining_seconds = -1.0
        cluster.answers[STATUS] = driver_is("FINISHED")
        assert looks.look(SCRIPT)["state"] == "FINISHED"
        assert KILL not in cluster.paths("POST")

    def test_a_worker_that_is_told_to_stop_leaves_the_driver_to_the_next(self, cluster: Recorded, looks: Looks) -> None:
        looks.look(SCRIPT)
        looks.recorder.cancelled.set()
        assert looks.look(SCRIPT) is None
        assert KILL not in cluster.paths("POST")
        assert len(looks.handles) == 1

    def test_a_worker_that_is_told_to_stop_submits_nothing(self, cluster: Recorded, looks: Looks) -> None:
        looks.recorder.cancelled.set()
        with pytest.raises(TransientError, match="stopped"):
            looks.look(SCRIPT)
        assert not submissions(cluster)
        assert not looks.handles

    def test_a_driver_that_is_not_found_in_its_time_is_left_to_the_next_attempt(
        self, cluster: Recorded, looks: Looks
    ) -> None:
        lose_the_id(looks)
        show(cluster, [recorded.driver(started_ms=int(time.time() * 1000), state="SUBMITTED")])
        looks.remaining_seconds = -1.0
        with pytest.raises(TransientError) as caught:
            looks.look(SCRIPT)
        assert caught.value.code == "timeout"
        assert len(looks.handles) == 1

    def test_the_sweep_kills_what_a_cancelled_payload_left_and_is_told_when_it_is_gone(
        self, cluster: Recorded, looks: Looks, tmp_path: Path
    ) -> None:
        looks.look(SCRIPT)
        data = looks.kept()[0]
        cluster.answers[STATUS] = [driver_is("RUNNING"), driver_is("RUNNING"), driver_is("KILLED")]
        assert SparkExecutor().end(data) is False
        assert cluster.paths("POST")[-1] == KILL
        assert SparkExecutor().end(data) is True
        assert not list((tmp_path / "shared").iterdir())

    def test_what_has_ended_is_not_killed(self, cluster: Recorded, looks: Looks) -> None:
        looks.look(SCRIPT)
        cluster.answers[STATUS] = driver_is("FINISHED")
        assert SparkExecutor().end(looks.kept()[0]) is True
        assert KILL not in cluster.paths("POST")

    def test_a_cluster_that_does_not_answer_says_nothing_of_the_end(self, cluster: Recorded, looks: Looks) -> None:
        looks.look(SCRIPT)
        cluster.answers[STATUS] = 503
        assert SparkExecutor().end(looks.kept()[0]) is False

    def test_what_has_no_id_is_found_by_its_tag_and_killed(self, cluster: Recorded, looks: Looks) -> None:
        lose_the_id(looks)
        cluster.answers[STATUS] = [driver_is("RUNNING"), driver_is("KILLED")]
        assert SparkExecutor().end(looks.kept()[0]) is True
        assert cluster.paths("POST")[-1] == KILL
