"""Datasources that are saved, for tests."""

from __future__ import annotations

from typing import Any

from jobs.models import Job, Workspace
from jobs.services.jobs import save_job


def parameters(path: str = "flights.csv", **parts: Any) -> dict[str, Any]:
    """A file into a DuckDB file."""
    return {"source": {"path": path}, "destination": {"duckdb": {"path": "out.duckdb", "table": "flights"}}} | parts


def make_datasource(workspace: Workspace, name: str = "flights", *payloads: dict[str, Any]) -> Job:
    """A datasource with one payload of its own name, or with these."""
    listed = payloads or ({"kind": "datasource", "name": name, "parameters": parameters()},)
    return save_job(workspace=workspace, document={"key": f"datasource:{name}", "payload": list(listed)}, actor="test")
