"""Datasources that are saved, and a worker that answers at once, for tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from jobs import dispatch
from jobs.models import DatasourceOperation, Job, Workspace
from jobs.services import datasource_operations as operations
from jobs.services.datasource_state import read_state, record_load
from jobs.services.jobs import save_job
from tests.integration.run_rows import make_run

ROWS: dict[str, Any] = {"columns": [{"name": "day", "type": "DATE"}], "rows": [{"day": "2001-01-05"}], "cut": False}

Answer = Callable[[DatasourceOperation], dict[str, Any]]


def parameters(path: str = "flights.csv", **parts: Any) -> dict[str, Any]:
    """A file into a DuckDB file."""
    return {"source": {"path": path}, "destination": {"duckdb": {"path": "out.duckdb", "table": "flights"}}} | parts


def make_datasource(workspace: Workspace, name: str = "flights", *payloads: dict[str, Any]) -> Job:
    """A datasource with one payload of its own name, or with these."""
    listed = payloads or ({"kind": "datasource", "name": name, "parameters": parameters()},)
    return save_job(workspace=workspace, document={"key": f"datasource:{name}", "payload": list(listed)}, actor="test")


def record_a_load(job: Job) -> None:
    """Let the first payload of ``make_datasource`` have come to 2001-01-05."""
    about: dict[str, Any] = {"workspace": job.workspace.slug, "job_key": job.key, "stream": job.name}
    run = make_run(job, "s")
    generation = read_state(**about).generation
    load: dict[str, Any] = {"cursor": "2001-01-05", "load_key": "x", "destination": "here"}
    record_load(**about, **load, generation=generation, run_id=run.pk, position=0)


class Worker:
    """Takes what is published and answers it; with ``answer`` None it is never there, ``lost`` messages do not reach it."""

    def __init__(self) -> None:
        self.answer: Answer | None = lambda operation: {"result": ROWS}
        self.seen: list[DatasourceOperation] = []
        self.lost = 0

    def __call__(self, operation_id: int) -> None:
        if self.lost:
            self.lost -= 1
            return
        taken = self.answer and operations.take(operation_id=operation_id, now=dt.datetime.now(dt.UTC))
        if taken and self.answer:
            self.seen.append(taken)
            operations.end(operation=taken, now=dt.datetime.now(dt.UTC), **self.answer(taken))


def worker_at(monkeypatch: pytest.MonkeyPatch) -> Worker:
    """One that gets what is published in this process."""
    worker = Worker()
    monkeypatch.setattr(dispatch, "publish_operation", worker)
    return worker
