"""What Celery is told, and what travels in its messages: workers of two versions stand side by side in a rollout."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Task

from jobs import dispatch
from jobs.kinds import QUEUES, SINKS_QUEUE
from jobsproject.celery import app
from workers import tasks, turns

ROOT = Path(__file__).parents[2]
OURS = ("jobs", "workers", "scheduler", "sinks", "jobsproject", "ui", "embedded")
CONF: Any = app.conf


class TestTheApp:
    def test_its_queues_are_by_kind_of_work(self) -> None:
        assert set(QUEUES) == {"http", "datasource", "spark", "default"}
        assert {queue.name for queue in CONF.task_queues} == {*QUEUES, SINKS_QUEUE}

    def test_it_speaks_json_only(self) -> None:
        assert (CONF.task_serializer, list(CONF.accept_content)) == ("json", ["json"])

    def test_it_keeps_no_results(self) -> None:
        assert (CONF.result_backend, CONF.task_ignore_result) == (None, True)
        assert CONF.task_store_errors_even_if_ignored is False

    def test_a_worker_takes_one_message_at_a_time_and_acknowledges_it_at_once(self) -> None:
        assert (CONF.worker_prefetch_multiplier, CONF.worker_disable_prefetch, CONF.task_acks_late) == (1, True, False)

    def test_a_lost_connection_ends_no_work_and_is_tried_for_ever(self) -> None:
        assert CONF.worker_cancel_long_running_tasks_on_connection_loss is False
        assert (CONF.broker_connection_retry_on_startup, CONF.broker_connection_max_retries) == (True, None)

    def test_no_socket_waits_for_ever(self) -> None:
        options = CONF.broker_transport_options
        assert 0 < options["socket_connect_timeout"] <= 5
        assert 0 < options["socket_timeout"] <= 10
        assert 0 < options["health_check_interval"] <= 30
        assert options["socket_keepalive"] is True

    def test_who_publishes_gives_up_at_once(self) -> None:
        assert CONF.task_publish_retry is False
        assert CONF.broker_transport_options["max_retries"] == 0

    def test_a_worker_that_is_asked_to_stop_has_time_for_what_it_is_at(self) -> None:
        assert CONF.worker_soft_shutdown_timeout > 0


class TestNothingIsPostponedByTheBroker:
    """Times are the database's: what waits in a worker's memory is lost with it."""

    @staticmethod
    def keywords() -> Iterator[tuple[str, str]]:
        for folder in OURS:
            for path in (ROOT / folder).rglob("*.py"):
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                    if isinstance(node, ast.Call):
                        for keyword in node.keywords:
                            yield str(path.relative_to(ROOT)), keyword.arg or ""

    def test_no_call_names_an_eta_or_a_countdown(self) -> None:
        found = list(self.keywords())
        assert len(found) > 1000
        assert [each for each in found if each[1] in ("eta", "countdown")] == []

    def test_nor_does_celery_try_a_task_again(self) -> None:
        assert [name for name, task in ours() if getattr(task, "autoretry_for", ())] == []


class TestTheTasks:
    def test_their_names_are_what_older_senders_know(self) -> None:
        assert {name for name, _ in ours()} == {
            "jobs.work",
            "jobs.datasource_operation",
            "jobs.deliver",
            "jobs.check_sink",
            "jobs.trial_call",
        }

    def test_they_are_found_by_the_names_that_are_sent(self) -> None:
        sent = {getattr(dispatch, name) for name in dir(dispatch) if name.endswith("_TASK")}
        assert sent == {name for name, _ in ours()}

    @pytest.mark.parametrize("name", ["work", "datasource_operation", "deliver", "check_sink", "trial_call"])
    def test_they_take_keywords_only(self, name: str) -> None:
        with pytest.raises(TypeError, match="positional"):
            getattr(tasks, name)([[1, 0]])

    def test_keys_of_a_newer_sender_are_ignored(self, monkeypatch: pytest.MonkeyPatch) -> None:
        told: list[dict[str, Any]] = []
        monkeypatch.setattr(turns, "work", lambda **each: told.append(each))
        tasks.work(lanes=[[1, 0]], single=True, strict=False, at=3.0, colour="blue")
        assert told == [{"lanes": [(1, 0)], "queue": "default", "single": True, "strict": False, "published_at": 3.0}]

    def test_keys_that_an_older_sender_does_not_send_have_defaults(self, monkeypatch: pytest.MonkeyPatch) -> None:
        told: list[dict[str, Any]] = []
        monkeypatch.setattr(turns, "work", lambda **each: told.append(each))
        tasks.work(lanes=[[1, 0], [2, 3]])
        assert told == [
            {
                "lanes": [(1, 0), (2, 3)],
                "queue": "default",
                "single": False,
                "strict": False,
                "published_at": None,
            }
        ]

    @pytest.mark.parametrize(
        ("name", "arguments"),
        [("datasource_operation", {"operation": 7}), ("check_sink", {"check": 7}), ("trial_call", {"call": 7})],
    )
    def test_so_do_the_others(self, monkeypatch: pytest.MonkeyPatch, name: str, arguments: dict[str, int]) -> None:
        told: list[dict[str, Any]] = []
        monkeypatch.setattr(tasks, "import_string", lambda path: lambda **each: told.append(each))
        getattr(tasks, name)(**arguments, colour="blue")
        assert [list(each.values()) for each in told] == [[7]]

    def test_and_the_one_without_arguments(self, monkeypatch: pytest.MonkeyPatch) -> None:
        looked: list[bool] = []
        monkeypatch.setattr(tasks, "import_string", lambda path: SimpleNamespace(look=lambda: looked.append(True)))
        tasks.deliver(colour="blue")
        assert looked == [True]


def ours() -> list[tuple[str, Task[Any, Any]]]:
    """The tasks of this project by name."""
    return [(name, task) for name, task in app.tasks.items() if not name.startswith("celery.")]
